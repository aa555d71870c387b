//! The store on sled: everything in one directory, one process at a time.
//!
//! `LOCK` keeps others out, `MANIFEST` names the live database (`gen-0001`). Records, with their
//! codec's checksums, are under four keys an article: entry, story, own key, URL key. Lists, public
//! ids and near-duplicate keys are in memory (`store/index`), rebuilt from the stories and the
//! newest entries when the store opens, as are the states of sources.
//!
//! sled's own promises are not relied on where trials broke them: flushes go through `durable`, a
//! write that fails ends writing for good, opening is guarded against panics and silent loss,
//! values stay small.

mod cache;
mod check;
mod dictionary;
mod durable;
mod failure;
mod manifest;
mod open;
mod owner;
mod plan;
mod records;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use super::codec::{EntryHead, Key, Packer, Tally, decode_claim, decode_story};
use super::{Birth, Bounds, Candidates, Health, Stats, Store, StoreError};
use crate::model::batch::Batch;
use crate::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use crate::model::features::Marks;
use crate::model::selection::{Position, Selection, Series, Stretch};
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey};
use cache::Cache;
use manifest::Manifest;
use open::{Memory, Opened};
use owner::Owner;
use plan::Plan;
use records::Records;

/// Decoded entries kept, in bytes of their records; in memory they are about three times as long.
const ENTRIES_CACHE_BYTES: usize = 8 << 20;
/// Decoded stories kept, likewise.
const STORIES_CACHE_BYTES: usize = 2 << 20;
/// Batches between two writings of the manifest: about a minute's worth. What it knows cannot be
/// lost unnoticed.
const MANIFEST_EVERY_COMMITS: u64 = 128;
/// Batches between two looks at the size of the files.
const SIZE_EVERY_COMMITS: u64 = 64;

/// How the engine is to run.
#[derive(Clone, Copy, Debug)]
pub struct SledOptions {
    /// sled's page cache. It does not bound the process: add some 350 bytes for each article.
    pub cache_bytes: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20 }
    }
}

/// A store in a directory of this machine.
///
/// Dropping it makes everything committed durable and writes the manifest; `close` does so too and
/// tells of errors.
pub struct SledStore {
    dir: PathBuf,
    packer: Packer,
    birth: Birth,
    memory: RwLock<Memory>,
    entries: Cache<EntryNo, Held>,
    stories: Cache<StoryNo, Story>,
    writer: Mutex<Writer>,
    size: Mutex<Option<Size>>,
    is_damaged: AtomicBool,
    /// Before `lock`: others may come in only when the engine is gone.
    records: Records,
    _lock: File,
    /// Last: every file is there by then.
    owner: Option<Owner>,
}

/// What only the one writer changes.
struct Writer {
    manifest: Manifest,
    /// Training was tried since the store was opened.
    has_trained: bool,
}

#[derive(Clone, Copy)]
struct Size {
    commits: u64,
    bytes: u64,
}

impl SledStore {
    /// Opens the store in `dir`, or makes it, with what `birth` says.
    ///
    /// # Errors `Busy`: another process has it. `Corrupt`: it does not open, or has lost what was
    /// durable. `NewerFormat`, `Full`, and `Engine` for all else. A store with single records
    /// damaged opens, with `Health::Damaged`.
    pub fn open(dir: &Path, birth: &Birth, options: SledOptions) -> Result<Self, StoreError> {
        let owner = owner::owner(dir)?;
        let Opened { lock, manifest, records, packer, birth, memory } =
            open::open(dir, birth, options)?;
        let store = Self {
            dir: dir.to_path_buf(),
            packer,
            birth,
            is_damaged: AtomicBool::new(memory.is_damaged),
            memory: RwLock::new(memory),
            entries: Cache::new(ENTRIES_CACHE_BYTES),
            stories: Cache::new(STORIES_CACHE_BYTES),
            writer: Mutex::new(Writer { manifest, has_trained: false }),
            size: Mutex::default(),
            records,
            _lock: lock,
            owner,
        };
        store.owner.iter().for_each(Owner::give_back);
        Ok(store)
    }

    /// Makes everything committed durable, and lets go of the directory.
    pub fn close(self) -> Result<(), StoreError> {
        self.settle()
    }

    /// Reads every record and compares all that should agree; returns what does not, in words.
    /// Takes a while.
    pub fn check(&self) -> Vec<String> {
        check::check(self)
    }

    /// Tells whether this program's flushes survive a power cut: false only where it was linked
    /// without its shim.
    pub fn flushes_last() -> bool {
        durable::is_in_force(0)
    }

    fn settle(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        self.records.flush()?;
        self.write_manifest(&mut writer)
    }

    /// Writes the manifest if it is behind. Everything committed must be durable.
    fn write_manifest(&self, writer: &mut Writer) -> Result<(), StoreError> {
        let manifest = writer.manifest.with(&self.memory().tally);
        if manifest != writer.manifest {
            manifest.write(&self.dir)?;
            writer.manifest = manifest;
        }
        Ok(())
    }

    fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, key: EntryKey) -> Result<Option<Claim>, StoreError> {
        let record = self.records.get(Key::Claim(key))?;
        record.map(|record| decode_claim(key, &record)).transpose()
    }

    fn entry(&self, no: EntryNo) -> Result<Option<Arc<Held>>, StoreError> {
        let since = match self.entries.get(no) {
            Ok(held) => return Ok(Some(held)),
            Err(since) => since,
        };
        let Some(record) = self.records.get(Key::Entry(no))? else { return Ok(None) };
        let held = Arc::new(Held::decode(no, &record, &self.packer)?);
        self.entries.keep(no, &held, record.len(), since);
        Ok(Some(held))
    }

    fn story(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        let since = match self.stories.get(no) {
            Ok(story) => return Ok(Some(story)),
            Err(since) => since,
        };
        let Some(record) = self.records.get(Key::Story(no))? else { return Ok(None) };
        let story = Arc::new(decode_story(no, &record, &self.packer)?);
        self.stories.keep(no, &story, record.len(), since);
        Ok(Some(story))
    }

    /// Returns the story that a batch replaces; one that is damaged is replaced like one that is
    /// not there.
    fn story_if_readable(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        self.if_readable(self.story(no))
    }

    /// Returns the head of the entry that a batch replaces, likewise.
    fn head_if_readable(&self, no: EntryNo) -> Result<Option<EntryHead>, StoreError> {
        let record = self.records.get(Key::Entry(no));
        let head = record
            .and_then(|record| record.map(|record| EntryHead::decode(no, &record)).transpose());
        self.if_readable(head)
    }

    fn if_readable<T>(&self, read: Result<Option<T>, StoreError>) -> Result<Option<T>, StoreError> {
        match self.noticed(read) {
            Err(StoreError::Corrupt { .. }) => Ok(None),
            other => other,
        }
    }

    /// Passes on what was read; remembers damage for `Stats::health`.
    fn noticed<T>(&self, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Corrupt { .. }) = &read {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        read
    }

    /// Takes in what was written. The engine has it already, so that nothing is listed that cannot
    /// be read.
    fn remember(&self, plan: Plan) {
        let Plan { heads, stories, states, tally, dropped, left, held, told, writes: _ } = plan;
        self.entries.renew(held);
        self.stories.renew(told);
        self.entries.forget(dropped.iter().map(|(no, _)| no));
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        memory.index.change_stories(&stories);
        memory.index.change_entries(&heads);
        dropped.iter().for_each(|(no, head)| memory.index.forget_entry(*no, head));
        memory.states.extend(states);
        memory.states.retain(|id, _| !left.contains(id));
        memory.tally = tally;
    }

    /// Does what is due behind a flush. None of it is needed for what was committed to last, so
    /// errors are only told.
    fn tend(&self, writer: &mut Writer) {
        let commits = self.memory().tally.commits;
        let known = writer.manifest.commits;
        if (known == 0 && commits > 0) || commits >= known + MANIFEST_EVERY_COMMITS {
            self.write_manifest(writer).unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to write the manifest of the store");
            });
        }
        if !writer.has_trained && dictionary::is_due(self) {
            writer.has_trained = true;
            dictionary::train(self).unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to train a dictionary for the store");
            });
        }
    }

    /// Returns the bytes of the live database's files, looked up now and then.
    fn bytes(&self, tally: &Tally) -> Result<u64, StoreError> {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = *size
            && tally.commits < known.commits + SIZE_EVERY_COMMITS
        {
            return Ok(known.bytes);
        }
        let bytes = directory_bytes(&self.dir).map_err(failure::io_failed("measure the files"))?;
        *size = Some(Size { commits: tally.commits, bytes });
        Ok(bytes)
    }

    fn health(&self) -> Health {
        if self.records.is_dead() {
            Health::ReadOnly
        } else if self.is_damaged.load(Ordering::Relaxed) {
            Health::Damaged
        } else {
            Health::Ok
        }
    }
}

impl Store for SledStore {
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError> {
        self.noticed(keys.iter().map(|key| self.claim(*key)).collect())
    }

    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError> {
        self.noticed(numbers.iter().map(|no| self.entry(*no)).collect())
    }

    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError> {
        self.noticed(numbers.iter().map(|no| self.story(*no)).collect())
    }

    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError> {
        Ok(self.memory().index.locate(slug))
    }

    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError> {
        Ok(self.memory().index.select(selection))
    }

    fn state(&self, id: &SourceId) -> Result<Option<Arc<SourceState>>, StoreError> {
        Ok(self.memory().states.get(id).cloned())
    }

    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError> {
        Ok(self.memory().index.stretch(series, from, limit))
    }

    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError> {
        let memory = self.memory();
        Ok(memory.states.iter().map(|(id, state)| (id.clone(), Arc::clone(state))).collect())
    }

    fn candidates(&self, marks: &Marks, bounds: Bounds) -> Result<Candidates, StoreError> {
        Ok(self.memory().index.candidates(marks, bounds))
    }

    fn half_days(&self, outlet: &str, mask: u64) -> Result<Vec<i64>, StoreError> {
        Ok(self.memory().index.half_days(outlet, mask))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let _writer = self.writer();
        let mut plan = Plan::of(self, batch)?;
        self.noticed(self.records.apply(std::mem::take(&mut plan.writes)))?;
        // What readers may see must not be lost to a kill: entries and stories last before lists show them. The states of
        // polls without news are seen by nobody and wait for `sync`.
        if plan.is_content() {
            self.noticed(self.records.flush())?;
        }
        self.remember(plan);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        self.noticed(self.records.flush())?;
        self.tend(&mut writer);
        self.owner.iter().for_each(Owner::give_back);
        Ok(())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let (tally, stories) = {
            let memory = self.memory();
            (memory.tally, memory.index.published())
        };
        Ok(Stats {
            entries: tally.entries,
            stories,
            next_entry: EntryNo(tally.next_entry),
            next_story: StoryNo(tally.next_story),
            created: self.birth.now,
            id_authority: self.birth.id_authority.clone(),
            bytes: self.bytes(&tally)?,
            health: self.health(),
        })
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if self.records.is_dead() {
            return;
        }
        self.settle().unwrap_or_else(|error| {
            tracing::error!(%error, "failed to flush the store at its end");
        });
    }
}

fn directory_bytes(dir: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // A file that goes away while it is looked at (sled replaces its snapshots) weighs nothing.
        let Ok(facts) = entry.metadata() else { continue };
        bytes += if facts.is_dir() { directory_bytes(&entry.path())? } else { facts.len() };
    }
    Ok(bytes)
}
