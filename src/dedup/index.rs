//! The keys that near-duplicates are looked up by: some 29 an entry.

use super::features::Features;
use super::shingle::hash_of_row;
use crate::model::features::Marks;

/// Version of the method: marks of another version are computed again from the text.
pub const METHOD_VERSION: u16 = 1;

const LEAD_SHINGLES: usize = 96;
const WINDOW: usize = 6;
const TAIL_KEYS: usize = 16;
const TITLE_TOKENS_MIN: usize = 4;

/// Returns the marks of an entry: a winnowed lead, the smallest hashes of the rest, title keys.
pub fn marks(features: &Features) -> Marks {
    let row = features.body.in_order();
    let (lead, rest) = row.split_at(row.len().min(LEAD_SHINGLES));
    let mut keys = winnowed(lead);
    let mut tail = rest.to_vec();
    tail.sort_unstable();
    tail.dedup();
    keys.extend(tail.into_iter().take(TAIL_KEYS));
    keys.extend(title_keys(&features.title.row));
    keys.sort_unstable();
    keys.dedup();
    Marks { version: METHOD_VERSION, keys, mask: features.title.mask, is_roundup: false }
}

/// Returns how many title keys two titles share: each counts one more in a candidate's rank.
pub(super) fn shared_title_keys(a: &Features, b: &Features) -> u32 {
    let (a, b) = (title_keys(&a.title.row), title_keys(&b.title.row));
    a.iter().zip(&b).map(|(a, b)| u32::from(a == b)).sum()
}

/// Chooses the smallest hash of each window, the rightmost of equals.
fn winnowed(row: &[u64]) -> Vec<u64> {
    if row.len() <= WINDOW {
        return row.iter().min().copied().into_iter().collect();
    }
    let mut chosen = Vec::new();
    let mut last = None;
    for (start, window) in row.windows(WINDOW).enumerate() {
        let smallest =
            window.iter().zip(start..).min_by_key(|(hash, at)| (**hash, usize::MAX - at));
        if let Some((hash, at)) = smallest
            && last != Some(at)
        {
            chosen.push(*hash);
            last = Some(at);
        }
    }
    chosen
}

/// Keys of the whole headline, its first four tokens and its last four. Shingle keys end in sixteen
/// zero bits; these never do.
fn title_keys(row: &[u64]) -> Vec<u64> {
    const WHOLE: u64 = 1;
    const FIRST: u64 = 2;
    const LAST: u64 = 3;
    if row.len() < TITLE_TOKENS_MIN {
        return Vec::new();
    }
    let of = |space: u64, tokens: &[u64]| {
        (hash_of_row(std::iter::once(space).chain(tokens.iter().copied())) & !0xFFFF) | space
    };
    let (first, _) = row.split_at(TITLE_TOKENS_MIN);
    let (_, last) = row.split_at(row.len() - TITLE_TOKENS_MIN);
    vec![of(WHOLE, row), of(FIRST, first), of(LAST, last)]
}

#[cfg(test)]
mod tests {
    use super::super::sample::{OTHER, STORY, features_of};
    use super::*;

    #[test]
    fn winnowing_keeps_the_smallest_of_each_window() {
        let cases: [(&str, &[u64], &[u64]); 5] = [
            ("nothing", &[], &[]),
            ("up to one window", &[5, 3, 4, 9, 8, 7], &[3]),
            ("each place once", &[1, 9, 8, 7, 6, 5, 4], &[1, 4]),
            ("the rightmost of equals", &[2, 2, 9, 9, 9, 9, 9], &[2]),
            ("falling", &[9, 8, 7, 6, 5, 4, 3, 2], &[4, 3, 2]),
        ];
        for (name, row, expected) in cases {
            assert_eq!(winnowed(row), expected, "{name}");
        }
    }

    #[test]
    fn a_text_has_some_thirty_keys() {
        let keys = marks(&features_of("Thủ tướng thăm nhà máy thép", STORY)).keys;
        assert!((15..=50).contains(&keys.len()), "{}", keys.len());
        let long =
            STORY.to_owned() + OTHER + "<p>" + &"lại thêm một câu nữa về chuyện khác ".repeat(9);
        assert!(marks(&features_of("", &long)).keys.len() <= 96 + 16);
    }

    #[test]
    fn a_cut_copy_shares_keys_and_another_story_none() {
        let whole = marks(&features_of("Thủ tướng thăm nhà máy thép", STORY));
        let first = STORY.split("</p>").next().unwrap_or("");
        let cut = marks(&features_of("Một tít khác hẳn cho bài này", first));
        let other = marks(&features_of("Strike closes the harbour of Calder", OTHER));
        let shared =
            |other: &Marks| whole.keys.iter().filter(|key| other.keys.contains(key)).count();
        assert!(shared(&cut) >= 3, "{}", shared(&cut));
        assert_eq!(shared(&other), 0);
    }

    #[test]
    fn title_keys_are_counted_apart() {
        let a = features_of("Thủ tướng thăm nhà máy thép", "");
        let cases = [
            ("equal, other accents", "THU TUONG tham nha may thep", 3),
            ("same beginning", "Thủ tướng thăm nhà văn hóa mới", 1),
            ("same end", "Bộ trưởng vừa thăm nhà máy thép", 1),
            ("too short", "Thủ tướng thăm", 0),
        ];
        for (name, title, expected) in cases {
            assert_eq!(shared_title_keys(&a, &features_of(title, "")), expected, "{name}");
        }
    }

    #[test]
    fn a_mask_hides_numbers_only() {
        let mask = |title: &str| marks(&features_of(title, "")).mask;
        assert_eq!(mask("Giá vàng ngày 18/11"), mask("Giá vàng ngày 9/12"));
        assert_ne!(mask("Giá vàng ngày 18/11"), mask("Giá bạc ngày 18/11"));
        assert_ne!(mask("Giá vàng ngày 18/11"), mask("Giá vàng ngày 18"));
    }
}
