//! The keys of records: ordered bytes for engines, words for people.

use std::fmt;

use crate::model::entry::{EntryNo, StoryNo};
use crate::model::source::SourceId;
use crate::model::verdict::{EntryKey, KeyKind};

/// The key of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// A fact of the store itself.
    Meta(&'a str),
    /// A dictionary of the packer, by its id.
    Dictionary(u32),
    /// An entry.
    Entry(EntryNo),
    /// A story.
    Story(StoryNo),
    /// An identity claim.
    Claim(EntryKey),
    /// When and how a source is polled.
    State(&'a SourceId),
    /// What a source's document said.
    Document(&'a SourceId),
}

impl Key<'_> {
    /// Returns the key as engines order it: a letter for the kind, numbers big-endian.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(24);
        bytes.push(self.prefix());
        match self {
            Self::Meta(name) => bytes.extend_from_slice(name.as_bytes()),
            Self::Dictionary(id) => bytes.extend_from_slice(&id.to_be_bytes()),
            Self::Entry(EntryNo(no)) | Self::Story(StoryNo(no)) => {
                bytes.extend_from_slice(&no.to_be_bytes());
            }
            Self::Claim(claim) => bytes.extend_from_slice(&claim.hash),
            Self::State(id) | Self::Document(id) => bytes.extend_from_slice(id.as_str().as_bytes()),
        }
        bytes
    }

    /// Returns the first byte of all keys of this kind.
    pub(crate) fn prefix(&self) -> u8 {
        match self {
            Self::Meta(_) => b'm',
            Self::Dictionary(_) => b'd',
            Self::Entry(_) => b'e',
            Self::Story(_) => b's',
            Self::Claim(EntryKey { kind: KeyKind::Own, .. }) => b'o',
            Self::Claim(EntryKey { kind: KeyKind::Url, .. }) => b'u',
            Self::Claim(EntryKey { kind: KeyKind::Apart, .. }) => b'a',
            Self::Claim(EntryKey { kind: KeyKind::Name, .. }) => b'n',
            Self::State(_) => b'f',
            Self::Document(_) => b'l',
        }
    }
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Meta(name) => write!(f, "meta {name}"),
            Self::Dictionary(id) => write!(f, "dictionary {id}"),
            Self::Entry(EntryNo(no)) => write!(f, "entry {no}"),
            Self::Story(StoryNo(no)) => write!(f, "story {no}"),
            Self::Claim(claim) => {
                let kind = match claim.kind {
                    KeyKind::Own => "own",
                    KeyKind::Url => "url",
                    KeyKind::Apart => "apart",
                    KeyKind::Name => "name",
                };
                write!(f, "claim {kind} {:032x}", u128::from_be_bytes(claim.hash))
            }
            Self::State(id) => write!(f, "state {id}"),
            Self::Document(id) => write!(f, "document {id}"),
        }
    }
}
