//! Makes a store of a backup.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::generation::Generation;
use super::manifest::Manifest;
use super::{SledOptions, SledStore, StoreError, open};
use crate::model::entry::{EntryNo, StoryNo};
use crate::store::backup::{Header, Line, Reading};
use crate::store::codec::{
    Key, Packer, RawEntry, Tally, encode_claim, encode_document, encode_state, encode_story, seal,
};
use crate::store::{BackupError, Birth, Progress, Totals};

/// Entries between two tellings of progress.
const PROGRESS_EVERY: u64 = 500;

impl SledStore {
    /// Makes the store in `dir` of a backup. Nothing may be held there yet; when the backup is not
    /// whole, nothing is held there afterwards.
    pub fn restore(
        dir: &Path,
        from: impl Read,
        options: SledOptions,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError> {
        let mut lines = Reading::new(from)?;
        let Line::Header(header) = lines.next()? else {
            return Err(lines.data("it is no backup of feedmill"));
        };
        std::fs::create_dir_all(dir).map_err(crate::store::backup::io("make room for"))?;
        let (_lock, manifest) = empty(dir, &header, options)?;
        let next = Generation::begin(dir, &manifest, options)?;
        let mut taking = Taking { next, packer: Packer::new(), may_replace: false };
        let mut done = 0;
        let totals = loop {
            match lines.next()? {
                Line::End(totals) => break totals,
                line => {
                    done += u64::from(matches!(line, Line::Entry(_)));
                    if done % PROGRESS_EVERY == 0 {
                        on_progress(Progress { done, total: header.entries });
                    }
                    taking.take(line)?;
                }
            }
        };
        let Taking { mut next, .. } = taking;
        let tally = tally(&totals);
        next.put_record(Birth::KEY, &header.birth().encode()?)?;
        next.put_record(Tally::KEY, &tally.encode()?)?;
        let found = next.counts()?;
        if found != (totals.entries, totals.stories) {
            let (entries, stories) = found;
            return Err(lines.data(&format!(
                "it holds {entries} entries and {stories} stories, and says {} and {}",
                totals.entries, totals.stories
            )));
        }
        next.finish(dir, &tally)?;
        super::salvage::forget_birth(dir, &header.birth())
            .map_err(crate::store::backup::io("finish"))?;
        // What was there was empty; the next open would remove it as well.
        super::keep::clear_aside(&manifest.live(dir))?;
        Ok(totals)
    }
}

/// Makes sure that nothing is held in `dir`; returns its lock and manifest.
fn empty(
    dir: &Path,
    header: &Header,
    options: SledOptions,
) -> Result<(File, Manifest), BackupError> {
    let lock = open::lock(dir)?;
    let manifest = open::manifest(dir)?;
    let (_, live) = open::engage(dir, &manifest, &header.birth(), options)?;
    let memory = live.memory();
    if memory.tally.commits > 0 {
        let entries = memory.tally.entries;
        return Err(BackupError::NotEmpty { path: dir.display().to_string(), entries });
    }
    drop(memory);
    Ok((lock, manifest))
}

fn tally(totals: &Totals) -> Tally {
    let Totals { entries, stories, next_entry, next_story } = *totals;
    Tally { commits: 1, opens: 0, entries, stories, next_entry, next_story }
}

/// A backup being taken in.
struct Taking {
    next: Generation,
    packer: Packer,
    may_replace: bool,
}

impl Taking {
    fn take(&mut self, line: Line) -> Result<(), StoreError> {
        match line {
            Line::Dictionary { id, bytes } => {
                let key = Key::Dictionary(id);
                self.packer.teach(id, &bytes);
                self.put(key, &seal(key, &bytes))
            }
            Line::State(id, state) => {
                self.put(Key::State(&id), &encode_state(&id, &state)?)?;
                self.put(Key::Document(&id), &encode_document(&id, &state, &self.packer)?)
            }
            Line::Story(story) => {
                self.put(Key::Story(story.no), &encode_story(&story, &self.packer)?)
            }
            Line::Entry(held) => {
                let record = RawEntry::of(&held)?.seal(&self.packer);
                self.put(Key::Entry(held.no), &record)
            }
            Line::Claim(key, claim) => self.put(Key::Claim(key), &encode_claim(key, claim)?),
            Line::Changes => {
                self.may_replace = true;
                Ok(())
            }
            Line::Header(_) | Line::End(_) => Ok(()),
        }
    }

    fn put(&mut self, key: Key<'_>, record: &[u8]) -> Result<(), StoreError> {
        if self.may_replace {
            self.next.replace_record(key, record)
        } else {
            self.next.put_record(key, record)
        }
    }
}

impl Generation {
    /// Returns how many entries and stories there are.
    fn counts(&mut self) -> Result<(u64, u64), StoreError> {
        self.write_out()?;
        let count = |key: Key<'_>| -> Result<u64, StoreError> {
            let mut count = 0;
            for row in self.records.scan(key) {
                row?;
                count += 1;
            }
            Ok(count)
        };
        Ok((count(Key::Entry(EntryNo(0)))?, count(Key::Story(StoryNo(0)))?))
    }
}
