//! A database being written aside, to take the place of the live one: rewritten, restored or
//! salvaged. Until the manifest names it, it is nothing: the next open removes it.

use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::Xxh3;

use super::keep::clear_aside;
use super::manifest::Manifest;
use super::records::{Records, Writes};
use super::{SledOptions, StoreError, failure, open};
use crate::store::codec::{Key, Tally};

/// Records in one batch.
const BATCH: u64 = 500;
/// Bytes between two flushes: sled would hold a whole database in memory. Space that it frees while
/// it writes can be used again only behind a flush: measured, a database of 5,000 articles takes
/// 10.5 MB with a flush every 4 MiB, and 7.3 MB so.
const FLUSH_BYTES: usize = 256 << 10;

/// A database in the making.
pub(super) struct Generation {
    pub(super) records: Records,
    manifest: Manifest,
    path: PathBuf,
    writes: Writes,
    waiting: u64,
    bytes: usize,
    count: u64,
    digest: Digest,
    is_replaced: bool,
}

/// A sum over records that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest(u64);

impl Digest {
    fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut hash = Xxh3::new();
        hash.update(key);
        hash.update(&[0]);
        hash.update(value);
        self.0 = self.0.wrapping_add(hash.digest());
    }
}

impl Generation {
    /// Begins the generation behind the one of `manifest`.
    pub(super) fn begin(
        dir: &Path,
        manifest: &Manifest,
        options: SledOptions,
    ) -> Result<Self, StoreError> {
        let manifest = Manifest { generation: manifest.generation.saturating_add(1), ..*manifest };
        let path = manifest.live(dir);
        clear_aside(&path)?;
        let records = Records::new(open::engine(&path, options)?);
        Ok(Self {
            records,
            manifest,
            path,
            writes: Writes::default(),
            waiting: 0,
            bytes: 0,
            count: 0,
            digest: Digest::default(),
            is_replaced: false,
        })
    }

    /// Adds a row as it is: a record that fits, or a piece of one.
    pub(super) fn put(&mut self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.writes.put_row(key, value);
        self.digest.add(key, value);
        self.count += 1;
        self.bytes += key.len() + value.len();
        self.waiting += 1;
        if self.waiting >= BATCH { self.write() } else { Ok(()) }
    }

    /// Adds a record, in pieces if it is long.
    pub(super) fn put_record(&mut self, key: Key<'_>, record: &[u8]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        super::records::rows_of(key, record, &mut rows)?;
        rows.iter().try_for_each(|(key, value)| self.put(key, value))
    }

    /// Adds a record that may stand for one added before. The copy is then not compared row by row.
    pub(super) fn replace_record(&mut self, key: Key<'_>, record: &[u8]) -> Result<(), StoreError> {
        self.write_out()?;
        self.is_replaced = true;
        let mut writes = Writes::default();
        self.records.put(&mut writes, key, record)?;
        self.records.apply(writes)
    }

    /// Returns the rows added.
    pub(super) fn records(&self) -> u64 {
        self.count
    }

    /// Writes what waits.
    pub(super) fn write_out(&mut self) -> Result<(), StoreError> {
        if self.waiting > 0 { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.records.apply(std::mem::take(&mut self.writes))?;
        self.waiting = 0;
        if self.bytes >= FLUSH_BYTES {
            self.bytes = 0;
            self.records.flush()?;
        }
        Ok(())
    }

    /// Makes it durable, reads it back, and has the manifest name it.
    pub(super) fn finish(
        mut self,
        dir: &Path,
        tally: &Tally,
    ) -> Result<(Manifest, Records), StoreError> {
        self.write_out()?;
        self.records.flush()?;
        let (mut count, mut digest) = (0, Digest::default());
        for row in self.records.rows() {
            let (key, value) = row?;
            count += 1;
            digest.add(&key, &value);
        }
        if !self.is_replaced && (count, digest) != (self.count, self.digest) {
            return Err(StoreError::Corrupt {
                key: self.path.display().to_string(),
                what: format!("{count} rows were written where {} were meant", self.count),
            });
        }
        open::settle(dir, &self.path).map_err(failure::io_failed("flush the directory"))?;
        let manifest = self.manifest.with(tally);
        manifest.write(dir)?;
        Ok((manifest, self.records))
    }
}
