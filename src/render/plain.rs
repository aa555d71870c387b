//! Safe HTML as plain text, for fields that hold no markup (JSON Feed `summary`, R51).
//!
//! The HTML has been sanitised: tags are whole, and a bare `<` is text. On anything else the result
//! is still plain, if clumsy.

use std::borrow::Cow;

use quick_xml::escape::{resolve_html5_entity, unescape_with};

/// Elements that run within a line; all others separate words.
const INLINE: [&str; 26] = [
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "u", "var",
];

/// Returns the text of safe HTML, white space collapsed.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag, after)) = next_tag(rest) {
        text.push_str(&decoded(before));
        if !INLINE.contains(&name_of(tag).as_str()) {
            text.push(' ');
        }
        rest = after;
    }
    text.push_str(&decoded(rest));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Splits at the first tag: what is before, the tag without its brackets, what is after.
fn next_tag(html: &str) -> Option<(&str, &str, &str)> {
    let is_tag = |at: usize| {
        let mut next = html.get(at + 1..).into_iter().flat_map(str::chars);
        next.next().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
    };
    let (start, _) = html.match_indices('<').find(|(at, _)| is_tag(*at))?;
    let mut quote = None;
    let inside = html.get(start + 1..)?;
    let is_end = |c: char| {
        match (quote, c) {
            (None, '>') => return true,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None | Some(_), _) => {}
        }
        false
    };
    let end = inside.find(is_end).unwrap_or(inside.len());
    let (tag, after) = inside.split_at_checked(end)?;
    Some((html.get(..start)?, tag, after.strip_prefix('>').unwrap_or(after)))
}

fn name_of(tag: &str) -> String {
    let name = tag.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
    name.get(..end).unwrap_or_default().to_ascii_lowercase()
}

fn decoded(text: &str) -> Cow<'_, str> {
    unescape_with(text, resolve_html5_entity).unwrap_or(Cow::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_keeps_words_and_drops_markup() {
        let cases = [
            ("text", "Bão số 3", "Bão số 3"),
            ("entities", "AT&amp;T &lt;b&gt; &eacute;&#x1EC7;&nbsp;x", "AT&T <b> éệ x"),
            ("inline runs on", "<p>H<sub>2</sub>O và <em>đ</em>á</p>", "H2O và đá"),
            (
                "blocks separate",
                "<p>một</p><p>hai</p><ul><li>ba</li></ul>bốn<br>năm",
                "một hai ba bốn năm",
            ),
            ("bracket in an attribute", r#"<img alt="a > b" src="x">sau"#, "sau"),
            ("bare signs", "1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
            ("tag without end", "đầu <a href=\"x", "đầu"),
            ("comment", "a<!-- x -->b", "a b"),
            ("empty", "", ""),
        ];
        for (name, html, expected) in cases {
            assert_eq!(plain(html), expected, "{name}");
        }
    }
}
