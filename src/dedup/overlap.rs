//! Where two bodies share their shingles.

use super::body::{Body, Notable};
use super::constants::Constants;

/// The shingles of S that L has too.
pub(super) struct Overlap {
    /// First position in L of each distinct shared shingle.
    pub(super) positions_in_l: Vec<u16>,
    /// Of each piece of S, whether it occurs in L.
    aligned: Vec<bool>,
    piece_tokens: u16,
}

impl Overlap {
    /// Walks the two sorted lists once.
    pub(super) fn of(s: &Body, l: &Body, constants: &Constants) -> Self {
        let piece_tokens = constants.segment_tokens;
        let mut positions_in_l = Vec::new();
        let mut shared_of_piece: Vec<u16> = Vec::new();
        let mut left = s.shingles.iter().copied().peekable();
        let mut right = l.shingles.iter().copied().peekable();
        while let (Some(&in_s), Some(&in_l)) = (left.peek(), right.peek()) {
            let hash = in_s >> 16;
            match hash.cmp(&(in_l >> 16)) {
                std::cmp::Ordering::Less => {
                    left.next();
                }
                std::cmp::Ordering::Greater => {
                    right.next();
                }
                std::cmp::Ordering::Equal => {
                    positions_in_l.push(position(in_l));
                    while let Some(shingle) = left.next_if(|shingle| shingle >> 16 == hash) {
                        count(&mut shared_of_piece, position(shingle) / piece_tokens);
                    }
                    while right.next_if(|shingle| shingle >> 16 == hash).is_some() {}
                }
            }
        }
        let all = s.shingles.len();
        let is_aligned = |(shared, start): (&u16, usize)| {
            let starting = all.saturating_sub(start).min(usize::from(piece_tokens));
            let starting = u16::try_from(starting).unwrap_or(u16::MAX);
            *shared > 0 && f64::from(*shared) >= constants.segment_share * f64::from(starting)
        };
        let starts = (0..).step_by(usize::from(piece_tokens).max(1));
        let aligned = shared_of_piece.iter().zip(starts).map(is_aligned).collect();
        Self { positions_in_l, aligned, piece_tokens }
    }

    /// Returns the numbers and names of S that stand in aligned pieces.
    pub(super) fn aligned<'a>(&self, s: &'a Body) -> impl Iterator<Item = &'a Notable> {
        s.notable.iter().filter(|notable| {
            let piece = usize::from(notable.position / self.piece_tokens);
            self.aligned.get(piece).copied().unwrap_or(false)
        })
    }
}

fn position(shingle: u64) -> u16 {
    u16::try_from(shingle & 0xFFFF).unwrap_or(u16::MAX)
}

fn count(counts: &mut Vec<u16>, piece: u16) {
    let piece = usize::from(piece);
    if counts.len() <= piece {
        counts.resize(piece + 1, 0);
    }
    if let Some(count) = counts.get_mut(piece) {
        *count += 1;
    }
}
