//! Upkeep: opening again after a failed write, forgetting, rewriting.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::sync::PoisonError;

use jiff::Timestamp;

use super::generation::Generation;
use super::live::Live;
use super::manifest::Manifest;
use super::open::number;
use super::records::Writes;
use super::{SledStore, StoreError, check, directory_bytes, failure, open};
use crate::model::entry::{EntryNo, Story, StoryNo};
use crate::model::verdict::{Claim, EntryKey, KeyKind};
use crate::store::codec::{EntryHead, Key, Tally, decode_claim, decode_story};
use crate::store::{BackupError, Compacted, Keeper, Progress, Totals};

/// sled needs room for a snapshot and a segment to open at all.
const ROOM_BYTES_MIN: u64 = 16 << 20;
/// Records removed in one batch.
const FORGET_CHUNK: usize = 500;
/// What a rewritten store takes for each byte of keys and values, measured.
const REWRITTEN_FACTOR: f64 = 2.3;
/// What is not worth a rewrite.
const WASTE_BYTES_MIN: u64 = 4 << 20;

impl Keeper for SledStore {
    fn reopen(&self) -> Result<(), StoreError> {
        let mut writer = self.writer();
        let old = self.live();
        if !old.records.is_dead() {
            return Ok(());
        }
        // A handle that cannot write still reads; without room to open again there would be none.
        if free_bytes(&self.dir).is_some_and(|free| free < ROOM_BYTES_MIN) {
            return Err(StoreError::Full);
        }
        // What is in memory is served on: lists, states, records read of late.
        old.records.close();
        let manifest = Manifest::read(&self.dir)?.unwrap_or(writer.manifest);
        let (_, live) = open::engage(&self.dir, &manifest, &self.birth, self.options)?;
        writer.manifest = manifest;
        self.set_live(live);
        Ok(())
    }

    fn forget(&self, stories: &[StoryNo]) -> Result<(), StoreError> {
        if self.changes().is_some() {
            // A backup is being made, and lists only what is there: another day.
            return Ok(());
        }
        let _writer = self.writer();
        let live = self.live();
        let stories = with_merged(&live, stories)?;
        let entries = stories.iter().flat_map(|story| &story.members);
        let entries: HashSet<EntryNo> = entries.map(|member| member.entry).collect();
        // Keys first: one that leads nowhere would be damage, an entry without keys is none.
        forget_claims(&live, &entries)?;
        for chunk in stories.chunks(FORGET_CHUNK) {
            forget_stories(&live, chunk)?;
        }
        live.records.flush()
    }

    fn compact(&self, on_progress: &mut dyn FnMut(Progress)) -> Result<Compacted, StoreError> {
        let mut writer = self.writer();
        let live = self.live();
        live.records.flush()?;
        let bytes_before = bytes_of(&live)?;
        if free_bytes(&self.dir).is_some_and(|free| free < bytes_before + ROOM_BYTES_MIN) {
            return Err(StoreError::Full);
        }
        let tally = live.memory().tally;
        let mut next = Generation::begin(&self.dir, &writer.manifest, self.options)?;
        let total = tally.records();
        for row in live.records.rows() {
            let (key, value) = row?;
            next.put(&key, &value)?;
            if next.records() % PROGRESS_EVERY == 0 {
                on_progress(Progress { done: next.records(), total });
            }
        }
        let records = next.records();
        let (manifest, db) = next.finish(&self.dir, &tally)?;
        writer.manifest = manifest;
        let live = live.moved_to(manifest.live(&self.dir), db);
        let bytes_after = bytes_of(&live)?;
        let factor = float(bytes_after) / float(needed(&live)?.max(1 << 10));
        *self.rewritten.lock().unwrap_or_else(PoisonError::into_inner) = Some(factor);
        self.set_live(live);
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(Compacted { records, bytes_before, bytes_after })
    }

    fn backup(
        &self,
        made: Timestamp,
        to: &mut dyn Write,
        on_progress: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError> {
        self.dump(made, to, on_progress)
    }

    fn verify(&self, on_progress: &mut dyn FnMut(Progress)) -> Vec<String> {
        check::check(&self.live(), on_progress)
    }

    fn waste(&self) -> Result<f64, StoreError> {
        let live = self.live();
        let needed = needed(&live)?;
        let held = bytes_of(&live)?;
        if held < WASTE_BYTES_MIN {
            return Ok(0.0);
        }
        let factor = self.rewritten.lock().unwrap_or_else(PoisonError::into_inner);
        let factor = factor.unwrap_or(REWRITTEN_FACTOR);
        Ok((1.0 - float(needed) * factor / float(held)).max(0.0))
    }
}

/// Returns the bytes of all keys and values.
fn needed(live: &Live) -> Result<u64, StoreError> {
    let mut needed = 0_u64;
    for row in live.records.rows() {
        let (key, value) = row?;
        needed += u64::try_from(key.len() + value.len()).unwrap_or(0);
    }
    Ok(needed)
}

/// Records between two tellings of progress.
const PROGRESS_EVERY: u64 = 1_000;

fn float(bytes: u64) -> f64 {
    // Kibibytes are exact enough, and fit.
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX))
}

fn bytes_of(live: &Live) -> Result<u64, StoreError> {
    directory_bytes(live.dir()).map_err(failure::io_failed("measure the files"))
}

/// Returns the free bytes of the disk that holds `dir`; `None` when it does not tell.
pub(super) fn free_bytes(dir: &std::path::Path) -> Option<u64> {
    let facts = rustix::fs::statvfs(dir).ok()?;
    Some(facts.f_bavail.saturating_mul(facts.f_frsize))
}

/// Returns these stories, and those that were merged into one of them.
fn with_merged(live: &Live, numbers: &[StoryNo]) -> Result<Vec<Story>, StoreError> {
    let mut wanted: HashSet<StoryNo> = numbers.iter().copied().collect();
    let mut found = Vec::new();
    // Downwards: a story is merged into one that was opened before it, so its target is met later.
    let mut merged: Vec<(StoryNo, StoryNo)> = Vec::new();
    for row in live.records.scan(Key::Story(StoryNo(0))) {
        let (bytes, first) = row?;
        let no = StoryNo(number(&bytes).unwrap_or_default());
        let record = live.records.join(Key::Story(no), &bytes, &first)?;
        let story = decode_story(no, &record, &live.packer)?;
        if let Some(into) = story.merged_into {
            merged.push((no, into));
        }
        if wanted.contains(&no) || story.merged_into.is_some() {
            found.push(story);
        }
    }
    for (no, into) in merged {
        if wanted.contains(&into) {
            wanted.insert(no);
        }
    }
    found.retain(|story| wanted.contains(&story.no));
    Ok(found)
}

fn forget_claims(live: &Live, entries: &HashSet<EntryNo>) -> Result<(), StoreError> {
    let mut writes = Writes::default();
    for kind in [KeyKind::Own, KeyKind::Url] {
        for row in live.records.scan(Key::Claim(EntryKey { kind, hash: [0; 16] })) {
            let (bytes, first) = row?;
            let hash = bytes.get(1..).and_then(|hash| hash.try_into().ok()).unwrap_or_default();
            let claim = EntryKey { kind, hash };
            let record = live.records.join(Key::Claim(claim), &bytes, &first)?;
            if matches!(decode_claim(claim, &record)?, Claim::Entry(no) if entries.contains(&no)) {
                live.records.remove(&mut writes, Key::Claim(claim))?;
            }
        }
    }
    live.records.apply(writes)
}

fn forget_stories(live: &Live, stories: &[Story]) -> Result<(), StoreError> {
    let mut writes = Writes::default();
    let mut heads: Vec<(EntryNo, Option<EntryHead>)> = Vec::new();
    for story in stories {
        live.records.remove(&mut writes, Key::Story(story.no))?;
        for member in story.members.iter().filter(|_| story.merged_into.is_none()) {
            heads.push((member.entry, live.head_if_readable(member.entry)?));
            live.records.remove(&mut writes, Key::Entry(member.entry))?;
        }
    }
    let before = live.memory().tally;
    let tally = before.without(heads.len(), stories.len());
    live.records.put(&mut writes, Tally::KEY, &tally.encode()?)?;
    live.records.apply(writes)?;
    live.forget(stories, &heads, tally);
    Ok(())
}

impl SledStore {
    /// Returns where the live database is, for messages.
    pub fn path(&self) -> &std::path::Path {
        &self.dir
    }
}

/// Removes what an unfinished rewrite left.
pub(super) fn clear_aside(path: &std::path::Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failure::io_failed("remove an unfinished rewrite")(error))
        }
        _ => Ok(()),
    }
}
