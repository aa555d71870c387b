//! The daily upkeep of the store, beside polling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::control::Mill;
use crate::model::outcome::Clock;
use crate::model::policy::StorePolicy;

/// Between two looks at what is too old.
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// After a start, polls come first.
const FIRST_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// Between two looks at whether the store can be written to.
const LOOK: Duration = Duration::from_secs(15);

/// Runs until `stop`. Another `retention` is looked at as soon as it is in force.
pub(super) async fn run(
    mill: Arc<Mill>,
    mut policy: watch::Receiver<StorePolicy>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    let mut upkeep = Upkeep::new(policy.borrow().retention, clock.now());
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep(LOOK) => {
                mill.heal().await;
                upkeep.start_if_due(&mill, clock.now());
            }
            Ok(()) = policy.changed() => {
                upkeep.adopt(policy.borrow().retention, clock.now());
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
        let next = now.saturating_add(FIRST_AFTER).unwrap_or(now);
        Self { age: signed(retention), next, is_running: Arc::default() }
    }

    /// Takes over another age; what it makes too old is due at once.
    fn adopt(&mut self, retention: Option<Duration>, now: Timestamp) {
        let age = signed(retention);
        if age != self.age {
            self.age = age;
            self.next = now;
        }
    }

    /// Starts it when it is due; it runs beside the polls.
    fn start_if_due(&mut self, mill: &Arc<Mill>, now: Timestamp) {
        if now < self.next || self.is_running.swap(true, Ordering::AcqRel) {
            return;
        }
        self.next = now.saturating_add(EVERY).unwrap_or(now);
        let (mill, age, is_running) = (Arc::clone(mill), self.age, Arc::clone(&self.is_running));
        tokio::spawn(async move {
            match mill.keep(age).await {
                Ok(kept) => tracing::info!(
                    stories.faded = kept.faded,
                    stories.forgotten = kept.forgotten,
                    is_rewritten = kept.compacted.is_some(),
                    "looked after the store"
                ),
                Err(error) => tracing::error!(%error, "failed to look after the store"),
            }
            is_running.store(false, Ordering::Release);
        });
    }
}

fn signed(age: Option<Duration>) -> Option<SignedDuration> {
    age.and_then(|age| SignedDuration::try_from(age).ok())
}
