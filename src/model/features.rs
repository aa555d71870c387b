//! What near-duplicates are found by.

/// The small, stored part of an entry's features: it finds candidates; the text itself decides.
///
/// A version is kept with it: marks of an older version are computed again from the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Version of the method that made them; 0: none were made.
    pub version: u16,
    /// Index keys: winnowed lead shingles, the smallest of the rest, title keys.
    pub keys: Vec<u64>,
    /// Hash of the title with each number masked: it tells recurring headlines.
    pub mask: u64,
}
