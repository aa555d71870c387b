//! Entries as bytes: `[head length u32][head][packed body]`.
//!
//! The head holds what indexes are made of and is not packed, so that a store opens without
//! unpacking any text; its hashes would not pack anyway. The body holds the texts.

mod body;
mod element;

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::pack::With;
use super::parts::{Bytes, Instant, KeyWire, fixed, hashes, instant, numbers, timestamp};
use super::{
    Key, Packer, StoreError, corrupt, decode, decode_first, encode, seal, unseal, within_limit,
};
use crate::model::entry::{EntryNo, Fingerprint, Held, StoryNo, compared_date};
use crate::model::features::Marks;
use crate::model::source::SourceId;
use crate::model::verdict::EntryKey;
use body::{BodyWire, JoinedWire};

#[derive(Serialize, Deserialize)]
struct HeadWire<'a> {
    source: &'a str,
    story: u64,
    key: KeyWire,
    published: Option<Instant>,
    first_seen: Instant,
    filed: Option<Instant>,
    updated: Instant,
    first_listed: u32,
    #[serde(with = "fixed")]
    title_print: u64,
    #[serde(with = "fixed")]
    content_print: u64,
    #[serde(with = "fixed")]
    summary_print: u64,
    marks_version: u16,
    #[serde(borrow)]
    marks_keys: Bytes<'a>,
    #[serde(with = "fixed")]
    marks_mask: u64,
    is_roundup: bool,
    outlet: &'a str,
}

/// An entry's two parts, before packing.
pub(crate) struct RawEntry {
    no: EntryNo,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl RawEntry {
    /// Serialises an entry; refuses one that is too large.
    pub(crate) fn of(held: &Held) -> Result<Self, StoreError> {
        let key = Key::Entry(held.no);
        let head = encode(key, &HeadWire::from(held))?;
        let mut body = encode(key, &BodyWire::from(held))?;
        // Behind the body, so that a record without it is one written before it was kept.
        if let Some(closest) = &held.closest {
            body.extend(encode(key, &JoinedWire::from(closest))?);
        }
        within_limit(key, head.len() + body.len())?;
        Ok(Self { no: held.no, head, body })
    }

    /// Returns the record.
    pub(crate) fn seal(&self, packer: &Packer) -> Vec<u8> {
        let mut payload = Vec::with_capacity(4 + self.head.len() + self.body.len());
        let length = u32::try_from(self.head.len()).unwrap_or(u32::MAX);
        payload.extend_from_slice(&length.to_le_bytes());
        payload.extend_from_slice(&self.head);
        packer.pack(&self.body, With::Dictionary, &mut payload);
        seal(Key::Entry(self.no), &payload)
    }
}

/// What indexes know of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EntryHead {
    /// The date it is compared by.
    pub(crate) compared: Timestamp,
    /// `Held::first_seen`.
    pub(crate) first_seen: Timestamp,
    /// `Held::outlet`.
    pub(crate) outlet: String,
    /// `Held::story`.
    pub(crate) story: StoryNo,
    /// `Held::key`.
    pub(crate) key: EntryKey,
    /// `Held::marks`.
    pub(crate) marks: Marks,
}

impl EntryHead {
    /// Reads the head from an entry's record.
    pub(crate) fn decode(no: EntryNo, record: &[u8]) -> Result<Self, StoreError> {
        let key = Key::Entry(no);
        let (head, _) = split(key, unseal(key, record)?)?;
        let head: HeadWire<'_> = decode(key, head)?;
        let first_seen = head.first_seen.0;
        let stated = timestamp(head.filed).or(timestamp(head.published));
        Ok(Self {
            compared: compared_date(stated, first_seen),
            first_seen,
            outlet: head.outlet.to_owned(),
            story: StoryNo(head.story),
            key: head.key.into(),
            marks: head.marks(),
        })
    }
}

impl From<&Held> for EntryHead {
    fn from(held: &Held) -> Self {
        let Held { story, key, marks, outlet, first_seen, .. } = held;
        Self {
            compared: compared_date(held.filed.or(held.entry.published), *first_seen),
            first_seen: *first_seen,
            outlet: outlet.clone(),
            story: *story,
            key: *key,
            marks: marks.clone(),
        }
    }
}

impl Held {
    /// Reads an entry from its record.
    pub(crate) fn decode(no: EntryNo, record: &[u8], packer: &Packer) -> Result<Self, StoreError> {
        let key = Key::Entry(no);
        let (head, body) = split(key, unseal(key, record)?)?;
        let head: HeadWire<'_> = decode(key, head)?;
        let body = packer.unpack(body).map_err(|what| corrupt(key, what))?;
        let (body, rest): (BodyWire<'_>, _) = decode_first(key, &body)?;
        let closest = match rest {
            [] => None,
            rest => Some(decode::<JoinedWire<'_>>(key, rest)?),
        };
        Self::joined(no, &head, body, closest)
            .ok_or_else(|| corrupt(key, "its elements do not nest"))
    }

    /// Joins head and body; `None` when its elements do not nest.
    fn joined(
        no: EntryNo,
        head: &HeadWire<'_>,
        body: BodyWire<'_>,
        closest: Option<JoinedWire<'_>>,
    ) -> Option<Self> {
        let closest = closest.map(Into::into);
        let body = body.into_parts()?;
        let mut entry = body.entry;
        entry.published = timestamp(head.published);
        Some(Self {
            no,
            source: SourceId::new(head.source),
            story: StoryNo(head.story),
            key: head.key.into(),
            entry,
            first_seen: head.first_seen.0,
            filed: timestamp(head.filed),
            updated: head.updated.0,
            first_listed: head.first_listed,
            fingerprint: Fingerprint {
                title: head.title_print,
                content: head.content_print,
                summary: head.summary_print,
            },
            marks: head.marks(),
            credit: body.credit,
            outlet: head.outlet.to_owned(),
            joined: body.joined,
            closest,
        })
    }
}

/// An entry as a value of JSON.
#[derive(Serialize, Deserialize)]
struct EntryLine<'a> {
    no: u64,
    #[serde(borrow)]
    head: HeadWire<'a>,
    #[serde(borrow)]
    body: BodyWire<'a>,
    #[serde(borrow)]
    closest: Option<JoinedWire<'a>>,
}

/// Returns what a backup says of an entry.
pub(crate) fn entry_to_json(held: &Held) -> serde_json::Result<String> {
    serde_json::to_string(&EntryLine {
        no: held.no.0,
        head: held.into(),
        body: held.into(),
        closest: held.closest.as_ref().map(Into::into),
    })
}

/// Reads what a backup says of an entry; `None`: its elements do not nest.
pub(crate) fn entry_from_json(value: &serde_json::Value) -> serde_json::Result<Option<Held>> {
    let line = EntryLine::deserialize(value)?;
    Ok(Held::joined(EntryNo(line.no), &line.head, line.body, line.closest))
}

/// Returns the unpacked body of an entry's record: what a dictionary is trained on.
pub(crate) fn raw_body(no: EntryNo, record: &[u8], packer: &Packer) -> Result<Vec<u8>, StoreError> {
    let key = Key::Entry(no);
    let (_, body) = split(key, unseal(key, record)?)?;
    packer.unpack(body).map(Cow::into_owned).map_err(|what| corrupt(key, what))
}

fn split<'p>(key: Key<'_>, payload: &'p [u8]) -> Result<(&'p [u8], &'p [u8]), StoreError> {
    payload
        .split_first_chunk::<4>()
        .and_then(|(length, rest)| {
            rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
        })
        .ok_or_else(|| corrupt(key, "it is cut short"))
}

impl<'a> From<&'a Held> for HeadWire<'a> {
    fn from(held: &'a Held) -> Self {
        Self {
            source: held.source.as_str(),
            story: held.story.0,
            key: held.key.into(),
            published: instant(held.entry.published),
            first_seen: Instant(held.first_seen),
            filed: instant(held.filed),
            updated: Instant(held.updated),
            first_listed: held.first_listed,
            title_print: held.fingerprint.title,
            content_print: held.fingerprint.content,
            summary_print: held.fingerprint.summary,
            marks_version: held.marks.version,
            marks_keys: hashes(&held.marks.keys),
            marks_mask: held.marks.mask,
            is_roundup: held.marks.is_roundup,
            outlet: &held.outlet,
        }
    }
}

impl HeadWire<'_> {
    fn marks(&self) -> Marks {
        Marks {
            version: self.marks_version,
            keys: numbers(&self.marks_keys),
            mask: self.marks_mask,
            is_roundup: self.is_roundup,
        }
    }
}
