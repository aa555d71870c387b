//! What a claim leads to, as bytes.

use super::{Key, StoreError, decode, encode, seal, unseal};
use crate::model::entry::EntryNo;
use crate::model::verdict::{Claim, EntryKey};

/// Returns the record of a claim.
pub(crate) fn encode_claim(key: EntryKey, claim: Claim) -> Result<Vec<u8>, StoreError> {
    let wire = match claim {
        Claim::Entry(EntryNo(no)) => Some(no),
        Claim::Barred => None,
    };
    let key = Key::Claim(key);
    Ok(seal(key, &encode(key, &wire)?))
}

/// Reads the record of a claim.
pub(crate) fn decode_claim(key: EntryKey, record: &[u8]) -> Result<Claim, StoreError> {
    let key = Key::Claim(key);
    let wire: Option<u64> = decode(key, unseal(key, record)?)?;
    Ok(wire.map_or(Claim::Barred, |no| Claim::Entry(EntryNo(no))))
}
