//! Adaptive shingles: runs of tokens of about the same number of letters in every script.

use xxhash_rust::xxh3::xxh3_64;

use crate::model::text::{self, Token};

/// Letters of a matching shingle: 3–4 English words, 4–5 Vietnamese syllables, 6 Han characters.
pub(super) const LETTERS: u32 = 18;

/// Letters of a long shingle.
pub(super) const LETTERS_LONG: u32 = 48;

/// Fewer tokens than this have no long shingles.
pub(super) const LONG_TOKENS_MIN: usize = 13;

/// A token as a hash, with the letters it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hashed {
    /// Hash of its characters.
    pub(super) hash: u64,
    /// Letters.
    pub(super) letters: u32,
    /// A run of digits.
    pub(super) is_number: bool,
}

impl Hashed {
    /// Hashes a token of folded text.
    pub(super) fn of(token: Token<'_>) -> Self {
        Self {
            hash: xxh3_64(token.text.as_bytes()),
            letters: text::letters(token.text),
            is_number: token.kind == text::TokenKind::Number,
        }
    }

    /// Returns the short hash that sets of tokens hold.
    pub(super) fn short(self) -> u32 {
        upper_half(self.hash)
    }
}

/// Returns the upper 32 bits.
pub(super) fn upper_half(hash: u64) -> u32 {
    u32::try_from(hash >> 32).unwrap_or(u32::MAX)
}

/// Returns one hash of a row of token hashes: it depends on their order and number.
pub(super) fn hash_of_row(row: impl IntoIterator<Item = u64>) -> u64 {
    row.into_iter().fold(0x9E37_79B9_7F4A_7C15, |hash, token| {
        let mixed = (hash.rotate_left(23) ^ token).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        mixed ^ (mixed >> 32)
    })
}

/// Returns the shingle that starts at each token: tokens until their letters reach `letters`. Where
/// the rest is shorter it stops, but gives one shingle at least of a text that has a token.
pub(super) fn shingles(tokens: &[Hashed], letters: u32) -> Vec<u64> {
    let mut found = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while !rest.is_empty() {
        let mut sum = 0_u32;
        let length = rest.iter().position(|token| {
            sum = sum.saturating_add(token.letters);
            sum >= letters
        });
        match length.and_then(|last| rest.get(..=last)) {
            Some(row) => found.push(hash_of_row(row.iter().map(|token| token.hash))),
            None => break,
        }
        rest = rest.get(1..).unwrap_or(&[]);
    }
    if found.is_empty() && !tokens.is_empty() {
        found.push(hash_of_row(tokens.iter().map(|token| token.hash)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(text: &str) -> Vec<Hashed> {
        text::tokens(text).map(Hashed::of).collect()
    }

    #[test]
    fn shingles_reach_the_letters_in_every_script() {
        // thu tuong chinh phu hop: 19 letters; tuong chinh phu hop phien: 21; Han count three each.
        let cases = [
            ("two starts reach 18", "thu tuong chinh phu hop phien", 2),
            ("too short gives one", "ha noi", 1),
            ("nothing gives none", "", 0),
            ("six Han characters", "北京天安门广", 1),
            ("eight Han characters", "北京天安门广场人", 3),
        ];
        for (name, text, expected) in cases {
            assert_eq!(shingles(&hashed(text), LETTERS).len(), expected, "{name}");
        }
    }

    #[test]
    fn equal_rows_give_equal_shingles_wherever_they_stand() {
        let whole = shingles(&hashed("mot hai chinh phu hop phien thuong ky"), LETTERS);
        let part = shingles(&hashed("chinh phu hop phien thuong ky"), LETTERS);
        assert_eq!(whole.get(2..), Some(part.as_slice()));
    }

    #[test]
    fn a_row_depends_on_order_and_number() {
        assert_ne!(hash_of_row([1, 2]), hash_of_row([2, 1]));
        assert_ne!(hash_of_row([0]), hash_of_row([0, 0]));
    }
}
