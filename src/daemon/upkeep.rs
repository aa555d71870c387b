//! The daily upkeep of the store, beside polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::control::Mill;
use crate::model::outcome::Clock;

/// Between two looks at what is too old.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// After a start, polls come first.
const FIRST_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Between two looks at whether the store can be written to.
const LOOK: Duration = Duration::from_secs(15);

/// Runs until `stop`.
pub(super) async fn run(
    mill: Arc<Mill>,
    retention: Option<Duration>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut upkeep = Upkeep::new(retention, clock.now());
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(LOOK) => {
                mill.heal().await;
                upkeep.start_if_due(&mill, clock.now());
            }
        }
    }
}

/// When the upkeep is due.
struct Upkeep {
    age: Option<SignedDuration>,
    next: Timestamp,
    is_running: Arc<AtomicBool>,
}

impl Upkeep {
    fn new(retention: Option<Duration>, now: Timestamp) -> Self {
        let age = retention.and_then(|age| SignedDuration::try_from(age).ok());
        let next = now.saturating_add(FIRST_AFTER).unwrap_or(now);
        Self { age, next, is_running: Arc::default() }
    }

    /// Starts it when it is due; it runs beside the polls.
    fn start_if_due(&mut self, mill: &Arc<Mill>, now: Timestamp) {
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
