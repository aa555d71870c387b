//! The store's facts about itself, as bytes: what it was born with, and its counts.

use serde::{Deserialize, Serialize};

use super::parts::Instant;
use super::{Key, StoreError, decode, encode, seal, unseal};
use crate::model::batch::Batch;
use crate::store::Birth;

const BIRTH: Key<'static> = Key::Meta("birth");
const TALLY: Key<'static> = Key::Meta("tally");

/// Counts that go with each batch. They tell a store that lost something from one that is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    /// Batches committed.
    pub(crate) commits: u64,
    /// Times opened.
    pub(crate) opens: u64,
    /// Entries held.
    pub(crate) entries: u64,
    /// Stories held, published or not.
    pub(crate) stories: u64,
    /// The number the next entry gets.
    pub(crate) next_entry: u64,
    /// The number the next story gets.
    pub(crate) next_story: u64,
}

impl Tally {
    /// The counts of an empty store.
    pub(crate) const EMPTY: Self =
        Self { commits: 0, opens: 0, entries: 0, stories: 0, next_entry: 1, next_story: 1 };

    /// Its key.
    pub(crate) const KEY: Key<'static> = TALLY;

    /// Returns the counts behind `batch`; the caller adds the entries and stories that were not
    /// there.
    pub(crate) fn after(&self, batch: &Batch) -> Self {
        let beyond_entry =
            batch.entries.last_key_value().map_or(0, |(no, _)| no.0.saturating_add(1));
        let beyond_story =
            batch.stories.last_key_value().map_or(0, |(no, _)| no.0.saturating_add(1));
        Self {
            commits: self.commits + 1,
            next_entry: self.next_entry.max(beyond_entry),
            next_story: self.next_story.max(beyond_story),
            ..*self
        }
    }

    /// Returns the counts behind the removal of so many entries and stories.
    pub(crate) fn without(&self, entries: usize, stories: usize) -> Self {
        let less = |count: u64, by: usize| count.saturating_sub(u64::try_from(by).unwrap_or(0));
        Self {
            commits: self.commits + 1,
            entries: less(self.entries, entries),
            stories: less(self.stories, stories),
            ..*self
        }
    }

    /// Returns about how many records there are: entry, story and two keys an article.
    pub(crate) fn records(&self) -> u64 {
        self.entries.saturating_mul(3).saturating_add(self.stories)
    }

    /// Returns its record.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        Ok(seal(TALLY, &encode(TALLY, self)?))
    }

    /// Reads its record.
    pub(crate) fn decode(record: &[u8]) -> Result<Self, StoreError> {
        decode(TALLY, unseal(TALLY, record)?)
    }
}

#[derive(Serialize, Deserialize)]
struct BirthWire<'a> {
    now: Instant,
    id_authority: &'a str,
}

impl Birth {
    /// Its key.
    pub(crate) const KEY: Key<'static> = BIRTH;

    /// Returns its record.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, StoreError> {
        let wire = BirthWire { now: Instant(self.now), id_authority: &self.id_authority };
        Ok(seal(BIRTH, &encode(BIRTH, &wire)?))
    }

    /// Reads its record.
    pub(crate) fn decode(record: &[u8]) -> Result<Self, StoreError> {
        let wire: BirthWire<'_> = decode(BIRTH, unseal(BIRTH, record)?)?;
        Ok(Self { now: wire.now.0, id_authority: wire.id_authority.to_owned() })
    }
}
