//! The backup of a store: one zstd stream of lines, each a JSON object with one member.
//!
//! ```text
//! {"feedmill":{"backup":1,"made":…,"born":…,"id_authority":…,"entries":N,"stories":N}}
//! {"dictionary":{…}} {"state":{…}} {"story":{…}} {"entry":{…}} {"claim":[…]}     any number of each
//! {"changes":true}                                what follows may stand for a line before it
//! {"end":{"entries":N,"stories":N,"next_entry":N,"next_story":N}}
//! ```
//!
//! A story or entry that is named twice is what the later line says: the store is written to while
//! it is read. Without its last line a backup is not whole, and is not restored. Of addresses of
//! sources the secrets are left out, and with them the validators that belong to these addresses.

use std::io::{BufRead, BufReader, Read, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codec::{self, Instant};
use super::{Birth, StoreError};
use crate::model::entry::{Held, Story};
use crate::model::scrub::scrub_url;
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey};

/// The format written, and the newest that is read.
const FORMAT: u16 = 1;
/// zstd's level: more shortens little.
const LEVEL: i32 = 3;
/// A line longer than this is not of a backup.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    backup: u16,
    made: Instant,
    born: Instant,
    id_authority: String,
    /// About so many.
    pub(super) entries: u64,
    stories: u64,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Entries held.
    pub entries: u64,
    /// Stories held, published or not.
    pub stories: u64,
    /// The number the next entry gets.
    pub next_entry: u64,
    /// The number the next story gets.
    pub next_story: u64,
}

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    Header(Header),
    Dictionary {
        id: u32,
        bytes: Vec<u8>,
    },
    State(SourceId, Box<SourceState>),
    Story(Box<Story>),
    Entry(Box<Held>),
    Claim(EntryKey, Claim),
    /// What follows may stand for a line before it.
    Changes,
    End(Totals),
}

/// Why a backup could not be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("failed to {operation} the backup")]
    Io {
        /// What, as an infinitive.
        operation: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// It is no backup, or not a whole one.
    #[error("line {line} of the backup: {what}")]
    Data {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A newer version of this program wrote it. Upgrade the program.
    #[error("the backup has format {found}, newer than {FORMAT}, the newest this program reads")]
    Newer {
        /// The format found.
        found: u16,
    },
    /// The store to be restored into holds something.
    #[error("the store at {path} is not empty: it holds {entries} entries")]
    NotEmpty {
        /// Where.
        path: String,
        /// How many entries.
        entries: u64,
    },
}

impl Header {
    pub(super) fn new(made: Timestamp, birth: &Birth, entries: u64, stories: u64) -> Self {
        let Birth { now: born, id_authority } = birth.clone();
        Self {
            backup: FORMAT,
            made: Instant(made),
            born: Instant(born),
            id_authority,
            entries,
            stories,
        }
    }

    pub(super) fn birth(&self) -> Birth {
        Birth { now: self.born.0, id_authority: self.id_authority.clone() }
    }
}

/// Writes lines.
pub(super) struct Lines<W: Write> {
    to: zstd::stream::write::Encoder<'static, W>,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(to: W) -> Result<Self, BackupError> {
        let mut to = zstd::stream::write::Encoder::new(to, LEVEL).map_err(io("begin"))?;
        to.include_checksum(true).map_err(io("begin"))?;
        Ok(Self { to })
    }

    pub(super) fn put(&mut self, line: &Line) -> Result<(), BackupError> {
        let json = |text: serde_json::Result<String>| text.map_err(std::io::Error::other);
        let done = match line {
            Line::Header(header) => {
                json(serde_json::to_string(header)).map(|text| ("feedmill", text))
            }
            Line::Dictionary { id, bytes } => {
                json(codec::dictionary_to_json(*id, bytes)).map(|text| ("dictionary", text))
            }
            Line::State(id, state) => {
                let state = scrubbed(state);
                json(codec::state_to_json(id, &state)).map(|text| ("state", text))
            }
            Line::Story(story) => json(codec::story_to_json(story)).map(|text| ("story", text)),
            Line::Entry(held) => json(codec::entry_to_json(held)).map(|text| ("entry", text)),
            Line::Claim(key, claim) => {
                json(codec::claim_to_json(*key, *claim)).map(|text| ("claim", text))
            }
            Line::Changes => Ok(("changes", "true".to_owned())),
            Line::End(totals) => json(serde_json::to_string(totals)).map(|text| ("end", text)),
        };
        let written = done.and_then(|(name, text)| writeln!(self.to, "{{\"{name}\":{text}}}"));
        written.map_err(io("write"))
    }

    pub(super) fn finish(self) -> Result<W, BackupError> {
        let mut to = self.to.finish().map_err(io("finish"))?;
        to.flush().map_err(io("finish"))?;
        Ok(to)
    }
}

/// Reads lines.
pub(super) struct Reading<R: Read> {
    from: BufReader<zstd::stream::read::Decoder<'static, BufReader<R>>>,
    line: u64,
}

impl<R: Read> Reading<R> {
    pub(super) fn new(from: R) -> Result<Self, BackupError> {
        let decoder = zstd::stream::read::Decoder::new(from).map_err(io("read"))?;
        Ok(Self { from: BufReader::new(decoder), line: 0 })
    }

    /// Returns the next line; after the last one it is an error to ask.
    pub(super) fn next(&mut self) -> Result<Line, BackupError> {
        self.line += 1;
        let mut text = Vec::new();
        let read = self.from.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
        match read {
            Ok(0) => return Err(self.data("it ends before its last line: it is not whole")),
            Ok(_) if text.last() == Some(&b'\n') => {}
            Ok(_) => return Err(self.data("it is cut short")),
            Err(error) if self.line == 1 => {
                return Err(self.data(&format!("it is no backup of feedmill ({error})")));
            }
            Err(error) => return Err(self.data(&format!("it cannot be unpacked ({error})"))),
        }
        let value: Value =
            serde_json::from_slice(&text).map_err(|error| self.data(&error.to_string()))?;
        let (name, value) = value
            .as_object()
            .and_then(|object| object.iter().next())
            .ok_or_else(|| self.data("it is no object"))?;
        self.parse(name, value)
    }

    fn parse(&self, name: &str, value: &Value) -> Result<Line, BackupError> {
        let bad = |error: serde_json::Error| self.data(&format!("{name}: {error}"));
        Ok(match name {
            "feedmill" => {
                let found = value.get("backup").and_then(Value::as_u64).unwrap_or(0);
                let found = u16::try_from(found).unwrap_or(u16::MAX);
                if found > FORMAT {
                    return Err(BackupError::Newer { found });
                }
                Line::Header(Header::deserialize(value).map_err(bad)?)
            }
            "dictionary" => {
                let (id, bytes) = codec::dictionary_from_json(value).map_err(bad)?;
                Line::Dictionary { id, bytes }
            }
            "state" => {
                let (id, state) = codec::state_from_json(value).map_err(bad)?;
                Line::State(id, Box::new(state))
            }
            "story" => Line::Story(Box::new(codec::story_from_json(value).map_err(bad)?)),
            "entry" => {
                let held = codec::entry_from_json(value).map_err(bad)?;
                let held = held.ok_or_else(|| self.data("its elements do not nest"))?;
                Line::Entry(Box::new(held))
            }
            "claim" => {
                let (key, claim) = codec::claim_from_json(value).map_err(bad)?;
                Line::Claim(key, claim)
            }
            "changes" => Line::Changes,
            "end" => Line::End(Totals::deserialize(value).map_err(bad)?),
            other => return Err(self.data(&format!("`{other}` is unknown here"))),
        })
    }

    pub(super) fn data(&self, what: &str) -> BackupError {
        BackupError::Data { line: self.line, what: what.to_owned() }
    }
}

/// Returns what makes an error of the file ours.
pub(super) fn io(operation: &'static str) -> impl Fn(std::io::Error) -> BackupError {
    move |source| BackupError::Io { operation, source }
}

/// Returns a state without the secrets of its addresses. What belongs to an address that had one is
/// dropped: the source is then polled whole.
fn scrubbed(state: &SourceState) -> SourceState {
    let mut state = state.clone();
    let is_private = |url: &str| scrub_url(url) != url;
    let validators_url = state.validators.as_ref().map(|known| known.url.as_str());
    let addresses = [
        Some(state.url.as_str()),
        validators_url,
        state.redirect_pending.as_deref(),
        state.adopted_url.as_deref(),
    ];
    if addresses.into_iter().flatten().any(is_private) {
        state.validators = None;
        state.redirect_pending = None;
        state.redirect_since = None;
        state.adopted_url = None;
        state.last_error = None;
    }
    state.url = scrub_url(&state.url);
    state.meta.self_url = state.meta.self_url.as_deref().map(scrub_url);
    state.meta.hubs = state.meta.hubs.iter().map(|hub| scrub_url(hub)).collect();
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source::{FeedMeta, Validators};

    #[test]
    fn secrets_of_addresses_stay_out_with_what_belongs_to_them() {
        let validators = Validators { url: "https://a.example/f".to_owned(), ..Default::default() };
        let state = |url: &str, redirect: Option<&str>| SourceState {
            url: url.to_owned(),
            validators: Some(validators.clone()),
            redirect_pending: redirect.map(str::to_owned),
            meta: FeedMeta {
                self_url: Some("https://a.example/f?token=geheim".to_owned()),
                hubs: vec!["https://u:geheim@hub.example/".to_owned()],
                ..FeedMeta::default()
            },
            ..SourceState::default()
        };
        let cases = [
            ("open", state("https://a.example/f", None), true),
            ("user info", state("https://u:geheim@a.example/f", None), false),
            ("query", state("https://a.example/f?key=geheim", None), false),
            (
                "redirect",
                state("https://a.example/f", Some("https://b.example/?sig=geheim")),
                false,
            ),
        ];
        for (name, state, keeps) in cases {
            let scrubbed = scrubbed(&state);
            assert!(!format!("{scrubbed:?}").contains("geheim"), "{name}: {scrubbed:?}");
            assert_eq!(scrubbed.validators.is_some(), keeps, "{name}");
        }
    }
}
