//! Records as bytes: what the engines of this machine keep, and how damage is noticed.
//!
//! A record is `[checksum u64][format u8][payload]`. The checksum (XXH3) covers the format byte,
//! the payload and the record's own key, so that neither a flipped bit nor a record in another's
//! place is taken for good. The first nine bytes stay as they are in every format: a newer one is
//! told from a damaged one. Payloads are postcard over structs of this module's own, so that the
//! words of `model` may change their shape without touching what is on disk; the long texts of
//! entries are packed with zstd. What leaves here is the model's own values; this module knows no
//! engine.

mod claim;
mod entry;
mod key;
mod pack;
mod parts;
mod state;
mod story;
mod tally;
#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::Deserialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::StoreError;

pub(crate) use entry::{EntryHead, RawEntry, entry_from_json, entry_to_json, raw_body};
pub(crate) use key::Key;
pub(crate) use pack::Packer;
pub(crate) use parts::Instant;
pub(crate) use tally::Tally;
pub(crate) use {claim::*, state::*, story::*};

/// The format written, and the newest that is read.
pub(crate) const FORMAT: u8 = 1;

/// A record longer than this, before packing, is refused.
pub(crate) const RECORD_BYTES_MAX: usize = 4 << 20;

const CHECKSUM_BYTES: usize = 8;

/// Puts `payload` under a format and a checksum.
pub(crate) fn seal(key: Key<'_>, payload: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(CHECKSUM_BYTES + 1 + payload.len());
    record.extend_from_slice(&[0; CHECKSUM_BYTES]);
    record.push(FORMAT);
    record.extend_from_slice(payload);
    let (room, covered) = record.split_at_mut(CHECKSUM_BYTES);
    room.copy_from_slice(&checksum(key, covered).to_le_bytes());
    record
}

/// Returns the payload of a record that is whole and of a format this build reads.
pub(crate) fn unseal<'r>(key: Key<'_>, record: &'r [u8]) -> Result<&'r [u8], StoreError> {
    let (stated, covered) = record
        .split_first_chunk::<CHECKSUM_BYTES>()
        .ok_or_else(|| corrupt(key, "it is cut short"))?;
    if u64::from_le_bytes(*stated) != checksum(key, covered) {
        return Err(corrupt(key, "its checksum does not match"));
    }
    match covered.split_first() {
        Some((&FORMAT, payload)) => Ok(payload),
        Some((&found, _)) if found > FORMAT => {
            Err(StoreError::NewerFormat { found: found.into(), supported: FORMAT.into() })
        }
        _ => Err(corrupt(key, "it has no known format")),
    }
}

/// Seeded with the hash of the key: a record copied to another key does not match there.
fn checksum(key: Key<'_>, covered: &[u8]) -> u64 {
    xxh3_64_with_seed(covered, xxh3_64(&key.bytes()))
}

fn corrupt(key: Key<'_>, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { key: key.to_string(), what: what.into() }
}

/// Serialises one wire struct; refuses what is longer than `RECORD_BYTES_MAX`.
fn encode<T: Serialize>(key: Key<'_>, wire: &T) -> Result<Vec<u8>, StoreError> {
    let bytes = postcard::to_stdvec(wire).map_err(|error| StoreError::Engine {
        operation: "encode record",
        engine: "codec",
        source: Box::new(error),
    })?;
    within_limit(key, bytes.len())?;
    Ok(bytes)
}

fn within_limit(key: Key<'_>, bytes: usize) -> Result<(), StoreError> {
    if bytes > RECORD_BYTES_MAX {
        return Err(StoreError::TooLarge { key: key.to_string(), bytes, max: RECORD_BYTES_MAX });
    }
    Ok(())
}

/// Reads one wire struct that takes up all of `bytes`.
fn decode<'b, T: Deserialize<'b>>(key: Key<'_>, bytes: &'b [u8]) -> Result<T, StoreError> {
    match decode_first(key, bytes)? {
        (wire, []) => Ok(wire),
        (_, rest) => Err(corrupt(key, format!("{} bytes are left over", rest.len()))),
    }
}

/// Returns what a backup says of a dictionary.
pub(crate) fn dictionary_to_json(id: u32, bytes: &[u8]) -> serde_json::Result<String> {
    serde_json::to_string(&(id, parts::Bytes(bytes.into())))
}

/// Reads what a backup says of a dictionary.
pub(crate) fn dictionary_from_json(
    value: &serde_json::Value,
) -> serde_json::Result<(u32, Vec<u8>)> {
    let (id, bytes) = <(u32, parts::Bytes<'_>)>::deserialize(value)?;
    Ok((id, bytes.0.into_owned()))
}

/// Reads one wire struct from the beginning of `bytes`; returns what is left.
fn decode_first<'b, T: Deserialize<'b>>(
    key: Key<'_>,
    bytes: &'b [u8],
) -> Result<(T, &'b [u8]), StoreError> {
    postcard::take_from_bytes(bytes).map_err(|error| corrupt(key, error.to_string()))
}
