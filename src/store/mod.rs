//! The seam to what is kept: `trait Store`, and the contract that every engine holds.
//!
//! 1. `commit` is atomic: after a crash a batch is there as a whole or not at all, and batches are
//!    kept in order.
//! 2. A committed batch is visible to readers at once; it is *durable* only when a later `sync` has
//!    returned. Nothing is acknowledged before that.
//!    A batch that is only *staged* is seen by the writer at once, and so are records asked for by number; lists and
//!    stretches show what is new in it when it is durable. So what a reader was shown outlives a crash, and many batches
//!    share one `sync`.
//! 3. There is one writer: `commit` and `sync` are called by one thread at a time. Readers never
//!    wait for it. Each record read is whole; records read while a batch that replaces some of them
//!    is committed may be of before and after.
//! 4. Numbers in a batch are given by the writer, from `Stats::next_entry` and `next_story` on; the
//!    store only remembers them.
//! 5. After `Engine`, `Corrupt` or `Full` from a write the handle is dead for writing
//!    (`Health::ReadOnly`): open the store again. After `TooLarge` it is not, and nothing was
//!    committed.
//! 6. Lists are ordered by (date, number), newest first, whatever the order of arrival.
//!
//! What the writer owes the store (`MemoryStore` panics where it does not keep this):
//!
//! 7. A record stands in its map under its own number. A number is 1 or more; one not held yet is
//!    none below the next.
//! 8. What a batch names exists in it or in the store: the story of an entry, the copies and the
//!    representative of a story, the story it was merged into, the entry of a claim.
//! 9. A story lists each of its copies, and each copy (`Held::story`, `Member`) agrees about story,
//!    source and date (`Held::date`). An entry is a copy of one published story at most: a story
//!    merged into another hands over its copies.
//! 10. A story's number, public id and date never change; no two stories have one public id.
//! 11. A URL that is barred stays so, and one that leads to an entry leads to no other.
//! 12. A story that a batch leaves without copies is withdrawn or merged away; it keeps its record. An entry that is
//!     forgotten is listed by no story any more; the engine drops every key that leads to it.
//! 13. A number of a series (`Story::numbers`, `Member::number`) is 1 or more; it is one story's or
//!     entry's for good, and that has no other in the series. A number may be left out.
//!
//! Engines keep keys, chunks, caches and codecs to themselves.

mod backup;
mod codec;
mod index;
mod keeper;
mod memory;
mod sled;

pub use self::backup::{BackupError, Totals};
pub use self::keeper::{Compacted, Keeper, Progress};
pub use self::memory::MemoryStore;
pub use self::sled::{Repaired, SledOptions, SledStore};

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::batch::Batch;
use crate::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use crate::model::features::Marks;
use crate::model::selection::{Position, Selection, Series, Stretch};
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey};

/// What is kept, and how it is asked for. Object-safe; every method is one atomic step.
pub trait Store: Send + Sync {
    /// Returns what each key leads to, in the order asked.
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError>;

    /// Returns entries whole, in the order asked.
    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError>;

    /// Returns stories, in the order asked.
    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError>;

    /// Returns the story whose public id has this slug, be it merged away or withdrawn.
    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError>;

    /// Returns places of stories or entries, newest first.
    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError>;

    /// Returns the state of one source, if it has one. Engines have it at hand.
    fn state(&self, id: &SourceId) -> Result<Option<Arc<SourceState>>, StoreError> {
        Ok(self.states()?.into_iter().find(|(of, _)| of == id).map(|(_, state)| state))
    }

    /// Returns who has the numbers of a series from `from` on, at most `limit` of them; holes count.
    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError>;

    /// Returns the state of every source that has one, configured or not.
    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError>;

    /// Returns the entries that share index keys with `marks`, published within the bounds, best
    /// first.
    fn candidates(&self, marks: &Marks, bounds: Bounds) -> Result<Candidates, StoreError>;

    /// Returns in which half-days (`date / 43,200 s`) an outlet ran a headline of this mask lately, in order.
    fn half_days(&self, outlet: &str, mask: u64) -> Result<Vec<i64>, StoreError>;

    /// Writes a batch. Atomic and visible when it returns; durable after the next `sync`.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Writes a batch as `commit` does, one of several that the next `sync` makes durable together: until then lists and
    /// stretches leave out the entries and stories that are new in it. Engines whose commits are durable at once need not
    /// tell the two apart.
    fn stage(&self, batch: Batch) -> Result<(), StoreError> {
        self.commit(batch)
    }

    /// Makes every committed or staged batch durable.
    fn sync(&self) -> Result<(), StoreError>;

    /// Returns counts and the facts fixed at the first start.
    fn stats(&self) -> Result<Stats, StoreError>;

    /// Returns who keeps the engine in order; `None` for one that is kept by its own tools.
    fn keeper(&self) -> Option<&dyn Keeper> {
        None
    }
}

/// Limits of a search for candidates.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Published at or after.
    pub from: Timestamp,
    /// Published at or before.
    pub until: Timestamp,
    /// At most so many.
    pub limit: usize,
}

/// What may be a near-duplicate.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Entries, best first, each with its rank: the sum over shared keys of 1 / (1 + 0.1 × length
    /// of the key's list); ties: the older entry.
    pub entries: Vec<(EntryNo, f64)>,
}

/// Counts, and what was fixed when the store was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Entries held.
    pub entries: u64,
    /// Stories that are published (neither withdrawn nor merged away).
    pub stories: u64,
    /// The number the next entry gets.
    pub next_entry: EntryNo,
    /// The number the next story gets.
    pub next_story: StoryNo,
    /// When the store was made.
    pub created: Timestamp,
    /// Authority of minted ids, fixed then: `news.example,2026`, or `urn:uuid:…`.
    pub id_authority: String,
    /// Bytes on disk (0 for engines without a disk).
    pub bytes: u64,
    /// How it is.
    pub health: Health,
}

/// How a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Reads and writes.
    Ok,
    /// Reads only.
    ReadOnly,
    /// Some records could not be read.
    Damaged,
}

/// What a new store is made with; an existing one keeps its own.
#[derive(Clone, Debug)]
pub struct Birth {
    /// The present.
    pub now: Timestamp,
    /// Authority of minted ids.
    pub id_authority: String,
}

/// Why the store could not do what was asked. Each variant is one reaction of the caller.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else has it open. Try later, or ask the daemon.
    #[error("the store at {path} is in use by another process")]
    Busy {
        /// Where.
        path: String,
    },
    /// Another user owns it. Nothing was touched: run as that user, or as root.
    #[error(
        "the store at {path} belongs to user {owner}, and this is user {us}; run it as root (every \
         file stays with its owner) or as that user"
    )]
    NotOwner {
        /// Where.
        path: String,
        /// Number of its owner, as far as it can be seen.
        owner: String,
        /// Our number.
        us: u32,
    },
    /// The engine failed to read or write. A commit that failed so is not to be relied on: open
    /// again.
    #[error("failed to {operation} in the {engine} store")]
    Engine {
        /// What was attempted, as an infinitive: "commit batch", "read entry".
        operation: &'static str,
        /// The engine's name, as in `config.toml`.
        engine: &'static str,
        /// The engine's own error, boxed so that its type stops here.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A record cannot be read as what it should be. Stop; `verify --repair`.
    #[error("record `{key}` is damaged: {what}")]
    Corrupt {
        /// The record's key, for people.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of this program wrote it. Stop; upgrade the program.
    #[error("the store has format {found}, newer than {supported}, the newest this program reads")]
    NewerFormat {
        /// The format found.
        found: u16,
        /// The newest format this build can read.
        supported: u16,
    },
    /// A record is longer than the store takes. Nothing was committed; leave the entry out.
    #[error("{key} has {bytes} bytes, more than the {max} that a record may have")]
    TooLarge {
        /// The record's key, for people.
        key: String,
        /// Its length before packing.
        bytes: usize,
        /// The longest that is taken.
        max: usize,
    },
    /// The disk is full. Polling waits; serving goes on. Open again when there is room.
    #[error("no room left on the disk of the store")]
    Full,
}
