//! Words in folded headlines that say what an entry is: a part, a roundup, a correction, a ticker.

use super::sets::sorted_set;
use super::shingle::{Hashed, upper_half};
use crate::model::text::{TokenKind, tokens};

/// Words that a part, episode or issue number follows.
const PART_WORDS: [&str; 14] = [
    "bai", "ky", "phan", "tap", "part", "episode", "ep", "teil", "vol", "no", "so", "chapter",
    "day", "week",
];

const NUMBER_WORDS: [&str; 10] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// Words of roundups, between word boundaries.
const ROUNDUP_WORDS: [&str; 48] = [
    "ban tin sang",
    "ban tin trua",
    "ban tin chieu",
    "ban tin toi",
    "diem tin",
    "diem bao",
    "tin van",
    "tin tuc sang",
    "morning briefing",
    "morning roundup",
    "morning round up",
    "morning digest",
    "morning brief",
    "evening briefing",
    "evening roundup",
    "evening round up",
    "evening digest",
    "evening brief",
    "daily briefing",
    "daily roundup",
    "daily round up",
    "daily digest",
    "daily brief",
    "weekly briefing",
    "weekly roundup",
    "weekly round up",
    "weekly digest",
    "weekly brief",
    "news briefing",
    "news roundup",
    "news round up",
    "news digest",
    "news brief",
    "roundup",
    "newsletter",
    "news in brief",
    "in brief",
    "what to know today",
    "week in review",
    "headlines at",
    "rassegna stampa",
    "revue de presse",
    "presseschau",
    "pressespiegel",
    "resumen de noticias",
    "resumen de prensa",
    "resumo do dia",
    "даиджест",
];

/// Likewise, of the scripts whose words are longer than one line of the table.
const ROUNDUP_WORDS_RU: &str = "главное за";

/// Words of roundups in scripts without spaces.
const ROUNDUP_ANYWHERE: [&str; 5] = ["朝刊", "ニュースまとめ", "早报", "早新闻", "뉴스 브리핑"];

/// Markers that open a headline, followed by a separator.
const MARKERS_START: [&str; 16] = [
    "dinh chinh",
    "cai chinh",
    "truc tiep",
    "cap nhat",
    "correction",
    "corrected",
    "clarification",
    "live",
    "liveblog",
    "live blog",
    "berichtigung",
    "korrektur",
    "fe de erratas",
    "rectificatif",
    "errata corrige",
    "correcao",
];

/// Markers in a bracket that ends a headline.
const MARKERS_END: [&str; 4] = ["cap nhat", "update", "updated", "live"];

/// Markers that open a headline, in scripts without spaces.
const MARKERS_OPEN: [&str; 4] = ["订正", "更正", "訂正", "정정"];

/// Returns the markers of a folded headline, as a sorted set of hashes. "live" or "cập nhật" inside
/// a headline are ordinary words, hence the places.
pub(super) fn markers(folded: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let start = folded.trim_start_matches(|c| !is_word(c));
    for words in MARKERS_START {
        if start.strip_prefix(words).is_some_and(begins_with_separator) {
            found.push(hash(words));
        }
    }
    if let Some(length) = numbered_update(start) {
        found.push(hash(start.get(..length).unwrap_or("update")));
    }
    if let Some(inside) = ending_bracket(folded) {
        for words in MARKERS_END {
            if inside.strip_prefix(words).is_some_and(|rest| !rest.starts_with(is_word)) {
                found.push(hash(words));
            }
        }
    }
    for words in MARKERS_OPEN {
        if start.starts_with(words) {
            found.push(hash(words));
        }
    }
    sorted_set(found)
}

/// Returns the length of "update 2" where a separator follows.
fn numbered_update(start: &str) -> Option<usize> {
    let rest = start.strip_prefix("update ")?;
    let after = rest.trim_start_matches(TokenKind::is_digit);
    (after.len() < rest.len() && begins_with_separator(after)).then(|| start.len() - after.len())
}

fn begins_with_separator(rest: &str) -> bool {
    let rest = rest.strip_prefix(char::is_whitespace).unwrap_or(rest);
    rest.starts_with([':', '-', '–', '—', '|'])
}

fn ending_bracket(folded: &str) -> Option<&str> {
    let inside = folded.trim_end().strip_suffix(')')?;
    let (_, inside) = inside.rsplit_once('(')?;
    Some(inside.trim_start())
}

/// Returns the numbers of parts in a folded headline, in order: "bài 3", "part two", "kỳ IV",
/// "(2/5)", "#104".
pub(super) fn parts(folded: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut before = ' ';
    for (at, c) in folded.char_indices() {
        let rest = folded.get(at..).unwrap_or("");
        let number = match c {
            '(' => numbered_bracket(rest),
            '#' => digits(rest.get(1..).unwrap_or("").trim_start()),
            c if c.is_ascii_lowercase() && !is_word(before) => numbered_word(rest),
            _ => None,
        };
        found.extend(number);
        before = c;
    }
    found
}

fn numbered_word(text: &str) -> Option<u32> {
    PART_WORDS.iter().find_map(|word| {
        let rest = text.strip_prefix(word)?.trim_start();
        let rest = rest.strip_prefix('.').unwrap_or(rest).trim_start();
        number_before_boundary(rest)
    })
}

/// Reads digits, a number word or a Roman number, with a word boundary behind.
fn number_before_boundary(text: &str) -> Option<u32> {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (word, _) = text.split_at(end);
    if word.is_empty() {
        return None;
    }
    if word.chars().all(TokenKind::is_digit) {
        return digits(word);
    }
    let spelled = NUMBER_WORDS.iter().zip(1_u32..).find(|(name, _)| **name == word);
    spelled.map(|(_, number)| number).or_else(|| roman(word))
}

/// The longest Roman number read.
const ROMAN_LETTERS_MAX: usize = 8;

fn roman(word: &str) -> Option<u32> {
    let value = |c| match c {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        _ => None,
    };
    let values: Vec<u32> =
        word.chars().take(ROMAN_LETTERS_MAX + 1).map(value).collect::<Option<_>>()?;
    if values.len() > ROMAN_LETTERS_MAX {
        return None;
    }
    let (mut sum, mut highest) = (0_u32, 0);
    for value in values.into_iter().rev() {
        if value < highest {
            sum = sum.saturating_sub(value);
        } else {
            sum += value;
            highest = value;
        }
    }
    Some(sum)
}

fn numbered_bracket(text: &str) -> Option<u32> {
    let (inside, _) = text.strip_prefix('(')?.split_once(')')?;
    let (part, whole) = inside.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.chars().all(TokenKind::is_digit);
    let part = part.trim_end();
    (is_number(part) && is_number(whole.trim_start())).then(|| digits(part)).flatten()
}

/// Returns the number at the start of `text`; one too long to compute with gives its hash.
fn digits(text: &str) -> Option<u32> {
    let end = text.find(|c| !TokenKind::is_digit(c)).unwrap_or(text.len());
    let (number, _) = text.split_at(end);
    (!number.is_empty()).then(|| number.parse().unwrap_or_else(|_| hash(number)))
}

/// Tells whether a folded headline announces several stories.
pub(super) fn announces_roundup(folded: &str) -> bool {
    let between_boundaries = |words: &str| {
        folded.match_indices(words).any(|(at, found)| {
            let before = folded.get(..at).unwrap_or("");
            let after = folded.get(at + found.len()..).unwrap_or("");
            !before.ends_with(is_word) && !after.starts_with(is_word)
        })
    };
    ROUNDUP_WORDS.into_iter().chain([ROUNDUP_WORDS_RU]).any(between_boundaries)
        || ROUNDUP_ANYWHERE.iter().any(|words| folded.contains(words))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn hash(words: &str) -> u32 {
    let row = tokens(words).map(|token| Hashed::of(token).hash);
    upper_half(super::shingle::hash_of_row(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::fold;

    #[test]
    fn parts_are_read_in_digits_words_and_roman_numbers() {
        let cases: [(&str, &str, &[u32]); 14] = [
            ("Vietnamese", "Bài 3: Đường về", &[3]),
            ("kỳ in Roman", "Ký sự biển - Kỳ IV", &[4]),
            ("full stop", "Tập. 12 - Mưa", &[12]),
            ("number word", "Part two of the story", &[2]),
            ("of a whole", "Ký sự biển (2/5)", &[2]),
            ("hash", "#104: Các ô", &[104]),
            ("episode without a space", "Ep7 is out", &[7]),
            ("two", "Vol. 2, no. 11", &[2, 11]),
            ("German", "Teil 9", &[9]),
            ("part of a word", "Departed 4", &[]),
            ("no number", "Part of it", &[]),
            ("a Roman beginning", "Week vix5", &[]),
            ("a date", "(18/11/2024)", &[]),
            ("nothing", "Giá vàng 85 triệu", &[]),
        ];
        for (name, title, expected) in cases {
            assert_eq!(parts(&fold(title)), expected, "{name}");
        }
    }

    #[test]
    fn markers_count_only_in_their_places() {
        let cases = [
            ("correction", "Correction: Gold fell", true),
            ("đính chính", "Đính chính - Giá vàng", true),
            ("live before", "LIVE: match", true),
            ("live inside", "How we live: a study", false),
            ("no separator", "Live music tonight", false),
            ("update with a number", "UPDATE 2-Gold fell", true),
            ("update without", "Update: gold fell", false),
            ("cập nhật behind", "Bão số 9 (cập nhật)", true),
            ("cập nhật inside", "Cập nhật giá vàng", false),
            ("bracket further in", "Bão (cập nhật) số 9", false),
            ("Chinese", "订正 金价", true),
        ];
        for (name, title, expected) in cases {
            assert_eq!(!markers(&fold(title)).is_empty(), expected, "{name}");
        }
        assert_eq!(markers(&fold("Trực tiếp: Bão")), markers(&fold("TRUC TIEP | Bão")));
        assert_ne!(markers(&fold("UPDATE 1-Gold")), markers(&fold("UPDATE 2-Gold")));
    }

    #[test]
    fn roundups_announce_themselves() {
        let cases = [
            ("Bản tin sáng 18/11", true),
            ("Điểm tin: vàng, dầu", true),
            ("Morning briefing for Monday", true),
            ("News in brief", true),
            ("Дайджест недели", true),
            ("早报：金价", true),
            ("Roundups are popular", false),
            ("Giá vàng sáng nay", false),
        ];
        for (title, expected) in cases {
            assert_eq!(announces_roundup(&fold(title)), expected, "{title}");
        }
    }
}
