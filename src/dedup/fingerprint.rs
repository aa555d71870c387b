//! Tells a real change of an entry from a cosmetic one.

use xxhash_rust::xxh3::xxh3_64;

use super::blocks::{Block, blocks};
use super::filters::filtered_lightly;
use super::shingle::hash_of_row;
use crate::model::entry::{Entry, Fingerprint};
use crate::model::text::{lower_with_accents, tokens};

/// Returns the hashes of title, content and summary.
///
/// Tokens with accents, since an accent put right is a change; without the filters that may yet be
/// refined, so that a new version of them fakes no update. Dates, markup, pixels and link
/// parameters take no part. An absent part is 0.
pub fn fingerprint(entry: &Entry) -> Fingerprint {
    let cut = |text: &Option<String>| text.as_deref().map(blocks).unwrap_or_default();
    fingerprint_of(&entry.title, &cut(&entry.content), &cut(&entry.summary))
}

/// Returns the same from texts already cut.
pub(super) fn fingerprint_of(title: &str, content: &[Block], summary: &[Block]) -> Fingerprint {
    Fingerprint {
        title: hash_of(std::iter::once(title)),
        content: hash_of(filtered_lightly(content).map(|block| block.text.as_str())),
        summary: hash_of(filtered_lightly(summary).map(|block| block.text.as_str())),
    }
}

fn hash_of<'a>(texts: impl Iterator<Item = &'a str>) -> u64 {
    let mut row = Vec::new();
    for text in texts {
        let lower = lower_with_accents(text);
        row.extend(tokens(&lower).map(|token| xxh3_64(token.text.as_bytes())));
    }
    // 0 is kept for an absent part.
    if row.is_empty() { 0 } else { hash_of_row(row).max(1) }
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::super::sample::{OTHER, STORY, entry};
    use super::*;

    #[test]
    fn cosmetic_changes_leave_the_fingerprint() {
        let held = fingerprint(&entry("Thủ tướng thăm nhà máy", STORY));
        let nfd: String = STORY.nfd().collect();
        let cases = [
            ("NFD", nfd),
            ("markup", STORY.replace("<p>", "<div class=\"x\"><p>").replace("tỉnh", "<b>tỉnh</b>")),
            ("a pixel", format!("{STORY}<img src=\"https://t.example/p.gif?1\">")),
            ("a list of links", format!("{STORY}<ul><li><a href=x>Tin khác</a></li></ul>")),
            ("zero width space", STORY.replace("nhà máy", "nhà\u{200B} máy")),
            ("capitals and punctuation", STORY.replace("Theo báo cáo,", "THEO BÁO CÁO:")),
        ];
        for (name, html) in cases {
            assert_eq!(fingerprint(&entry("Thủ tướng thăm nhà máy", &html)), held, "{name}");
        }
    }

    #[test]
    fn real_changes_change_it() {
        let held = fingerprint(&entry("Thủ tướng thăm nhà máy", STORY));
        let cases = [
            ("title", "Thủ tướng thăm nhà máy thép", STORY.to_owned()),
            ("figure", "Thủ tướng thăm nhà máy", STORY.replace("12.000", "13.000")),
            ("accent", "Thủ tướng thăm nhà máy", STORY.replace("Bình", "Binh")),
            ("other text", "Thủ tướng thăm nhà máy", OTHER.to_owned()),
        ];
        for (name, title, html) in cases {
            assert_ne!(fingerprint(&entry(title, &html)), held, "{name}");
        }
    }

    #[test]
    fn an_absent_part_is_zero() {
        let found = fingerprint(&entry("", "<p>***</p>"));
        assert_eq!(found, Fingerprint::default());
    }
}
