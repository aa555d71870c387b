//! The actions of an operator: poll now, status, explain. The same for the daemon and for a command that opens the
//! store itself.

mod explain;
mod keeping;
mod named;
mod order;
mod status;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::ingest::{Event, Mode, Report, Settings, Writer};
use crate::model::outcome::Detail;
use crate::model::policy::Catalog;
use crate::model::selection::{Selection, Unit};
use crate::model::source::{Source, SourceId, SourceState};
use crate::poll::{self, Finding, Poller, Remembered};
use crate::store::{Health, Store, StoreError};
use crate::telemetry::{Metrics, PollOutcome};

pub use keeping::Kept;
pub use named::unknown_entry;
pub use order::{Command, CommandError};

/// Polls found at once but not yet handed over, when several are polled in order.
const FOUND_AHEAD_MAX: usize = 256;

/// Store, poller and writer, joined: everything that acts.
pub struct Mill {
    config_path: PathBuf,
    catalog: ArcSwap<Catalog>,
    store: Arc<dyn Store>,
    poller: Arc<Poller>,
    writer: Writer,
    metrics: Arc<Metrics>,
    /// Moves while the store is rewritten.
    steps: Arc<AtomicU64>,
}

/// How everything is, in a few numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Sources configured.
    pub sources: u64,
    /// Ids of those that fail.
    pub failing: Vec<String>,
    /// Stories published.
    pub stories: u64,
}

/// Which sources to poll, and how.
#[derive(Clone, Debug, Default)]
pub struct PollRequest {
    /// These, in this order; empty: all, in the order of the configuration.
    pub sources: Vec<SourceId>,
    /// Only those that are due.
    pub only_due: bool,
    /// Commit nothing.
    pub is_dry_run: bool,
    /// How much is told of each.
    pub detail: Detail,
}

/// Why a poll could not be started.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// No such source.
    #[error("no source `{0}` in the configuration")]
    UnknownSource(String),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writer has stopped.
    #[error("failed to store what was polled: {0}")]
    Writer(Arc<StoreError>),
    /// The service is stopping.
    #[error("feedmill is stopping")]
    Stopping,
}

impl Mill {
    /// Joins the parts.
    pub fn new(
        config_path: PathBuf,
        catalog: Arc<Catalog>,
        store: Arc<dyn Store>,
        poller: Arc<Poller>,
        writer: Writer,
        metrics: Arc<Metrics>,
    ) -> Self {
        let catalog = ArcSwap::from(catalog);
        Self { config_path, catalog, store, poller, writer, metrics, steps: Arc::default() }
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Returns the poller.
    pub fn poller(&self) -> &Arc<Poller> {
        &self.poller
    }

    /// Returns the metrics.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Returns the catalog in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }

    /// Puts other settings in force: for the writer, the poller and what is asked here.
    pub async fn configure(&self, settings: Settings) -> Result<(), PollError> {
        let catalog = Arc::clone(&settings.catalog);
        self.writer
            .configure(settings)
            .await
            .ok_or(PollError::Stopping)?
            .map_err(PollError::Writer)?;
        self.poller.set_sources(Arc::clone(&catalog));
        self.catalog.store(catalog);
        self.refresh_names();
        Ok(())
    }

    /// Returns the sources a request means, in its order.
    pub fn sources_of(&self, request: &PollRequest) -> Result<Vec<Arc<Source>>, PollError> {
        let catalog = self.catalog.load();
        let mut sources = Vec::new();
        for id in &request.sources {
            let unknown = || PollError::UnknownSource(id.to_string());
            sources.push(Arc::clone(catalog.source(id).ok_or_else(unknown)?));
        }
        if request.sources.is_empty() {
            sources.clone_from(&catalog.sources);
        }
        if request.only_due {
            let due = self.due(self.poller.now(), &catalog)?;
            sources.retain(|source| due.contains(&source.id));
        }
        Ok(sources)
    }

    /// Returns the sources that are due, each with those that its request feeds as well.
    fn due(&self, now: Timestamp, catalog: &Catalog) -> Result<BTreeSet<SourceId>, StoreError> {
        let all = catalog.sources.iter().map(|source| self.poller.remember(source));
        let mut due = BTreeSet::new();
        for group in poll::groups(all.collect::<Result<_, _>>()?) {
            let members = group.iter().map(|(_, state)| (state.last_attempt, state.next_poll));
            if poll::due(members).is_none_or(|at| at <= now) {
                due.extend(group.into_iter().map(|(source, _)| source.id.clone()));
            }
        }
        Ok(due)
    }

    /// Sorts sources into groups of one request each, in the order of their first members.
    fn groups(&self, sources: &[Arc<Source>]) -> Result<Vec<Vec<Arc<Source>>>, StoreError> {
        let all = sources.iter().map(|source| self.poller.remember(source));
        let groups = poll::groups(all.collect::<Result<Vec<Remembered>, _>>()?);
        let bare = |group: Vec<Remembered>| group.into_iter().map(|(source, _)| source).collect();
        Ok(groups.into_iter().map(bare).collect())
    }

    /// Polls, and commits in the order asked, whatever the order of the answers.
    pub async fn poll(
        &self,
        request: &PollRequest,
        on_report: &mut (dyn FnMut(&Report) + Send),
    ) -> Result<Vec<Report>, PollError> {
        let mode = if request.is_dry_run { Mode::DryRun } else { Mode::Commit };
        let sources = self.sources_of(request)?;
        let mut waiting = VecDeque::from(self.groups(&sources)?);
        let mut running: VecDeque<JoinHandle<Result<Vec<Finding>, StoreError>>> = VecDeque::new();
        let mut found: BTreeMap<SourceId, Finding> = BTreeMap::new();
        let mut answers = VecDeque::new();
        let mut reports = Vec::new();
        for source in &sources {
            while !found.contains_key(&source.id) {
                while running.len() < FOUND_AHEAD_MAX
                    && let Some(group) = waiting.pop_front()
                {
                    let poller = Arc::clone(&self.poller);
                    running.push_back(tokio::spawn(async move { poller.find(&group).await }));
                }
                // None is left when a source is named twice.
                let Some(next) = running.pop_front() else { break };
                let findings = next.await.map_err(|_| PollError::Stopping)??;
                found.extend(findings.into_iter().map(|it| (it.source.id.clone(), it)));
            }
            let Some(finding) = found.remove(&source.id) else { continue };
            let answer = self
                .poller
                .hand_over(finding, mode, request.detail)
                .await
                .ok_or(PollError::Stopping)?;
            answers.push_back(answer);
            // Those that are there are told at once, so that a progress bar moves.
            while let Some(Ok(report)) = answers.front_mut().map(oneshot::Receiver::try_recv) {
                answers.pop_front();
                let report = report.map_err(PollError::Writer)?;
                on_report(&report);
                reports.push(report);
            }
        }
        while let Some(answer) = answers.pop_front() {
            let report = answer.await.map_err(|_| PollError::Stopping)?;
            let report = report.map_err(PollError::Writer)?;
            on_report(&report);
            reports.push(report);
        }
        if request.is_dry_run {
            self.poller.forget_dry_run().await;
        }
        Ok(reports)
    }

    /// Takes titles that feeds have given themselves since into the names that are taken off headlines.
    pub fn refresh_names(&self) {
        let catalog = self.catalog.load();
        if let Ok(names) = crate::poll::names(&catalog, self.store.as_ref()) {
            self.poller.set_names(names);
        }
    }

    /// Puts what is counted only when asked for into the metrics.
    pub fn measure(&self) {
        if let Ok(stats) = self.store.stats() {
            self.metrics.set_store(stats.entries, stats.bytes);
        }
        let Ok(states) = self.store.states() else { return };
        let states: BTreeMap<SourceId, Arc<SourceState>> = states.into_iter().collect();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let now = self.poller.now();
        for source in &self.catalog.load().sources {
            let state = states.get(&source.id).cloned().unwrap_or_default();
            *counts.entry(status::word(&state)).or_default() += 1;
            if let Some(success) = state.last_success {
                let age = std::time::Duration::try_from(now.duration_since(success));
                self.metrics.source_success(source.id.as_str(), age.unwrap_or_default());
            }
        }
        for state in ["new", "ok", "failing", "gone"] {
            self.metrics.set_sources(state, counts.get(state).copied().unwrap_or(0));
        }
    }

    /// Returns how everything is, in a few numbers.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        let catalog = self.catalog.load();
        let fails = |(id, state): &(SourceId, Arc<SourceState>)| {
            (state.failures > 0 || state.is_gone) && catalog.source(id).is_some()
        };
        let failing = self.store.states()?.into_iter().filter(fails);
        Ok(Summary {
            sources: u64::try_from(catalog.sources.len()).unwrap_or(u64::MAX),
            failing: failing.map(|(id, _)| id.to_string()).collect(),
            stories: self.store.stats()?.stories,
        })
    }

    /// Returns `/status.json`.
    pub fn status(&self) -> Result<String, StoreError> {
        let catalog = self.catalog.load_full();
        let states: BTreeMap<SourceId, Arc<SourceState>> =
            self.store.states()?.into_iter().collect();
        let now = self.poller.now();
        let week_ago = now - SignedDuration::from_hours(24 * 7);
        let mut sources = Vec::new();
        for source in &catalog.sources {
            let state = states.get(&source.id).cloned().unwrap_or_default();
            let count = |from: Option<Timestamp>| self.count(&source.id, from);
            let counts = status::EntryCounts { all: count(None)?, week: count(Some(week_ago))? };
            let newest = poll::newest_dates(self.store.as_ref(), &source.id)?;
            sources.push(status::of_source(now, source, &state, counts, &newest));
        }
        let stats = self.store.stats()?;
        let health = match stats.health {
            Health::Ok => "ok",
            Health::ReadOnly => "read-only",
            Health::Damaged => "damaged",
        };
        let status = json!({
            "config": self.config_path.display().to_string(),
            "sources": sources,
            "network_down_since": self.poller.network_down_since().map(|at| at.to_string()),
            "entries": stats.entries,
            "stories": stats.stories,
            "memory_bytes": crate::machine::memory_bytes(),
            "store": { "bytes": stats.bytes, "state": health },
        });
        Ok(status.to_string())
    }

    fn count(&self, source: &SourceId, from: Option<Timestamp>) -> Result<usize, StoreError> {
        let selection = Selection {
            unit: Unit::Entries,
            sources: vec![source.clone()],
            from,
            until: None,
            after: None,
            limit: usize::MAX,
        };
        Ok(self.store.select(&selection)?.len())
    }

    /// Stops the writer after the commit in hand.
    pub async fn stop(&self) {
        self.writer.stop().await;
    }
}

/// Writes a report as the lines of `poll --json`, without the last.
pub fn lines(report: &Report) -> Vec<String> {
    report.events.iter().map(line).collect()
}

fn line(event: &Event) -> String {
    match event {
        Event::Entry(entry) => json!({
            "source": entry.source.as_str(),
            "guid": entry.guid,
            "link": entry.link,
            "verdict": entry.verdict,
            "entry": entry.public_id,
            "rule": entry.rule,
        })
        .to_string(),
        Event::Merged { old, into } => json!({ "merged": old, "into": into }).to_string(),
    }
}

/// Writes how far a poll of several sources is, and what that of one came to.
pub fn progress_line(report: &Report, done: usize, of: usize) -> String {
    let counts = &report.counts;
    json!({
        "done": done,
        "of": of,
        "source": report.source.as_str(),
        "outcome": report.outcome.name(),
        "http_status": report.http_status,
        "new": counts.new,
        "duplicate": counts.duplicate,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "withheld": counts.withheld,
        "error": report.error,
    })
    .to_string()
}

/// Writes the last line of `poll --json`.
pub fn last_line(reports: &[Report]) -> String {
    let outcomes =
        |word: PollOutcome| reports.iter().filter(|report| report.outcome == word).count();
    let sum = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    json!({
        "polled": reports.len(),
        "not_modified": outcomes(PollOutcome::NotModified),
        "failed": reports.iter().filter(|report| report.error.is_some()).count(),
        "new": sum(|report| report.counts.new),
        "updated": sum(|report| report.counts.updated),
        "duplicate": sum(|report| report.counts.duplicate),
    })
    .to_string()
}
