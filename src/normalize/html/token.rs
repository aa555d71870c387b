//! Cuts HTML into text, start tags and end tags, in one pass and without a tree.
//!
//! Follows the tokenizer of the HTML Standard (§13.2.5) closely enough that visible text and tags
//! are the same, and is lenient where that one is only pedantic. It is ours because html5ever's
//! compares each attribute of a tag with all earlier ones, so that one tag of 512 KB takes a
//! minute; here every byte is looked at a fixed number of times. Nothing rests on it for safety:
//! all it yields is written anew, escaped.

use std::borrow::Cow;

use markup5ever::data::NAMED_ENTITIES;

/// A piece of markup. Comments, doctypes and processing instructions are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text as written: character references are not decoded yet.
    Text(&'a str),
    /// A start tag: its name in lower case and its attributes as written.
    Start(Cow<'a, str>, &'a str),
    /// An end tag: its name in lower case.
    End(Cow<'a, str>),
}

/// Reads tokens one after the other.
pub(super) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    /// Starts at the beginning of `html`, in the data state.
    pub(super) fn new(html: &'a str) -> Self {
        Self { rest: html }
    }

    /// Skips the content of a raw text element up to its end tag, which is left to be read.
    pub(super) fn skip_raw(&mut self, name: &str) {
        let mut from = 0;
        while let Some(at) = find(self.rest, from, "</") {
            let after = self.rest.get(at + 2..).unwrap_or_default();
            let is_end = after.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name))
                && after
                    .get(name.len()..)
                    .and_then(|tail| tail.bytes().next())
                    .is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
            if is_end {
                self.advance(at);
                return;
            }
            from = at + 2;
        }
        self.rest = "";
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Returns the bytes of the text before the next tag or comment.
    fn text_length(&self) -> usize {
        let mut from = 0;
        while let Some(at) = self.rest.get(from..).and_then(|rest| rest.find('<')) {
            let at = at + from;
            if opens_markup(self.rest.get(at + 1..).unwrap_or_default()) {
                return at;
            }
            from = at + 1;
        }
        self.rest.len()
    }

    /// Reads a tag whose `<` or `</` is taken. `None`: the document ends within it.
    fn tag(&mut self) -> Option<(Cow<'a, str>, &'a str)> {
        let name_length = self
            .rest
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'))
            .unwrap_or(self.rest.len());
        let name = self.advance(name_length);
        let attributes_length = attributes_length(self.rest)?;
        let attributes = self.advance(attributes_length);
        self.advance(1);
        Some((lower(name), attributes))
    }

    /// Skips what begins with `<!`, `<?` or `</` and is no tag.
    fn skip_comment(&mut self) {
        let end = match self.rest.strip_prefix("<!--") {
            // "<!-->" and "<!--->" are whole comments (§13.2.5.43).
            Some(body) if body.starts_with('>') => Some(5),
            Some(body) if body.starts_with("->") => Some(6),
            Some(body) => comment_length(body).map(|length| length + 4),
            None => self.rest.find('>').map(|at| at + 1),
        };
        self.advance(end.unwrap_or(self.rest.len()));
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while !self.rest.is_empty() {
            let text = self.text_length();
            if text > 0 {
                return Some(Token::Text(self.advance(text)));
            }
            let after = self.rest.get(1..).unwrap_or_default();
            if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.advance(1);
                let (name, attributes) = self.tag().unwrap_or_else(|| {
                    self.rest = "";
                    (Cow::Borrowed(""), "")
                });
                if !name.is_empty() {
                    return Some(Token::Start(name, attributes));
                }
            } else if let Some(name) = after.strip_prefix('/')
                && name.starts_with(|c: char| c.is_ascii_alphabetic())
            {
                self.advance(2);
                match self.tag() {
                    Some((name, _)) => return Some(Token::End(name)),
                    None => self.rest = "",
                }
            } else {
                self.skip_comment();
            }
        }
        None
    }
}

/// Returns the bytes of a comment's body with its end, `-->` or `--!>`.
fn comment_length(body: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let dashes = find(body, from, "--")?;
        let after = body.get(dashes + 2..)?;
        if after.starts_with('>') {
            return Some(dashes + 3);
        }
        if after.starts_with("!>") {
            return Some(dashes + 4);
        }
        from = dashes + 1;
    }
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| at + from)
}

/// Tells whether a `<` followed by `after` opens a tag or comment; else it is text.
fn opens_markup(after: &str) -> bool {
    if after.starts_with("![CDATA[") {
        // Twice wrapped by the publisher: HTML has no CDATA, and a comment up to the next ">" would
        // swallow a tag.
        return false;
    }
    let mut bytes = after.bytes();
    match bytes.next() {
        Some(b'/') => bytes.next().is_some(),
        Some(b'!' | b'?') => true,
        Some(byte) => byte.is_ascii_alphabetic(),
        None => false,
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// Returns the bytes before the `>` that ends a tag. A `>` in quotes does not, and quotes only
/// count after `=`.
fn attributes_length(text: &str) -> Option<usize> {
    let mut attributes = Attributes::new(text);
    while attributes.next_raw().is_some() {}
    text.get(attributes.at..)?.starts_with('>').then_some(attributes.at)
}

/// Reads the attributes of a tag.
pub(super) struct Attributes<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Attributes<'a> {
    /// Starts after the tag's name.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Returns the next name and value as written, and stops before `>` or at the end.
    fn next_raw(&mut self) -> Option<(&'a str, &'a str)> {
        self.skip_while(|byte| byte.is_ascii_whitespace() || byte == b'/');
        let start = self.at;
        if self.peek()? == b'>' {
            return None;
        }
        // A leading "=" belongs to the name (§13.2.5.32).
        self.at += 1;
        self.skip_while(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'>' | b'='));
        let name = self.text.get(start..self.at).unwrap_or_default();
        self.skip_while(|byte| byte.is_ascii_whitespace());
        if self.peek() != Some(b'=') {
            return Some((name, ""));
        }
        self.at += 1;
        self.skip_while(|byte| byte.is_ascii_whitespace());
        let value = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                self.at += 1;
                let value = self.skip_while(|byte| byte != quote);
                self.at += 1;
                value
            }
            _ => self.skip_while(|byte| !byte.is_ascii_whitespace() && byte != b'>'),
        };
        Some((name, value))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.next_raw()?;
        Some((lower(name), decode(value, Place::Attribute)))
    }
}

/// Where a character reference stands: in attributes `&copy=1` is left alone (§13.2.5.73).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In text.
    Text,
    /// In the value of an attribute.
    Attribute,
}

/// Decodes character references.
pub(super) fn decode(text: &str, place: Place) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    decode_into(text, place, &mut decoded);
    Cow::Owned(decoded)
}

/// Appends `text` with its character references decoded.
pub(super) fn decode_into(text: &str, place: Place, decoded: &mut String) {
    let mut rest = text;
    while let Some((plain, body)) = rest.split_once('&') {
        decoded.push_str(plain);
        let used = reference(body, place, decoded);
        if used == 0 {
            decoded.push('&');
        }
        rest = body.get(used..).unwrap_or_default();
    }
    decoded.push_str(rest);
}

/// Tells whether `text` holds a character reference, with its semicolon, that HTML knows.
pub(super) fn has_reference(text: &str) -> bool {
    text.match_indices('&').any(|(at, _)| {
        let body = text.get(at + 1..).unwrap_or_default();
        let used = reference(body, Place::Text, &mut String::new());
        used > 0 && body.get(..used).is_some_and(|it| it.ends_with(';'))
    })
}

/// Decodes the reference that follows a `&`, and returns how many bytes it took; 0: it is none.
fn reference(body: &str, place: Place, decoded: &mut String) -> usize {
    match body.strip_prefix('#') {
        Some(number) => numeric(number, decoded).map_or(0, |used| used + 1),
        None => named(body, place, decoded),
    }
}

fn numeric(body: &str, decoded: &mut String) -> Option<usize> {
    let (radix, digits) = match body.strip_prefix(['x', 'X']) {
        Some(digits) => (16, digits),
        None => (10, body),
    };
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let number = digits.get(..length)?;
    // Too many digits for u32 is beyond Unicode as well.
    let code = u32::from_str_radix(number.trim_start_matches('0'), radix);
    let code = if number.bytes().all(|digit| digit == b'0') { Ok(0) } else { code };
    decoded.push(character(code.unwrap_or(u32::MAX)));
    let semicolon = usize::from(digits.get(length..)?.starts_with(';'));
    Some(body.len() - digits.len() + length + semicolon)
}

/// Maps a code point as §13.2.5.80 says: windows-1252 in the C1 range, U+FFFD for what is none.
fn character(code: u32) -> char {
    const C1: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let c1 = code.checked_sub(0x80).and_then(|it| usize::try_from(it).ok());
    match c1.and_then(|it| C1.get(it)) {
        Some(character) => *character,
        None if code == 0 => char::REPLACEMENT_CHARACTER,
        None => char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// The longest name of an entity, with its semicolon.
const NAME_BYTES_MAX: usize = 33;

fn named(body: &str, place: Place, decoded: &mut String) -> usize {
    let mut found = None;
    for length in 1..=NAME_BYTES_MAX.min(body.len()) {
        // The map holds every prefix of a name too, as (0, 0), so the first miss ends the search.
        match body.get(..length).and_then(|name| NAMED_ENTITIES.get(name)) {
            Some((0, _)) => {}
            Some(codes) => found = Some((length, *codes)),
            None => break,
        }
    }
    let Some((length, (first, second))) = found else {
        return 0;
    };
    let is_open = !body.get(..length).is_some_and(|name| name.ends_with(';'));
    let next = body.as_bytes().get(length).copied().unwrap_or(b' ');
    if is_open && place == Place::Attribute && (next == b'=' || next.is_ascii_alphanumeric()) {
        return 0;
    }
    decoded
        .extend([first, second].into_iter().filter(|code| *code != 0).filter_map(char::from_u32));
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> String {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => format!("[{text}]"),
                Token::Start(name, attributes) => {
                    let attributes: String = Attributes::new(attributes)
                        .map(|(name, value)| format!(" {name}={value}"))
                        .collect();
                    format!("<{name}{attributes}>")
                }
                Token::End(name) => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn tokens_are_those_of_the_html_standard() {
        let cases = [
            ("text", "a b", "[a b]"),
            ("tags", "a<B>c</b >d", "[a]<b>[c]</b>[d]"),
            ("less-than is text", "1 < 2 <3 < ", "[1 < 2 <3 < ]"),
            ("attributes", "<a href=x title='y \"z' b>", "<a href=x title=y \"z b=>"),
            ("greater-than in quotes", "<a t=\"x>y\">z", "<a t=x>y>[z]"),
            ("quote without = is no quote", "<a \">x\">", "<a \"=>[x\">]"),
            ("slashes", "<br/><svg/onload=x>", "<br><svg onload=x>"),
            ("entities in values", "<a b='&amp;&lt'>", "<a b=&<>"),
            ("comment", "a<!-- <b> -->c", "[a][c]"),
            ("short comments", "a<!-->b<!--->c", "[a][b][c]"),
            ("comment with bang", "a<!-- x --!>b", "[a][b]"),
            ("unclosed comment", "a<!-- b", "[a]"),
            ("doctype and instruction", "<!doctype html>a<?php x ?>b", "[a][b]"),
            ("CDATA is text", "<![CDATA[<b>x</b>]]>", "[<![CDATA[]<b>[x]</b>[]]>]"),
            ("odd end tags", "a</>b</ x>c", "[a][b][c]"),
            ("end of document in a tag", "a<b c='d", "[a]"),
            ("end of document after a name", "a<b", "[a]"),
        ];
        for (name, html, expected) in cases {
            assert_eq!(shown(html), expected, "{name}");
        }
    }

    #[test]
    fn references_are_decoded_as_the_html_standard_says() {
        let cases = [
            ("&amp;&lt;&gt;&quot;", "&<>\""),
            ("&ampx &notit; &copy", "&x ¬it; ©"),
            ("&eacute;&nbsp;", "é\u{a0}"),
            ("&#65;&#x42;&#X43 ", "ABC "),
            ("&#150;&#x80;", "–€"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#0065;", "A"),
            ("&unknown; & &; &# &#x; AT&T", "&unknown; & &; &# &#x; AT&T"),
            ("&NotEqualTilde;", "≂\u{338}"),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text, Place::Text), expected, "{text}");
        }
        assert_eq!(decode("?a=1&copy=2&lt;", Place::Attribute), "?a=1&copy=2<");
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag_only() {
        let mut tokens = Tokens::new("a</b></scripty></SCRIPT >c");
        tokens.skip_raw("script");
        assert_eq!(tokens.next(), Some(Token::End("script".into())));
        assert_eq!(tokens.next(), Some(Token::Text("c")));
        let mut tokens = Tokens::new("never closed </scrip");
        tokens.skip_raw("script");
        assert_eq!(tokens.next(), None);
    }
}
