//! Makes foreign HTML safe, and reads its text (standards R118–R126).
//!
//! Three steps, each a wall of its own: `rewrite` writes allowed elements and attributes anew,
//! properly nested and within bounds; ammonia parses the result as a browser would and lets the
//! same table through; and what the two do not agree on to the byte goes round again. A text that
//! never settles is published as plain text. So sanitising twice changes nothing, and what a
//! browser reads is the tree that was checked (R122). The cost is linear: no tag is looked at in
//! the depth of another.
//!
//! It decides nothing about how a page shows it: `rel`, `loading` and the like are added by
//! `render`.

mod attributes;
mod plain;
mod policy;
mod rewrite;
mod token;
mod visible;

use unicode_segmentation::UnicodeSegmentation as _;
use url::Url;

use super::text;

pub use plain::{has_markup, is_markup, plain};

/// Returns text with its character references decoded as in HTML.
pub(super) fn unescape(text: &str) -> std::borrow::Cow<'_, str> {
    token::decode(text, token::Place::Text)
}

/// How much of a text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of the result; longer texts are cut between tags or letters, and closed properly
    /// (R126).
    pub bytes_max: usize,
    /// Elements open at once; deeper tags are dropped, their content stays.
    pub depth_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { bytes_max: 512 * 1024, depth_max: 128 }
    }
}

/// Rewriting and checking are repeated so often before a text counts as unsettled.
const ROUNDS_MAX: usize = 4;

/// Returns `html` as it may be published: allowed elements only, URLs absolute against `base`
/// (relative ones go when there is none), text in NFC without characters that XML forbids.
pub fn sanitize(html: &str, base: Option<&Url>, bounds: Bounds) -> String {
    let mut markup = rewrite::rewrite(html, base, bounds);
    for _ in 0..ROUNDS_MAX {
        if !markup.contains('<') {
            return markup;
        }
        let checked = policy::WALL.clean(&markup).to_string();
        if checked == markup {
            return markup;
        }
        markup = rewrite::rewrite(&checked, base, bounds);
    }
    let mut escaped = String::new();
    text::push_escaped(&mut escaped, &plain(&markup), bounds.bytes_max);
    escaped
}

/// Returns the beginning of the text of `html`, at most `graphemes` letters, cut between words
/// where one ends in the last third, with `…` when something is missing.
pub fn excerpt(html: &str, graphemes: usize) -> String {
    cut(&plain(html), graphemes)
}

/// Cuts plain text as `excerpt` does.
pub(super) fn cut(text: &str, graphemes: usize) -> String {
    // No letter is shorter than a byte.
    if text.len() <= graphemes {
        return text.to_owned();
    }
    let Some((end, _)) = text.grapheme_indices(true).nth(graphemes) else {
        return text.to_owned();
    };
    // One letter less, for the ellipsis.
    let (end, _) =
        text.get(..end).and_then(|kept| kept.grapheme_indices(true).next_back()).unwrap_or((0, ""));
    let kept = text.get(..end).unwrap_or_default();
    let kept = match kept.rfind(' ') {
        Some(space) if space > kept.len() / 3 * 2 => kept.get(..space).unwrap_or(kept),
        _ => kept,
    };
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn piece() -> impl Strategy<Value = String> {
        let names = proptest::sample::select(vec![
            "a", "b", "p", "div", "span", "table", "tr", "td", "th", "tbody", "caption",
            "colgroup", "col", "ul", "li", "dl", "dt", "dd", "h1", "h2", "pre", "br", "hr", "wbr",
            "ruby", "rt", "rp", "summary", "code", "address", "video", "source", "section", "q",
        ]);
        prop_oneof![
            4 => names.clone().prop_map(|name| format!("<{name}>")),
            3 => names.prop_map(|name| format!("</{name}>")),
            2 => proptest::sample::select(vec!["x", " ", "\n", "\n\n", "&lt;", "ệ", "\u{a0}"])
                .prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

        /// So that one round is enough, and the parser behind never re-opens or moves anything.
        #[test]
        fn the_wall_finds_nothing_to_mend(pieces in proptest::collection::vec(piece(), 0..30)) {
            let markup = rewrite::rewrite(&pieces.concat(), None, Bounds::default());
            prop_assert_eq!(policy::WALL.clean(&markup).to_string(), markup);
        }
    }
}
