//! What near-duplicates are found by.

use std::borrow::Cow;

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
/// a stock phrase that stands in many articles is one or two.
const SHARED_ONE_IN: usize = 12;
/// So many are always enough: two like headlines alone share as many.
const SHARED_ENOUGH: usize = 3;

/// Tells whether two entries that share so many keys are worth comparing; `fewer` is how many keys
/// that one of them has which has fewer.
pub fn share_enough(shared: usize, fewer: usize) -> bool {
    let is_part = shared > 0 && shared.saturating_mul(SHARED_ONE_IN) >= fewer;
    is_part || shared >= SHARED_ENOUGH
}

impl Marks {
    /// Returns how many keys two entries share.
    pub fn shared(&self, other: &Self) -> usize {
        let (one, two) = (in_order(&self.keys), in_order(&other.keys));
        let (mut one, mut two) = (one.iter().peekable(), two.iter().peekable());
        let mut count = 0;
        while let (Some(a), Some(b)) = (one.peek(), two.peek()) {
            let order = a.cmp(b);
            count += usize::from(order.is_eq());
            if order.is_le() {
                one.next();
            }
            if order.is_ge() {
                two.next();
            }
        }
        count
    }

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

/// Keys as they are made are in order; those of a changed entry are not.
fn in_order(keys: &[u64]) -> Cow<'_, [u64]> {
    if keys.is_sorted() {
        return Cow::Borrowed(keys);
    }
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    Cow::Owned(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_keys_are_counted_in_any_order() {
        let of = |keys: &[u64]| Marks { keys: keys.to_vec(), ..Marks::default() };
        let cases: [(&[u64], &[u64], usize); 4] = [
            (&[1, 2, 3], &[2, 3, 4], 2),
            (&[3, 9, 1], &[1, 3], 2),
            (&[], &[1], 0),
            (&[5], &[5], 1),
        ];
        for (one, two, expected) in cases {
            assert_eq!(of(one).shared(&of(two)), expected, "{one:?} {two:?}");
            assert_eq!(of(two).shared(&of(one)), expected, "{two:?} {one:?}");
        }
    }

    #[test]
    fn a_stock_phrase_is_not_enough_to_compare_by() {
        let cases = [
            ("nothing shared", 0, 0, false),
            ("a short text has few", 1, 12, true),
            ("one of many", 1, 13, false),
            ("a headline of two full texts", 3, 46, true),
            ("a stock phrase in a full text", 2, 43, false),
            ("a cut copy", 12, 43, true),
        ];
        for (name, shared, fewer, expected) in cases {
            assert_eq!(share_enough(shared, fewer), expected, "{name}");
        }
    }

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
