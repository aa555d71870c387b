//! Opens a store: takes the lock, reads the manifest, clears what a crash left, opens sled, makes
//! sure that nothing was lost and that flushes last, and rebuilds what is kept in memory.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::sled::{Config, Db, Mode};

use super::durable;
use super::failure::{corrupt, failed, io_failed, panicked};
use super::live::Live;
use super::manifest::{Manifest, is_generation};
use super::records::{Records, Writes};
use super::salvage::remember_birth;
use super::{Birth, SledOptions, StoreError};
use crate::model::entry::{EntryNo, StoryNo};
use crate::model::source::{SourceId, SourceState};
use crate::store::codec::{
    EntryHead, Key, Packer, Tally, decode_document, decode_state, decode_story, unseal,
};
use crate::store::index::{Index, RECENT_MAX, Shown};

/// sled lets go of its lock some milliseconds after the last handle is dropped: an open right after
/// a close waits for it.
const LOCK_TRIES: u32 = 500;
/// A child process between fork and exec holds our lock for some milliseconds after we let go of it.
const OWN_LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);
/// sled cleans up half-empty segments only in the thread that flushes from time to time.
const FLUSH_EVERY_MS: u64 = 500;
const LOCK_NAME: &str = "LOCK";
/// In the directory of a damaged database: it is never removed.
pub(super) const DAMAGED_NAME: &str = "DAMAGED";

/// A store that was opened, in parts.
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) manifest: Manifest,
    pub(super) birth: Birth,
    pub(super) live: Live,
}

/// What is kept in memory of the records.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) index: Index,
    pub(super) states: BTreeMap<SourceId, Arc<SourceState>>,
    pub(super) tally: Tally,
    /// What is staged, and so not shown yet.
    pub(super) shown: Shown,
    /// Some records could not be read.
    pub(super) is_damaged: bool,
}

/// Opens the store in `dir`, or makes it.
pub(super) fn open(dir: &Path, birth: &Birth, options: SledOptions) -> Result<Opened, StoreError> {
    fs::create_dir_all(dir).map_err(io_failed("create the directory"))?;
    let lock = lock(dir)?;
    let manifest = manifest(dir)?;
    let (birth, live) = engage(dir, &manifest, birth, options)?;
    Ok(Opened { lock, manifest, birth, live })
}

/// Opens the database that the manifest names. The caller has the lock.
pub(super) fn engage(
    dir: &Path,
    manifest: &Manifest,
    birth: &Birth,
    options: SledOptions,
) -> Result<(Birth, Live), StoreError> {
    let live = manifest.live(dir);
    clear(dir, &live).map_err(io_failed("clear what a crash left"))?;
    let records = Records::new(engine(&live, options)?);
    let (birth, tally) = begin(&records, birth, manifest)?;
    remember_birth(dir, &birth).map_err(io_failed("write what the store was born with"))?;
    settle(dir, &live).map_err(io_failed("flush the directory"))?;
    let packer = packer(&records)?;
    let memory = load(&records, &packer, tally)?;
    Ok((birth, Live::new(live, records, packer, memory)))
}

/// Makes the directory entries of a database durable, once: sled never does so for the files that
/// it makes.
pub(super) fn settle(dir: &Path, live: &Path) -> std::io::Result<()> {
    for path in [&live.join("conf"), live, dir] {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK_NAME))
        .map_err(io_failed("open the lock"))?;
    for _ in 0..OWN_LOCK_TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(io_failed("take the lock")(error)),
        }
    }
    Err(busy(dir))
}

fn busy(dir: &Path) -> StoreError {
    StoreError::Busy { path: dir.display().to_string() }
}

/// Reads the manifest; makes that of a new store. A database without one is not taken for a new
/// store.
pub(super) fn manifest(dir: &Path) -> Result<Manifest, StoreError> {
    if let Some(manifest) = Manifest::read(dir)? {
        return Ok(manifest);
    }
    if let Some(found) = generations(dir).map_err(io_failed("list the directory"))?.first() {
        return Err(StoreError::Corrupt {
            key: "MANIFEST".to_owned(),
            what: format!("it is missing, but {} is there", found.display()),
        });
    }
    Manifest::NEW.write(dir)?;
    Ok(Manifest::NEW)
}

pub(super) fn generations(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_generation) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Removes generations that the manifest does not name, and half-written snapshots, which sled
/// fails to open over.
fn clear(dir: &Path, live: &Path) -> std::io::Result<()> {
    for orphan in generations(dir)?.iter().filter(|path| *path != live) {
        if orphan.join(DAMAGED_NAME).exists() {
            super::salvage::quarantine(dir, orphan)?;
            continue;
        }
        tracing::warn!(path = %orphan.display(), "removing a database that is not the live one");
        fs::remove_dir_all(orphan)?;
    }
    remove_files(live, |name| name.starts_with("snap.") && name.ends_with(".generating"))
}

fn remove_files(live: &Path, is_meant: impl Fn(&str) -> bool) -> std::io::Result<()> {
    if !live.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(live)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&is_meant) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Opens sled. Its snapshots and `conf` are made anew from the log where they are what is damaged.
pub(super) fn engine(live: &Path, options: SledOptions) -> Result<Db, StoreError> {
    let error = match try_engine(live, options) {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Engine { .. })) => error,
        done => return done,
    };
    tracing::warn!(%error, "failed to open the store; trying again without its snapshots");
    remove_files(live, |name| name.starts_with("snap.") || name == "conf")
        .map_err(io_failed("remove snapshots"))?;
    try_engine(live, options)
}

fn try_engine(live: &Path, options: SledOptions) -> Result<Db, StoreError> {
    let config = Config::new()
        .path(live)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(Some(FLUSH_EVERY_MS))
        .mode(Mode::LowSpace);
    for _ in 0..LOCK_TRIES {
        // A damaged log makes sled panic.
        let config = std::panic::AssertUnwindSafe(&config);
        match catch_unwind(|| config.open()) {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(::sled::Error::Io(error))) if error.to_string().contains("acquire lock") => {
                std::thread::sleep(LOCK_PAUSE);
            }
            Ok(Err(error)) => return Err(failed("open")(error)),
            Err(panic) => return Err(panicked("open", panic.as_ref())),
        }
    }
    Err(busy(live))
}

/// Reads what the store was born with and its counts, or writes them; makes sure that nothing
/// durable is missing, and that this first flush went where it should.
fn begin(
    records: &Records,
    birth: &Birth,
    manifest: &Manifest,
) -> Result<(Birth, Tally), StoreError> {
    let held = match (records.get(Birth::KEY)?, records.get(Tally::KEY)?) {
        (Some(birth), Some(tally)) => (Birth::decode(&birth)?, Tally::decode(&tally)?),
        (None, None) if manifest.commits == 0 => (birth.clone(), Tally::EMPTY),
        _ => return Err(lost(manifest, &Tally::EMPTY)),
    };
    let (birth, mut tally) = held;
    if tally.commits < manifest.commits {
        return Err(lost(manifest, &tally));
    }
    tally.opens += 1;
    let mut writes = Writes::default();
    records.put(&mut writes, Birth::KEY, &birth.encode()?)?;
    records.put(&mut writes, Tally::KEY, &tally.encode()?)?;
    let flushes = durable::flushes();
    records.apply(writes)?;
    records.flush()?;
    if !durable::is_in_force(flushes) {
        return Err(StoreError::Engine {
            operation: "make writes last",
            engine: "sled",
            source: "this program was linked without its own sync_file_range".into(),
        });
    }
    Ok((birth, tally))
}

fn lost(manifest: &Manifest, tally: &Tally) -> StoreError {
    StoreError::Corrupt {
        key: "MANIFEST".to_owned(),
        what: format!(
            "the database has {} batches and {} entries where {} and {} were durable",
            tally.commits, tally.entries, manifest.commits, manifest.entries
        ),
    }
}

fn packer(records: &Records) -> Result<Packer, StoreError> {
    let packer = Packer::new();
    for row in records.scan(Key::Dictionary(0)) {
        let (bytes, first) = row?;
        if let Some(id) = number(&bytes).and_then(|id| u32::try_from(id).ok()) {
            let key = Key::Dictionary(id);
            packer.teach(id, unseal(key, &records.join(key, &bytes, &first)?)?);
        }
    }
    Ok(packer)
}

/// Rebuilds the memory. A record that cannot be read is left out and makes the store a damaged one.
fn load(records: &Records, packer: &Packer, tally: Tally) -> Result<Memory, StoreError> {
    let mut memory = Memory { tally, ..Memory::default() };
    let mut stories = 0;
    for row in records.scan(Key::Story(StoryNo(0))) {
        let (bytes, first) = row?;
        let no = StoryNo(number(&bytes).unwrap_or_default());
        let story = records
            .join(Key::Story(no), &bytes, &first)
            .and_then(|record| decode_story(no, &record, packer));
        if let Some(story) = memory.readable(story)? {
            memory.index.add_story(&story);
            stories += 1;
        }
    }
    if stories != tally.stories {
        let what = format!("{stories} stories are readable of {}", tally.stories);
        memory.readable::<()>(Err(corrupt(Tally::KEY, &what)))?;
    }
    load_recent(records, &mut memory)?;
    load_states(records, packer, &mut memory)?;
    Ok(memory)
}

/// Reads the heads of entries, the newest first, for as long as near-duplicates may be among them.
fn load_recent(records: &Records, memory: &mut Memory) -> Result<(), StoreError> {
    for no in (1..memory.tally.next_entry).rev().take(RECENT_MAX).map(EntryNo) {
        let head = match records.get(Key::Entry(no)) {
            // Numbers have holes: what was forgotten, and what a batch that failed would have got.
            Ok(None) => continue,
            Ok(Some(record)) => EntryHead::decode(no, &record),
            Err(error) => Err(error),
        };
        if let Some(head) = memory.readable(head)?
            && !memory.index.add_older_entry(no, &head)
        {
            break;
        }
    }
    Ok(())
}

fn load_states(records: &Records, packer: &Packer, memory: &mut Memory) -> Result<(), StoreError> {
    let none = SourceId::new("");
    for row in records.scan(Key::State(&none)) {
        let (bytes, first) = row?;
        let Some(id) = source(&bytes) else { continue };
        let state = records.join(Key::State(&id), &bytes, &first).and_then(|record| {
            let mut state = decode_state(&id, &record)?;
            if let Some(record) = records.get(Key::Document(&id))? {
                decode_document(&id, &record, packer, &mut state)?;
            }
            Ok(state)
        });
        if let Some(state) = memory.readable(state)? {
            memory.states.insert(id, Arc::new(state));
        }
    }
    Ok(())
}

impl Memory {
    fn readable<T>(&mut self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(%error, "the store is damaged");
                self.is_damaged = true;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Returns the number that a key of entries, stories or dictionaries ends in.
pub(super) fn number(key: &[u8]) -> Option<u64> {
    let digits = key.get(1..).filter(|digits| digits.len() <= 8)?;
    Some(digits.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// Returns the source that a key of states ends in.
pub(super) fn source(key: &[u8]) -> Option<SourceId> {
    std::str::from_utf8(key.get(1..)?).ok().map(SourceId::new)
}

/// Returns the entry that a key ends in.
pub(super) fn entry(key: &[u8]) -> Option<EntryNo> {
    number(key).map(EntryNo)
}
