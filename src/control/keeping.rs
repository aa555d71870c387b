//! Keeping the store: backup, verify, retention, rewriting, and opening again after trouble.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use serde_json::json;
use tokio::sync::oneshot;

use super::Mill;
use crate::ingest::retention::{self, Terms};
use crate::ingest::{Job, Upkeep};
use crate::store::{BackupError, Compacted, Health, Keeper, Progress, Store, StoreError, Totals};

/// Stories whose texts go in one batch: polls come in between.
const FADE_CHUNK: usize = 200;
/// The share of the disk that a rewrite must give back to be worth it.
const WASTE_MIN: f64 = 0.25;

/// What the daily upkeep did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Stories whose texts went.
    pub faded: usize,
    /// Stories of which nothing stays.
    pub forgotten: usize,
    /// What a rewrite did, if it was worth one.
    pub compacted: Option<Compacted>,
}

impl Mill {
    /// Writes a backup of the whole store.
    pub fn backup(
        &self,
        to: &mut dyn Write,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError> {
        let keeper = keeper(self.store.as_ref())?;
        keeper.backup(self.poller.now(), to, on_progress)
    }

    /// Reads every record; returns a JSON object with what is damaged and how many entries there are.
    pub fn verify(&self, on_progress: &mut dyn FnMut(Progress)) -> String {
        let findings = match keeper(self.store.as_ref()) {
            Ok(keeper) => keeper.verify(on_progress),
            Err(error) => vec![error.to_string()],
        };
        let entries = self.store.stats().map_or(0, |stats| stats.entries);
        json!({ "entries": entries, "findings": findings }).to_string()
    }

    /// Says why nothing can be written, if so.
    pub fn unwritable(&self) -> Option<String> {
        match self.store.stats().map(|stats| stats.health) {
            Ok(Health::Ok | Health::Damaged) => None,
            Ok(Health::ReadOnly) => {
                Some("a write to the store failed; it is opened again".to_owned())
            }
            Err(error) => Some(format!("the store cannot be read: {error}")),
        }
    }

    /// Has the writer open a store again that cannot be written to.
    pub async fn heal(&self) {
        if self.unwritable().is_some() {
            // Whether it succeeded is told by the writer.
            let _ = self.keep_up(|_| Ok(())).await;
        }
    }

    /// Takes texts older than `age` (`None`: they stay for ever), and gives disk back where that is worth it.
    pub async fn keep(
        self: &Arc<Self>,
        age: Option<SignedDuration>,
    ) -> Result<Kept, Arc<StoreError>> {
        let mut kept = match age {
            Some(age) => self.retain(age).await?,
            None => Kept::default(),
        };
        kept.compacted = self.compact_if_worth().await?;
        Ok(kept)
    }

    async fn retain(&self, age: SignedDuration) -> Result<Kept, Arc<StoreError>> {
        let terms = Terms { now: self.poller.now(), age };
        let store = Arc::clone(&self.store);
        let due = tokio::task::spawn_blocking(move || retention::due(store.as_ref(), &terms));
        let due = due.await.map_err(|error| Arc::new(failed(error)))??;
        let mut kept = Kept::default();
        for chunk in due.fade.chunks(FADE_CHUNK) {
            let chunk = chunk.to_vec();
            let (tell, told) = oneshot::channel();
            self.keep_up(move |store| {
                let _ = tell.send(retention::fade(store, &terms, &chunk)?);
                Ok(())
            })
            .await?;
            kept.faded += told.await.unwrap_or(0);
        }
        if !due.forget.is_empty() {
            kept.forgotten = due.forget.len();
            self.keep_up(move |store| {
                let stories = retention::still_forgettable(store, &terms, &due.forget)?;
                keeper(store)?.forget(&stories)
            })
            .await?;
        }
        Ok(kept)
    }

    async fn compact_if_worth(&self) -> Result<Option<Compacted>, Arc<StoreError>> {
        let store = Arc::clone(&self.store);
        let waste = move || keeper(store.as_ref())?.waste();
        let waste = tokio::task::spawn_blocking(waste).await;
        if waste.map_err(|error| Arc::new(failed(error)))?? < WASTE_MIN {
            return Ok(None);
        }
        self.compact(|_| {}).await.map(Some)
    }

    /// Rewrites the store: polling waits, serving goes on.
    pub async fn compact(
        &self,
        mut on_progress: impl FnMut(Progress) + Send + 'static,
    ) -> Result<Compacted, Arc<StoreError>> {
        let (tell, told) = oneshot::channel();
        let steps = Arc::clone(&self.steps);
        self.keep_up(move |store| {
            let mut on_step = |progress| {
                steps.fetch_add(1, Ordering::AcqRel);
                on_progress(progress);
            };
            let _ = tell.send(keeper(store)?.compact(&mut on_step)?);
            Ok(())
        })
        .await?;
        let compacted = told.await.map_err(|error| Arc::new(failed(error)))?;
        let Compacted { records, bytes_before, bytes_after } = compacted;
        tracing::info!(records, bytes_before, bytes_after, "rewrote the store");
        Ok(compacted)
    }

    /// Returns a number that moves while the store is rewritten.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Acquire)
    }

    /// Has the writer do something between two polls.
    async fn keep_up(
        &self,
        work: impl FnOnce(&dyn Store) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), Arc<StoreError>> {
        let (reply, done) = oneshot::channel();
        let work = Upkeep(Box::new(work));
        let sent = self.writer.jobs().send(Job::Upkeep { work, reply }).await;
        sent.map_err(|_| Arc::new(failed("the writer has stopped")))?;
        done.await.map_err(|error| Arc::new(failed(error)))?
    }
}

fn keeper(store: &dyn Store) -> Result<&dyn Keeper, StoreError> {
    store.keeper().ok_or_else(|| failed("this engine is kept by its own tools"))
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Engine { operation: "keep the store", engine: "any", source: error.into() }
}
