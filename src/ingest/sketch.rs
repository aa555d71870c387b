//! After an upgrade: what near-duplicates are found by is made again where an older method made it.
//!
//! Only index keys and masks are: an entry stays in the story it is in, and nothing is decided again.

use super::Ingest;
use crate::dedup::{Context, METHOD_VERSION, features, marks};
use crate::model::batch::Batch;
use crate::model::entry::{EntryNo, Held};
use crate::model::features::Marks;
use crate::model::verdict::{Claim, EntryKey};
use crate::store::StoreError;

/// Entries looked at, newest first: as many as can be found by what they say.
const ENTRIES_MAX: u64 = 300_000;
/// Entries of one batch.
const BATCH_ENTRIES: u64 = 256;

impl Ingest {
    /// Makes the marks of entries again that an older method made; returns how many.
    pub(super) fn renew_marks(&self) -> Result<usize, StoreError> {
        let done = EntryKey::name(&format!("marks/{METHOD_VERSION}"));
        if self.store.find(&[done])?.iter().any(Option::is_some) {
            return Ok(0);
        }
        let names = self.settings.names.load_full();
        let mut renewed = 0;
        let (mut end, last) =
            (self.numbers.entry.0, self.numbers.entry.0.saturating_sub(ENTRIES_MAX));
        while end > last.max(1) {
            let first = end.saturating_sub(BATCH_ENTRIES).max(last).max(1);
            let numbers: Vec<EntryNo> = (first..end).map(EntryNo).collect();
            let mut batch = Batch::default();
            let held = self.store.entries(&numbers)?.into_iter().flatten();
            for held in held.filter(|held| is_outdated(&held.marks)) {
                let context = Context { names: &names, outlet: &held.outlet };
                let made = marks(&features(&held.entry, context));
                let made = Marks { is_roundup: held.marks.is_roundup, ..made };
                batch.entries.insert(held.no, Held { marks: made, ..Held::clone(&held) });
            }
            renewed += batch.entries.len();
            if !batch.entries.is_empty() {
                self.store.commit(batch)?;
            }
            end = first;
        }
        let keys = [(done, Claim::Barred)].into();
        self.store.commit(Batch { keys, ..Batch::default() })?;
        self.store.sync()?;
        Ok(renewed)
    }
}

/// Tells whether another method made the marks. Where contents are not compared none made any, and
/// an entry without a text has nothing to make them of.
fn is_outdated(marks: &Marks) -> bool {
    marks.version != METHOD_VERSION && !marks.keys.is_empty()
}
