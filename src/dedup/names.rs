//! Names: of sources, which titles carry along, and of people and places, which tell events apart.

use std::borrow::Cow;
use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::sets::sorted_set;
use super::shingle::Hashed;
use crate::model::text::{
    TokenKind, fold, is_common_letter, is_composed, is_format_char, is_settled, tokens,
};

/// The titles of all sources, to be taken off headlines ("… - VnExpress").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    folded: BTreeSet<String>,
}

/// What cuts a name off a headline.
const SEPARATORS: [&str; 5] = [" | ", " - ", " – ", " — ", ": "];

impl Names {
    /// Returns the names; `titles` are those of the configuration and those the feeds give.
    pub fn new<'a>(titles: impl IntoIterator<Item = &'a str>) -> Self {
        let folded = titles.into_iter().map(|title| fold(title).trim().to_owned());
        Self { folded: folded.filter(|title| !title.is_empty()).collect() }
    }

    /// Returns `title` without a leading or trailing name of a source. A title that is nothing but
    /// a name stays.
    pub(super) fn stripped<'a>(&self, title: &'a str) -> &'a str {
        let title = title.trim();
        let bare = self.without_trailing(self.without_leading(self.without_bracket(title)));
        if bare.is_empty() { title } else { bare }
    }

    fn without_bracket<'a>(&self, title: &'a str) -> &'a str {
        let parts = title.strip_prefix('[').and_then(|inside| inside.split_once("] "));
        match parts {
            Some((name, rest)) if self.holds(name) => rest.trim_start(),
            _ => title,
        }
    }

    /// Takes off the longest leading part that is a name.
    fn without_leading<'a>(&self, title: &'a str) -> &'a str {
        cuts(title)
            .filter(|(name, _)| self.holds(name))
            .max_by_key(|(name, _)| name.len())
            .map_or(title, |(_, rest)| rest.trim_start())
    }

    fn without_trailing<'a>(&self, title: &'a str) -> &'a str {
        cuts(title)
            .filter(|(_, name)| self.holds(name))
            .max_by_key(|(_, name)| name.len())
            .map_or(title, |(rest, _)| rest.trim_end())
    }

    fn holds(&self, name: &str) -> bool {
        self.folded.contains(fold(name).trim())
    }
}

/// Cuts looked at in one title.
const CUTS_MAX: usize = 16;

fn cuts(title: &str) -> impl Iterator<Item = (&str, &str)> {
    let cut_by = move |separator: &'static str| {
        title
            .match_indices(separator)
            .take(CUTS_MAX)
            .filter_map(move |(at, _)| Some((title.get(..at)?, title.get(at + separator.len()..)?)))
    };
    SEPARATORS.into_iter().flat_map(cut_by)
}

/// Returns the numbers and names of raw texts, as a sorted set of tokens.
///
/// A name is a word of two letters or more with a capital that does not open a sentence. A text
/// without a lower-case letter gives numbers only.
pub(super) fn hard_tokens<'a>(texts: impl Iterator<Item = &'a str>) -> Capitals {
    let mut found = Capitals::default();
    for text in texts {
        collect_hard(&composed(text), &mut found);
    }
    found.openers.sort_unstable();
    Capitals { hard: sorted_set(found.hard), openers: found.openers }
}

/// What raw texts write with capitals.
#[derive(Clone, Debug, Default)]
pub(super) struct Capitals {
    /// Numbers and names, a sorted set.
    pub(super) hard: Vec<u32>,
    /// Words with a capital that open a sentence, sorted, each as often as it does.
    pub(super) openers: Vec<u32>,
}

fn composed(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_settled) || (is_composed(text) && !text.contains(is_format_char)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().filter(|c| !is_format_char(*c)).nfc().collect())
}

fn collect_hard(text: &str, found: &mut Capitals) {
    let has_lower =
        text.chars().any(|c| c.is_ascii_lowercase() || c.to_uppercase().ne(std::iter::once(c)));
    let mut opens_sentence = true;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let kind = kind_of(first);
        let length = match kind {
            Kind::Other => first.len_utf8(),
            Kind::Word | Kind::Number => rest.find(|c| kind_of(c) != kind).unwrap_or(rest.len()),
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        match kind {
            Kind::Number => push_tokens(piece, &mut found.hard),
            Kind::Word => {
                let is_capital = first.is_uppercase() && has_lower;
                if is_capital && piece.chars().nth(1).is_some() {
                    let list = if opens_sentence { &mut found.openers } else { &mut found.hard };
                    push_tokens(&fold(piece), list);
                }
                opens_sentence = false;
            }
            Kind::Other => opens_sentence |= opens_after(first),
        }
    }
}

fn push_tokens(text: &str, found: &mut Vec<u32>) {
    found.extend(tokens(text).map(|token| Hashed::of(token).short()));
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Other,
}

fn kind_of(c: char) -> Kind {
    match c {
        '0'..='9' => Kind::Number,
        'a'..='z' | 'A'..='Z' => Kind::Word,
        '\0'..='\u{7F}' => Kind::Other,
        _ if is_common_letter(c) => Kind::Word,
        _ if TokenKind::is_digit(c) => Kind::Number,
        _ if c.is_alphanumeric() => Kind::Word,
        _ => Kind::Other,
    }
}

fn opens_after(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | ':' | '…' | '"' | '“' | '«' | '(' | '•' | '-' | '–' | '—')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hard(text: &str) -> Vec<u32> {
        hard_tokens(std::iter::once(text)).hard
    }

    fn hashes(words: &[&str]) -> Vec<u32> {
        let of =
            |word: &&str| tokens(word).map(|token| Hashed::of(token).short()).collect::<Vec<_>>();
        sorted_set(words.iter().flat_map(of).collect())
    }

    #[test]
    fn names_of_sources_are_taken_off_headlines() {
        let names = Names::new(["VnExpress", "Báo Đầu Tiên", "The Post - World", "Post", ""]);
        let cases = [
            ("behind", "Giá vàng tăng - VnExpress", "Giá vàng tăng"),
            ("behind, other dash, folded", "Giá vàng tăng – BAO DAU TIEN", "Giá vàng tăng"),
            ("before", "VnExpress | Giá vàng tăng", "Giá vàng tăng"),
            ("before with a colon", "Post: gold rises", "gold rises"),
            ("in brackets", "[Báo Đầu Tiên] Giá vàng tăng", "Giá vàng tăng"),
            ("the longest", "Gold rises - The Post - World", "Gold rises"),
            ("both ends", "Post: gold rises | VnExpress", "gold rises"),
            ("nobody's name", "Gold - Silver", "Gold - Silver"),
            ("nothing but a name", "VnExpress", "VnExpress"),
            ("inside a word", "Post-war gold", "Post-war gold"),
        ];
        for (name, title, expected) in cases {
            assert_eq!(names.stripped(title), expected, "{name}");
        }
    }

    #[test]
    fn hard_tokens_are_numbers_and_names_inside_sentences() {
        let cases: [(&str, &str, &[&str]); 8] = [
            ("the first word is no name", "Hôm nay ông Trần Văn An nói", &["tran", "van", "an"]),
            ("after a full stop", "một. Hai Ba", &["ba"]),
            ("after a quote and a dash", "nói: \"Tôi đi - Bạn ở Huế\"", &["hue"]),
            ("a number opens nothing", "a. 12 Hai Ba", &["12", "ba"]),
            ("numbers apart", "giá 1.234,5 đồng", &["1", "234", "5"]),
            ("one letter", "vitamin C cho Bé", &["be"]),
            ("capitals only", "THỦ TƯỚNG THĂM HUẾ 2024", &["2024"]),
            ("loose accents", "ở Hue\u{302}\u{301} đó", &["hue"]),
        ];
        for (name, text, expected) in cases {
            assert_eq!(hard(text), hashes(expected), "{name}");
        }
    }
}
