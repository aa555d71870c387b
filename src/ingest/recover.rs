//! After a failed write: nothing is acknowledged until the store is open again.

use std::time::Duration;

use super::{Ingest, Numbers, Upkeep};
use crate::clock::Stopwatch;
use crate::model::change::Change;
use crate::store::{Health, StoreError};

/// The wait before the first try, doubled after each that fails.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// The longest wait between two tries.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// A store that does not take writes.
pub(super) struct Trouble {
    since: Stopwatch,
    wait: Duration,
}

impl Ingest {
    /// Notes that a write failed, if the store says that it is dead for writing.
    pub(super) fn note_trouble(&mut self) {
        let is_well = self.store.stats().is_ok_and(|stats| stats.health != Health::ReadOnly);
        if !is_well && self.trouble.is_none() {
            // The first try comes with the next job: most troubles are over by then.
            self.trouble = Some(Trouble { since: Stopwatch::start(), wait: Duration::ZERO });
        }
    }

    /// Opens the store again after a failed write; fails while it is not to be tried yet.
    pub(super) fn recover(&mut self) -> Result<(), StoreError> {
        let Some(trouble) = &self.trouble else { return Ok(()) };
        if trouble.since.elapsed() < trouble.wait {
            return Err(StoreError::Engine {
                operation: "write",
                engine: "any",
                source: "an earlier write failed; it is opened again in a while".into(),
            });
        }
        let wait = (trouble.wait * 2).clamp(WAIT_MIN, WAIT_MAX);
        let opened = self.store.keeper().map_or(Ok(()), |keeper| keeper.reopen());
        match opened.and_then(|()| self.store.stats()) {
            Ok(stats) => {
                tracing::warn!("the store was opened again after a failed write");
                self.trouble = None;
                self.numbers = Numbers { entry: stats.next_entry, story: stats.next_story };
                self.forget();
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "failed to open the store again");
                self.trouble = Some(Trouble { since: Stopwatch::start(), wait });
                Err(error)
            }
        }
    }

    /// Forgets what was computed from the store.
    fn forget(&mut self) {
        self.dry = None;
        self.facts.clear();
    }

    /// Does work on the store between two polls.
    pub(super) fn keep_up(&mut self, Upkeep(work): Upkeep) -> Result<(), StoreError> {
        // The trouble may have come between two polls, and nobody met it yet.
        self.note_trouble();
        self.recover()?;
        let done = work(self.store.as_ref());
        self.forget();
        match done {
            Ok(()) => {
                let stats = self.store.stats()?;
                self.numbers = Numbers { entry: stats.next_entry, story: stats.next_story };
                (self.on_change)(Change::everywhere());
            }
            Err(_) => self.note_trouble(),
        }
        done
    }
}
