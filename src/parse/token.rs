//! Cuts text into tags and character data, whatever the text is.
//!
//! quick-xml's reader stops for good at the first `<` that opens no tag, at an unclosed comment or
//! CDATA section, and quotes are never mended; a feed then loses every item behind the spot. This
//! scanner has no error: what is no markup is text. It never looks at a byte more than a constant
//! number of times: a search that failed once is not repeated (the flags), and a tag whose quotes
//! do not balance makes the scanner ignore quotes for as far as it had looked.

use super::flaws::{Flaw, Flaws};

/// Farthest a tag's end is looked for with regard to quotes.
const TAG_BYTES_MAX: usize = 256 * 1024;

/// A piece of the document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `<name attributes>` or `<name attributes/>`.
    Start { name: &'a str, attributes: &'a str, is_empty: bool },
    /// `</name>`.
    End { name: &'a str },
    /// Character data with its references.
    Text(&'a str),
    /// Character data without references.
    CData(&'a str),
}

/// The scanner.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    pos: usize,
    /// Quotes are not looked at before this offset.
    unquoted_until: usize,
    is_without_comment_end: bool,
    is_without_cdata_end: bool,
    is_without_pi_end: bool,
    is_without_subset_end: bool,
}

impl<'a> Tokens<'a> {
    /// Begins at the start of `text`.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            pos: 0,
            unquoted_until: 0,
            is_without_comment_end: false,
            is_without_cdata_end: false,
            is_without_pi_end: false,
            is_without_subset_end: false,
        }
    }

    /// Returns the offset of the next token.
    pub(super) fn position(&self) -> usize {
        self.pos
    }

    /// Goes on from `position`.
    pub(super) fn jump(&mut self, position: usize) {
        self.pos = position;
    }

    /// Returns the next token; declarations, comments and instructions are passed over.
    pub(super) fn next(&mut self, flaws: &mut Flaws) -> Option<Token<'a>> {
        loop {
            let rest = self.text.get(self.pos..).filter(|rest| !rest.is_empty())?;
            let Some(after) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                self.pos += end;
                return rest.get(..end).map(Token::Text);
            };
            match after.chars().next() {
                Some('!') => {
                    if let Some(token) = self.declaration(rest, flaws) {
                        return Some(token);
                    }
                }
                Some('?') => self.instruction(rest),
                Some('/') => return self.tag(rest, flaws),
                Some(c) if is_name_start(c) => return self.tag(rest, flaws),
                _ => {
                    flaws.add(Flaw::BareLessThan);
                    self.pos += 1;
                    return rest.get(..1).map(Token::Text);
                }
            }
        }
    }

    fn declaration(&mut self, rest: &'a str, flaws: &mut Flaws) -> Option<Token<'a>> {
        if let Some(body) = rest.strip_prefix("<![CDATA[") {
            return Some(self.cdata(body, flaws));
        }
        if let Some(body) = rest.strip_prefix("<!--") {
            let found = if self.is_without_comment_end { None } else { body.find("-->") };
            self.is_without_comment_end |= found.is_none();
            if found.is_none() {
                flaws.add(Flaw::UnclosedComment);
            }
            self.pos += found.map_or(4, |at| at + 7);
            return None;
        }
        // The internal subset of a DOCTYPE holds `>` of its own.
        let close = rest.find('>').unwrap_or(rest.len());
        let head = rest.get(..close).unwrap_or(rest);
        let has_subset = head.contains('[') && !self.is_without_subset_end;
        let subset_end = if has_subset { rest.find("]>") } else { None };
        self.is_without_subset_end |= has_subset && subset_end.is_none();
        let end = subset_end.map_or((close + 1).min(rest.len()), |at| at + 2);
        self.pos += end;
        None
    }

    fn cdata(&mut self, body: &'a str, flaws: &mut Flaws) -> Token<'a> {
        let found = if self.is_without_cdata_end { None } else { body.find("]]>") };
        self.is_without_cdata_end |= found.is_none();
        match found {
            Some(at) => {
                self.pos += at + 12;
                Token::CData(body.get(..at).unwrap_or_default())
            }
            // Cut off, or its end forgotten: what follows is text with markup, so that an end tag
            // still counts.
            None => {
                flaws.add(Flaw::UnclosedCdata);
                self.pos += 9;
                Token::CData("")
            }
        }
    }

    fn instruction(&mut self, rest: &str) {
        let found = if self.is_without_pi_end { None } else { rest.find("?>") };
        self.is_without_pi_end |= found.is_none();
        let end = found.map(|at| at + 2).or_else(|| rest.find('>').map(|at| at + 1));
        self.pos += end.unwrap_or(rest.len());
    }

    fn tag(&mut self, rest: &'a str, flaws: &mut Flaws) -> Option<Token<'a>> {
        let (end, is_closed) = self.tag_end(rest);
        if !is_closed {
            flaws.add(Flaw::BadTag);
        }
        self.pos += end + usize::from(is_closed);
        let inside = rest.get(1..end).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.split(|c: char| c.is_whitespace()).find(|part| !part.is_empty());
            return Some(Token::End { name: name.unwrap_or_default() });
        }
        let is_empty = inside.ends_with('/');
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let stop = |c: char| c.is_whitespace() || matches!(c, '/' | '=' | '"' | '\'');
        let (name, attributes) = inside.split_at(inside.find(stop).unwrap_or(inside.len()));
        Some(Token::Start { name, attributes, is_empty })
    }

    /// Returns where the tag that `rest` begins with ends, and whether a `>` ends it.
    fn tag_end(&mut self, rest: &str) -> (usize, bool) {
        if self.pos >= self.unquoted_until
            && let Some(found) = quoted_end(rest.as_bytes())
        {
            return found;
        }
        self.unquoted_until = self.unquoted_until.max(self.pos.saturating_add(TAG_BYTES_MAX));
        match rest.bytes().skip(1).position(|b| matches!(b, b'>' | b'<')) {
            Some(at) => (at + 1, rest.as_bytes().get(at + 1) == Some(&b'>')),
            None => (rest.len(), false),
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | ':')
}

/// Looks for the end of a tag with regard to quotes; a `<` outside them means the `>` was
/// forgotten.
fn quoted_end(tag: &[u8]) -> Option<(usize, bool)> {
    let mut quote = None;
    let mut previous = b' ';
    for (at, byte) in tag.iter().copied().enumerate().skip(1).take(TAG_BYTES_MAX) {
        match (quote, byte) {
            (None, b'>') => return Some((at, true)),
            (None, b'<') => return Some((at, false)),
            // A quote opens only behind `=`: `<a don't>` has none.
            (None, b'"' | b'\'') if previous == b'=' => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            previous = byte;
        }
    }
    None
}

/// Calls `each` with name and raw value of every attribute, at most `max` of them; returns whether
/// there were more.
pub(super) fn attributes<'a>(
    raw: &'a str,
    max: usize,
    mut each: impl FnMut(&'a str, &'a str),
) -> bool {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'');
    let mut rest = raw.trim_start_matches(is_gap);
    let mut count = 0;
    while !rest.is_empty() {
        if count == max {
            return true;
        }
        count += 1;
        let stop = |c: char| c.is_whitespace() || c == '=';
        let (name, after) = rest.split_at(rest.find(stop).unwrap_or(rest.len()));
        let after = after.trim_start();
        let Some(value) = after.strip_prefix('=') else {
            each(name, "");
            rest = after.trim_start_matches(is_gap);
            continue;
        };
        let (value, after) = attribute_value(value.trim_start());
        if !name.is_empty() {
            each(name, value);
        }
        rest = after.trim_start_matches(is_gap);
    }
    false
}

fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            return inside.split_once(quote).unwrap_or((inside, ""));
        }
    }
    text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<String> {
        let mut scanner = Tokens::new(text);
        let mut flaws = Flaws::default();
        let mut out = Vec::new();
        while let Some(token) = scanner.next(&mut flaws) {
            out.push(match token {
                Token::Start { name, attributes, is_empty } => {
                    let mut shown = format!("<{name}");
                    attributes_of(attributes, &mut shown);
                    shown + if is_empty { "/>" } else { ">" }
                }
                Token::End { name } => format!("</{name}>"),
                Token::Text(text) => text.to_owned(),
                Token::CData(text) => format!("[{text}]"),
            });
        }
        out
    }

    fn attributes_of(raw: &str, out: &mut String) {
        attributes(raw, 100, |name, value| out.push_str(&format!(" {name}={value}|")));
    }

    #[test]
    fn anything_is_cut_into_tokens() {
        let cases: [(&str, &str, &[&str]); 17] = [
            ("tags", "<a x='1' y=\"2\">t</a ><b/>", &["<a x=1| y=2|>", "t", "</a>", "<b/>"]),
            ("greater-than in a value", "<a x='1>2'>t", &["<a x=1>2|>", "t"]),
            ("less-than in a value", "<a x='1<2'>t", &["<a x=1<2|>", "t"]),
            ("less-than in text", "1 < 2 <3", &["1 ", "<", " 2 ", "<", "3"]),
            ("tag not closed", "<a x='1' <b>t", &["<a x=1|>", "<b>", "t"]),
            ("quote not closed", "<a x='1>t</a>", &["<a x=1|>", "t", "</a>"]),
            ("stray quote", "<a don't>t's</a>", &["<a don't=|>", "t's", "</a>"]),
            ("no quotes", "<a x=1 y=2/>", &["<a x=1| y=2|/>"]),
            ("no space between", "<a x='1'y='2'>", &["<a x=1| y=2|>"]),
            ("no value", "<a x y=1>", &["<a x=| y=1|>"]),
            ("CDATA", "<![CDATA[a<b]]>c", &["[a<b]", "c"]),
            ("CDATA not closed", "<![CDATA[a</t>", &["[]", "a", "</t>"]),
            ("comment", "a<!-- <b> -->c", &["a", "c"]),
            ("comment not closed", "a<!-- <b>", &["a", " ", "<b>"]),
            ("instructions", "<?xml version='1.0'?><?x>a", &["a"]),
            ("DOCTYPE", "<!DOCTYPE r [<!ENTITY l \"&k;\">]>a", &["a"]),
            ("cut off", "a<b c", &["a", "<b c=|>"]),
        ];
        for (name, text, expected) in cases {
            assert_eq!(tokens(text), expected, "{name}");
        }
    }

    #[test]
    fn hostile_repetition_stays_linear() {
        for piece in [
            "<!--",
            "<![CDATA[",
            "<a '",
            "<a x='>",
            "<a x='>' <",
            "<?",
            "<!D[",
            "</",
            "<",
            "<a x='\"'\">",
        ] {
            let text = piece.repeat(300_000 / piece.len());
            assert!(
                !tokens(&text).is_empty()
                    || piece == "<!--"
                    || piece.starts_with("<?")
                    || piece == "<!D["
            );
        }
    }
}
