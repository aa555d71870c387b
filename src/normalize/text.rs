//! Plain text as it is held: NFC, without characters that XML forbids (R1), white space folded.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::html;
use crate::model::raw::{RawText, TextKind};
use crate::model::text::{has_control, is_nfc};

/// The longest title, in graphemes; longer ones are cut with `…`.
pub const TITLE_GRAPHEMES_MAX: usize = 1_000;

/// The longest of all other plain texts (names, rights, labels), in graphemes.
pub const LABEL_GRAPHEMES_MAX: usize = 2_000;

/// Returns the characters of `text` that XML 1.0 allows, without U+FEFF, which means nothing inside
/// a text.
pub fn allowed(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().filter(|c| is_allowed(*c))
}

fn is_allowed(c: char) -> bool {
    // XML 1.0 §2.2, production Char. Surrogates are no `char`.
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'
        | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Returns `text` in NFC, without forbidden characters. Nearly every text is so already.
pub fn composed(text: &str) -> Cow<'_, str> {
    // The forbidden characters that are no controls begin with 0xEF.
    let is_allowed_all = || !text.as_bytes().contains(&0xEF) || text.chars().all(is_allowed);
    let is_settled = !has_control(text) && (text.is_ascii() || is_allowed_all() && is_nfc(text));
    if is_settled { Cow::Borrowed(text) } else { Cow::Owned(allowed(text).nfc().collect()) }
}

/// Returns `text` in NFC, without forbidden characters, runs of white space as one space, trimmed.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Nearly every text is composed already, which is told once for all words.
    let is_settled = matches!(composed(text), Cow::Borrowed(_));
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        let before = folded.len();
        if before > 0 {
            folded.push(' ');
        }
        if is_settled {
            folded.push_str(word);
        } else {
            folded.push_str(&composed(word));
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
    composed(text.trim()).into_owned()
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
    let text = if is_html { html::plain(unwrapped(value)) } else { fold(value) };
    html::cut(&text, graphemes_max)
}

/// Returns markup without white space around it and without a CDATA section that a publisher
/// wrapped around it once too often.
pub fn unwrapped(markup: &str) -> &str {
    let markup = markup.trim();
    let inner = markup.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
    inner.map_or(markup, str::trim)
}

/// Appends `text` escaped for HTML and XML text, as far as `room` bytes reach. False:
/// it was cut, between graphemes (R126).
///
/// The references are those that html5ever writes, so that markup compares to the byte.
pub fn push_escaped(out: &mut String, text: &str, room: usize) -> bool {
    let start = out.len();
    let mut rest = text;
    // U+00A0 is 0xC2 0xA0; 0xC2 begins some other signs too.
    let is_special = |byte: u8| matches!(byte, b'&' | b'<' | b'>' | 0xC2);
    while let Some(at) = rest.bytes().position(is_special) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mut chars = from.chars();
        match chars.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('\u{a0}') => out.push_str("&nbsp;"),
            other => out.extend(other),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_words_and_nothing_else() {
        let cases = [
            (" a \t\n b ", "a b"),
            ("a\u{a0}\u{2003}b\u{85}c", "a b c"),
            ("e\u{302}\u{301} Vie\u{323}\u{302}t", "ế Việt"),
            ("a\u{0}\u{b}b \u{1} c", "a b c"),
            ("a\u{fffe}b\u{feff}", "ab"),
            ("<b> & </b>", "<b> & </b>"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(fold(text), expected, "{text:?}");
        }
    }

    #[test]
    fn titles_mean_the_same_whatever_their_kind() {
        let cases = [
            ("Atom text (R26)", "AT&T <b>", TextKind::Plain, "AT&T <b>"),
            ("Atom text with a reference", "AT&amp;T", TextKind::Plain, "AT&amp;T"),
            ("Atom html", "AT&amp;T &lt;b&gt;", TextKind::Html, "AT&T <b>"),
            ("Atom html with a tag", "<b>x</b> y", TextKind::Html, "x y"),
            ("RSS text (R27)", "AT&T <b>", TextKind::Unknown, "AT&T <b>"),
            ("RSS html (R27)", "AT&amp;T <b>x</b>", TextKind::Unknown, "AT&T x"),
            ("RSS unknown tag (R27)", "the <blink> tag", TextKind::Unknown, "the <blink> tag"),
            ("RSS ampersand (R27)", "&", TextKind::Unknown, "&"),
            ("RSS reference (R27)", "&#38;", TextKind::Unknown, "&"),
        ];
        for (name, value, kind, expected) in cases {
            let raw = RawText { value: value.to_owned(), kind, ..RawText::default() };
            assert_eq!(plain(&raw, TITLE_GRAPHEMES_MAX).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn long_titles_are_cut_between_letters() {
        let value = "ế".repeat(TITLE_GRAPHEMES_MAX + 1);
        let raw = RawText { value, kind: TextKind::Plain, ..RawText::default() };
        let title = plain(&raw, TITLE_GRAPHEMES_MAX).unwrap();
        assert_eq!(title, "ế".repeat(TITLE_GRAPHEMES_MAX - 1) + "…");
    }

    #[test]
    fn escaping_stops_where_the_room_ends() {
        let cases = [
            ("a<b", 10, "a&lt;b", true),
            ("a<b", 5, "a&lt;", false),
            ("a<b", 4, "a", false),
            ("\u{a0}\"", 9, "&nbsp;\"", true),
            ("e\u{301}x", 2, "", false),
        ];
        for (text, room, expected, is_whole) in cases {
            let mut out = "=".to_owned();
            assert_eq!(push_escaped(&mut out, text, room), is_whole, "{text} in {room}");
            assert_eq!(out, format!("={expected}"), "{text} in {room}");
        }
        let mut out = String::new();
        push_quoted(&mut out, "a\"<\"");
        assert_eq!(out, "a&quot;&lt;&quot;");
    }
}
