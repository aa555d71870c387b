//! What was decided about an entry, and the claims it was decided by.

use super::entry::EntryNo;
use super::source::SourceId;

/// One identity claim of an entry, as a hash: what the store looks entries up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryKey {
    /// What kind of claim.
    pub kind: KeyKind,
    /// 128 bits of BLAKE3 over the claim.
    pub hash: [u8; 16],
}

/// The kinds of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// The entry within its source: its guid, else its canonical link, else title and day. Never across sources (P87).
    Own,
    /// A canonical URL, over all sources; the first owner keeps it.
    Url,
    /// Two entries that an operator has taken apart: barred from one story, for good.
    Apart,
    /// A name that the configuration once had, `category/x`: it is gone (410), not unknown (404).
    Name,
}

impl EntryKey {
    /// Returns the key of `claim` within `source`.
    pub fn own(source: &SourceId, claim: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(source.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(claim.as_bytes());
        Self { kind: KeyKind::Own, hash: truncated(&hasher.finalize()) }
    }

    /// Returns the key of a pair of entries, named by their own keys in either order.
    pub fn apart(one: &Self, two: &Self) -> Self {
        let (first, second) = if one.hash <= two.hash { (one, two) } else { (two, one) };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&first.hash);
        hasher.update(&second.hash);
        Self { kind: KeyKind::Apart, hash: truncated(&hasher.finalize()) }
    }

    /// Returns the key that is barred once any pair is: without it no pair need be looked for.
    pub fn apart_at_all() -> Self {
        Self { kind: KeyKind::Apart, hash: [0; 16] }
    }

    /// Returns the key of a name that the configuration had: `category/x`, `source/x`.
    pub fn name(name: &str) -> Self {
        Self { kind: KeyKind::Name, hash: truncated(&blake3::hash(name.as_bytes())) }
    }

    /// Returns the key of a canonical URL.
    pub fn url(canonical: &str) -> Self {
        Self { kind: KeyKind::Url, hash: truncated(&blake3::hash(canonical.as_bytes())) }
    }
}

fn truncated(hash: &blake3::Hash) -> [u8; 16] {
    let mut short = [0; 16];
    short.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    short
}

/// What a key leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The entry that had it first.
    Entry(EntryNo),
    /// A URL under which one document listed different entries: of no use as a key, for good. Of a pair: never one story.
    /// Of a name: it was there once.
    Barred,
    /// An own key whose item was kept back: it is published neither now nor, after `on_add`, ever.
    Withheld(WithheldBy),
}

/// Why an item was kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WithheldBy {
    /// The first document may not publish it: for good.
    OnAdd,
    /// `include`, `exclude` or the publisher's `block`: until its text changes.
    Filter,
}

/// Why an entry is in its story: kept for `explain` and `poll --json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// The rule: `opened` for the first copy, else `guid`, `url`, `7d`, `10` … (reference: dedup §4, §5).
    pub rule: String,
    /// The entry it matched.
    pub with: Option<EntryNo>,
    /// The rule's figures, by name.
    pub numbers: Vec<(String, f64)>,
}

/// What a poll found an entry of a source to be. About the source's entry, not about the story.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Opens a story.
    New,
    /// First seen, joins a story.
    Duplicate(Joined),
    /// Known, and it really changed.
    Updated,
    /// Known (also: came back under a new guid).
    Unchanged,
    /// Kept back by `on_add`, `include` or `exclude`.
    Withheld,
}

impl Verdict {
    /// Returns the word used in `poll --json`, metrics and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Duplicate(_) => "duplicate",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Withheld => "withheld",
        }
    }
}
