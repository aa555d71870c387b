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
pub(super) struct Instant(pub(super) Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (self.0.as_second(), self.0.subsec_nanosecond()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (second, nanosecond) = <(i64, i32)>::deserialize(from)?;
        Timestamp::new(second, nanosecond).map(Self).map_err(D::Error::custom)
    }
}

/// Bytes as one piece: serde would write and read a slice byte by byte.
#[derive(Clone, Debug, Default)]
pub(super) struct Bytes<'a>(pub(super) Cow<'a, [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
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
    hash: [u8; 16],
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
