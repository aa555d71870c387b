//! Which stories or entries are meant, in which order.

use jiff::Timestamp;

use super::source::{CategorySlug, SourceId};

/// A place in the total order (date, number), newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The date of the story or entry.
    pub date: Timestamp,
    /// Its number.
    pub no: u64,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Stories that have a copy of one of the sources, by the story's date. Not those withdrawn or merged away.
    Stories,
    /// The sources' own entries, by their own date. Not those of withdrawn stories.
    Entries,
}

/// A list of stories or entries, newest first. The caller turns a category into its sources: the store knows none.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Stories or entries.
    pub unit: Unit,
    /// Of these sources.
    pub sources: Vec<SourceId>,
    /// Dated at or after this.
    pub from: Option<Timestamp>,
    /// Dated before this.
    pub until: Option<Timestamp>,
    /// Older than this place (for the next page).
    pub after: Option<Position>,
    /// At most so many.
    pub limit: usize,
}

/// What is numbered in order of joining, so that archive pages can be cut once and for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Series {
    /// The entries of a source (`Member::number`).
    Source(SourceId),
    /// The stories that ever joined a category (`Story::numbers`).
    Category(CategorySlug),
}

/// A stretch of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Number and what has it (the number of a story or an entry), ascending; what was removed from
    /// the store is left out.
    pub places: Vec<(u64, u64)>,
    /// The number that the next to join gets: more than any held, from 1.
    pub next: u64,
}
