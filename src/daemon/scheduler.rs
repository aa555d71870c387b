//! Polls each source when it is due: the only loop that starts polls by itself.
//!
//! It starts so many at once and then one after another, whatever made them due together: a start, a clock that was set,
//! a network that came back (P36, P40, P41). While our own network is down it only feels its way. It is driven by the
//! clock that it is given, so that a month can be run through in seconds.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::plan::Plan;
use crate::control::Mill;
use crate::ingest::Mode;
use crate::model::outcome::{BoxFuture, Clock, Detail};
use crate::model::source::{Source, SourceId};
use crate::schedule;
use crate::store::StoreError;

/// The clock may be set: the schedule is looked at again at least this often (P41).
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// How long polling stands still when the disk is nearly full or the store fails.
const STAND_STILL: SignedDuration = SignedDuration::from_secs(60);

/// Requests in hand, those waiting for their host's turn included; the fetcher holds the limits of what is sent.
const IN_HAND_MAX: usize = 1_024;

/// So many requests may start at once (P36).
const AT_ONCE: u32 = 16;

/// While our own network is down one request is tried this often.
const PROBE_GAP: Duration = Duration::from_secs(15);

/// A difference between the clock and the time that has passed which is no jump.
const JUMP_MIN: SignedDuration = SignedDuration::from_secs(10);

/// Titles that feeds give themselves are taken into account at most this often.
const NAMES_GAP: SignedDuration = SignedDuration::from_secs(60);

/// What the loop is told and tells of the world around it.
pub trait Watch: Send + Sync {
    /// Says why nothing may be polled at the moment, if so.
    fn standstill(&self) -> Option<String>;
    /// Hears why polling stands still, or that it does not, each time that changes.
    fn tell(&self, reason: Option<&str>);
    /// Hears that the loop has looked at its schedule, before it waits: so many requests are in hand, and the next poll
    /// is due then.
    fn beat(&self, in_hand: usize, next: Option<Timestamp>);
    /// Completes when the loop is to look again at once.
    fn woken(&self) -> BoxFuture<'_, ()>;
}

/// Runs until `stop`; then no poll is started any more. Polls in hand end by themselves.
pub async fn run(
    mill: Arc<Mill>,
    watch: Arc<dyn Watch>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut scheduler = Scheduler::new(mill, Arc::clone(&watch), Arc::clone(&clock), done);
    while !stop.is_cancelled() {
        let wait = match scheduler.look() {
            Ok(wait) => wait,
            Err(error) => {
                tracing::error!(%error, "failed to read the schedule from the store");
                LOOK_AGAIN
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(wait) => {}
            () = watch.woken() => {}
            Some(group) = finished.recv() => scheduler.finish(group),
        }
        while let Ok(group) = finished.try_recv() {
            scheduler.finish(group);
        }
    }
}

/// The sources of a request that has ended.
struct Done {
    sources: Vec<SourceId>,
    has_new_title: bool,
}

struct Scheduler {
    mill: Arc<Mill>,
    watch: Arc<dyn Watch>,
    clock: Arc<dyn Clock>,
    done: mpsc::UnboundedSender<Done>,
    plan: Option<Plan>,
    in_hand: usize,
    brake: Brake,
    hands: Hands,
    stands_still: bool,
    /// What the watch was told last: the store's standstill, the network's.
    told: (bool, bool),
    is_named: bool,
    named: Timestamp,
}

impl Scheduler {
    fn new(
        mill: Arc<Mill>,
        watch: Arc<dyn Watch>,
        clock: Arc<dyn Clock>,
        done: mpsc::UnboundedSender<Done>,
    ) -> Self {
        let now = clock.now();
        Self {
            hands: Hands { now, uptime: clock.uptime() },
            brake: Brake { behind: now },
            mill,
            watch,
            clock,
            done,
            plan: None,
            in_hand: 0,
            stands_still: false,
            told: (false, false),
            is_named: true,
            named: now,
        }
    }

    /// Starts what is due, and returns how long there is nothing to do.
    fn look(&mut self) -> Result<Duration, StoreError> {
        let now = self.clock.now();
        let catalog = self.mill.catalog();
        let total = catalog.sources.len();
        let store = Arc::clone(self.mill.store());
        let mut plan = match self.plan.take() {
            Some(plan) => plan,
            None => Plan::new(Arc::clone(&catalog), store.as_ref(), now)?,
        };
        if let Some(jump) = self.hands.jump(now, self.clock.uptime()) {
            tracing::warn!(seconds = jump.as_secs(), "the system's clock was set");
            plan.shift(jump);
        }
        let followed = plan.follow(catalog, store.as_ref(), now);
        let started = followed.and_then(|()| self.start_due(&mut plan, total, now));
        let next = plan.next();
        self.plan = Some(plan);
        self.watch.beat(self.in_hand, next);
        self.refresh_names(now);
        let wait = started?;
        Ok(wait.unwrap_or_else(|| until(now, next)).min(LOOK_AGAIN))
    }

    /// Starts what is due; returns how long to hold on to what could not be started.
    fn start_due(
        &mut self,
        plan: &mut Plan,
        total: usize,
        now: Timestamp,
    ) -> Result<Option<Duration>, StoreError> {
        self.tell(self.watch.standstill());
        let store = Arc::clone(self.mill.store());
        while plan.next().is_some_and(|at| at <= now) {
            if self.stands_still || self.in_hand >= IN_HAND_MAX {
                return Ok(Some(LOOK_AGAIN));
            }
            let is_down = self.mill.poller().network_down_since().is_some();
            let (gap, at_once) =
                if is_down { (PROBE_GAP, 1) } else { (schedule::start_gap(total), AT_ONCE) };
            if let Some(wait) = self.brake.wait(now, gap, at_once) {
                return Ok(Some(wait));
            }
            let Some(group) = plan.take(store.as_ref(), now)? else { break };
            self.brake.pass(now, gap);
            self.start(group);
        }
        Ok(None)
    }

    fn start(&mut self, group: Vec<Arc<Source>>) {
        self.in_hand += 1;
        let (mill, done) = (Arc::clone(&self.mill), self.done.clone());
        tokio::spawn(async move {
            let has_new_title = poll(&mill, &group).await;
            let sources = group.iter().map(|source| source.id.clone()).collect();
            let _ = done.send(Done { sources, has_new_title });
        });
    }

    fn finish(&mut self, done: Done) {
        self.in_hand = self.in_hand.saturating_sub(1);
        self.is_named &= !done.has_new_title;
        let otherwise = self.clock.now() + STAND_STILL;
        let Some(plan) = &mut self.plan else { return };
        for id in &done.sources {
            if let Err(error) = plan.finish(self.mill.store().as_ref(), id, otherwise) {
                tracing::error!(source.id = id.as_str(), %error, "failed to plan the next poll");
            }
        }
    }

    /// Takes titles that feeds have given themselves since into account, now and then.
    fn refresh_names(&mut self, now: Timestamp) {
        if self.is_named || now.duration_since(self.named).abs() < NAMES_GAP {
            return;
        }
        (self.is_named, self.named) = (true, now);
        self.mill.refresh_names();
    }

    /// Passes on why polling stands still, when that changes; our own network is among the reasons.
    fn tell(&mut self, standstill: Option<String>) {
        let down = self.mill.poller().network_down_since();
        let kind = (standstill.is_some(), down.is_some());
        self.stands_still = standstill.is_some();
        if kind == self.told {
            return;
        }
        self.told = kind;
        let words =
            |since| format!("nobody can be reached since {since:.0}: our network seems down");
        self.watch.tell(standstill.or(down.map(words)).as_deref());
    }
}

/// Polls a group once; tells whether a feed has given itself another title. Troubles are logged, and planned anew by the caller.
async fn poll(mill: &Mill, group: &[Arc<Source>]) -> bool {
    let findings = match mill.poller().find(group).await {
        Ok(findings) => findings,
        Err(error) => {
            tracing::error!(%error, "failed to read what is known of a source");
            return false;
        }
    };
    let mut answers = Vec::with_capacity(findings.len());
    for finding in findings {
        let id = finding.source.id.clone();
        answers.extend(
            mill.poller().hand_over(finding, Mode::Commit, Detail::Counts).await.map(|it| (id, it)),
        );
    }
    let mut has_new_title = false;
    for (id, answer) in answers {
        match answer.await {
            Ok(Ok(report)) => has_new_title |= report.has_new_title,
            Ok(Err(error)) => {
                tracing::error!(source.id = id.as_str(), %error, "failed to store a poll");
            }
            // The writer has ended, and with it the program.
            Err(_) => {}
        }
    }
    has_new_title
}

/// Lets so many pass at once and then one in each gap.
struct Brake {
    /// When all that have passed would have passed one by one.
    behind: Timestamp,
}

impl Brake {
    /// Returns how long the next one must wait; `None`: it may pass.
    fn wait(&mut self, now: Timestamp, gap: Duration, at_once: u32) -> Option<Duration> {
        // However the gap or the clock has changed, nobody waits for longer than the whole row takes.
        self.behind = self.behind.min(after(now, gap.saturating_mul(at_once)));
        let grace = gap.saturating_mul(at_once.saturating_sub(1));
        let wait = until(after(now, grace), Some(self.behind));
        (!wait.is_zero()).then_some(wait)
    }

    fn pass(&mut self, now: Timestamp, gap: Duration) {
        self.behind = after(self.behind.max(now), gap);
    }
}

/// Compares the clock with the time that has passed.
struct Hands {
    now: Timestamp,
    uptime: Option<Duration>,
}

impl Hands {
    /// Returns by how much the clock was set since the last look, if it was.
    fn jump(&mut self, now: Timestamp, uptime: Option<Duration>) -> Option<SignedDuration> {
        let before = std::mem::replace(self, Self { now, uptime });
        let passed = SignedDuration::try_from(uptime?.checked_sub(before.uptime?)?).ok()?;
        let jump = now.duration_since(before.now).checked_sub(passed)?;
        (jump.abs() >= JUMP_MIN).then_some(jump)
    }
}

fn after(at: Timestamp, wait: Duration) -> Timestamp {
    at.saturating_add(wait).unwrap_or(at)
}

/// Returns the time until an instant; zero when it has passed, without end when there is none.
fn until(now: Timestamp, at: Option<Timestamp>) -> Duration {
    at.map_or(Duration::MAX, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_772_000_000_000 + ms).unwrap()
    }

    #[test]
    fn p36_sixteen_pass_at_once_and_then_one_in_each_gap() {
        let gap = Duration::from_millis(60);
        let mut brake = Brake { behind: at(0) };
        let mut passed = Vec::new();
        let mut now = 0;
        while passed.len() < 20 {
            match brake.wait(at(now), gap, 16) {
                Some(wait) => now += i64::try_from(wait.as_millis()).unwrap(),
                None => {
                    brake.pass(at(now), gap);
                    passed.push(now);
                }
            }
        }
        assert_eq!(passed[..16], [0; 16]);
        assert_eq!(passed[16..], [60, 120, 180, 240]);
        assert_eq!(brake.wait(at(-90_000_000), gap, 16), Some(gap), "a clock set back is no jam");
        assert_eq!(brake.wait(at(3_600_000), gap, 16), None);
    }

    #[test]
    fn p41_a_clock_that_is_set_is_told_from_time_that_passes() {
        let start = || Hands { now: at(0), uptime: Some(Duration::from_secs(100)) };
        let hour = 3_600_000;
        let cases = [
            ("time passes, or the machine slept", 8 * hour, 8 * 3_600, None),
            ("set forward", 5 * hour, 30, Some(5 * 3_600 - 30)),
            ("set back", -5 * hour, 30, Some(-5 * 3_600 - 30)),
            ("slewed", 35_000, 30, None),
        ];
        for (name, now_ms, uptime_s, expected_s) in cases {
            let uptime = Some(Duration::from_secs(100 + uptime_s));
            let jump = start().jump(at(now_ms), uptime);
            assert_eq!(jump.map(|jump| jump.as_secs()), expected_s, "{name}");
        }
        assert_eq!(start().jump(at(hour), None), None, "no telling");
    }
}
