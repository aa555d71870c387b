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
    /// Whether the entry was found to hold pieces of several stories when it came.
    pub is_roundup: bool,
}

/// The most index keys that an entry often changed keeps.
pub const MARK_KEYS_MAX: usize = 128;

/// Of the keys of the entry that has fewer, one in so many must be shared for a comparison to be
/// worth it. Two texts that have a third of their shingles in common share some third of their keys;
/// a stock phrase or a running title that stands in many articles is one or two.
const SHARED_ONE_IN: usize = 12;

/// Tells whether two entries that share so many keys are worth comparing; `fewer` is how many keys
/// that one of them has which has fewer.
pub fn share_enough(shared: usize, fewer: usize) -> bool {
    shared > 0 && shared.saturating_mul(SHARED_ONE_IN) >= fewer
}

impl Marks {
    /// Returns the marks of a changed entry: the keys of its new text, then its old ones.
    ///
    /// Copies of the old text may still come, so the old keys stay, up to `MARK_KEYS_MAX` in all.
    pub fn renewed(&self, newer: Self) -> Self {
        let mut keys = newer.keys;
        let older = if self.version == newer.version { self.keys.as_slice() } else { &[] };
        for key in older {
            if keys.len() >= MARK_KEYS_MAX {
                break;
            }
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
        let is_roundup = self.is_roundup || newer.is_roundup;
        Self { version: newer.version, keys, mask: newer.mask, is_roundup }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_marks_keep_the_old_keys_behind_the_new() {
        let old = Marks { version: 1, keys: vec![1, 2], mask: 7, is_roundup: true };
        let new = Marks { version: 1, keys: vec![2, 3], mask: 8, is_roundup: false };
        let expected = Marks { version: 1, keys: vec![2, 3, 1], mask: 8, is_roundup: true };
        assert_eq!(old.renewed(new), expected);
    }

    #[test]
    fn renewed_marks_drop_keys_of_another_method_and_stay_bounded() {
        let old = Marks { version: 1, keys: vec![1, 2], ..Marks::default() };
        let new = Marks { version: 2, keys: vec![3], ..Marks::default() };
        assert_eq!(old.renewed(new.clone()).keys, [3]);
        let many = Marks { version: 2, keys: (10..1_000).collect(), ..Marks::default() };
        assert_eq!(many.renewed(new).keys.len(), MARK_KEYS_MAX);
    }
}
