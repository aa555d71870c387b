//! Packs texts with zstd, from some size on with a dictionary trained on the store's own entries.
//!
//! A packed part is `[0][raw]` or `[1][dictionary u32][raw length u32][zstd frame]`. Dictionary 0
//! is none; others are kept by the engine for ever, beside the records that need them. Measured on
//! real feeds, a dictionary saves a third of the bytes and half of the time; level 3 is enough.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use zstd::zstd_safe::{CCtx, CDict, DCtx, DDict, compress_bound, get_error_name};

use super::RECORD_BYTES_MAX;

const LEVEL: i32 = 3;
/// Shorter parts are kept as they are: the frame would cost more than it saves.
const PACK_BYTES_MIN: usize = 128;
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Idle decompressors kept for the next reader.
const IDLE_MAX: usize = 8;

/// Which dictionary a part is packed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum With {
    /// None.
    Nothing,
    /// The newest, if there is one.
    Dictionary,
}

/// Packs and unpacks; shared by all threads.
pub(crate) struct Packer {
    compressor: Mutex<CCtx<'static>>,
    idle: Mutex<Vec<DCtx<'static>>>,
    dictionaries: RwLock<Vec<Arc<Dictionary>>>,
}

struct Dictionary {
    id: u32,
    compress: CDict<'static>,
    decompress: DDict<'static>,
}

impl Default for Packer {
    fn default() -> Self {
        Self::new()
    }
}

impl Packer {
    /// Makes a packer without a dictionary.
    pub(crate) fn new() -> Self {
        Self {
            compressor: Mutex::new(CCtx::create()),
            idle: Mutex::default(),
            dictionaries: RwLock::default(),
        }
    }

    /// Adds a dictionary; the one added last is used for packing.
    pub(crate) fn teach(&self, id: u32, bytes: &[u8]) {
        let dictionary = Dictionary {
            id,
            compress: CDict::create(bytes, LEVEL),
            decompress: DDict::create(bytes),
        };
        let mut all = self.dictionaries.write().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::new(dictionary));
    }

    /// Returns the id of the dictionary in use; 0: none.
    pub(crate) fn dictionary(&self) -> u32 {
        self.newest().map_or(0, |dictionary| dictionary.id)
    }

    /// Appends `raw` to `to`, packed where that makes it shorter.
    pub(super) fn pack(&self, raw: &[u8], with: With, to: &mut Vec<u8>) {
        match self.compress(raw, with) {
            Some((dictionary, frame)) => {
                to.push(ZSTD);
                to.extend_from_slice(&dictionary.to_le_bytes());
                to.extend_from_slice(&u32::try_from(raw.len()).unwrap_or(u32::MAX).to_le_bytes());
                to.extend_from_slice(&frame);
            }
            None => {
                to.push(PLAIN);
                to.extend_from_slice(raw);
            }
        }
    }

    /// Returns what was packed; the error says what is wrong with it.
    pub(super) fn unpack<'p>(&self, part: &'p [u8]) -> Result<Cow<'p, [u8]>, String> {
        match part.split_first() {
            Some((&PLAIN, raw)) => Ok(Cow::Borrowed(raw)),
            Some((&ZSTD, rest)) => self.decompress(rest).map(Cow::Owned),
            _ => Err("it is packed in an unknown way".to_owned()),
        }
    }

    /// Returns the frame with its dictionary's id, or `None` when packing does not pay.
    fn compress(&self, raw: &[u8], with: With) -> Option<(u32, Vec<u8>)> {
        if raw.len() < PACK_BYTES_MIN {
            return None;
        }
        let dictionary = match with {
            With::Nothing => None,
            With::Dictionary => self.newest(),
        };
        let mut frame = Vec::with_capacity(compress_bound(raw.len()));
        let mut compressor = self.compressor.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match &dictionary {
            Some(known) => compressor.compress_using_cdict(&mut frame, raw, &known.compress),
            None => compressor.compress(&mut frame, raw, LEVEL),
        };
        (done.is_ok() && frame.len() < raw.len())
            .then(|| (dictionary.map_or(0, |known| known.id), frame))
    }

    fn decompress(&self, rest: &[u8]) -> Result<Vec<u8>, String> {
        let cut = || "it is cut short".to_owned();
        let (id, rest) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let (length, frame) = rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let id = u32::from_le_bytes(*id);
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if length > RECORD_BYTES_MAX {
            return Err(format!("it unpacks to {length} bytes"));
        }
        let dictionary = self.find(id)?;
        let mut raw = Vec::with_capacity(length);
        let mut context = self.idle().pop().unwrap_or_else(DCtx::create);
        let done = match &dictionary {
            Some(known) => context.decompress_using_ddict(&mut raw, frame, &known.decompress),
            None => context.decompress(&mut raw, frame),
        };
        let mut idle = self.idle();
        if idle.len() < IDLE_MAX {
            idle.push(context);
        }
        drop(idle);
        match done {
            Ok(got) if got == length => Ok(raw),
            Ok(got) => Err(format!("it unpacks to {got} bytes instead of {length}")),
            Err(code) => Err(get_error_name(code).to_owned()),
        }
    }

    fn newest(&self) -> Option<Arc<Dictionary>> {
        self.dictionaries.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    fn find(&self, id: u32) -> Result<Option<Arc<Dictionary>>, String> {
        if id == 0 {
            return Ok(None);
        }
        let all = self.dictionaries.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.iter().find(|dictionary| dictionary.id == id).cloned();
        known.map(Some).ok_or_else(|| format!("its dictionary {id} is missing"))
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<DCtx<'static>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
