//! Polls made durable together.
//!
//! A poll that brought news is a batch of its own, staged at once. One that changed nothing but what we remember of sources (a 304,
//! a failure) waits for the end of its group: however many they are, they are one batch. Nothing is answered before it is
//! durable, so a crash loses at most the polls of one group, which are then asked once more; no other is asked early.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::report::Report;
use super::work::Work;
use super::{Ingest, Job, Mode};
use crate::clock::Stopwatch;
use crate::model::batch::Batch;
use crate::model::change::Change;
use crate::model::outcome::Detail;
use crate::model::selection::Series;
use crate::poll::Finding;
use crate::store::StoreError;

/// Polls made durable together, at most.
const GROUP_MAX: usize = 64;

/// A group waits for more polls for so many times what the last one took to be made durable: then the disk's time is a
/// small part of all, and where it is quick nobody waits.
const WAIT_PER_SYNC: u32 = 4;

/// How long the first of a group waits for others, at most.
const GROUP_WAIT: Duration = Duration::from_millis(20);

/// Between two looks for more.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// Told how a poll ended.
pub(super) type Reply = oneshot::Sender<Result<Report, Arc<StoreError>>>;

/// Polls decided, not yet answered.
#[derive(Default)]
pub(super) struct Group {
    decided: Vec<Decided>,
    /// What is remembered of the sources that are not committed yet.
    states: Batch,
    /// The last number given in each series: the store does not show those of this group yet.
    given: BTreeMap<Series, u64>,
}

struct Decided {
    report: Report,
    change: Change,
    reply: Reply,
    is_committed: bool,
}

impl Group {
    pub(super) fn is_full(&self) -> bool {
        self.decided.len() >= GROUP_MAX
    }

    /// Returns the next job for this group, if one comes in time.
    pub(super) fn next(
        &self,
        waiting: &mut mpsc::Receiver<Job>,
        since: Stopwatch,
        sync_took: Duration,
    ) -> Option<Job> {
        let wait = (sync_took * WAIT_PER_SYNC).min(GROUP_WAIT);
        loop {
            if since.elapsed() >= GROUP_WAIT {
                return None;
            }
            if let Ok(job) = waiting.try_recv() {
                return Some(job);
            }
            let is_over = since.elapsed() + LOOK_AGAIN > wait;
            if self.decided.is_empty() || is_over {
                return None;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

impl Ingest {
    /// Decides about a finding; it is answered with its group.
    pub(super) fn take_poll(
        &mut self,
        finding: Finding,
        how: (Mode, Detail),
        reply: Reply,
        group: &mut Group,
    ) {
        let decided = self.recover().and_then(|()| self.decide(finding, how, group));
        match decided {
            Ok((report, change)) => {
                let is_committed = group.states.is_empty();
                group.decided.push(Decided { report, change, reply, is_committed });
            }
            Err(error) => {
                tracing::error!(%error, "failed to commit a poll");
                self.note_trouble();
                let error = Arc::new(error);
                group.fail(&error);
                let _ = reply.send(Err(error));
                // What was given in this group is known no more, so the store has to show it first.
                self.finish(std::mem::take(group));
            }
        }
    }

    fn decide(
        &mut self,
        finding: Finding,
        (mode, detail): (Mode, Detail),
        group: &mut Group,
    ) -> Result<(Report, Change), StoreError> {
        if finding.document.is_some() {
            // Whatever is wrong with an entry is no other poll's trouble.
            self.settle(group)?;
        }
        let (base, mut numbers) = match (mode, self.dry.take()) {
            (Mode::DryRun, Some(dry)) => dry,
            (Mode::DryRun, None) => (Batch::default(), self.numbers),
            (Mode::Commit, _) => (std::mem::take(&mut group.states), self.numbers),
        };
        let mut work = Work::new(self, base, &mut numbers, finding.at);
        work.given = std::mem::take(&mut group.given);
        let report = work.poll(finding, detail)?;
        let given = std::mem::take(&mut work.given);
        let mut change = std::mem::take(&mut work.change);
        if report.has_changed && change.is_empty() {
            // Not a story: how a source is doing.
            change = Change::everywhere();
        }
        let batch = work.into_batch();
        match mode {
            Mode::DryRun => {
                self.dry = Some((batch, numbers));
                return Ok((report, Change::default()));
            }
            Mode::Commit if batch.is_states_only() => {
                (group.states, group.given) = (batch, given);
            }
            Mode::Commit => {
                self.stage(batch)?;
                group.given = given;
                self.numbers = numbers;
            }
        }
        Ok((report, change))
    }

    /// Writes what is remembered of sources.
    fn settle(&self, group: &mut Group) -> Result<(), StoreError> {
        let states = std::mem::take(&mut group.states);
        if states.is_empty() {
            return Ok(());
        }
        self.stage(states)?;
        group.decided.iter_mut().for_each(|decided| decided.is_committed = true);
        Ok(())
    }

    fn stage(&self, batch: Batch) -> Result<(), StoreError> {
        let watch = Stopwatch::start();
        self.store.stage(batch)?;
        self.metrics.store_commit(watch.elapsed());
        Ok(())
    }

    /// Makes a group durable, then answers.
    pub(super) fn finish(&mut self, mut group: Group) {
        if group.decided.is_empty() {
            return;
        }
        let committed = self.settle(&mut group);
        let watch = Stopwatch::start();
        let synced = committed.and_then(|()| self.store.sync()).map_err(Arc::new);
        self.sync_took = watch.elapsed();
        if let Err(error) = &synced {
            tracing::error!(%error, "failed to make a group of polls durable");
            self.note_trouble();
        }
        let mut change = Change::default();
        group.decided.iter_mut().for_each(|it| change.add(std::mem::take(&mut it.change)));
        if !change.is_empty() {
            (self.on_change)(change);
        }
        for Decided { report, reply, .. } in group.decided {
            let answer = match &synced {
                Ok(()) => {
                    self.tell(&report);
                    Ok(report)
                }
                Err(error) => Err(Arc::clone(error)),
            };
            let _ = reply.send(answer);
        }
    }
}

impl Group {
    /// Answers those that went down with a poll that could not be decided or committed.
    fn fail(&mut self, error: &Arc<StoreError>) {
        self.states = Batch::default();
        for decided in self.decided.extract_if(.., |decided| !decided.is_committed) {
            let _ = decided.reply.send(Err(Arc::clone(error)));
        }
    }
}
