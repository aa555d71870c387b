//! Why nothing may be polled at the moment.

use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::machine;
use crate::model::policy::{Config, StorePolicy};

/// Watches the disk of the store.
pub(super) struct Standstill {
    path: PathBuf,
    policy: watch::Receiver<StorePolicy>,
}

impl Standstill {
    /// Watches the disk of the store that is open; how much of it must stay free may change.
    pub(super) fn new(policy: watch::Receiver<StorePolicy>) -> Self {
        let path = policy.borrow().path.clone();
        Self { path, policy }
    }

    /// Says why polling must stand still, if so: the store is never let to meet a full disk.
    pub(super) fn reason(&self) -> Option<String> {
        below_reserve(&self.path, self.policy.borrow().reserve_bytes)
    }

    /// The same with what the operator may do about it.
    pub(super) fn refusal(&self) -> Option<String> {
        self.reason().map(with_remedy)
    }
}

/// Says why nothing may be polled with the store of a configuration, if so, and what to do about it.
pub(crate) fn standstill(config: &Config) -> Option<String> {
    below_reserve(&config.store.path, config.store.reserve_bytes).map(with_remedy)
}

fn with_remedy(reason: String) -> String {
    reason + "; free some disk, or lower store.reserve"
}

/// Says so when less of a disk is free than must stay.
fn below_reserve(path: &Path, reserve_bytes: u64) -> Option<String> {
    let free = machine::free_bytes(path)?;
    (free < reserve_bytes).then(|| {
        format!(
            "{} MiB free at {}, below store.reserve = {} MiB",
            free >> 20,
            path.display(),
            reserve_bytes >> 20
        )
    })
}
