//! The beginning of a text, without markup, cut between words (R126).
//!
//! The input is safe HTML as we hold it: balanced, attributes quoted. Anything else gives text that
//! is merely ugly; it is escaped again wherever it is shown.

use unicode_segmentation::UnicodeSegmentation;

/// Bytes of markup that are looked at for an excerpt.
const SOURCE_BYTES_MAX: usize = 64 << 10;

/// Returns at most `chars_max` grapheme clusters of the text, cut at a word's end and marked with
/// `…` when more follows.
pub fn excerpt(html: &str, chars_max: usize) -> String {
    let text = plain(html);
    let mut graphemes = text.grapheme_indices(true);
    let Some((end, _)) = graphemes.nth(chars_max) else { return text };
    let head = text.get(..end).unwrap_or_default();
    let is_cut_in_word = text.get(end..).is_some_and(|rest| !rest.starts_with(char::is_whitespace));
    let whole =
        if is_cut_in_word { head.rsplit_once(' ').map_or(head, |(kept, _)| kept) } else { head };
    format!(
        "{}…",
        whole.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':'))
    )
}

/// Returns the text of the first part of some HTML: tags become spaces where they part words, white
/// space is single.
pub fn plain(html: &str) -> String {
    let end = (0..=SOURCE_BYTES_MAX.min(html.len())).rev().find(|at| html.is_char_boundary(*at));
    let mut rest = html.get(..end.unwrap_or(0)).unwrap_or_default();
    let mut raw = String::new();
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        raw.push_str(text);
        let length = tag_bytes(tag);
        if !is_inline(tag) {
            raw.push(' ');
        }
        rest = tag.get(length..).unwrap_or_default();
    }
    raw.push_str(rest);
    let text = unescape(&raw);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Length of the tag that `text` begins with, quoted `>` and all.
fn tag_bytes(text: &str) -> usize {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    text.len()
}

/// Tags that do not part words.
fn is_inline(tag: &str) -> bool {
    const INLINE: [&str; 17] = [
        "a", "abbr", "b", "bdi", "cite", "code", "del", "em", "i", "ins", "mark", "s", "small",
        "span", "strong", "sub", "sup",
    ];
    let name = tag.trim_start_matches(['<', '/']);
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).is_some_and(|name| INLINE.contains(&name))
}

/// Undoes what the serialiser of safe HTML writes.
fn unescape(text: &str) -> String {
    const NAMED: [(&str, &str); 6] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return text.to_owned();
    }
    NAMED.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Returns plain text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_text_cut_between_words() {
        let cases = [
            ("short", "<p>Hà Nội</p>", 20, "Hà Nội"),
            ("blocks part words", "<p>a</p><p>b</p>c<br>d", 20, "a b c d"),
            ("inline does not", "x<b>y</b>z", 20, "xyz"),
            ("cut", "<p>one two three</p>", 9, "one two…"),
            ("cut at a word's end", "<p>one two three</p>", 7, "one two…"),
            ("one long word", "aaaaaaaa", 3, "aaa…"),
            ("comma goes", "one, two", 5, "one…"),
            ("entities", "AT&amp;T &lt;b&gt; &amp;lt;", 40, "AT&T <b> &lt;"),
            ("quoted angle", "<a title=\"a>b\">x</a>", 20, "x"),
            ("unclosed", "a <b", 20, "a"),
            ("clusters stay whole", "e\u{301}e\u{301}e\u{301}", 2, "e\u{301}e\u{301}…"),
            ("empty", "", 5, ""),
        ];
        for (name, html, max, expected) in cases {
            assert_eq!(excerpt(html, max), expected, "{name}");
        }
    }

    #[test]
    fn only_the_first_part_of_a_long_text_is_read() {
        let long = "ệ".repeat(SOURCE_BYTES_MAX);
        assert!(plain(&long).len() <= SOURCE_BYTES_MAX);
    }
}
