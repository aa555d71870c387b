//! What `decide_item` asks and answers: the words between deciding and keeping.

use std::sync::Arc;

use jiff::Timestamp;

use super::features::Features;
use super::identity::Identity;
use crate::model::entry::{EntryNo, Fingerprint, StoryNo};
use crate::model::features::Marks;
use crate::model::source::SourceId;
use crate::model::verdict::{Claim, EntryKey, Joined};

/// What is already held, the earlier items of the document in hand included.
///
/// Answers must not depend on the order of hashes: lists are in a fixed order.
pub trait Known {
    /// Returns what a key leads to.
    fn claim(&self, key: &EntryKey) -> Option<Claim>;

    /// Returns what an entry is compared by; `None` when its text is gone or it never was.
    fn facts(&self, no: EntryNo) -> Option<Arc<Facts>>;

    /// Returns the entries of a story, in order of arrival.
    fn members(&self, story: StoryNo) -> Vec<EntryNo>;

    /// Returns the entries that share index keys with `marks`, published within the bounds, best
    /// first.
    ///
    /// Rank: the sum over shared keys of 1 / (1 + 0.1 × length of the key's list); ties: the older
    /// entry. Lists longer than 96 take no part.
    fn candidates(
        &self,
        marks: &Marks,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(EntryNo, f64)>;

    /// Returns in how many half-days (`published / 43,200 s`) the outlet ran a headline of this
    /// mask, the half-day of `and` counted too.
    fn half_days(&self, outlet: &str, mask: u64, and: Timestamp) -> usize;

    /// Tells whether the document in hand lists the entry, be it at a place already passed or not.
    fn is_listed(&self, no: EntryNo) -> bool;

    /// Tells whether an item of the document in hand that was not read again, because its bytes are
    /// known, is this entry: then no other item is.
    fn is_taken(&self, no: EntryNo) -> bool {
        let _ = no;
        false
    }

    /// Tells whether two entries must not come into one story by a merge: one document of one
    /// source ever listed both, or the operator split them.
    fn were_together(&self, a: EntryNo, b: EntryNo) -> bool;

    /// Tells whether the operator forbade that an item join a story: it was split from it. `item`
    /// is `Identity::own`.
    fn is_forbidden(&self, item: &EntryKey, story: StoryNo) -> bool;
}

/// What a held entry is compared by.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its number.
    pub no: EntryNo,
    /// Whose.
    pub source: SourceId,
    /// The registrable domain of its source's site.
    pub outlet: String,
    /// The story it is in, merges followed.
    pub story: StoryNo,
    /// The item's date, else first seen; never later than first seen + 1 h. Edits do not move it.
    pub published: Timestamp,
    /// What it says; shared, since it is kept in memory.
    pub features: Arc<Features>,
    /// What tells a real change.
    pub fingerprint: Fingerprint,
    /// Found to hold pieces of several stories (`Marks::is_roundup`).
    pub is_roundup: bool,
}

/// One item of the document in hand.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// Whose document.
    pub source: &'a SourceId,
    /// The registrable domain of the source's site.
    pub outlet: &'a str,
    /// Its keys, from `identify`.
    pub identity: &'a Identity,
    /// The item's date, else the present; never later than the present + 1 h.
    pub published: Timestamp,
    /// What it says.
    pub features: &'a Features,
    /// What finds candidates.
    pub marks: &'a Marks,
    /// What tells a real change.
    pub fingerprint: Fingerprint,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What the item is, and where it goes.
    pub ruling: Ruling,
    /// Keys to enter for the entry. A key that leads somewhere already keeps its first owner, and a
    /// barred one stays barred.
    pub keys: Vec<EntryKey>,
    /// Stories that are one with the story of the ruling, and by what they were found so. The id
    /// published first lives on.
    pub merges: Vec<(StoryNo, Joined)>,
    /// The item holds pieces of several stories: to be kept as `Marks::is_roundup`.
    pub is_roundup: bool,
    /// The entry's text and title were replaced by others: the source reuses its guids.
    pub is_reused: bool,
    /// The best candidate that was turned down, for `explain`.
    pub closest: Option<Closest>,
}

/// What an item is, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// The held entry of that own key.
    Known {
        /// Which.
        entry: EntryNo,
        /// Whether it really changed.
        change: Change,
    },
    /// A held entry of this source that came back under another key, which leads to it from now on.
    Returned {
        /// Which.
        entry: EntryNo,
        /// Whether it really changed.
        change: Change,
        /// By what it was recognised.
        joined: Joined,
    },
    /// A copy: joins a story.
    Duplicate {
        /// Which story.
        story: StoryNo,
        /// By what.
        joined: Joined,
    },
    /// Opens a story.
    New {
        /// Says `opened`.
        joined: Joined,
    },
}

/// Whether a known entry really changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Title, content or summary say something else: store it, renew the marks, keep the story.
    Updated,
    /// At most dates, markup, counters or the Unicode form changed.
    Unchanged,
}

/// A candidate that was turned down.
#[derive(Clone, Debug, PartialEq)]
pub struct Closest {
    /// Which entry.
    pub entry: EntryNo,
    /// The rule that turned it down, and its figures.
    pub joined: Joined,
}
