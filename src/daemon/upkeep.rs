//! The daily upkeep of the store, beside polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::control::Mill;

/// Between two looks at what is too old.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// After a start, polls come first.
const FIRST_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// When the upkeep is due.
pub(super) struct Upkeep {
    age: Option<SignedDuration>,
    next: Timestamp,
    is_running: Arc<AtomicBool>,
}

impl Upkeep {
    pub(super) fn new(retention: Option<Duration>, now: Timestamp) -> Self {
        let age = retention.and_then(|age| SignedDuration::try_from(age).ok());
        let next = now.saturating_add(FIRST_AFTER).unwrap_or(now);
        Self { age, next, is_running: Arc::default() }
    }

    /// Starts it when it is due; it runs beside the polls.
    pub(super) fn start_if_due(&mut self, mill: &Arc<Mill>, now: Timestamp) {
        let Some(age) = self.age else { return };
        if now < self.next || self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.next = now.saturating_add(EVERY).unwrap_or(now);
        let (mill, is_running) = (Arc::clone(mill), Arc::clone(&self.is_running));
        tokio::spawn(async move {
            match mill.keep(age).await {
                Ok(kept) => tracing::info!(
                    stories.faded = kept.faded,
                    stories.forgotten = kept.forgotten,
                    is_rewritten = kept.compacted.is_some(),
                    "took what is older than store.retention"
                ),
                Err(error) => tracing::error!(%error, "failed to keep store.retention"),
            }
            is_running.store(false, Ordering::Release);
        });
    }
}
