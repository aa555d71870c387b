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
mod dump;
mod durable;
mod failure;
mod generation;
mod keep;
mod live;
mod manifest;
mod open;
mod owner;
mod plan;
mod records;
mod restore;
mod salvage;
mod sweep;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::codec::Tally;
use super::{Birth, Bounds, Candidates, Health, Keeper, Stats, Store, StoreError};
use crate::model::batch::Batch;
use crate::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use crate::model::features::Marks;
use crate::model::selection::{Position, Selection, Series, Stretch};
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey};
use dump::Changes;
use live::Live;
use manifest::Manifest;
use open::Opened;
use owner::Owner;
use plan::Plan;

pub use salvage::Repaired;

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
    options: SledOptions,
    birth: Birth,
    live: RwLock<Arc<Live>>,
    writer: Mutex<Writer>,
    size: Mutex<Option<Size>>,
    /// While a backup is made: what commits change.
    changes: Mutex<Option<Changes>>,
    /// Bytes on disk for each byte of keys and values, as the last rewrite left them.
    rewritten: Mutex<Option<f64>>,
    /// Behind `live`: others may come in only when the engine is gone.
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
    /// Returns what authority the store in `dir` mints ids with, without opening it; `None`: there is none, or it is not
    /// readable.
    pub fn authority_of(dir: &Path) -> Option<String> {
        salvage::remembered_birth(dir).map(|birth| birth.id_authority)
    }

    /// Opens the store in `dir`, or makes it, with what `birth` says.
    ///
    /// # Errors `Busy`: another process has it. `Corrupt`: it does not open, or has lost what was
    /// durable. `NewerFormat`, `Full`, and `Engine` for all else. A store with single records
    /// damaged opens, with `Health::Damaged`.
    pub fn open(dir: &Path, birth: &Birth, options: SledOptions) -> Result<Self, StoreError> {
        let owner = owner::owner(dir)?;
        let Opened { lock, manifest, birth, live } = open::open(dir, birth, options)?;
        let store = Self {
            dir: dir.to_path_buf(),
            options,
            birth,
            live: RwLock::new(Arc::new(live)),
            writer: Mutex::new(Writer { manifest, has_trained: false }),
            size: Mutex::default(),
            changes: Mutex::default(),
            rewritten: Mutex::default(),
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
        check::check(&self.live(), &mut |_| {})
    }

    /// Tells whether this program's flushes survive a power cut: false only where it was linked
    /// without its shim.
    pub fn flushes_last() -> bool {
        durable::is_in_force(0)
    }

    fn settle(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let live = self.live();
        live.records.flush()?;
        self.write_manifest(&mut writer, &live)
    }

    /// Writes the manifest if it is behind. Everything committed must be durable.
    fn write_manifest(&self, writer: &mut Writer, live: &Live) -> Result<(), StoreError> {
        let manifest = writer.manifest.with(&live.memory().tally);
        if manifest != writer.manifest {
            manifest.write(&self.dir)?;
            writer.manifest = manifest;
        }
        Ok(())
    }

    /// Writes a batch, and takes it in once the engine has it and `settled` has been done.
    fn write(
        &self,
        batch: Batch,
        settled: impl FnOnce(&Live, &Plan) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let _writer = self.writer();
        let live = self.live();
        let mut plan = Plan::of(&live, batch)?;
        live.noticed(live.records.apply(std::mem::take(&mut plan.writes)))?;
        settled(&live, &plan)?;
        if let Some(changes) = self.changes().as_mut() {
            changes.note(&plan);
        }
        live.remember(plan);
        Ok(())
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the database in use.
    fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_live(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
    }

    /// Does what is due behind a flush. None of it is needed for what was committed to last, so
    /// errors are only told.
    fn tend(&self, writer: &mut Writer, live: &Live) {
        let commits = live.memory().tally.commits;
        let known = writer.manifest.commits;
        if (known == 0 && commits > 0) || commits >= known + MANIFEST_EVERY_COMMITS {
            self.write_manifest(writer, live).unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to write the manifest of the store");
            });
        }
        if !writer.has_trained && dictionary::is_due(live) {
            writer.has_trained = true;
            dictionary::train(live).unwrap_or_else(|error| {
                tracing::warn!(%error, "failed to train a dictionary for the store");
            });
        }
    }

    /// Returns the bytes of the live database's files, looked up now and then.
    fn bytes(&self, live: &Live, tally: &Tally) -> Result<u64, StoreError> {
        let mut size = self.size.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = *size
            && (known.commits..known.commits + SIZE_EVERY_COMMITS).contains(&tally.commits)
        {
            return Ok(known.bytes);
        }
        let bytes = directory_bytes(live.dir()).map_err(failure::io_failed("measure the files"))?;
        *size = Some(Size { commits: tally.commits, bytes });
        Ok(bytes)
    }
}

impl Store for SledStore {
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError> {
        let live = self.live();
        live.noticed(keys.iter().map(|key| live.claim(*key)).collect())
    }

    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError> {
        let live = self.live();
        live.noticed(numbers.iter().map(|no| live.entry(*no)).collect())
    }

    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError> {
        let live = self.live();
        live.noticed(numbers.iter().map(|no| live.story(*no)).collect())
    }

    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError> {
        Ok(self.live().memory().index.locate(slug))
    }

    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError> {
        let live = self.live();
        let memory = live.memory();
        Ok(memory.index.select(selection, memory.shown))
    }

    fn state(&self, id: &SourceId) -> Result<Option<Arc<SourceState>>, StoreError> {
        Ok(self.live().memory().states.get(id).cloned())
    }

    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError> {
        let live = self.live();
        let memory = live.memory();
        Ok(memory.index.stretch(series, from, limit, memory.shown))
    }

    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError> {
        let live = self.live();
        let memory = live.memory();
        Ok(memory.states.iter().map(|(id, state)| (id.clone(), Arc::clone(state))).collect())
    }

    fn candidates(&self, marks: &Marks, bounds: Bounds) -> Result<Candidates, StoreError> {
        Ok(self.live().memory().index.candidates(marks, bounds))
    }

    fn half_days(&self, outlet: &str, mask: u64) -> Result<Vec<i64>, StoreError> {
        Ok(self.live().memory().index.half_days(outlet, mask))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.write(batch, |live, plan| {
            // What readers may see must not be lost to a kill: entries and stories last before lists show them. The states
            // of polls without news are seen by nobody and wait for `sync`.
            if plan.is_content() {
                live.noticed(live.records.flush())?;
                live.show();
            }
            Ok(())
        })
    }

    fn stage(&self, batch: Batch) -> Result<(), StoreError> {
        self.write(batch, |live, plan| {
            if plan.is_content() {
                live.hide();
            }
            Ok(())
        })
    }

    fn sync(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let live = self.live();
        live.noticed(live.records.flush())?;
        live.show();
        self.tend(&mut writer, &live);
        self.owner.iter().for_each(Owner::give_back);
        Ok(())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let live = self.live();
        let (tally, stories) = {
            let memory = live.memory();
            (memory.tally, memory.index.published())
        };
        Ok(Stats {
            entries: tally.entries,
            stories,
            next_entry: EntryNo(tally.next_entry),
            next_story: StoryNo(tally.next_story),
            created: self.birth.now,
            id_authority: self.birth.id_authority.clone(),
            bytes: self.bytes(&live, &tally)?,
            health: live.health(),
        })
    }

    fn keeper(&self) -> Option<&dyn Keeper> {
        Some(self)
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        if !self.live().records.is_dead() {
            self.settle().unwrap_or_else(|error| {
                tracing::error!(%error, "failed to flush the store at its end");
            });
        }
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
