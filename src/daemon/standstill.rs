//! Why nothing may be polled at the moment.

use std::path::PathBuf;

use tokio::sync::watch;

use crate::machine;
use crate::model::policy::StorePolicy;

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
        let free = machine::free_bytes(&self.path)?;
        let reserve = self.policy.borrow().reserve_bytes;
        (free < reserve).then(|| {
            format!(
                "{} MiB free at {}, below store.reserve = {} MiB",
                free >> 20,
                self.path.display(),
                reserve >> 20
            )
        })
    }
}
