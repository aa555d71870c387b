//! The writer: takes what polls found, one after the other, has it decided, and commits it.
//!
//! One thread, so that reading what is held and writing what was decided needs no lock. Each poll is one atomic batch; up
//! to `GROUP_MAX` of them, or what comes in `GROUP_WAIT`, are made durable together, and only then is any of them
//! answered. What is decided is decided by `dedup` and `schedule`.

mod admission;
mod apply;
mod domain;
mod filing;
mod group;
mod number;
mod order;
mod outage;
mod own;
mod recover;
mod repeat;
mod report;
pub mod retention;
mod returning;
mod sketch;
mod state;
mod story;
mod withheld;
mod work;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

pub(crate) use apply::outlet_of;
use group::Group;
pub use order::{Done, Last, Order, OrderError, Takedown};
use recover::Trouble;
pub use report::{Counts, Event, Line, PlacedBy, Report};
use work::Facts;

use crate::clock::Stopwatch;
use crate::dedup::Names;
use crate::model::batch::Batch;
use crate::model::change::Change;
use crate::model::entry::{EntryNo, StoryNo};
use crate::model::outcome::Detail;
use crate::model::policy::{Catalog, PollPolicy};
use crate::model::verdict::{Claim, EntryKey};
use crate::poll::Finding;
use crate::store::{Store, StoreError};
use crate::telemetry::{Found, Metrics};

/// Whether what was decided is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Commit.
    Commit,
    /// Decide only. Later dry runs see what earlier ones would have committed, until they are forgotten.
    DryRun,
}

/// One thing for the writer to do.
#[derive(Debug)]
pub enum Job {
    /// Decide about a finding and commit it.
    Poll {
        /// What was found.
        finding: Box<Finding>,
        /// Whether to keep it.
        mode: Mode,
        /// How much the report tells.
        detail: Detail,
        /// Told when it is durable.
        reply: oneshot::Sender<Result<Report, Arc<StoreError>>>,
    },
    /// Forget what dry runs decided.
    ForgetDryRun,
    /// Work on the store while nothing is decided; readers go on.
    Upkeep {
        /// What to do.
        work: Upkeep,
        /// Told when it is done.
        reply: oneshot::Sender<Result<(), Arc<StoreError>>>,
    },
    /// Put other settings in force for what comes after.
    Configure {
        /// Those.
        settings: Box<Settings>,
        /// Told when they are, and their names are remembered.
        reply: oneshot::Sender<Result<(), Arc<StoreError>>>,
    },
    /// Carry out what an operator orders.
    Order {
        /// What.
        order: Order,
        /// The present.
        at: Timestamp,
        /// Told what came of it, when it is durable.
        reply: oneshot::Sender<Result<Done, OrderError>>,
    },
    /// Say that it is alive: what came before is done.
    Ping {
        /// Told so.
        reply: oneshot::Sender<()>,
    },
    /// End after what came before.
    Stop,
}

/// What is done to a store.
type Task = dyn FnOnce(&dyn Store) -> Result<(), StoreError> + Send;

/// Work on the store that no decision may come between.
pub struct Upkeep(pub Box<Task>);

impl std::fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upkeep")
    }
}
/// Told what a group of polls changed of what is published, once it is durable.
pub type OnChange = Arc<dyn Fn(Change) + Send + Sync>;

/// What the writer needs of the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Sources and categories.
    pub catalog: Arc<Catalog>,
    /// How often to poll.
    pub poll: PollPolicy,
    /// Copies further apart are other stories.
    pub window: Duration,
    /// Names of sources, taken off headlines.
    pub names: Arc<ArcSwap<Names>>,
}

/// The running writer.
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    thread: std::sync::Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Writer {
    /// Starts the writer's thread; `queue` findings may wait for it.
    pub fn start(
        store: Arc<dyn Store>,
        settings: Settings,
        metrics: Arc<Metrics>,
        on_change: OnChange,
        queue: usize,
    ) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel(queue);
        let ingest = Ingest::new(store, settings, metrics, on_change)?;
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || ingest.run(waiting))
            .map_err(|error| StoreError::Engine {
                operation: "start the writer",
                engine: "any",
                source: Box::new(error),
            })?;
        Ok(Self { jobs, thread: std::sync::Mutex::new(Some(thread)) })
    }

    /// Returns where jobs are handed in.
    pub fn jobs(&self) -> mpsc::Sender<Job> {
        self.jobs.clone()
    }

    /// Puts other settings in force; `None` when the writer has ended.
    pub async fn configure(&self, settings: Settings) -> Option<Result<(), Arc<StoreError>>> {
        let (reply, answer) = oneshot::channel();
        let settings = Box::new(settings);
        self.jobs.send(Job::Configure { settings, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Carries out an order; `None` when the writer has ended.
    pub async fn order(&self, order: Order, at: Timestamp) -> Option<Result<Done, OrderError>> {
        let (reply, answer) = oneshot::channel();
        self.jobs.send(Job::Order { order, at, reply }).await.ok()?;
        answer.await.ok()
    }

    /// Ends the writer after everything handed in before.
    pub async fn stop(&self) {
        let _ = self.jobs.send(Job::Stop).await;
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// The writer's own state.
struct Ingest {
    store: Arc<dyn Store>,
    settings: Settings,
    metrics: Arc<Metrics>,
    on_change: OnChange,
    authority: String,
    numbers: Numbers,
    facts: Facts,
    dry: Option<(Batch, Numbers)>,
    trouble: Option<Trouble>,
    /// How long it took to make the last group durable.
    sync_took: Duration,
}

/// The numbers to give next.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    entry: EntryNo,
    story: StoryNo,
}

impl Numbers {
    fn next_entry(&mut self) -> EntryNo {
        let no = self.entry;
        self.entry.0 += 1;
        no
    }

    fn next_story(&mut self) -> StoryNo {
        let no = self.story;
        self.story.0 += 1;
        no
    }
}

impl Ingest {
    fn new(
        store: Arc<dyn Store>,
        settings: Settings,
        metrics: Arc<Metrics>,
        on_change: OnChange,
    ) -> Result<Self, StoreError> {
        let stats = store.stats()?;
        let numbers = Numbers { entry: stats.next_entry, story: stats.next_story };
        Ok(Self {
            store,
            settings,
            metrics,
            on_change,
            authority: stats.id_authority,
            numbers,
            facts: Facts::default(),
            dry: None,
            trouble: None,
            sync_took: Duration::ZERO,
        })
    }

    fn run(mut self, mut waiting: mpsc::Receiver<Job>) {
        self.number();
        match self.renew_marks() {
            Ok(0) => {}
            Ok(renewed) => tracing::info!(renewed, "made marks again that an older version made"),
            Err(error) => tracing::error!(%error, "failed to make marks again"),
        }
        while let Some(job) = waiting.blocking_recv() {
            let watch = Stopwatch::start();
            let mut group = Group::default();
            let mut is_last = self.take(job, &mut group);
            while !is_last && !group.is_full() {
                match group.next(&mut waiting, watch, self.sync_took) {
                    Some(job) => is_last = self.take(job, &mut group),
                    None => break,
                }
            }
            self.finish(group);
            if is_last {
                return;
            }
        }
    }

    /// Numbers what the configuration moved.
    fn number(&mut self) {
        match self.number_moved() {
            Ok(false) => {}
            Ok(true) => (self.on_change)(Change::everywhere()),
            Err(error) => tracing::error!(%error, "failed to number what came into categories"),
        }
    }

    /// Does one job; tells whether it was the last. What is no poll finds the store as all polls before it left it.
    fn take(&mut self, job: Job, group: &mut Group) -> bool {
        if !matches!(job, Job::Poll { mode: Mode::Commit, .. } | Job::Ping { .. }) {
            self.finish(std::mem::take(group));
        }
        match job {
            Job::Poll { finding, mode, detail, reply } => {
                self.take_poll(*finding, (mode, detail), reply, group);
            }
            Job::ForgetDryRun => {
                self.dry = None;
                self.facts.clear();
            }
            Job::Upkeep { work, reply } => {
                let _ = reply.send(self.keep_up(work).map_err(Arc::new));
            }
            Job::Configure { settings, reply } => {
                let is_other = !Arc::ptr_eq(&self.settings.catalog, &settings.catalog);
                self.settings = *settings;
                self.facts.clear();
                if is_other {
                    self.number();
                }
                let _ = reply.send(self.remember_names().map_err(Arc::new));
            }
            Job::Order { order, at, reply } => {
                let _ = reply.send(self.order(order, at));
            }
            Job::Ping { reply } => {
                let _ = reply.send(());
            }
            Job::Stop => return true,
        }
        false
    }

    /// Writes down what has pages: categories and published sources, so that one that leaves is answered 410.
    fn remember_names(&self) -> Result<(), StoreError> {
        let catalog = &self.settings.catalog;
        let categories = catalog.categories.iter().map(|it| format!("category/{}", it.slug));
        let published = catalog.sources.iter().filter(|source| source.publish);
        let sources = published.map(|source| format!("published/{}", source.id));
        let keys: Vec<EntryKey> =
            categories.chain(sources).map(|name| EntryKey::name(&name)).collect();
        let known = self.store.find(&keys)?;
        let new = keys.into_iter().zip(known).filter(|(_, known)| known.is_none());
        let keys: BTreeMap<EntryKey, Claim> = new.map(|(key, _)| (key, Claim::Barred)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.store.commit(Batch { keys, ..Batch::default() })?;
        self.store.sync()
    }

    /// Logs and counts a poll.
    fn tell(&self, report: &Report) {
        let Counts { new, updated, duplicate, unchanged, withheld: _ } = report.counts;
        tracing::info!(
            source.id = report.source.as_str(),
            outcome = report.outcome.name(),
            http.status = report.http_status,
            entries.new = new,
            entries.updated = updated,
            entries.duplicate = duplicate,
            elapsed_ms = report.elapsed_ms,
            error = report.error.as_deref(),
            "polled {}",
            report.source
        );
        for note in &report.notes {
            tracing::warn!(source.id = report.source.as_str(), "{note}");
        }
        let elapsed = Duration::from_millis(report.elapsed_ms);
        self.metrics.poll_finished(report.outcome, elapsed, report.wire_bytes);
        for (verdict, count) in
            [("new", new), ("updated", updated), ("duplicate", duplicate), ("unchanged", unchanged)]
        {
            self.metrics.entries(verdict, count);
        }
        for placed in &report.placed_by {
            match placed {
                PlacedBy::Joined(rule) => self.metrics.dedup_rule(rule, Found::Same),
                PlacedBy::Opened(Some(rule)) => self.metrics.dedup_rule(rule, Found::Apart),
                PlacedBy::Opened(None) => {}
            }
        }
    }
}

/// Returns the later of two instants, either of which may be missing.
fn later(left: Option<Timestamp>, right: Timestamp) -> Timestamp {
    left.map_or(right, |left| left.max(right))
}
