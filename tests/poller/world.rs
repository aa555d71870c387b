//! A thousand publishers, and a strict fetcher that checks every request against what they have asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use feedmill::fetch::{Pace, authority};
use feedmill::model::outcome::{
    Answer, BoxFuture, Clock, FailureKind, Fetch, FetchOutcome, FetchRequest, Freshness, Hop,
};
use feedmill::model::raw::RawDocument;
use feedmill::model::source::Validators;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::Notify;
use url::Url;

use super::clock::SimClock;

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// How a publisher behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Validators, nothing else.
    Plain,
    /// No validators.
    Bare,
    /// `Cache-Control: max-age`, in hours.
    MaxAge(u32),
    /// RSS `ttl`, in hours.
    Ttl(u32),
    /// `skipHours` 22 to 5.
    SkipHours,
    /// Cannot be reached.
    Dead,
    /// 404.
    Missing,
    /// 500 every third time.
    Shaky,
    /// Each tenth request is answered 429 with `Retry-After` of 3 hours.
    Strict,
    /// 410 from the third day on.
    Gone,
    /// A page instead of a feed.
    Html,
    /// 301 to this URL.
    Moved(Url),
}

pub(crate) struct Site {
    pub(crate) kind: Kind,
    /// Between its entries.
    pub(crate) gap: Duration,
}

/// What a publisher remembers of us.
#[derive(Default)]
struct Memory {
    requests: u32,
    /// Time passed at the end of the last request.
    last: Option<Duration>,
    /// No request before this.
    fresh_until: Duration,
    etag: Option<String>,
}

#[derive(Default)]
struct Ledger {
    urls: BTreeMap<String, Memory>,
    hosts_busy: BTreeSet<String>,
    host_last: BTreeMap<String, Duration>,
    domain_last: BTreeMap<String, Duration>,
    domain_pause: BTreeMap<String, Duration>,
    per_second: BTreeMap<u64, u32>,
    per_domain_minute: BTreeMap<(String, u64), u32>,
    per_day: BTreeMap<u64, u32>,
    not_modified: u64,
    answers: u64,
    postponed: u64,
    wrong: Vec<String>,
}

/// What the whole run came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) requests: u64,
    pub(crate) per_day: Vec<u32>,
    pub(crate) not_modified: u64,
    pub(crate) answers: u64,
    pub(crate) postponed: u64,
    pub(crate) burst_max: u32,
    pub(crate) domain_minute_max: u32,
    pub(crate) wrong: Vec<String>,
}

pub(crate) struct World {
    pub(crate) clock: Arc<SimClock>,
    pub(crate) sites: BTreeMap<String, Site>,
    pub(crate) is_down: Mutex<bool>,
    /// While the clock has been set, hours of the day are not what publishers mean.
    pub(crate) is_clock_right: Mutex<bool>,
    ledger: Mutex<Ledger>,
}

impl World {
    pub(crate) fn new(clock: Arc<SimClock>, sites: BTreeMap<String, Site>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            sites,
            is_down: Mutex::new(false),
            is_clock_right: Mutex::new(true),
            ledger: Mutex::default(),
        })
    }

    pub(crate) fn requests_to(&self, url: &str) -> u32 {
        self.ledger.lock().unwrap().urls.get(url).map_or(0, |memory| memory.requests)
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.ledger.lock().unwrap().per_day.values().map(|count| u64::from(*count)).sum()
    }

    /// The most requests in one second from then on.
    pub(crate) fn burst_since(&self, since: Duration) -> u32 {
        let ledger = self.ledger.lock().unwrap();
        ledger.per_second.range(since.as_secs()..).map(|(_, count)| *count).max().unwrap_or(0)
    }

    pub(crate) fn tally(&self) -> Tally {
        let ledger = self.ledger.lock().unwrap();
        Tally {
            requests: ledger.per_day.values().map(|count| u64::from(*count)).sum(),
            per_day: ledger.per_day.values().copied().collect(),
            not_modified: ledger.not_modified,
            answers: ledger.answers,
            postponed: ledger.postponed,
            burst_max: ledger.per_second.values().copied().max().unwrap_or(0),
            domain_minute_max: ledger.per_domain_minute.values().copied().max().unwrap_or(0),
            wrong: ledger.wrong.clone(),
        }
    }

    /// Checks a request as it begins.
    fn begin(&self, url: &Url, validators: Option<&Validators>) {
        let passed = self.clock.passed();
        let host = url.host_str().unwrap().to_owned();
        let domain = domain(&host);
        let mut ledger = self.ledger.lock().unwrap();
        let mut wrong = Vec::new();
        if !ledger.hosts_busy.insert(host.clone()) {
            wrong.push("P37: two requests at once to one host".to_owned());
        }
        let since = |last: Option<&Duration>| last.map_or(DAY, |last| passed - *last);
        if since(ledger.host_last.get(&host)) < Duration::from_secs(1)
            || since(ledger.domain_last.get(&domain)) < Duration::from_secs(1)
        {
            wrong.push("P37: no gap".to_owned());
        }
        if ledger.domain_pause.get(&domain).is_some_and(|until| passed < *until) {
            wrong.push("P25: before Retry-After".to_owned());
        }
        let memory = ledger.urls.entry(url.as_str().to_owned()).or_default();
        if passed < memory.fresh_until {
            wrong.push("P15: before max-age".to_owned());
        }
        let is_down = *self.is_down.lock().unwrap();
        if !is_down && memory.last.is_some_and(|last| passed - last < HOUR) {
            wrong.push(format!("P27: {:?} after the last", memory.last.map(|last| passed - last)));
        }
        let sent = validators.filter(|held| held.url == url.as_str());
        if sent.and_then(|held| held.etag.clone()) != memory.etag {
            wrong.push(format!("P1: {sent:?} for {:?}", memory.etag));
        }
        memory.requests += 1;
        let skips = self.sites.get(url.as_str()).is_some_and(|site| site.kind == Kind::SkipHours);
        let at = self.clock.now().to_zoned(TimeZone::UTC);
        let is_night = matches!(at.hour(), 22 | 23 | 0..=5) && at.minute() > 1;
        if skips && is_night && *self.is_clock_right.lock().unwrap() && memory.requests > 1 {
            wrong.push(format!("P29: at {at}"));
        }
        *ledger.per_second.entry(passed.as_secs()).or_default() += 1;
        *ledger.per_domain_minute.entry((domain, passed.as_secs() / 60)).or_default() += 1;
        *ledger.per_day.entry(passed.as_secs() / DAY.as_secs()).or_default() += 1;
        let told = wrong.into_iter().map(|what| format!("{passed:?} {url}: {what}"));
        ledger.wrong.extend(told);
    }

    fn end(&self, url: &Url) {
        let passed = self.clock.passed();
        let host = url.host_str().unwrap().to_owned();
        let mut ledger = self.ledger.lock().unwrap();
        ledger.hosts_busy.remove(&host);
        ledger.domain_last.insert(domain(&host), passed);
        ledger.host_last.insert(host, passed);
        // Without a network nobody was reached.
        if !*self.is_down.lock().unwrap() {
            ledger.urls.entry(url.as_str().to_owned()).or_default().last = Some(passed);
        }
    }

    fn answer(&self, url: &Url, hops: Vec<Hop>) -> FetchOutcome {
        if *self.is_down.lock().unwrap() {
            return failed(FailureKind::Network, Answer::default());
        }
        let site = &self.sites[url.as_str()];
        let mut ledger = self.ledger.lock().unwrap();
        let requests = ledger.urls.get(url.as_str()).map_or(0, |memory| memory.requests);
        if let Some(refusal) = self.refuse(&mut ledger, url, site, requests, &hops) {
            return refusal;
        }
        self.serve(&mut ledger, url, site, hops)
    }

    fn refuse(
        &self,
        ledger: &mut Ledger,
        url: &Url,
        site: &Site,
        requests: u32,
        hops: &[Hop],
    ) -> Option<FetchOutcome> {
        let passed = self.clock.passed();
        let answer = |status| Answer { status, hops: hops.to_vec(), ..Answer::default() };
        match &site.kind {
            Kind::Dead => Some(failed(FailureKind::Network, Answer::default())),
            Kind::Missing => Some(failed(FailureKind::NotFound, answer(404))),
            Kind::Shaky if requests.is_multiple_of(3) => {
                Some(failed(FailureKind::Status, answer(500)))
            }
            Kind::Strict if requests.is_multiple_of(10) => {
                let wait = 3 * HOUR;
                let retry_at = Some(self.clock.now().checked_add(wait).unwrap());
                ledger.domain_pause.insert(domain(url.host_str().unwrap()), passed + wait);
                let freshness = Freshness { retry_at, ..Freshness::default() };
                Some(failed(FailureKind::Busy, Answer { freshness, ..answer(429) }))
            }
            Kind::Gone if passed > 3 * DAY => Some(FetchOutcome::Gone { answer: answer(410) }),
            _ => None,
        }
    }

    fn serve(&self, ledger: &mut Ledger, url: &Url, site: &Site, hops: Vec<Hop>) -> FetchOutcome {
        let passed = self.clock.passed();
        let number = passed.as_secs() / site.gap.as_secs();
        let has_validators = !matches!(site.kind, Kind::Bare | Kind::Html);
        let etag = has_validators.then(|| format!("\"{number}\""));
        let fresh_for = if let Kind::MaxAge(hours) = site.kind { hours } else { 0 } * HOUR;
        let memory = ledger.urls.entry(url.as_str().to_owned()).or_default();
        memory.fresh_until = passed + fresh_for;
        let is_known = etag.is_some() && memory.etag == etag;
        memory.etag.clone_from(&etag);
        let is_fresh = !fresh_for.is_zero();
        let fresh_until = is_fresh.then(|| self.clock.now().checked_add(fresh_for).unwrap());
        let freshness = Freshness { fresh_until, ..Freshness::default() };
        let answer = |status, wire_bytes| Answer { status, freshness, hops, wire_bytes };
        let url = url.as_str().to_owned();
        let held = |etag| Validators { etag: Some(etag), last_modified: None, url: url.clone() };
        ledger.answers += 1;
        if is_known {
            ledger.not_modified += 1;
            let validators = etag.map(held).unwrap();
            return FetchOutcome::NotModified { validators, answer: answer(304, 0) };
        }
        let body = body(&url, site, number).into_bytes();
        FetchOutcome::Modified {
            validators: etag.map(held),
            answer: answer(200, u64::try_from(body.len()).unwrap()),
            document: RawDocument {
                body,
                url: url.clone(),
                content_type: None,
                content_language: None,
                content_location: None,
            },
        }
    }
}

fn failed(kind: FailureKind, answer: Answer) -> FetchOutcome {
    let error = format!("answered {}", answer.status);
    FetchOutcome::Failed { error, kind, answer: (answer.status != 0).then_some(answer) }
}

/// A document of the newest three entries.
fn body(url: &str, site: &Site, number: u64) -> String {
    if site.kind == Kind::Html {
        return "<!doctype html><html><head><title>x</title></head><body>x</body></html>"
            .to_owned();
    }
    let wish = match site.kind {
        Kind::Ttl(hours) => format!("<ttl>{}</ttl>", hours * 60),
        Kind::SkipHours => {
            let hours = [22, 23, 0, 1, 2, 3, 4, 5].map(|hour| format!("<hour>{hour}</hour>"));
            format!("<skipHours>{}</skipHours>", hours.concat())
        }
        _ => String::new(),
    };
    let item = |number: u64| {
        format!(
            "<item><guid>{url}-{number}</guid><title>Bài {number}</title><link>{url}/{number}</link></item>"
        )
    };
    let items: Vec<String> = (number.saturating_sub(2)..=number).rev().map(item).collect();
    format!(
        "<rss version=\"2.0\"><channel><title>{url}</title><link>{url}</link>{wish}{}</channel></rss>",
        items.concat()
    )
}

fn domain(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

/// The fetcher of one run of the program: turns as the real one takes them, answers of the world.
pub(crate) struct ScriptedFetch {
    pub(crate) world: Arc<World>,
    pub(crate) pace: Arc<Pace>,
    pub(crate) inside: Arc<AtomicUsize>,
    pub(crate) moved: Arc<Notify>,
}

impl ScriptedFetch {
    async fn run(&self, request: &FetchRequest) -> FetchOutcome {
        let mut url = request.url.clone();
        let mut hops = Vec::new();
        loop {
            let host = url.host_str().unwrap().to_owned();
            let turn = match self.pace.turn(&host, &authority(&url)).await {
                Ok(turn) => turn,
                Err(pause) => {
                    self.world.ledger.lock().unwrap().postponed += 1;
                    let reason = "asked to wait".to_owned();
                    return FetchOutcome::Postponed { until: pause.until, reason };
                }
            };
            self.world.begin(&url, request.validators.as_ref());
            self.world.clock.sleep(Duration::from_millis(150)).await;
            self.world.end(&url);
            let moved = match &self.world.sites[url.as_str()].kind {
                Kind::Moved(to) if !*self.world.is_down.lock().unwrap() => Some(to.clone()),
                _ => None,
            };
            if let Some(to) = moved {
                drop(turn);
                hops.push(Hop { status: 301, location: to.to_string() });
                url = to;
                continue;
            }
            let outcome = self.world.answer(&url, hops);
            if let FetchOutcome::Failed { kind: FailureKind::Busy, answer: Some(answer), .. } =
                &outcome
            {
                let until: Timestamp = answer.freshness.retry_at.unwrap();
                self.pace.pause(&authority(&url), feedmill::fetch::Pause { until, status: 429 });
            }
            drop(turn);
            return outcome;
        }
    }
}

impl Fetch for ScriptedFetch {
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome> {
        Box::pin(async move {
            self.inside.fetch_add(1, Ordering::SeqCst);
            self.moved.notify_one();
            let outcome = self.run(request).await;
            self.inside.fetch_sub(1, Ordering::SeqCst);
            self.moved.notify_one();
            outcome
        })
    }
}
