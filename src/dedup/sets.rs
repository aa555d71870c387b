//! Sets as sorted vectors: compact, and in the same order everywhere.

/// Sorts and removes repetitions.
pub(super) fn sorted_set(mut items: Vec<u32>) -> Vec<u32> {
    items.sort_unstable();
    items.dedup();
    items
}

/// Returns how many items two sorted sets share.
pub(super) fn common(a: &[u32], b: &[u32]) -> u32 {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut count = 0;
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => {
                a.next();
            }
            std::cmp::Ordering::Greater => {
                b.next();
            }
            std::cmp::Ordering::Equal => {
                count += 1;
                a.next();
                b.next();
            }
        }
    }
    count
}

/// Tells whether a sorted set holds `item`.
pub(super) fn has(set: &[u32], item: u32) -> bool {
    set.binary_search(&item).is_ok()
}

/// Returns a length as a number to compute with.
pub(super) fn size<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_counts_shared_items() {
        let cases: [(&[u32], &[u32], u32); 4] =
            [(&[1, 3, 5], &[3, 4, 5], 2), (&[], &[1], 0), (&[1], &[1], 1), (&[1, 2], &[3, 4], 0)];
        for (a, b, expected) in cases {
            assert_eq!(common(a, b), expected, "{a:?} {b:?}");
            assert_eq!(common(b, a), expected, "{b:?} {a:?}");
        }
    }
}
