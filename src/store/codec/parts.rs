//! Wire forms of the small words that records share. Each borrows from the model or from the record
//! read.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};

use crate::model::entry::{Category, Person};
use crate::model::verdict::{EntryKey, KeyKind};

/// An instant: whole seconds and nanoseconds, so that the usual one takes six bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.collect_str(&self.0);
        }
        (self.0.as_second(), self.0.subsec_nanosecond()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            return <&str>::deserialize(from)?.parse().map(Self).map_err(D::Error::custom);
        }
        let (second, nanosecond) = <(i64, i32)>::deserialize(from)?;
        Timestamp::new(second, nanosecond).map(Self).map_err(D::Error::custom)
    }
}

/// A hash of eight bytes; as a varint most would take ten. A number where people may read it.
pub(super) mod fixed {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
    pub(in super::super) fn serialize<S: Serializer>(hash: &u64, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return hash.serialize(to);
        }
        postcard::fixint::le::serialize(hash, to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<u64, D::Error> {
        if from.is_human_readable() {
            return u64::deserialize(from);
        }
        postcard::fixint::le::deserialize(from)
    }
}

/// Writes bytes for people.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Reads what `hex` wrote.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Bytes as one piece: serde would write and read a slice byte by byte. Hexadecimal where people
/// may read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytes<'a>(pub(super) Cow<'a, [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.serialize_str(&hex(&self.0));
        }
        to.serialize_bytes(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let bytes = unhex(<&str>::deserialize(from)?);
            return bytes.map(|bytes| Self(Cow::Owned(bytes))).ok_or(D::Error::custom("no hex"));
        }
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = &'de [u8];
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<&'de [u8], E> {
                Ok(bytes)
            }
        }
        from.deserialize_bytes(Borrow).map(|bytes| Self(Cow::Borrowed(bytes)))
    }
}

/// Hashes at eight bytes each: as varints most would take ten.
pub(super) fn hashes(numbers: &[u64]) -> Bytes<'static> {
    Bytes(Cow::Owned(numbers.iter().flat_map(|number| number.to_le_bytes()).collect()))
}

/// Reads what `hashes` wrote; an odd rest is dropped (the checksum has seen the bytes before).
pub(super) fn numbers(hashes: &Bytes<'_>) -> Vec<u64> {
    let (whole, _) = hashes.0.as_chunks::<8>();
    whole.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
}

/// `Category`.
#[derive(Debug, Serialize, DeriveDeserialize)]
pub(super) struct CategoryWire<'a> {
    term: &'a str,
    scheme: Option<&'a str>,
    label: Option<&'a str>,
}

impl<'a> From<&'a Category> for CategoryWire<'a> {
    fn from(Category { term, scheme, label }: &'a Category) -> Self {
        Self { term, scheme: scheme.as_deref(), label: label.as_deref() }
    }
}

impl From<CategoryWire<'_>> for Category {
    fn from(CategoryWire { term, scheme, label }: CategoryWire<'_>) -> Self {
        Self { term: term.to_owned(), scheme: owned(scheme), label: owned(label) }
    }
}

/// `Person`.
#[derive(Debug, Serialize, DeriveDeserialize)]
pub(super) struct PersonWire<'a> {
    name: &'a str,
    email: Option<&'a str>,
    uri: Option<&'a str>,
}

impl<'a> From<&'a Person> for PersonWire<'a> {
    fn from(Person { name, email, uri }: &'a Person) -> Self {
        Self { name, email: email.as_deref(), uri: uri.as_deref() }
    }
}

impl From<PersonWire<'_>> for Person {
    fn from(PersonWire { name, email, uri }: PersonWire<'_>) -> Self {
        Self { name: name.to_owned(), email: owned(email), uri: owned(uri) }
    }
}

/// `EntryKey`.
#[derive(Clone, Copy, Debug, Serialize, DeriveDeserialize)]
pub(super) struct KeyWire {
    kind: KindWire,
    #[serde(with = "digest")]
    hash: [u8; 16],
}

/// A hash of sixteen bytes.
mod digest {
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(hash: &[u8; 16], to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.serialize_str(&super::hex(hash));
        }
        hash.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 16], D::Error> {
        if from.is_human_readable() {
            let bytes = super::unhex(<&str>::deserialize(from)?).unwrap_or_default();
            return bytes.try_into().map_err(|_| D::Error::custom("no hash"));
        }
        <[u8; 16]>::deserialize(from)
    }
}

#[derive(Clone, Copy, Debug, Serialize, DeriveDeserialize)]
enum KindWire {
    Own,
    Url,
    Apart,
    Name,
}

impl From<EntryKey> for KeyWire {
    fn from(EntryKey { kind, hash }: EntryKey) -> Self {
        let kind = match kind {
            KeyKind::Own => KindWire::Own,
            KeyKind::Url => KindWire::Url,
            KeyKind::Apart => KindWire::Apart,
            KeyKind::Name => KindWire::Name,
        };
        Self { kind, hash }
    }
}

impl From<KeyWire> for EntryKey {
    fn from(KeyWire { kind, hash }: KeyWire) -> Self {
        let kind = match kind {
            KindWire::Own => KeyKind::Own,
            KindWire::Url => KeyKind::Url,
            KindWire::Apart => KeyKind::Apart,
            KindWire::Name => KeyKind::Name,
        };
        Self { kind, hash }
    }
}

/// Wire forms of a list.
pub(super) fn wires<'a, M, W: From<&'a M>>(list: &'a [M]) -> Vec<W> {
    list.iter().map(W::from).collect()
}

/// The list that wire forms stand for.
pub(super) fn models<W, M: From<W>>(list: Vec<W>) -> Vec<M> {
    list.into_iter().map(M::from).collect()
}

/// An optional text, owned.
pub(super) fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// An optional instant, as it is written.
pub(super) fn instant(at: Option<Timestamp>) -> Option<Instant> {
    at.map(Instant)
}

/// An optional instant, as it was read.
pub(super) fn timestamp(at: Option<Instant>) -> Option<Timestamp> {
    at.map(|Instant(at)| at)
}
