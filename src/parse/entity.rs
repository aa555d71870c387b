//! Character references and the characters XML 1.0 allows.
//!
//! Answers for one unescaping, done once: `&amp;`, numeric references (with the windows-1252
//! reading HTML gives to 128–159) and the HTML names that no DTD declares (standards P75). What is
//! no reference stays as written, so a bare `&` loses nothing. No entity of a DTD is ever expanded
//! (P78).

use std::borrow::Cow;

use markup5ever::data::NAMED_ENTITIES;

use super::flaws::{Flaw, Flaws};
use crate::model::text::has_control;

/// Longest reference looked for: `&CounterClockwiseContourIntegral;` has 33 bytes.
const REFERENCE_BYTES_MAX: usize = 40;

/// What HTML makes of the numeric references 128 to 159 (HTML Standard, numeric character reference
/// end state).
const C1_AS_WINDOWS_1252: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}',
    '\u{2C6}', '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}',
    '\u{90}', '\u{2018}', '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}',
    '\u{2DC}', '\u{2122}', '\u{161}', '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// Tells whether XML 1.0 allows the character (production 2, `Char`).
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Removes the characters XML forbids.
pub(super) fn clean<'a>(text: &'a str, flaws: &mut Flaws) -> Cow<'a, str> {
    // `\u{FFFE}` and `\u{FFFF}`, which begin with 0xEF, aside, only bytes below 0x20 can be
    // forbidden.
    let is_plain = !has_control(text) && !text.as_bytes().contains(&0xEF);
    if is_plain || text.chars().all(is_xml_char) {
        return Cow::Borrowed(text);
    }
    flaws.add(Flaw::ControlCharacter);
    Cow::Owned(text.chars().filter(|c| is_xml_char(*c)).collect())
}

/// Replaces the references in `text`, once.
pub(super) fn unescape<'a>(text: &'a str, flaws: &mut Flaws) -> Cow<'a, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        rest = reference(from, &mut out, flaws);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Reads the reference that `text` begins with into `out`, and returns what follows it.
fn reference<'a>(text: &'a str, out: &mut String, flaws: &mut Flaws) -> &'a str {
    let after = text.get(1..).unwrap_or_default();
    let window = after.as_bytes().iter().take(REFERENCE_BYTES_MAX);
    let length = window.take_while(|b| b.is_ascii_alphanumeric() || **b == b'#').count();
    let name = after.get(..length).unwrap_or_default();
    let end = after.get(length..).unwrap_or_default();
    let Some(end) = end.strip_prefix(';').filter(|_| !name.is_empty()) else {
        flaws.add(Flaw::BareAmpersand);
        out.push('&');
        return after;
    };
    if let Some(digits) = name.strip_prefix('#') {
        return numeric(digits, end, out, flaws);
    }
    if let Some(sign) = predefined(name) {
        out.push(sign);
        return end;
    }
    match html_name(after.get(..=length).unwrap_or_default()) {
        Some(characters) => {
            flaws.add(Flaw::HtmlEntity);
            out.extend(characters);
        }
        None => {
            flaws.add(Flaw::UnknownEntity);
            out.push('&');
            out.push_str(name);
            out.push(';');
        }
    }
    end
}

/// Returns what stands for one of the five names that XML itself knows: nearly all that occur.
fn predefined(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// Returns the one or two characters that HTML gives to a name, which ends with its semicolon.
///
/// The table of quick-xml 0.42 is of no use: 438 of its names lack the last digit of their number,
/// so that `&dstrok;` is U+0011 and `&alpha;` a semicolon.
fn html_name(name: &str) -> Option<impl Iterator<Item = char> + use<>> {
    // Beginnings of names stand in the map as well, as zeros.
    let (first, second) = NAMED_ENTITIES.get(name).filter(|(first, _)| *first != 0)?;
    Some([*first, *second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32))
}

fn numeric<'a>(digits: &str, end: &'a str, out: &mut String, flaws: &mut Flaws) -> &'a str {
    let Some(code) = code_point(digits) else {
        flaws.add(Flaw::BadCharacterReference);
        out.push('\u{FFFD}');
        return end;
    };
    if let 0xD800..=0xDBFF = code
        && let Some((c, rest)) = low_surrogate(code, end)
    {
        flaws.add(Flaw::BadCharacterReference);
        out.push(c);
        return rest;
    }
    let c1 = code.checked_sub(0x80).and_then(|n| usize::try_from(n).ok());
    let c = c1
        .and_then(|n| C1_AS_WINDOWS_1252.get(n).copied())
        .or_else(|| char::from_u32(code))
        .filter(|c| is_xml_char(*c));
    if c.is_none() {
        flaws.add(Flaw::BadCharacterReference);
    }
    // A control character is dropped as it is when written raw; anything else is shown as lost.
    match c {
        Some(c) => out.push(c),
        None if (1..0x20).contains(&code) => {}
        None => out.push('\u{FFFD}'),
    }
    end
}

fn code_point(digits: &str) -> Option<u32> {
    let hex = digits.strip_prefix(['x', 'X']);
    let (digits, radix) = hex.map_or((digits, 10), |hex| (hex, 16));
    u32::from_str_radix(digits, radix).ok()
}

/// Joins `&#xD83D;` with the `&#xDE00;` that follows it, as writers that think in UTF-16 mean it.
fn low_surrogate(high: u32, end: &str) -> Option<(char, &str)> {
    let digits = end.strip_prefix("&#")?;
    let stop = digits.bytes().take(8).position(|b| b == b';')?;
    let low = code_point(digits.get(..stop)?)?;
    if !(0xDC00..=0xDFFF).contains(&low) {
        return None;
    }
    let c = char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))?;
    Some((c, digits.get(stop + 1..)?))
}

/// Appends `text` escaped for element content and double-quoted attributes alike.
pub(super) fn escape_into(text: &str, out: &mut String) {
    let mut rest = text;
    // As in `clean`, a character that XML forbids is a control, or begins with 0xEF.
    let is_special =
        |byte: u8| matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xEF) || byte.is_ascii_control();
    while let Some(at) = rest.bytes().position(is_special) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let mut chars = from.chars();
        match chars.next() {
            Some('&') => out.push_str("&amp;"),
            Some('<') => out.push_str("&lt;"),
            Some('>') => out.push_str("&gt;"),
            Some('"') => out.push_str("&quot;"),
            other => out.extend(other.filter(|c| is_xml_char(*c))),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_once_and_the_rest_stays() {
        let cases = [
            ("the five of XML", "&lt;b&gt; &amp; &quot;&apos;", "<b> & \"'"),
            ("once only", "A &amp;amp; B", "A &amp; B"),
            ("HTML names", "caf&eacute;&nbsp;&rsquo;", "café\u{a0}\u{2019}"),
            ("beyond Latin-1", "&dstrok;&abreve;&OElig;&alpha;&Omega;&fnof;&lang;", "đăŒαΩƒ⟨"),
            ("two characters", "&NotEqualTilde;", "≂\u{338}"),
            ("the beginning of a name", "&alph; &NotEqual", "&alph; &NotEqual"),
            ("unknown name", "&bogus; x", "&bogus; x"),
            ("bare ampersands", "AT&T ?a=1&b=2 Q&A & &", "AT&T ?a=1&b=2 Q&A & &"),
            ("decimal, hexadecimal", "&#273;&#x1EA1;&#X41;", "đạA"),
            ("windows-1252 numbers", "it&#146;s &#x80;", "it\u{2019}s €"),
            ("surrogate pair", "&#xD83D;&#xDE00;!", "😀!"),
            ("lone surrogate", "a&#xD83D;b", "a\u{fffd}b"),
            ("NUL", "a&#0;b", "a\u{fffd}b"),
            ("control", "a&#8;b&#x1F;", "ab"),
            ("too large", "a&#x110000;b&#99999999999;", "a\u{fffd}b\u{fffd}"),
            ("no number", "&#; &#x;", "\u{fffd} \u{fffd}"),
            ("no semicolon", "&nbsp x", "&nbsp x"),
            ("multi-byte after", "&é; &ạ", "&é; &ạ"),
        ];
        for (name, text, expected) in cases {
            assert_eq!(unescape(text, &mut Flaws::default()), expected, "{name}");
        }
    }

    #[test]
    fn characters_xml_forbids_are_removed() {
        let mut flaws = Flaws::default();
        assert_eq!(clean("a\u{0}b\u{8}c\u{b}\u{1f}\u{fffe}\td", &mut flaws), "abc\td");
        assert_eq!(flaws.list(), [("control character".to_owned(), 1)]);
    }
}
