//! Spaces requests: so many at once in all and to one host, a gap between those to one host or one registrable domain,
//! and a pause for a domain that has asked for one (P25, P37).
//!
//! A redirect target takes a turn of its own. Gaps run from the end of a request as well as from its beginning, so
//! that a slow publisher is not asked again the moment it has answered. Time is the caller's clock; one that jumps
//! backward costs one gap, not hours (P41).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use crate::model::outcome::{Clock, RETRY_AFTER_MAX};
use crate::model::policy::PollPolicy;

/// A pause no longer than this is waited for; a longer one fails the fetch, so that it is planned anew.
const PAUSE_WAITED_MAX: Duration = Duration::from_secs(10);

/// Hosts remembered before idle ones are forgotten.
const HOSTS_HELD_MIN: usize = 4_096;

/// The turns of all hosts.
pub struct Pace {
    clock: Arc<dyn Clock>,
    per_host: usize,
    host_gap: Duration,
    domain_gap: Duration,
    all: Arc<Semaphore>,
    lanes: Mutex<Lanes>,
}

#[derive(Default)]
struct Lanes {
    hosts: HashMap<String, Host>,
    domains: HashMap<String, Domain>,
    /// Idle hosts are looked for when there are more than this.
    held_max: usize,
}

struct Host {
    permits: Arc<Semaphore>,
    last: Option<Timestamp>,
}

#[derive(Default)]
struct Domain {
    last: Option<Timestamp>,
    pause: Option<Pause>,
}

/// A publisher's wish to be left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Until then.
    pub until: Timestamp,
    /// The answer that asked for it: 429 or 503.
    pub status: u16,
}

/// The right to make one request; given back when dropped.
pub struct Turn {
    pace: Arc<Pace>,
    host: String,
    _permits: (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>),
}

impl Drop for Turn {
    fn drop(&mut self) {
        let now = self.pace.clock.now();
        self.pace.lanes().mark(&self.host, now);
    }
}

enum Next {
    Now,
    After(Duration),
    Paused(Pause),
}

impl Pace {
    /// Starts with nobody waited for.
    pub fn new(policy: &PollPolicy, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            per_host: policy.per_host.max(1),
            host_gap: policy.host_gap,
            domain_gap: policy.domain_gap,
            all: Arc::new(Semaphore::new(policy.concurrency.clamp(1, Semaphore::MAX_PERMITS))),
            lanes: Mutex::new(Lanes { held_max: HOSTS_HELD_MIN, ..Lanes::default() }),
        }
    }

    /// Waits for a turn at `host`, or returns the pause that is too long to wait for.
    ///
    /// `authority` is whose wishes count there: see [`authority`].
    pub async fn turn(self: &Arc<Self>, host: &str, authority: &str) -> Result<Turn, Pause> {
        if let Some(pause) = self.pause_of(authority) {
            self.bear(pause).await?;
        }
        let permits = self.permits(host);
        // The semaphores are never closed, so there always is a permit.
        let mine = permits.acquire_owned().await.ok();
        loop {
            match self.next(host, authority) {
                Next::Paused(pause) => self.bear(pause).await?,
                Next::After(wait) => self.clock.sleep(wait).await,
                Next::Now => {
                    let one_of_all = Arc::clone(&self.all).acquire_owned().await.ok();
                    if self.begins(host, authority) {
                        let pace = Arc::clone(self);
                        let host = host.to_owned();
                        return Ok(Turn { pace, host, _permits: (mine, one_of_all) });
                    }
                }
            }
        }
    }

    /// Keeps everyone off the registrable domain of `authority` until then.
    pub fn pause(&self, authority: &str, pause: Pause) {
        let latest = self.clock.now().saturating_add(RETRY_AFTER_MAX).unwrap_or(Timestamp::MAX);
        let until = pause.until.min(latest);
        let mut lanes = self.lanes();
        let held = &mut lanes.domains.entry(domain(authority).to_owned()).or_default().pause;
        if held.is_none_or(|held| held.until < until) {
            *held = Some(Pause { until, ..pause });
        }
    }

    /// Returns the pause that `authority` is under.
    pub fn pause_of(&self, authority: &str) -> Option<Pause> {
        let now = self.clock.now();
        let lanes = self.lanes();
        lanes.domains.get(domain(authority))?.pause.filter(|pause| pause.until > now)
    }

    /// Notes when a host was last asked, unless it was asked since.
    pub fn recall(&self, host: &str, at: Timestamp) {
        let permits = self.permits(host);
        let mut lanes = self.lanes();
        if let Some(host) = lanes.hosts.get_mut(host) {
            host.last = host.last.max(Some(at));
        }
        drop(permits);
        let domain = lanes.domains.entry(domain(host).to_owned()).or_default();
        domain.last = domain.last.max(Some(at));
    }

    async fn bear(&self, pause: Pause) -> Result<(), Pause> {
        let wait = pause.until.duration_since(self.clock.now());
        let wait = Duration::try_from(wait).unwrap_or_default();
        if wait > PAUSE_WAITED_MAX {
            return Err(pause);
        }
        self.clock.sleep(wait).await;
        Ok(())
    }

    fn permits(&self, host: &str) -> Arc<Semaphore> {
        let now = self.clock.now();
        let gap = self.host_gap.max(self.domain_gap);
        let mut lanes = self.lanes();
        lanes.forget_idle(now, gap);
        let new = || Host { permits: Arc::new(Semaphore::new(self.per_host)), last: None };
        Arc::clone(&lanes.hosts.entry(host.to_owned()).or_insert_with(new).permits)
    }

    /// Takes the turn if it is still free: others may have been faster while a permit was waited for.
    fn begins(&self, host: &str, authority: &str) -> bool {
        let Next::Now = self.next(host, authority) else { return false };
        self.lanes().mark(host, self.clock.now());
        true
    }

    fn next(&self, host: &str, authority: &str) -> Next {
        if let Some(pause) = self.pause_of(authority) {
            return Next::Paused(pause);
        }
        let now = self.clock.now();
        let mut lanes = self.lanes();
        let host_last = lanes.hosts.get_mut(host).and_then(|host| host.last.as_mut());
        let of_host = rest(host_last, self.host_gap, now);
        let domain_last =
            lanes.domains.get_mut(domain(host)).and_then(|domain| domain.last.as_mut());
        let wait = of_host.max(rest(domain_last, self.domain_gap, now));
        if wait.is_zero() { Next::Now } else { Next::After(wait) }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn mark(&mut self, host: &str, now: Timestamp) {
        if let Some(host) = self.hosts.get_mut(host) {
            host.last = Some(now);
        }
        self.domains.entry(domain(host).to_owned()).or_default().last = Some(now);
    }

    /// Drops what no longer makes anyone wait. Looked for only after growth, so the cost is spread.
    fn forget_idle(&mut self, now: Timestamp, gap: Duration) {
        if self.hosts.len() < self.held_max {
            return;
        }
        let is_recent = |last: Option<Timestamp>| {
            last.is_some_and(|last| now.duration_since(last).unsigned_abs() < gap)
        };
        self.hosts.retain(|_, host| Arc::strong_count(&host.permits) > 1 || is_recent(host.last));
        self.domains.retain(|_, domain| {
            is_recent(domain.last) || domain.pause.is_some_and(|pause| pause.until > now)
        });
        self.held_max = HOSTS_HELD_MIN.max(2 * self.hosts.len());
    }
}

/// Returns what is left of a gap. A clock that has been set back starts it anew.
fn rest(last: Option<&mut Timestamp>, gap: Duration, now: Timestamp) -> Duration {
    let Some(last) = last else { return Duration::ZERO };
    *last = (*last).min(now);
    gap.saturating_sub(now.duration_since(*last).unsigned_abs())
}

/// Returns what a wish to be left alone is about: the host, for its registrable domain; where there is no domain to say
/// that two servers are one publisher's (addresses, single labels), the host with its port.
pub fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.host() {
        Some(url::Host::Domain(name)) if name.contains('.') => host.to_owned(),
        Some(_) | None => format!("{host}:{}", url.port_or_known_default().unwrap_or_default()),
    }
}

/// Returns the registrable domain of a host; an address, or a name without one, stands for itself.
fn domain(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.contains(':') || host.parse::<IpAddr>().is_ok() {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::BoxFuture;

    /// A clock that moves only when somebody waits, by as much as is waited for.
    struct Leaping(Mutex<Timestamp>);

    impl Leaping {
        fn shift(&self, seconds: i64) {
            let mut now = self.0.lock().unwrap();
            *now = now.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
        }
    }

    impl Clock for Leaping {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
            let mut now = self.0.lock().unwrap();
            *now = now.checked_add(duration).unwrap();
            Box::pin(std::future::ready(()))
        }
    }

    fn pace(host_gap_s: u64, domain_gap_s: u64) -> (Arc<Pace>, Arc<Leaping>) {
        let clock = Arc::new(Leaping(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap())));
        let policy = PollPolicy {
            interval: Duration::ZERO,
            interval_min: Duration::ZERO,
            interval_max: Duration::ZERO,
            concurrency: 2,
            per_host: 1,
            host_gap: Duration::from_secs(host_gap_s),
            domain_gap: Duration::from_secs(domain_gap_s),
            contact: String::new(),
            allow_networks: Vec::new(),
            allow_ports: None,
            ca_file: None,
        };
        (Arc::new(Pace::new(&policy, clock.clone())), clock)
    }

    fn elapsed_s(clock: &Leaping) -> i64 {
        clock.now().duration_since("2026-03-01T12:00:00Z".parse().unwrap()).as_secs()
    }

    #[tokio::test]
    async fn requests_to_one_host_are_spaced_from_the_end_of_the_last() {
        let (pace, clock) = pace(2, 0);
        let turn = pace.turn("a.example", "a.example").await.unwrap();
        clock.shift(5);
        drop(turn);
        assert_eq!(elapsed_s(&clock), 5);
        drop(pace.turn("a.example", "a.example").await.unwrap());
        assert_eq!(elapsed_s(&clock), 7);
        drop(pace.turn("b.example", "b.example").await.unwrap());
        assert_eq!(elapsed_s(&clock), 7, "another host waits for nobody");
    }

    #[tokio::test]
    async fn hosts_of_one_domain_are_spaced() {
        let (pace, clock) = pace(0, 3);
        drop(pace.turn("rss.news.co.uk", "rss.news.co.uk").await.unwrap());
        drop(pace.turn("www.news.co.uk", "www.news.co.uk").await.unwrap());
        assert_eq!(elapsed_s(&clock), 3);
        drop(pace.turn("www.other.co.uk", "www.other.co.uk").await.unwrap());
        assert_eq!(elapsed_s(&clock), 3, "co.uk is no registrable domain");
    }

    #[tokio::test]
    async fn p37_gaps_are_kept_over_a_restart() {
        let (pace, clock) = pace(2, 60);
        let ago = |s: u64| clock.now().checked_sub(Duration::from_secs(s)).unwrap();
        pace.recall("rss.a.example", ago(20));
        pace.recall("rss.a.example", ago(3_000));
        drop(pace.turn("b.example", "b.example").await.unwrap());
        assert_eq!(elapsed_s(&clock), 0);
        drop(pace.turn("www.a.example", "www.a.example").await.unwrap());
        assert_eq!(elapsed_s(&clock), 40, "the rest of the domain's gap");
    }

    #[tokio::test]
    async fn at_most_so_many_requests_are_in_flight() {
        let (pace, _) = pace(0, 0);
        let first = pace.turn("a.example", "a.example").await.unwrap();
        let _second = pace.turn("b.example", "b.example").await.unwrap();
        let mut third = Box::pin(pace.turn("c.example", "c.example"));
        assert!(futures_poll(&mut third).is_none(), "concurrency is 2");
        drop(first);
        assert!(futures_poll(&mut third).is_some());
    }

    #[tokio::test]
    async fn at_most_one_request_is_in_flight_to_a_host() {
        let (pace, _) = pace(0, 0);
        let first = pace.turn("a.example", "a.example").await.unwrap();
        let mut second = Box::pin(pace.turn("a.example", "a.example"));
        assert!(futures_poll(&mut second).is_none());
        drop(first);
        assert!(futures_poll(&mut second).is_some());
    }

    fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(future).poll(&mut context) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn a_pause_holds_for_the_whole_domain() {
        let (pace, clock) = pace(0, 0);
        let until = clock.now().checked_add(Duration::from_secs(60)).unwrap();
        pace.pause("feeds.a.example", Pause { until, status: 429 });
        let refused = pace.turn("www.a.example", "www.a.example").await.err().unwrap();
        assert_eq!(refused, Pause { until, status: 429 });
        assert!(pace.turn("b.example", "b.example").await.is_ok());
        clock.shift(55);
        assert!(
            pace.turn("www.a.example", "www.a.example").await.is_ok(),
            "the rest is short enough to wait for"
        );
        assert_eq!(elapsed_s(&clock), 60);
    }

    #[tokio::test]
    async fn a_pause_is_capped_and_never_shortened() {
        let (pace, clock) = pace(0, 0);
        let in_seconds = |s: u64| clock.now().checked_add(Duration::from_secs(s)).unwrap();
        let week = in_seconds(7 * 86_400);
        pace.pause("a.example", Pause { until: in_seconds(1 << 31), status: 503 });
        pace.pause("a.example", Pause { until: in_seconds(60), status: 503 });
        assert_eq!(pace.pause_of("a.example"), Some(Pause { until: week, status: 503 }));
    }

    #[tokio::test]
    async fn a_clock_set_back_costs_one_gap() {
        let (pace, clock) = pace(2, 2);
        drop(pace.turn("a.example", "a.example").await.unwrap());
        clock.shift(-7_200);
        drop(pace.turn("a.example", "a.example").await.unwrap());
        assert_eq!(elapsed_s(&clock), 2 - 7_200);
    }

    #[tokio::test]
    async fn idle_hosts_are_forgotten() {
        let (pace, clock) = pace(1, 1);
        for number in 0..2 * HOSTS_HELD_MIN {
            clock.shift(1);
            drop(pace.turn(&format!("a{number}.example"), "a.example").await.unwrap());
        }
        assert!(pace.lanes().hosts.len() <= HOSTS_HELD_MIN);
        assert!(pace.lanes().domains.len() <= HOSTS_HELD_MIN);
    }

    #[test]
    fn servers_without_a_domain_are_told_apart_by_port() {
        let cases = [
            ("https://www.a.example:8443/x", "www.a.example"),
            ("http://127.0.0.1/", "127.0.0.1:80"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("https://[::1]/", "[::1]:443"),
            ("http://localhost:81/", "localhost:81"),
        ];
        for (url, expected) in cases {
            assert_eq!(authority(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn an_address_is_its_own_domain() {
        let cases = [
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:8080", "[::1]:8080"),
            ("localhost", "localhost"),
            ("www.a.example.", "a.example"),
            ("a.b.co.uk", "b.co.uk"),
            ("vnexpress.net", "vnexpress.net"),
            ("baochi.com.vn", "baochi.com.vn"),
            ("rss.baochi.com.vn", "baochi.com.vn"),
        ];
        for (host, expected) in cases {
            assert_eq!(domain(host), expected, "{host}");
        }
    }
}
