//! What needs the store to itself: restoring and repairing.

use std::io::Read;

use super::authority;
use crate::clock::SystemClock;
use crate::model::outcome::Clock;
use crate::model::policy::Config;
use crate::store::{
    BackupError, Birth, Progress, Repaired, SledOptions, SledStore, StoreError, Totals,
};

/// Makes the store of a backup; there must be nothing in it.
pub fn restore(
    config: &Config,
    from: impl Read,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Totals, BackupError> {
    SledStore::restore(&config.store.path, from, SledOptions::default(), on_progress)
}

/// Makes the store whole again, as far as it can be read.
pub fn repair(config: &Config) -> Result<Repaired, StoreError> {
    let now = SystemClock.now();
    let birth = Birth { now, id_authority: authority(config, now) };
    SledStore::repair(&config.store.path, &birth, SledOptions::default())
}
