//! What a claim leads to, as bytes.

use serde::{Deserialize, Serialize};

use super::parts::KeyWire;
use super::{Key, StoreError, decode, encode, seal, unseal};
use crate::model::entry::EntryNo;
use crate::model::verdict::{Claim, EntryKey, WithheldBy};

#[derive(Serialize, Deserialize)]
enum ClaimWire {
    Entry(u64),
    Barred,
    WithheldOnAdd,
    WithheldFilter,
}

impl From<Claim> for ClaimWire {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Entry(EntryNo(no)) => Self::Entry(no),
            Claim::Barred => Self::Barred,
            Claim::Withheld(WithheldBy::OnAdd) => Self::WithheldOnAdd,
            Claim::Withheld(WithheldBy::Filter) => Self::WithheldFilter,
        }
    }
}

impl From<ClaimWire> for Claim {
    fn from(wire: ClaimWire) -> Self {
        match wire {
            ClaimWire::Entry(no) => Self::Entry(EntryNo(no)),
            ClaimWire::Barred => Self::Barred,
            ClaimWire::WithheldOnAdd => Self::Withheld(WithheldBy::OnAdd),
            ClaimWire::WithheldFilter => Self::Withheld(WithheldBy::Filter),
        }
    }
}

/// Returns what a backup says of a claim.
pub(crate) fn claim_to_json(key: EntryKey, claim: Claim) -> serde_json::Result<String> {
    serde_json::to_string(&(KeyWire::from(key), ClaimWire::from(claim)))
}

/// Reads what a backup says of a claim.
pub(crate) fn claim_from_json(value: &serde_json::Value) -> serde_json::Result<(EntryKey, Claim)> {
    let (key, claim) = <(KeyWire, ClaimWire)>::deserialize(value)?;
    Ok((key.into(), claim.into()))
}

/// Returns the record of a claim.
pub(crate) fn encode_claim(key: EntryKey, claim: Claim) -> Result<Vec<u8>, StoreError> {
    let key = Key::Claim(key);
    Ok(seal(key, &encode(key, &ClaimWire::from(claim))?))
}

/// Reads the record of a claim.
pub(crate) fn decode_claim(key: EntryKey, record: &[u8]) -> Result<Claim, StoreError> {
    let key = Key::Claim(key);
    let wire: ClaimWire = decode(key, unseal(key, record)?)?;
    Ok(wire.into())
}
