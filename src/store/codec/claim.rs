//! What a claim leads to, as bytes.

use serde::{Deserialize, Serialize};

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

/// Returns the record of a claim.
pub(crate) fn encode_claim(key: EntryKey, claim: Claim) -> Result<Vec<u8>, StoreError> {
    let wire = match claim {
        Claim::Entry(EntryNo(no)) => ClaimWire::Entry(no),
        Claim::Barred => ClaimWire::Barred,
        Claim::Withheld(WithheldBy::OnAdd) => ClaimWire::WithheldOnAdd,
        Claim::Withheld(WithheldBy::Filter) => ClaimWire::WithheldFilter,
    };
    let key = Key::Claim(key);
    Ok(seal(key, &encode(key, &wire)?))
}

/// Reads the record of a claim.
pub(crate) fn decode_claim(key: EntryKey, record: &[u8]) -> Result<Claim, StoreError> {
    let key = Key::Claim(key);
    Ok(match decode(key, unseal(key, record)?)? {
        ClaimWire::Entry(no) => Claim::Entry(EntryNo(no)),
        ClaimWire::Barred => Claim::Barred,
        ClaimWire::WithheldOnAdd => Claim::Withheld(WithheldBy::OnAdd),
        ClaimWire::WithheldFilter => Claim::Withheld(WithheldBy::Filter),
    })
}
