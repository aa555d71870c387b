//! Plain text as it is held: NFC, without characters that XML forbids (R1), white space folded.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::html;
use crate::model::raw::{RawText, TextKind};

/// The longest title, in graphemes; longer ones are cut with `…`.
pub const TITLE_GRAPHEMES_MAX: usize = 1_000;

/// The longest of all other plain texts (names, rights, labels), in graphemes.
pub const LABEL_GRAPHEMES_MAX: usize = 2_000;

/// Returns the characters of `text` that XML 1.0 allows, without U+FEFF, which means nothing inside a text.
pub fn allowed(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| is_allowed(*c))
}

fn is_allowed(c: char) -> bool {
    // XML 1.0 §2.2, production Char. Surrogates are no `char`.
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'
        | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns `text` in NFC, without forbidden characters, runs of white space as one space, trimmed.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        let before = folded.len();
        if before > 0 {
            folded.push(' ');
        }
        if word.bytes().all(|byte| (b' '..0x7f).contains(&byte)) {
            folded.push_str(word);
        } else {
            folded.extend(allowed(word).nfc());
        }
        // A word of forbidden characters alone leaves no space behind.
        if folded.len() == before + usize::from(before > 0) {
            folded.truncate(before);
        }
    }
    folded
}

fn is_space(c: char) -> bool {
    // U+0085, U+00A0, U+2028 and the like are white space; so is U+200B to a reader's eye, but it
    // joins Khmer and Thai words, so it stays.
    c.is_whitespace()
}

/// Returns `text` in NFC, without forbidden characters, trimmed; white space inside stays.
pub fn clean(text: &str) -> String {
    allowed(text.trim()).nfc().collect()
}

/// Returns the plain text of a construct, by its kind; text of unknown kind by one rule (R27).
pub fn plain(raw: &RawText, graphemes_max: usize) -> Option<String> {
    Some(of_kind(&raw.value, raw.kind, graphemes_max)).filter(|text| !text.is_empty())
}

/// Returns the plain text of a value that no document says the kind of: names, terms, labels.
pub fn label(value: &str) -> Option<String> {
    Some(of_kind(value, TextKind::Unknown, LABEL_GRAPHEMES_MAX)).filter(|text| !text.is_empty())
}

fn of_kind(value: &str, kind: TextKind, graphemes_max: usize) -> String {
    let is_html = match kind {
        TextKind::Plain => false,
        TextKind::Html => true,
        TextKind::Unknown => html::is_markup(value),
    };
    let text = if is_html { html::plain(value) } else { fold(value) };
    html::cut(&text, graphemes_max)
}

/// Appends `text` escaped for HTML and XML text, as far as `room` bytes reach. False:
/// it was cut, between graphemes (R126).
///
/// The references are those that html5ever writes, so that markup compares to the byte.
pub fn push_escaped(out: &mut String, text: &str, room: usize) -> bool {
    let start = out.len();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{a0}' => out.push_str("&nbsp;"),
            c => out.push(c),
        }
    }
    if out.len() - start <= room {
        return true;
    }
    out.truncate(start);
    push_cut(out, text, room);
    false
}

/// Appends `value` escaped for an attribute in double quotes.
pub fn push_quoted(out: &mut String, value: &str) {
    let mut parts = value.split('"');
    push_escaped(out, parts.next().unwrap_or_default(), usize::MAX);
    for part in parts {
        out.push_str("&quot;");
        push_escaped(out, part, usize::MAX);
    }
}

/// Appends as many whole graphemes of `text` as fit.
fn push_cut(out: &mut String, text: &str, room: usize) {
    let end = out.len() + room;
    for grapheme in text.graphemes(true) {
        let before = out.len();
        push_escaped(out, grapheme, usize::MAX);
        if out.len() > end {
            out.truncate(before);
            return;
        }
    }
}
