//! Polls each source when it is due: the only loop that starts polls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::standstill::Standstill;
use super::upkeep::Upkeep;
use super::vitals::Vitals;
use crate::control::Mill;
use crate::ingest::Mode;
use crate::model::outcome::Clock;
use crate::model::policy::Catalog;
use crate::model::source::{Source, SourceId, SourceState};
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
    catalog: Arc<Catalog>,
    sources: BTreeMap<SourceId, Arc<Source>>,
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
    vitals: Arc<Vitals>,
    stop: CancellationToken,
) {
    let mut plan = Plan::empty();
    let mut stands_still = false;
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut upkeep = Upkeep::new(retention, clock.now());
    while !stop.is_cancelled() {
        let now = clock.now();
        plan.follow(&mill, now);
        upkeep.start_if_due(&mill, now);
        let reason = match standstill.reason() {
            Some(reason) => Some(reason),
            None => mill.heal().await,
        };
        tell(&site, reason.as_deref(), &mut stands_still);
        if reason.is_some() {
            plan.due.values_mut().for_each(|at| *at = (*at).max(now + STAND_STILL));
        }
        start_due(&mill, &mut plan, now, &done);
        vitals.turned(plan.next(), reason);
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(plan.wait(now)) => {}
            () = vitals.woken() => {}
            Some((id, next)) = finished.recv() => {
                plan.finish(id, next);
                while let Ok((id, next)) = finished.try_recv() {
                    plan.finish(id, next);
                }
                mill.refresh_names();
            }
        }
    }
}

/// Lets `/readyz` say that polling stands still; and the log, once each time.
fn tell(site: &Site, reason: Option<&str>, stands_still: &mut bool) {
    match reason {
        Some(reason) if !*stands_still => tracing::warn!(reason, "polling stands still"),
        None if *stands_still => tracing::info!("polling goes on"),
        Some(_) | None => {}
    }
    *stands_still = reason.is_some();
    site.set_readiness(match reason {
        Some(reason) => Readiness::PollingStopped(reason.to_owned()),
        None => Readiness::Ready,
    });
}

impl Plan {
    fn empty() -> Self {
        Self {
            catalog: Arc::default(),
            sources: BTreeMap::new(),
            due: BTreeMap::new(),
            in_flight: BTreeSet::new(),
        }
    }

    fn finish(&mut self, id: SourceId, next: Timestamp) {
        self.in_flight.remove(&id);
        if self.sources.contains_key(&id) {
            self.due.insert(id, next);
        }
    }

    /// Takes over the catalog in force: what left is polled no more, what is new or has a new address is polled soon,
    /// everything else keeps its time.
    fn follow(&mut self, mill: &Mill, now: Timestamp) {
        let catalog = mill.catalog();
        if Arc::ptr_eq(&catalog, &self.catalog) {
            return;
        }
        let sources: BTreeMap<SourceId, Arc<Source>> =
            catalog.sources.iter().map(|source| (source.id.clone(), Arc::clone(source))).collect();
        let stored = states(mill);
        let is_planned = |source: &Source| {
            let old = self.sources.get(&source.id);
            old.is_some_and(|old| old.url == source.url) && self.due.contains_key(&source.id)
        };
        let planned = first(&catalog, &stored, &is_planned, now);
        for (id, source) in &sources {
            let old = self.sources.get(id);
            let sooner = old.and_then(|old| sooner(old, source, stored.get(id), now));
            if let (Some(sooner), Some(at)) = (sooner, self.due.get_mut(id)) {
                *at = sooner.min(*at);
            }
        }
        self.due.extend(planned);
        self.due.retain(|id, _| sources.contains_key(id));
        self.sources = sources;
        self.catalog = catalog;
    }

    /// Returns when the next poll is due.
    fn next(&self) -> Option<Timestamp> {
        let waiting = self.due.iter().filter(|(id, _)| !self.in_flight.contains(*id));
        waiting.map(|(_, at)| *at).min()
    }

    /// Returns how long nothing will be due.
    fn wait(&self, now: Timestamp) -> Duration {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return LOOK_AGAIN;
        }
        let until = self.next().map_or(SignedDuration::MAX, |at| at.duration_since(now));
        Duration::try_from(until).unwrap_or(Duration::ZERO).min(LOOK_AGAIN)
    }
}

/// Returns when a source whose own interval became shorter is due by that; a failing one keeps its time.
fn sooner(
    old: &Source,
    new: &Source,
    state: Option<&Arc<SourceState>>,
    now: Timestamp,
) -> Option<Timestamp> {
    let interval = new.interval.filter(|new| old.interval.is_none_or(|old| *new < old))?;
    let state = state.filter(|state| state.failures == 0)?;
    let at = state.last_attempt?.checked_add(SignedDuration::try_from(interval).ok()?).ok()?;
    Some(at.max(now))
}

fn states(mill: &Mill) -> BTreeMap<SourceId, Arc<SourceState>> {
    mill.store().states().unwrap_or_default().into_iter().collect()
}

/// Plans the first polls: stored times hold if they are of the same address, the others are spread.
fn first(
    catalog: &Catalog,
    states: &BTreeMap<SourceId, Arc<SourceState>>,
    is_planned: &dyn Fn(&Source) -> bool,
    now: Timestamp,
) -> Vec<(SourceId, Timestamp)> {
    let stored = |source: &Source| {
        let state = states.get(&source.id).filter(|state| state.url == source.url.as_str());
        state.and_then(|state| state.next_poll).filter(|stored| *stored > now)
    };
    let new = catalog.sources.iter().filter(|source| !is_planned(source));
    let (kept, soon): (Vec<_>, Vec<_>) = new.partition(|source| stored(source).is_some());
    let kept = kept.into_iter().filter_map(|source| Some((source.id.clone(), stored(source)?)));
    let total = soon.len();
    let spread = soon.into_iter().enumerate().map(|(index, source)| {
        let at = schedule::first_poll(now, source, index, total, seed(&source.id)).at;
        (source.id.clone(), at)
    });
    kept.chain(spread).collect()
}

/// Returns a number that differs between sources and is the same at each start.
pub(crate) fn seed(id: &SourceId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes())
}

fn start_due(
    mill: &Arc<Mill>,
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
        let Some(source) = plan.sources.get(&id).map(Arc::clone) else { continue };
        plan.in_flight.insert(id);
        let (mill, source, done) = (Arc::clone(mill), source, done.clone());
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
