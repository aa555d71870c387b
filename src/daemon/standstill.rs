//! Why nothing may be polled at the moment.

use std::path::PathBuf;

use crate::machine;
use crate::model::policy::StorePolicy;

/// Watches the disk of the store.
pub(super) struct Standstill {
    path: PathBuf,
    reserve_bytes: u64,
}

impl Standstill {
    pub(super) fn new(policy: &StorePolicy) -> Self {
        Self { path: policy.path.clone(), reserve_bytes: policy.reserve_bytes }
    }

    /// Says why polling must stand still, if so: the store is never let to meet a full disk.
    pub(super) fn reason(&self) -> Option<String> {
        let free = machine::free_bytes(&self.path)?;
        (free < self.reserve_bytes).then(|| {
            format!(
                "{} MiB free at {}, below store.reserve = {} MiB",
                free >> 20,
                self.path.display(),
                self.reserve_bytes >> 20
            )
        })
    }
}
