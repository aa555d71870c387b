//! Records in sled: one tree, keys ordered by kind, long records in pieces.
//!
//! sled puts a node of more than 128 KB into a file that it never flushes, and never deletes when
//! it is replaced. A node holds some 16 values, so a value is kept below 7 KB: the first piece of a
//! record is under its key behind the number of further ones, those are under `z`, the key and
//! their number.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use ::sled::{Batch, Db, IVec};

use super::StoreError;
use super::failure::{corrupt, failed, panicked};
use crate::store::codec::{Key, unseal};

const PIECE_BYTES_MAX: usize = 7 << 10;
const COUNT_BYTES: usize = 2;
const PIECE_PREFIX: u8 = b'z';
/// How often a record is read again because a batch went by in the middle of it.
const READS_MAX: usize = 64;

/// The records of one database.
pub(super) struct Records {
    /// `None` when it is closed, to be opened again.
    db: RwLock<Option<Db>>,
    /// Batches begun and ended: odd while one is going on.
    turns: AtomicU64,
    /// A write failed: the handle is good for reading only.
    is_dead: AtomicBool,
}

/// Writes that belong together.
#[derive(Default)]
pub(super) struct Writes {
    batch: Batch,
}

impl Records {
    /// Wraps an open database.
    pub(super) fn new(db: Db) -> Self {
        Self {
            db: RwLock::new(Some(db)),
            turns: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
        }
    }

    /// Lets go of the database: nothing is read or written here any more.
    pub(super) fn close(&self) {
        self.is_dead.store(true, Ordering::Release);
        *self.db.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Tells whether a write has failed.
    pub(super) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Acquire)
    }

    /// Returns a record, whole and of this key.
    pub(super) fn get(&self, key: Key<'_>) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = key.bytes();
        let db = self.db()?;
        let mut last = None;
        for _ in 0..READS_MAX {
            let turn = self.turns.load(Ordering::Acquire);
            let Some(first) = self.look_up(&db, &bytes)? else {
                return Ok(None);
            };
            // A record of several pieces may be replaced between two of them: then they do not
            // match.
            match self.join(key, &bytes, &first) {
                Ok(record) => return Ok(Some(record)),
                Err(error)
                    if self.turns.load(Ordering::Acquire) == turn && turn.is_multiple_of(2) =>
                {
                    return Err(error);
                }
                Err(error) => last = Some(error),
            }
        }
        last.map_or(Ok(None), Err)
    }

    /// Returns all keys (without their first byte) and records of a kind, in order. The records are
    /// not checked.
    pub(super) fn scan(
        &self,
        kind: Key<'_>,
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        rows_or(self.db().map(|db| db.scan_prefix([kind.prefix()])))
    }

    /// Returns all rows, in order: records that fit, first pieces and further ones.
    pub(super) fn rows(&self) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        rows_or(self.db().map(|db| db.iter()))
    }

    /// Returns the database; fails when it is closed.
    pub(super) fn db(&self) -> Result<Db, StoreError> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        db.clone().ok_or_else(|| StoreError::Engine {
            operation: "read record",
            engine: "sled",
            source: "the store is being opened again after a failed write".into(),
        })
    }

    /// Reads one value. sled writes in a thread of its own too: when that met a full disk, the next read is the first to
    /// hear of it, and the handle is as dead as after a write of ours that failed.
    fn look_up(&self, db: &Db, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        db.get(key).map_err(failed("read record")).inspect_err(|error| match error {
            StoreError::Full | StoreError::Engine { .. } => {
                self.is_dead.store(true, Ordering::Release);
            }
            StoreError::Corrupt { .. }
            | StoreError::Busy { .. }
            | StoreError::TooLarge { .. }
            | StoreError::NewerFormat { .. }
            | StoreError::NotOwner { .. } => {}
        })
    }

    /// Adds the removal of a record and its pieces.
    pub(super) fn remove(&self, writes: &mut Writes, key: Key<'_>) -> Result<(), StoreError> {
        let bytes = key.bytes();
        let old = self.look_up(&self.db()?, &bytes)?;
        let count = old.as_deref().and_then(pieces).map_or(0, |(count, _)| count);
        for number in 1..=count {
            writes.batch.remove(piece_key(&bytes, number));
        }
        writes.batch.remove(bytes);
        Ok(())
    }

    /// Returns the record that begins with `first`, whole and of this key.
    pub(super) fn join(
        &self,
        key: Key<'_>,
        bytes: &[u8],
        first: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        let (count, piece) = pieces(first).ok_or_else(|| corrupt(key, "it has no beginning"))?;
        let mut record = piece.to_vec();
        for number in 1..=count {
            let piece = self.look_up(&self.db()?, &piece_key(bytes, number))?;
            record.extend_from_slice(&piece.ok_or_else(|| corrupt(key, "a piece is missing"))?);
        }
        unseal(key, &record)?;
        Ok(record)
    }

    #[cfg(test)]
    pub(super) fn pieces(&self) -> usize {
        self.db().unwrap().scan_prefix([PIECE_PREFIX]).count()
    }

    #[cfg(test)]
    pub(super) fn kill(&self) {
        self.is_dead.store(true, Ordering::Release);
    }

    /// Adds a record to `writes`, and the removal of pieces that its forerunner had more.
    pub(super) fn put(
        &self,
        writes: &mut Writes,
        key: Key<'_>,
        record: &[u8],
    ) -> Result<(), StoreError> {
        let bytes = key.bytes();
        let old = self.look_up(&self.db()?, &bytes)?;
        let count_old = old.as_deref().and_then(pieces).map_or(0, |(count, _)| count);
        let count = writes.put(key, record)?;
        for number in count + 1..=count_old {
            writes.batch.remove(piece_key(&bytes, number));
        }
        Ok(())
    }

    /// Commits: all of it or, if it fails, none that a later open would show.
    pub(super) fn apply(&self, writes: Writes) -> Result<(), StoreError> {
        self.turns.fetch_add(1, Ordering::AcqRel);
        let done = self.write("commit batch", |db| db.apply_batch(writes.batch));
        self.turns.fetch_add(1, Ordering::AcqRel);
        done
    }

    /// Makes what was committed durable.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.write("flush", |db| db.flush().map(drop))
    }

    /// Runs a write. sled is not to be trusted with another one after an error or a panic: some of
    /// it may be visible.
    fn write(
        &self,
        operation: &'static str,
        write: impl FnOnce(&Db) -> ::sled::Result<()>,
    ) -> Result<(), StoreError> {
        if self.is_dead() {
            return Err(StoreError::Engine {
                operation,
                engine: "sled",
                source: "an earlier write failed; the store has to be opened again".into(),
            });
        }
        let db = self.db()?;
        let done = match catch_unwind(AssertUnwindSafe(|| write(&db))) {
            Ok(done) => done.map_err(failed(operation)),
            Err(panic) => Err(panicked(operation, panic.as_ref())),
        };
        if done.is_err() {
            self.is_dead.store(true, Ordering::Release);
        }
        done
    }
}

impl Writes {
    /// Adds a record that has no forerunner; returns the number of its further pieces.
    pub(super) fn put(&mut self, key: Key<'_>, record: &[u8]) -> Result<u16, StoreError> {
        let mut rows = Vec::with_capacity(1);
        let count = rows_of(key, record, &mut rows)?;
        for (key, value) in rows {
            self.batch.insert(key, value);
        }
        Ok(count)
    }

    /// Adds a row as it is.
    pub(super) fn put_row(&mut self, key: &[u8], value: &[u8]) {
        self.batch.insert(key, value);
    }
}

/// Returns the rows of an iterator, or the one error that stands in for it.
fn rows_or(
    iter: Result<::sled::Iter, StoreError>,
) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> {
    let (iter, error) = match iter {
        Ok(iter) => (Some(iter), None),
        Err(error) => (None, Some(Err(error))),
    };
    let rows = iter.into_iter().flatten().map(|row| row.map_err(failed("read records")));
    error.into_iter().chain(rows)
}

/// Cuts a record into rows; returns the number of its further pieces.
pub(super) fn rows_of(
    key: Key<'_>,
    record: &[u8],
    rows: &mut Vec<(Vec<u8>, Vec<u8>)>,
) -> Result<u16, StoreError> {
    let bytes = key.bytes();
    let (first, rest) = record.split_at_checked(PIECE_BYTES_MAX).unwrap_or((record, &[]));
    let further = rest.chunks(PIECE_BYTES_MAX);
    let count = u16::try_from(further.len()).map_err(|_| StoreError::TooLarge {
        key: key.to_string(),
        bytes: record.len(),
        max: usize::from(u16::MAX) * PIECE_BYTES_MAX,
    })?;
    let mut value = Vec::with_capacity(COUNT_BYTES + first.len());
    value.extend_from_slice(&count.to_le_bytes());
    value.extend_from_slice(first);
    for (number, piece) in (1..).zip(further) {
        rows.push((piece_key(&bytes, number), piece.to_vec()));
    }
    rows.push((bytes, value));
    Ok(count)
}

/// Returns the number of further pieces, and the first one.
fn pieces(first: &[u8]) -> Option<(u16, &[u8])> {
    let (count, piece) = first.split_first_chunk::<COUNT_BYTES>()?;
    Some((u16::from_le_bytes(*count), piece))
}

fn piece_key(key: &[u8], number: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + key.len() + COUNT_BYTES);
    bytes.push(PIECE_PREFIX);
    bytes.extend_from_slice(key);
    bytes.extend_from_slice(&number.to_be_bytes());
    bytes
}
