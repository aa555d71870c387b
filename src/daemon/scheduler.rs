//! Polls each source when it is due: the only loop that starts polls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::standstill::Standstill;
use super::upkeep::Upkeep;
use crate::control::Mill;
use crate::ingest::Mode;
use crate::model::outcome::Clock;
use crate::model::source::{Source, SourceId};
use crate::schedule;
use crate::serve::{Readiness, Site};

/// The clock may be set: the schedule is looked at again at least this often (P41).
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long polling stands still when the disk is nearly full or the store fails.
const STAND_STILL: SignedDuration = SignedDuration::from_secs(60);

/// Sources being polled or waiting for their host's turn; the fetcher holds the limits of requests.
const IN_FLIGHT_MAX: usize = 1_024;

/// When each source is due, and which are being polled.
struct Plan {
    due: BTreeMap<SourceId, Timestamp>,
    in_flight: BTreeSet<SourceId>,
}

/// Runs until `stop`; then no poll is started any more. Polls in hand end by themselves.
pub(super) async fn run(
    mill: Arc<Mill>,
    site: Arc<Site>,
    standstill: Standstill,
    retention: Option<Duration>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let sources = mill.poller().sources();
    let by_id: BTreeMap<SourceId, Arc<Source>> = sources
        .catalog
        .sources
        .iter()
        .map(|source| (source.id.clone(), Arc::clone(source)))
        .collect();
    let mut plan = Plan { due: first(&mill, clock.now()), in_flight: BTreeSet::new() };
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut upkeep = Upkeep::new(retention, clock.now());
    while !stop.is_cancelled() {
        let now = clock.now();
        upkeep.start_if_due(&mill, now);
        let reason = match standstill.reason() {
            Some(reason) => Some(reason),
            None => mill.heal().await,
        };
        tell(&site, reason.as_deref());
        if reason.is_some() {
            plan.due.values_mut().for_each(|at| *at = (*at).max(now + STAND_STILL));
        }
        start_due(&mill, &by_id, &mut plan, now, &done);
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(plan.wait(now)) => {}
            Some((id, next)) = finished.recv() => plan.finish(id, next),
        }
        while let Ok((id, next)) = finished.try_recv() {
            plan.finish(id, next);
        }
        mill.refresh_names();
    }
}

/// Lets `/readyz` and the log say that polling stands still.
fn tell(site: &Site, reason: Option<&str>) {
    match reason {
        Some(reason) => {
            tracing::error!(reason, "polling stands still");
            site.set_readiness(Readiness::PollingStopped(reason.to_owned()));
        }
        None => site.set_readiness(Readiness::Ready),
    }
}

impl Plan {
    fn finish(&mut self, id: SourceId, next: Timestamp) {
        self.in_flight.remove(&id);
        self.due.insert(id, next);
    }

    /// Returns how long nothing will be due.
    fn wait(&self, now: Timestamp) -> Duration {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return LOOK_AGAIN;
        }
        let next =
            self.due.iter().filter(|(id, _)| !self.in_flight.contains(*id)).map(|(_, at)| *at);
        let until = next.min().map_or(SignedDuration::MAX, |at| at.duration_since(now));
        Duration::try_from(until).unwrap_or(Duration::ZERO).min(LOOK_AGAIN)
    }
}

/// Plans the first polls after a start: stored times hold, new sources are spread.
fn first(mill: &Mill, now: Timestamp) -> BTreeMap<SourceId, Timestamp> {
    let sources = mill.poller().sources();
    let states: BTreeMap<_, _> = mill.store().states().unwrap_or_default().into_iter().collect();
    let total = sources.catalog.sources.len();
    let plan = |(index, source): (usize, &Arc<Source>)| {
        let stored = states.get(&source.id).and_then(|state| state.next_poll);
        let spread = schedule::first_poll(now, source, index, total, seed(&source.id)).at;
        let at = stored.map_or(spread, |stored| if stored <= now { spread } else { stored });
        (source.id.clone(), at)
    };
    sources.catalog.sources.iter().enumerate().map(plan).collect()
}

/// Returns a number that differs between sources and is the same at each start.
pub(crate) fn seed(id: &SourceId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes())
}

fn start_due(
    mill: &Arc<Mill>,
    sources: &BTreeMap<SourceId, Arc<Source>>,
    plan: &mut Plan,
    now: Timestamp,
    done: &mpsc::UnboundedSender<(SourceId, Timestamp)>,
) {
    let mut due: Vec<(Timestamp, SourceId)> = plan
        .due
        .iter()
        .filter(|(id, at)| **at <= now && !plan.in_flight.contains(*id))
        .map(|(id, at)| (*at, id.clone()))
        .collect();
    due.sort();
    let room = IN_FLIGHT_MAX.saturating_sub(plan.in_flight.len());
    for (_, id) in due.into_iter().take(room) {
        let Some(source) = sources.get(&id) else { continue };
        plan.in_flight.insert(id);
        let (mill, source, done) = (Arc::clone(mill), Arc::clone(source), done.clone());
        tokio::spawn(async move {
            let next = poll(&mill, &source).await;
            let next = next.unwrap_or_else(|| mill.poller().now() + STAND_STILL);
            let _ = done.send((source.id.clone(), next));
        });
    }
}

/// Polls once and logs it; `None` when the store failed.
async fn poll(mill: &Mill, source: &Arc<Source>) -> Option<Timestamp> {
    let finding = mill.poller().find(source).await.ok()?;
    let answer = mill.poller().hand_over(finding, Mode::Commit).await?;
    match answer.await.ok()? {
        Ok(report) => Some(report.next.at),
        Err(error) => {
            tracing::error!(source.id = source.id.as_str(), %error, "failed to store a poll");
            None
        }
    }
}
