//! What an operator does with a store: the side of an engine that keeps it in order.

use std::io::Write;

use jiff::Timestamp;

use super::{BackupError, StoreError, Totals};
use crate::model::entry::StoryNo;

/// The upkeep of an engine that has its files on this machine.
pub trait Keeper: Send + Sync {
    /// Opens the store again after a failed write; does nothing when it can be written to.
    ///
    /// What was committed but not durable may be gone afterwards: ask `stats` for the numbers
    /// again. `Full`: there is no room to open it; what can be read stays readable.
    fn reopen(&self) -> Result<(), StoreError>;

    /// Removes stories for good, with their copies and all keys that lead to these. Not atomic as
    /// a whole, and done in an order in which it can be cut short and begun again.
    fn forget(&self, stories: &[StoryNo]) -> Result<(), StoreError>;

    /// Rewrites the store so that it takes no more disk than it needs; reading goes on meanwhile,
    /// writing waits. Needs room for both. Told now and then how much is done.
    fn compact(&self, on_progress: &mut dyn FnMut(Progress)) -> Result<Compacted, StoreError>;

    /// Writes the whole store as of the end of the call, as a backup that `SledStore::restore` reads.
    /// Reading and writing go on. Told now and then how many entries are done.
    fn backup(
        &self,
        made: Timestamp,
        to: &mut dyn Write,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError>;

    /// Reads every record and compares all that should agree; returns what does not, in words: the
    /// key, what is wrong, and what follows from it. Takes a while.
    fn verify(&self, on_progress: &mut dyn FnMut(Progress)) -> Vec<String>;

    /// Returns the share of the records' bytes, about, that a rewrite would give back.
    fn waste(&self) -> Result<f64, StoreError>;
}

/// How far something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records done.
    pub done: u64,
    /// Records there are, about.
    pub total: u64,
}

/// What a rewrite did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// Records copied.
    pub records: u64,
    /// Bytes on disk before.
    pub bytes_before: u64,
    /// Bytes on disk after.
    pub bytes_after: u64,
}
