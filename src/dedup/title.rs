//! What a headline is compared by.

use super::names::{Names, hard_tokens};
use super::sets::{size, sorted_set};
use super::shingle::{Hashed, hash_of_row};
use super::title_words;
use crate::model::text::{Token, TokenKind, fold, tokens};

/// A headline without the names of sources, as hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// Its tokens, in order.
    pub(super) row: Vec<u64>,
    /// The same as written.
    pub(super) units: Vec<Unit>,
    /// Its tokens, a sorted set.
    pub(super) set: Vec<u32>,
    /// Its numbers, a sorted set.
    pub(super) numbers: Vec<u32>,
    /// Its names and numbers, a sorted set.
    pub(super) hard: Vec<u32>,
    /// Its letters, counted as in shingles.
    pub(super) letters: u32,
    /// Correction, live and update markers, a sorted set.
    pub(super) markers: Vec<u32>,
    /// Numbers of parts, episodes, issues, in order.
    pub(super) parts: Vec<u32>,
    /// It announces a roundup.
    pub(super) is_roundup: bool,
    /// Hash of its tokens with each number masked.
    pub(super) mask: u64,
}

/// A token of a headline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// Its hash, as sets of tokens hold it.
    pub(super) token: u32,
    pub(super) kind: TokenKind,
    /// No separator stands before it: the "1" of "VTV1".
    pub(super) is_glued: bool,
    /// Its characters, folded.
    pub(super) text: String,
}

impl Unit {
    /// Whether its script knows no capitals.
    pub(super) fn is_caseless(&self) -> bool {
        self.text.chars().next().is_some_and(|c| c.to_uppercase().eq(std::iter::once(c)))
    }

    pub(super) fn is_number(&self) -> bool {
        self.kind == TokenKind::Number
    }
}

fn units(folded: &str) -> Vec<Unit> {
    let mut rest = folded;
    let unit = |Token { text, kind }: Token<'_>| {
        let start = rest.find(text).unwrap_or(0);
        rest = rest.get(start + text.len()..).unwrap_or("");
        Unit {
            token: Hashed::of(Token { text, kind }).short(),
            kind,
            is_glued: start == 0,
            text: text.to_owned(),
        }
    };
    tokens(folded).map(unit).collect()
}

/// Tokens from which on "; " in a headline joins several stories.
const JOINED_TOKENS_MIN: usize = 8;

/// Stands for any number in a mask.
const ANY_NUMBER: u64 = 0x23;

impl Title {
    /// Returns the features of a plain headline.
    pub(super) fn of(title: &str, names: &Names) -> Self {
        let bare = names.stripped(title);
        let folded = fold(bare);
        let row: Vec<Hashed> = tokens(&folded).map(Hashed::of).collect();
        let numbers = row.iter().filter(|token| token.is_number).map(|token| token.short());
        let masked = row.iter().map(|token| if token.is_number { ANY_NUMBER } else { token.hash });
        Self {
            set: sorted_set(row.iter().map(|token| token.short()).collect()),
            numbers: sorted_set(numbers.collect()),
            hard: hard_tokens(std::iter::once(bare)).hard,
            letters: row.iter().fold(0, |sum, token| sum.saturating_add(token.letters)),
            markers: title_words::markers(&folded),
            parts: title_words::parts(&folded),
            is_roundup: title_words::announces_roundup(&folded)
                || (row.len() >= JOINED_TOKENS_MIN && folded.contains("; ")),
            mask: hash_of_row(masked),
            row: row.iter().map(|token| token.hash).collect(),
            units: units(&folded),
        }
    }

    /// Returns how many tokens the set has.
    pub(super) fn size(&self) -> u32 {
        size(&self.set)
    }
}
