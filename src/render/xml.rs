//! What the XML writers share: legal characters, dates, a writer that cannot fail.
//!
//! Standards: XML 1.0 §2.2 (`Char`), §2.11 (line ends); RFC 3339 §5.6 as RFC 4287 §3.3 narrows it;
//! RFC 822 §5 with the four-digit years of RSS 2.0. What is republished of foreign vocabularies is
//! `foreign`'s.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Tells whether XML 1.0 allows the character in a document (§2.2 `Char`; surrogates are no
/// `char`).
pub fn xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Returns the text as every format can carry it: no character outside `Char`, line ends as U+000A
/// (R1).
///
/// A carriage return is made a line feed because a CDATA section cannot keep one (XML 1.0 §2.11),
/// and the three formats are to say the same (R61).
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| xml_char(c) && c != '\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| xml_char(*c)).collect(),
    )
}

/// Returns an address without control characters, line ends and tabs among them, or blanks around
/// it.
///
/// An attribute would turn them into blanks (XML 1.0 §3.3.3), and the URL standard drops them
/// (§4.4).
pub fn iri(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.chars().all(|c| xml_char(c) && !c.is_control()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| xml_char(*c) && !c.is_control()).collect())
}

/// Returns an instant as `2024-11-22T11:11:00Z`, in whole seconds because RSS knows no smaller
/// (R18, R61).
pub fn rfc3339(instant: Timestamp) -> String {
    in_common_era(instant).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns an instant as `Fri, 22 Nov 2024 11:11:00 GMT` (R39).
pub fn rfc822(instant: Timestamp) -> String {
    in_common_era(instant).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Moves an instant before the year 1, for which neither format has digits, to the beginning of
/// that year.
fn in_common_era(instant: Timestamp) -> Timestamp {
    if instant.to_zoned(TimeZone::UTC).year() >= 1 {
        return instant;
    }
    Timestamp::from_second(YEAR_ONE_S).unwrap_or(instant)
}

/// 0001-01-01T00:00:00Z in seconds since 1970.
const YEAR_ONE_S: i64 = -62_135_596_800;

/// Tells whether the text has the form of a language tag, as the schema of RFC 4287 wants it
/// (`atomLanguageTag`).
pub fn is_language(text: &str) -> bool {
    let is_part = |part: &str| (1..=8).contains(&part.len());
    let mut parts = text.split('-');
    parts.next().is_some_and(|part| is_part(part) && part.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(|part| is_part(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Tells whether the text has the form of a media type (`atomMediaType`: `.+/.+`), without blanks.
pub fn is_media_type(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    text.split_once('/').is_some_and(|(kind, rest)| is_part(kind) && is_part(rest))
}

/// Tells whether the text may be a mail address to the schema of RFC 4287 (`.+@.+`).
pub fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
}

/// Tells whether the text is an XML name without a prefix, in ASCII: all vocabularies republished
/// have such names.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// Attributes of an element; those that are `None` are left out.
pub(super) type Attributes<'a> = [(&'a str, Option<&'a str>)];

/// Writes a document into memory: escapes, and drops what XML forbids.
pub(super) struct Out(Writer<Vec<u8>>);

impl Out {
    /// Begins a document with its declaration.
    pub(super) fn new() -> Self {
        let mut out = Self(Writer::new(Vec::new()));
        out.event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        out
    }

    /// Opens an element.
    pub(super) fn start(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.event(Event::Start(tag(name, attributes)));
    }

    /// Closes an element.
    pub(super) fn end(&mut self, name: &str) {
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// Writes an element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: &Attributes<'_>) {
        self.event(Event::Empty(tag(name, attributes)));
    }

    /// Writes text.
    pub(super) fn text(&mut self, text: &str) {
        self.event(Event::Text(BytesText::new(&clean(text))));
    }

    /// Writes an element that holds text.
    pub(super) fn element(&mut self, name: &str, attributes: &Attributes<'_>, text: &str) {
        self.start(name, attributes);
        self.text(text);
        self.end(name);
    }

    /// Returns the document.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0.into_inner()
    }

    #[expect(clippy::expect_used, reason = "only the sink can fail, and a Vec does not")]
    fn event(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("invariant: memory takes every byte");
    }
}

fn tag<'a>(name: &'a str, attributes: &Attributes<'_>) -> BytesStart<'a> {
    let mut tag = BytesStart::new(name);
    for (name, value) in attributes {
        if let Some(value) = value {
            tag.push_attribute((*name, &*clean(value)));
        }
    }
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_keeps_what_xml_allows_and_nothing_else() {
        let cases = [
            ("plain", "Thời sự", "Thời sự"),
            ("control characters", "a\u{0}b\u{8}c\u{1f}d\u{b}", "abcd"),
            ("tab and line feed stay", "a\tb\nc", "a\tb\nc"),
            ("line ends", "a\r\nb\rc", "a\nb\nc"),
            ("non-characters of the first plane", "a\u{fffe}b\u{ffff}c", "abc"),
            ("replacement character", "a\u{fffd}b", "a\u{fffd}b"),
            ("astral", "𝒳😀\u{10ffff}", "𝒳😀\u{10ffff}"),
            ("C1 controls are allowed by XML 1.0", "a\u{85}b", "a\u{85}b"),
        ];
        for (name, text, expected) in cases {
            assert_eq!(clean(text), expected, "{name}");
        }
    }

    #[test]
    fn iri_drops_controls_and_blanks_around() {
        assert_eq!(iri(" https://a.example/x\ny\t\u{7f}?a=1&b=2 "), "https://a.example/xy?a=1&b=2");
    }

    #[test]
    fn dates_are_english_utc_and_of_whole_seconds() {
        // RFC 822 §5 and RFC 3339 §5.6; weekdays by hand: 1 March 2026 is a Sunday.
        let cases = [
            ("2026-03-01T12:00:00.987Z", "2026-03-01T12:00:00Z", "Sun, 01 Mar 2026 12:00:00 GMT"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
            ("0800-01-01T00:00:00Z", "0800-01-01T00:00:00Z", "Sat, 01 Jan 0800 00:00:00 GMT"),
            ("-000044-03-15T00:00:00Z", "0001-01-01T00:00:00Z", "Mon, 01 Jan 0001 00:00:00 GMT"),
        ];
        for (instant, long, mail) in cases {
            let instant = instant.parse().unwrap();
            assert_eq!(rfc3339(instant), long);
            assert_eq!(rfc822(instant), mail);
        }
    }

    #[test]
    fn forms_the_schema_of_atom_asks_for() {
        let languages = [("vi", true), ("zh-Hant-TW", true), ("", false), ("vi_VN", false)];
        for (text, is) in languages.into_iter().chain([("englishlang", false), ("1a", false)]) {
            assert_eq!(is_language(text), is, "{text}");
        }
        for (text, is) in
            [("audio/mpeg", true), ("audio", false), ("/mpeg", false), ("a b/c", false)]
        {
            assert_eq!(is_media_type(text), is, "{text}");
        }
        for (text, is) in [("a@b", true), ("@b", false), ("a@", false), ("ab", false)] {
            assert_eq!(is_email(text), is, "{text}");
        }
        for (text, is) in
            [("content", true), ("a:b", false), ("1a", false), ("", false), ("_a-1.b", true)]
        {
            assert_eq!(is_name(text), is, "{text}");
        }
    }
}
