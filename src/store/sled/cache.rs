//! Keeps records read or written of late, decoded.
//!
//! Two halves: a record found in the old half moves to the young one; when the young half is full,
//! it becomes the old one and what was in that is dropped. That is near enough to "least recently
//! used", at one hash look-up a read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A cache bounded by the bytes of the records, as encoded.
pub(super) struct Cache<K, V> {
    halves: Mutex<Halves<K, V>>,
    half_bytes_max: usize,
}

struct Halves<K, V> {
    young: HashMap<K, (Arc<V>, usize)>,
    old: HashMap<K, (Arc<V>, usize)>,
    young_bytes: usize,
    /// Moves at each change of a record: what was read before it must not be kept after it.
    age: u64,
}

/// When a read began, as the cache sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Since(u64);

/// What a record costs besides its bytes.
const RECORD_BYTES: usize = 256;

impl<K: Copy + Eq + Hash, V> Cache<K, V> {
    /// Makes a cache for records of about so many bytes in all.
    pub(super) fn new(bytes_max: usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, age: 0 };
        Self { halves: Mutex::new(halves), half_bytes_max: bytes_max / 2 }
    }

    /// Returns the record, or since when it is missed.
    pub(super) fn get(&self, key: K) -> Result<Arc<V>, Since> {
        let mut halves = self.halves();
        if let Some((value, _)) = halves.young.get(&key) {
            return Ok(Arc::clone(value));
        }
        let Some((value, bytes)) = halves.old.remove(&key) else { return Err(Since(halves.age)) };
        self.insert(&mut halves, key, Arc::clone(&value), bytes);
        Ok(value)
    }

    /// Keeps a record that was read, unless any was changed since the read began.
    pub(super) fn keep(&self, key: K, value: &Arc<V>, bytes: usize, since: Since) {
        let mut halves = self.halves();
        if halves.age == since.0 {
            self.insert(&mut halves, key, Arc::clone(value), bytes);
        }
    }

    /// Takes in what a batch wrote, once the engine has it.
    pub(super) fn renew(&self, written: impl IntoIterator<Item = (K, Arc<V>, usize)>) {
        let mut halves = self.halves();
        halves.age += 1;
        for (key, value, bytes) in written {
            halves.old.remove(&key);
            self.insert(&mut halves, key, value, bytes);
        }
    }

    /// Drops records that a batch removed, once the engine has dropped them.
    pub(super) fn forget<'k>(&self, removed: impl IntoIterator<Item = &'k K>)
    where
        K: 'k,
    {
        let mut halves = self.halves();
        halves.age += 1;
        for key in removed {
            halves.old.remove(key);
            halves.young.remove(key);
        }
    }

    fn insert(&self, halves: &mut Halves<K, V>, key: K, value: Arc<V>, bytes: usize) {
        let bytes = bytes + RECORD_BYTES;
        if halves.young_bytes + bytes > self.half_bytes_max {
            halves.old = std::mem::take(&mut halves.young);
            halves.young_bytes = 0;
        }
        // A record written over stays counted until its half is dropped: the bound errs to the safe
        // side.
        halves.young_bytes += bytes;
        halves.young.insert(key, (value, bytes - RECORD_BYTES));
    }

    fn halves(&self) -> MutexGuard<'_, Halves<K, V>> {
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
