//! Reads all records of a kind around damaged pages.
//!
//! A scan of sled gets no further than the first page that it cannot read. Here the damage is told, a place behind
//! it is sought with growing steps, and what was stepped over is read backwards from there.

use ::sled::{Db, IVec};

use super::StoreError;
use super::failure::failed;
use super::records::Records;
use crate::store::codec::Key;

/// A place in the keys of a kind, as a number, is of so many bytes.
const PLACE_BYTES: usize = 8;

impl Records {
    /// Hands each row of a kind to `on_row`, and each damage met to `on_damage`.
    pub(super) fn sweep(
        &self,
        kind: Key<'_>,
        on_row: &mut dyn FnMut(&IVec, &IVec),
        on_damage: &mut dyn FnMut(StoreError),
    ) {
        let db = match self.db() {
            Ok(db) => db,
            Err(error) => return on_damage(error),
        };
        let prefix = kind.prefix();
        let end = vec![prefix.saturating_add(1)];
        let mut from = vec![prefix];
        loop {
            let mut last = None;
            let mut damage = None;
            for row in db.range(from.clone()..end.clone()) {
                match row {
                    Ok((key, value)) => {
                        on_row(&key, &value);
                        last = Some(key);
                    }
                    // The iterator would tell the same again, for ever.
                    Err(error) => {
                        damage = Some(error);
                        break;
                    }
                }
            }
            let Some(damage) = damage else { return };
            on_damage(failed("read records")(damage));
            let base = last.map_or(from, |key| [&key[..], &[0]].concat());
            let resume = beyond(&db, &base, &end).unwrap_or_else(|| end.clone());
            for row in db.range(base..resume.clone()).rev() {
                let Ok((key, value)) = row else { break };
                on_row(&key, &value);
            }
            if resume == end {
                return;
            }
            from = resume;
        }
    }
}

/// Returns a place behind the damage from where reading goes on; `None` when there is none.
fn beyond(db: &Db, base: &[u8], end: &[u8]) -> Option<Vec<u8>> {
    let (prefix, rest) = base.split_first()?;
    let mut place = [0; PLACE_BYTES];
    place.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let place = u64::from_be_bytes(place);
    for step in 0..u64::BITS {
        let next = place.checked_add(1 << step)?;
        let key = [&[*prefix][..], &next.to_be_bytes()].concat();
        match db.range(key.clone()..end.to_vec()).next() {
            Some(Ok(_)) => return Some(key),
            Some(Err(_)) => {}
            None => return None,
        }
    }
    None
}
