//! Cuts a date into numbers, words and signs, folded so that tables stay small.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::super::html;
use super::{words, zone};

/// A piece of a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Whether white space stands before it (or nothing at all).
    pub(super) is_spaced: bool,
    /// Whether it is a word in ASCII capitals, as the letters of zones are written.
    pub(super) is_capital: bool,
}

/// The kinds of pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Digits: their value and how many there are.
    Number(u32, usize),
    /// A word, folded: lower case, no accents, no dots within.
    Word(String),
    /// A zone's name with a slash, as written: `Europe/Brussels`, `Etc/GMT+7`.
    Region(String),
    /// Any other character.
    Sign(char),
}

/// Times that a document may have escaped a date: `&amp;#43;` is read as `+` (D21).
const ESCAPES_MAX: usize = 2;

/// Returns the pieces of `text`. Comments in brackets (RFC 5322 §3.2.2) are left out, unless one is
/// the only zone (`(GMT+7)`, `(EDT)`, `[Europe/Paris]`), which is read as if the brackets were not
/// there.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let written = unescape(text);
    pieces(&written.nfc().flat_map(fold).collect::<Vec<char>>())
}

fn pieces(folded: &[char]) -> Vec<Token> {
    let mut lexer = Lexer { rest: folded, is_spaced: true, tokens: Vec::new() };
    while let Some(c) = lexer.rest.first().copied() {
        lexer.step(c);
    }
    lexer.tokens
}

/// Undoes what wraps dates in careless documents: CDATA, character references (D21).
fn unescape(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix("<![CDATA[").unwrap_or(text);
    let text = text.strip_suffix("]]>").unwrap_or(text);
    let mut plain = Cow::Borrowed(text);
    for _ in 0..ESCAPES_MAX {
        if !plain.contains('&') {
            break;
        }
        plain = Cow::Owned(html::unescape(&plain).into_owned());
    }
    plain
}

/// Folds a character: compatibility forms to plain ones, accents off, digits of all scripts to
/// ASCII. Case stays, as the names of regions need it.
pub(super) fn fold(c: char) -> impl Iterator<Item = char> {
    let is_hangul = ('\u{ac00}'..='\u{d7a3}').contains(&c);
    let whole = is_hangul.then_some(c);
    let parts = (!is_hangul).then(|| std::iter::once(c).nfkd());
    whole.into_iter().chain(parts.into_iter().flatten()).filter(|c| !is_mark(*c)).map(plain)
}

/// Marks that do not tell words apart: accents, Hebrew and Arabic vowel signs, invisible controls.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{655}' | '\u{640}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{ad}')
}

fn plain(c: char) -> char {
    match c {
        '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
        '\u{966}'..='\u{96f}' => digit(c, '\u{966}'),
        '\u{9e6}'..='\u{9ef}' => digit(c, '\u{9e6}'),
        '\u{e50}'..='\u{e59}' => digit(c, '\u{e50}'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        'đ' | 'Đ' | 'ð' | 'Ð' => 'd',
        'ł' | 'Ł' => 'l',
        'ø' | 'Ø' => 'o',
        'ı' => 'i',
        'ς' => 'σ',
        'ی' => 'ي',
        'ک' => 'ك',
        '،' | '、' | '，' => ',',
        '’' | '‘' | '`' | 'ʼ' | '׳' => '\'',
        c => c,
    }
}

fn digit(c: char, zero: char) -> char {
    let value = u32::from(c).saturating_sub(u32::from(zero));
    char::from_digit(value, 10).unwrap_or(c)
}

struct Lexer<'a> {
    rest: &'a [char],
    is_spaced: bool,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self, c: char) {
        if c.is_whitespace() {
            self.advance(1);
            self.is_spaced = true;
        } else if c.is_ascii_digit() {
            self.number();
        } else if is_letter(c) {
            self.word();
        } else if matches!(c, '(' | '[') && self.read_comment(c) {
            self.is_spaced = true;
        } else {
            self.advance(1);
            self.push(Kind::Sign(c));
        }
    }

    fn advance(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, is_spaced: self.is_spaced, is_capital: false });
        self.is_spaced = false;
    }

    fn count(&self, wanted: impl Fn(char) -> bool) -> usize {
        self.rest.iter().position(|c| !wanted(*c)).unwrap_or(self.rest.len())
    }

    fn number(&mut self) {
        let length = self.count(|c| c.is_ascii_digit());
        if matches!(length, 12 | 14) {
            // "20031231101455" (D23) is read as "20031231T101455".
            self.digits(8);
            self.push(Kind::Word("t".to_owned()));
        }
        self.digits(self.count(|c| c.is_ascii_digit()));
    }

    fn digits(&mut self, length: usize) {
        let digits: String = self.rest.iter().take(length).collect();
        self.advance(length);
        // A number too long for u32 is no part of any date: its length alone rejects it.
        self.push(Kind::Number(digits.parse().unwrap_or(u32::MAX), length));
    }

    fn word(&mut self) {
        if let Some(length) = self.region() {
            let name = self.rest.iter().take(length).collect();
            self.advance(length);
            self.push(Kind::Region(name));
            return;
        }
        if let Some((word, length)) = words::cjk(self.rest) {
            self.advance(length);
            self.push(Kind::Word(word.to_owned()));
            return;
        }
        let length = self.count(is_letter);
        let joined = self.dotted(length).or_else(|| self.with_apostrophe(length));
        let taken = joined.unwrap_or(length);
        let word = lower(self.rest.iter().take(taken).filter(|c| is_letter(**c)));
        let is_capital = self.rest.iter().take(taken).all(char::is_ascii_uppercase);
        self.advance(taken);
        self.push(Kind::Word(word));
        if let Some(token) = self.tokens.last_mut() {
            token.is_capital = is_capital;
        }
    }

    /// Returns the length of a known word with an apostrophe within, if there is one: `п'ятниця`.
    fn with_apostrophe(&self, first: usize) -> Option<usize> {
        let after = self.rest.get(first..)?.strip_prefix(&['\''])?;
        let second = after.iter().position(|c| !is_letter(*c)).unwrap_or(after.len());
        let length = first + 1 + second;
        let word = lower(self.rest.iter().take(length).filter(|c| is_letter(**c)));
        (second > 0 && words::is_known(&word)).then_some(length)
    }

    /// Returns the length of an abbreviation with dots within, if there is one: `a.m.`, `ม.ค.`.
    fn dotted(&self, first: usize) -> Option<usize> {
        let mut length = first;
        let is_short = |length: usize| (1..=3).contains(&length);
        let mut part = first;
        while is_short(part) && self.rest.get(length) == Some(&'.') {
            let after = self.rest.get(length + 1..).unwrap_or_default();
            part = after.iter().position(|c| !is_letter(*c)).unwrap_or(after.len());
            if !is_short(part) {
                break;
            }
            length += 1 + part;
        }
        let word = lower(self.rest.iter().take(length).filter(|c| is_letter(**c)));
        (length > first && words::is_known(&word)).then_some(length)
    }

    /// Returns the length of a zone's name in the tz database, if one stands here.
    fn region(&self) -> Option<usize> {
        let first = self.count(|c| c.is_ascii_alphabetic() || c == '_');
        let after = self.rest.get(first + 1).copied().unwrap_or(' ');
        if self.rest.get(first) != Some(&'/') || !after.is_ascii_alphabetic() || first < 2 {
            return None;
        }
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '-' | '+');
        Some(self.count(is_part))
    }

    /// Reads a comment: the zone within, if none was named before, else nothing. False: it is not
    /// closed, or square brackets hold no zone.
    fn read_comment(&mut self, open: char) -> bool {
        let close = if open == '(' { ')' } else { ']' };
        let Some(end) = self.rest.iter().position(|c| *c == close) else {
            return false;
        };
        let inner = pieces(self.rest.get(1..end).unwrap_or_default());
        let is_zone = is_zone(&inner);
        if open == '[' && !is_zone {
            return false;
        }
        if is_zone && !self.has_zone() {
            self.tokens.extend(inner);
        }
        self.advance(end + 1);
        true
    }

    /// Tells whether a zone was named already: then a comment only repeats it.
    fn has_zone(&self) -> bool {
        let is_signed = self.tokens.windows(2).any(|pair| match pair {
            [sign, number] => {
                matches!(sign.kind, Kind::Sign('+' | '-'))
                    && sign.is_spaced
                    && matches!(number.kind, Kind::Number(_, 4))
                    && !number.is_spaced
            }
            _ => false,
        });
        is_signed
            || self.tokens.iter().any(|token| match &token.kind {
                Kind::Word(word) => zone::is_name(word) && !words::is_known(word),
                Kind::Region(_) => true,
                Kind::Sign(sign) => *sign == '+',
                Kind::Number(..) => false,
            })
    }
}

/// Tells whether the pieces of a comment are a zone and nothing else: `EDT`, `GMT+7`, `-0500`.
fn is_zone(pieces: &[Token]) -> bool {
    let kinds: Vec<&Kind> = pieces.iter().map(|it| &it.kind).collect();
    let offset = match kinds.as_slice() {
        [Kind::Region(_)] => return true,
        [Kind::Word(word)] => return zone::is_name(word),
        [Kind::Word(word), rest @ ..] if matches!(word.as_str(), "gmt" | "utc" | "ut") => rest,
        rest => rest,
    };
    match offset {
        [Kind::Sign('+' | '-'), rest @ ..] => {
            !rest.is_empty()
                && rest.iter().all(|it| matches!(it, Kind::Number(..) | Kind::Sign(':')))
        }
        _ => false,
    }
}

fn is_letter(c: char) -> bool {
    // Vowel signs of Thai are marks, not letters, and yet tell months apart.
    c.is_alphabetic() || ('\u{e31}'..='\u{e4e}').contains(&c)
}

fn lower<'a>(chars: impl Iterator<Item = &'a char>) -> String {
    chars.flat_map(|c| c.to_lowercase()).flat_map(fold).collect()
}

/// Folds a word of a table as words of a date are.
pub(super) fn fold_word(word: &str) -> String {
    let folded: Vec<char> = word.nfc().flat_map(fold).filter(|c| is_letter(*c)).collect();
    lower(folded.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        tokens(text)
            .into_iter()
            .map(|token| {
                let space = if token.is_spaced { " " } else { "" };
                match token.kind {
                    Kind::Number(value, length) => format!("{space}{value}#{length}"),
                    Kind::Word(word) => format!("{space}{word}"),
                    Kind::Region(name) => format!("{space}<{name}>"),
                    Kind::Sign(sign) => format!("{space}{sign}"),
                }
            })
            .collect::<Vec<_>>()
            .join("·")
    }

    #[test]
    fn dates_are_cut_into_folded_pieces() {
        let cases = [
            ("22 Tháng Mười", " 22#2· thang· muoi"),
            ("10:57 a.m.", " 10#2·:·57#2· am·."),
            ("2018-03 Europe/Brussels", " 2018#4·-·3#2· <Europe/Brussels>"),
            ("31 Etc/GMT+7", " 31#2· <Etc/GMT+7>"),
            ("2020年1月2日下午3:04", " 2020#4·年·1#1·月·2#1·日·下午·3#1·:·4#2"),
            ("９:４１\u{202f}PM", " 9#1·:·41#2· pm"),
            ("17:00 GMT+0000 (Coordinated Universal Time)", " 17#2·:·0#2· gmt·+·0#4"),
            ("&#43;0000", " +·0#4"),
            ("<![CDATA[1]]>", " 1#1"),
            ("13 ม.ค. 2020", " 13#2· มค·.· 2020#4"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
