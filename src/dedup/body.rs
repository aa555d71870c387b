//! What a text is compared by.

use super::filters::Clean;
use super::names::{Capitals, hard_tokens};
use super::sets::{has, size, sorted_set};
use super::shingle::{self, Hashed};

/// Tokens kept of a body.
pub(super) const TOKENS_MAX: usize = 1_500;

/// A cut text of more tokens than this loses its last one, which may be half a word.
const CUT_TOKENS_MIN: usize = 4;

/// The body of an entry, as sorted sets of hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Shingles: the upper 48 bits are the hash, the lower 16 the position; sorted.
    pub(super) shingles: Vec<u64>,
    /// How many of them are distinct.
    pub(super) distinct: u32,
    /// Long shingles, a sorted set.
    pub(super) long: Vec<u32>,
    /// Tokens, in order.
    pub(super) row: Vec<u32>,
    /// Tokens, a sorted set.
    pub(super) words: Vec<u32>,
    /// Numbers and names where they stand, in order.
    pub(super) notable: Vec<Notable>,
    /// Numbers and names, a sorted set.
    pub(super) hard: Vec<u32>,
    /// Words with a capital that open a sentence, sorted, each as often as it does.
    pub(super) openers: Vec<u32>,
    /// How many tokens it has.
    pub(super) tokens: u32,
    /// It ends in an ellipsis: the publisher cut it.
    pub(super) is_cut: bool,
}

/// A number or a name in a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Notable {
    pub(super) position: u16,
    pub(super) is_number: bool,
    pub(super) is_hard: bool,
    pub(super) token: u32,
}

impl Body {
    /// Returns the body made of filtered blocks.
    pub(super) fn of(blocks: &[Clean]) -> Self {
        let all = blocks.iter().flat_map(|block| &block.tokens);
        let mut row: Vec<Hashed> = all.take(TOKENS_MAX).copied().collect();
        let is_cut = blocks.last().is_some_and(|block| ends_in_ellipsis(&block.text));
        if is_cut && row.len() > CUT_TOKENS_MIN {
            row.pop();
        }
        let capitals = hard_tokens(blocks.iter().map(|block| block.text.as_str()));
        Self::of_tokens(&row, capitals, is_cut)
    }

    fn of_tokens(row: &[Hashed], capitals: Capitals, is_cut: bool) -> Self {
        let Capitals { hard, openers } = capitals;
        let mut shingles: Vec<u64> = shingle::shingles(row, shingle::LETTERS)
            .into_iter()
            .zip(0_u16..)
            .map(|(hash, position)| (hash & !0xFFFF) | u64::from(position))
            .collect();
        shingles.sort_unstable();
        let mut hashes: Vec<u64> = shingles.iter().map(|shingle| shingle >> 16).collect();
        hashes.dedup();
        let long = if row.len() < shingle::LONG_TOKENS_MIN {
            Vec::new()
        } else {
            shingle::shingles(row, shingle::LETTERS_LONG)
        };
        let notable = row.iter().zip(0_u16..).filter_map(|(token, position)| {
            let is_hard = has(&hard, token.short());
            (token.is_number || is_hard).then(|| Notable {
                position,
                is_number: token.is_number,
                is_hard,
                token: token.short(),
            })
        });
        Self {
            distinct: size(&hashes),
            long: sorted_set(long.into_iter().map(shingle::upper_half).collect()),
            row: row.iter().map(|token| token.short()).collect(),
            words: sorted_set(row.iter().map(|token| token.short()).collect()),
            notable: notable.collect(),
            tokens: size(row),
            shingles,
            hard,
            openers,
            is_cut,
        }
    }

    /// Whether a token of a script with capitals is written as a name: with one inside a sentence,
    /// or each time, since it only ever opens sentences.
    pub(super) fn is_name(&self, token: u32) -> bool {
        let count = |row: &[u32]| row.iter().filter(|other| **other == token).count();
        has(&self.hard, token)
            || (has(&self.openers, token) && count(&self.row) <= count(&self.openers))
    }

    /// Returns the hashes of the shingles in the order of the text, lower 16 bits zero.
    pub(super) fn in_order(&self) -> Vec<u64> {
        // One starts at each position.
        let mut row = vec![0; self.shingles.len()];
        for shingle in &self.shingles {
            let position = usize::try_from(shingle & 0xFFFF).unwrap_or(usize::MAX);
            if let Some(place) = row.get_mut(position) {
                *place = shingle & !0xFFFF;
            }
        }
        row
    }
}

/// Tells whether a text ends in "…", "...", "[...]" or "[…]".
pub(super) fn ends_in_ellipsis(text: &str) -> bool {
    let end = text.trim_end();
    let end = end.strip_suffix(']').unwrap_or(end).trim_end();
    let end = end.strip_suffix(']').unwrap_or(end).trim_end();
    end.ends_with('…') || end.ends_with("...")
}
