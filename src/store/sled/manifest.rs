//! `MANIFEST`: which directory holds the live database, and what it held when this was last
//! written.
//!
//! sled may open a damaged database "well", but empty. So counts are kept outside of it, never
//! ahead of what is durable: a database behind its manifest has lost something. The file is text,
//! and replaced as a whole (written aside, flushed, renamed, the directory flushed).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::failure::io_failed;
use crate::store::codec::Tally;

/// The layout of the directory that this build knows.
const FORMAT: u16 = 1;
const NAME: &str = "MANIFEST";
const NAME_ASIDE: &str = "MANIFEST.tmp";
const TITLE: &str = "feedmill store";

/// What the file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The number of the live directory.
    pub(super) generation: u32,
    /// Batches known to be durable there.
    pub(super) commits: u64,
    /// Entries among them.
    pub(super) entries: u64,
    /// Stories among them.
    pub(super) stories: u64,
}

impl Manifest {
    /// Of a store that holds nothing yet.
    pub(super) const NEW: Self = Self { generation: 1, commits: 0, entries: 0, stories: 0 };

    /// Reads the manifest of `dir`; `None`: there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>, StoreError> {
        match fs::read_to_string(dir.join(NAME)) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(damaged("no text")),
            Err(error) => Err(io_failed("read manifest")(error)),
        }
    }

    /// Replaces the manifest of `dir`; durable when it returns.
    pub(super) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        self.try_write(dir).map_err(io_failed("write manifest"))
    }

    fn try_write(&self, dir: &Path) -> io::Result<()> {
        let aside = dir.join(NAME_ASIDE);
        let mut file = File::create(&aside)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, dir.join(NAME))?;
        File::open(dir)?.sync_all()
    }

    /// Returns the manifest of the same directory with other counts.
    pub(super) fn with(self, tally: &Tally) -> Self {
        let Tally { commits, entries, stories, .. } = *tally;
        Self { commits, entries, stories, ..self }
    }

    /// Returns the live directory.
    pub(super) fn live(&self, dir: &Path) -> PathBuf {
        dir.join(format!("gen-{:04}", self.generation))
    }

    fn text(&self) -> String {
        let Self { generation, commits, entries, stories } = self;
        format!(
            "{TITLE}\nformat = {FORMAT}\ngeneration = {generation}\ncommits = {commits}\n\
             entries = {entries}\nstories = {stories}\n"
        )
    }

    fn parse(text: &str) -> Result<Self, StoreError> {
        let rest = text.strip_prefix(TITLE).ok_or_else(|| damaged("another title"))?;
        let number = |name: &str| {
            let mut values = rest.lines().filter_map(|line| line.split_once(" = "));
            values
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse::<u64>().ok())
                .ok_or_else(|| damaged(&format!("no `{name}`")))
        };
        let format = number("format")?;
        if format != u64::from(FORMAT) {
            let found = u16::try_from(format).unwrap_or(u16::MAX);
            return Err(StoreError::NewerFormat { found, supported: FORMAT });
        }
        if !text.ends_with('\n') {
            return Err(damaged("it is cut short"));
        }
        Ok(Self {
            generation: u32::try_from(number("generation")?)
                .map_err(|_| damaged("no such generation"))?,
            commits: number("commits")?,
            entries: number("entries")?,
            stories: number("stories")?,
        })
    }
}

/// Tells whether a name is that of a generation's directory.
pub(super) fn is_generation(name: &str) -> bool {
    name.strip_prefix("gen-")
        .is_some_and(|number| number.len() >= 4 && number.bytes().all(|b| b.is_ascii_digit()))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Corrupt { key: NAME.to_owned(), what: what.to_owned() }
}
