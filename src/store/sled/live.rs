//! The database in use: its records, what is kept of them in memory, and how one is read.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::cache::Cache;
use super::open::Memory;
use super::plan::Plan;
use super::records::Records;
use super::{Health, StoreError};
use crate::model::entry::{EntryNo, Held, Story, StoryNo};
use crate::model::verdict::{Claim, EntryKey};
use crate::store::codec::{EntryHead, Key, Packer, Tally, decode_claim, decode_story};
use crate::store::index::Shown;

/// Decoded entries kept, in bytes of their records; in memory they are about three times as long.
const ENTRIES_CACHE_BYTES: usize = 8 << 20;
/// Decoded stories kept, likewise.
const STORIES_CACHE_BYTES: usize = 2 << 20;
/// One generation, open.
pub(super) struct Live {
    pub(super) records: Records,
    pub(super) packer: Arc<Packer>,
    memory: Arc<RwLock<Memory>>,
    entries: Arc<Cache<EntryNo, Held>>,
    stories: Arc<Cache<StoryNo, Story>>,
    is_damaged: AtomicBool,
    /// Behind `records`: the files go when the engine is gone.
    files: Files,
}

/// The directory of a generation.
struct Files {
    dir: PathBuf,
    /// Another generation has taken its place.
    is_retired: AtomicBool,
}

impl Live {
    /// Joins the parts of a generation that was opened.
    pub(super) fn new(dir: PathBuf, records: Records, packer: Packer, memory: Memory) -> Self {
        Self {
            records,
            packer: Arc::new(packer),
            is_damaged: AtomicBool::new(memory.is_damaged),
            memory: Arc::new(RwLock::new(memory)),
            entries: Arc::new(Cache::new(ENTRIES_CACHE_BYTES)),
            stories: Arc::new(Cache::new(STORIES_CACHE_BYTES)),
            files: Files { dir, is_retired: AtomicBool::new(false) },
        }
    }

    /// Returns the same, read from a copy of the records. The files of this one go when the last
    /// reader has let go of it.
    pub(super) fn moved_to(&self, dir: PathBuf, records: Records) -> Self {
        self.files.is_retired.store(true, Ordering::Release);
        Self {
            records,
            packer: Arc::clone(&self.packer),
            memory: Arc::clone(&self.memory),
            entries: Arc::clone(&self.entries),
            stories: Arc::clone(&self.stories),
            is_damaged: AtomicBool::new(self.is_damaged.load(Ordering::Relaxed)),
            files: Files { dir, is_retired: AtomicBool::new(false) },
        }
    }

    /// Returns where its files are.
    pub(super) fn dir(&self) -> &Path {
        &self.files.dir
    }

    pub(super) fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn claim(&self, key: EntryKey) -> Result<Option<Claim>, StoreError> {
        let record = self.records.get(Key::Claim(key))?;
        record.map(|record| decode_claim(key, &record)).transpose()
    }

    pub(super) fn entry(&self, no: EntryNo) -> Result<Option<Arc<Held>>, StoreError> {
        let since = match self.entries.get(no) {
            Ok(held) => return Ok(Some(held)),
            Err(since) => since,
        };
        let Some(record) = self.records.get(Key::Entry(no))? else { return Ok(None) };
        let held = Arc::new(Held::decode(no, &record, &self.packer)?);
        self.entries.keep(no, &held, record.len(), since);
        Ok(Some(held))
    }

    pub(super) fn story(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
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
    pub(super) fn story_if_readable(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        self.if_readable(self.story(no))
    }

    /// Returns the head of the entry that a batch replaces, likewise.
    pub(super) fn head_if_readable(&self, no: EntryNo) -> Result<Option<EntryHead>, StoreError> {
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
    pub(super) fn noticed<T>(&self, read: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Corrupt { .. }) = &read {
            self.is_damaged.store(true, Ordering::Relaxed);
        }
        read
    }

    /// Takes in what was written. The engine has it already, so that nothing is listed that cannot
    /// be read.
    pub(super) fn remember(&self, plan: Plan) {
        let Plan { heads, stories, states, tally, dropped, left, held, told, .. } = plan;
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

    /// Keeps what the next batch brings out of lists until it is shown.
    pub(super) fn hide(&self) {
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        if memory.shown == Shown::ALL {
            memory.shown = Shown { story: memory.tally.next_story, entry: memory.tally.next_entry };
        }
    }

    /// Shows everything: it is durable.
    pub(super) fn show(&self) {
        if self.memory().shown != Shown::ALL {
            self.memory.write().unwrap_or_else(PoisonError::into_inner).shown = Shown::ALL;
        }
    }

    /// Lets go of what was removed.
    pub(super) fn forget(
        &self,
        stories: &[Story],
        entries: &[(EntryNo, Option<EntryHead>)],
        tally: Tally,
    ) {
        self.entries.forget(entries.iter().map(|(no, _)| no));
        self.stories.forget(stories.iter().map(|story| &story.no));
        let mut memory = self.memory.write().unwrap_or_else(PoisonError::into_inner);
        stories.iter().for_each(|story| memory.index.forget_story(story));
        for (no, head) in entries {
            if let Some(head) = head {
                memory.index.forget_entry(*no, head);
            }
        }
        memory.tally = tally;
    }

    pub(super) fn health(&self) -> Health {
        if self.records.is_dead() {
            Health::ReadOnly
        } else if self.is_damaged.load(Ordering::Relaxed) {
            Health::Damaged
        } else {
            Health::Ok
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if self.is_retired.load(Ordering::Acquire) {
            std::fs::remove_dir_all(&self.dir).unwrap_or_else(|error| {
                let path = self.dir.display();
                tracing::warn!(%error, %path, "failed to remove a database that was rewritten");
            });
        }
    }
}
