//! Trains the dictionary that texts are packed with, once there is enough to learn from.

use super::StoreError;
use super::live::Live;
use super::records::Writes;
use crate::model::entry::EntryNo;
use crate::store::codec::{Key, raw_body, seal};

/// Entries that there must be before it is worth the while.
const ENTRIES_MIN: u64 = 2_000;
/// Entries learnt from, the newest: more of them cost seconds and change the packed size by a hundredth.
const SAMPLES: u64 = 500;
/// Measured on entries of 2.5 KB: 16 KB pack to 0.41, 64 KB to 0.38, 110 KB to 0.37.
const DICTIONARY_BYTES_MAX: usize = 64 << 10;
/// The first, and so far the only, dictionary of a store.
const ID: u32 = 1;

/// Tells whether it is time.
pub(super) fn is_due(store: &Live) -> bool {
    store.packer.dictionary() == 0 && store.memory().tally.entries >= ENTRIES_MIN
}

/// Trains on the newest entries and keeps the result. Entries written from then on are packed with
/// it.
pub(super) fn train(store: &Live) -> Result<(), StoreError> {
    let next = store.memory().tally.next_entry;
    let mut samples = Vec::new();
    for no in (next.saturating_sub(SAMPLES).max(1)..next).map(EntryNo) {
        if let Some(record) = store.records.get(Key::Entry(no))? {
            samples.push(raw_body(no, &record, &store.packer)?);
        }
    }
    // Too few or too much alike to learn from: texts stay packed without a dictionary.
    let Ok(bytes) = zstd::dict::from_samples(&samples, DICTIONARY_BYTES_MAX) else {
        return Ok(());
    };
    let key = Key::Dictionary(ID);
    let mut writes = Writes::default();
    store.records.put(&mut writes, key, &seal(key, &bytes))?;
    store.records.apply(writes)?;
    store.records.flush()?;
    store.packer.teach(ID, &bytes);
    Ok(())
}
