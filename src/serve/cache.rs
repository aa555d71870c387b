//! Rendered bodies, kept until something changes.
//!
//! A body is rendered once per revision whoever asks for it meanwhile, off the async threads, and a
//! few at a time; a 304 costs one look-up (R92). The compressed twins are made with it and never
//! for small bodies (R93). Bytes are bounded: bodies of an older revision go first, then those not
//! asked for the longest.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};

use super::route::Route;

/// Bytes of bodies kept, twins included.
const BYTES_MAX: usize = 128 << 20;
/// Bodies kept.
const BODIES_MAX: usize = 8_192;
/// Bodies below this are not compressed.
const COMPRESS_BYTES_MIN: usize = 1_024;
/// Renderings at once.
const RENDERINGS_MAX: usize = 4;
/// gzip: as nginx users set it for static files.
const GZIP_LEVEL: u32 = 6;
/// brotli: near gzip's time, clearly smaller.
const BROTLI_QUALITY: i32 = 5;
/// brotli's window, as a power of two.
const BROTLI_WINDOW: i32 = 20;

/// One document in every coding.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// As it is.
    pub identity: Bytes,
    /// Compressed; `None` when it would not be shorter.
    pub gzip: Option<Bytes>,
    /// Compressed; `None` when it would not be shorter.
    pub brotli: Option<Bytes>,
    /// Hash of `identity`, without quotes: the ETag of a coding is made from it (R84).
    pub tag: String,
    /// When the content last changed, by the store.
    pub changed: Timestamp,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Link` values.
    pub links: Vec<String>,
}

impl Rendered {
    /// Compresses and hashes a body.
    pub fn new(body: Vec<u8>, content_type: &'static str, changed: Timestamp) -> Self {
        let tag = blake3::hash(&body).to_hex().chars().take(32).collect();
        let is_worth_it = body.len() >= COMPRESS_BYTES_MIN;
        let shorter = |twin: Option<Vec<u8>>| {
            twin.filter(|twin| is_worth_it && twin.len() < body.len()).map(Bytes::from)
        };
        let (gzip, brotli) = if is_worth_it { (gzip(&body), brotli(&body)) } else { (None, None) };
        let (gzip, brotli) = (shorter(gzip), shorter(brotli));
        let identity = Bytes::from(body);
        Self { identity, gzip, brotli, tag, changed, content_type, links: Vec::new() }
    }

    fn bytes(&self) -> usize {
        let twins = [&self.gzip, &self.brotli].into_iter().flatten().map(Bytes::len);
        self.identity.len() + twins.sum::<usize>()
    }
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let level = flate2::Compression::new(GZIP_LEVEL);
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

fn brotli(body: &[u8]) -> Option<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        ..Default::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*body, &mut out, &params).ok()?;
    Some(out)
}

/// What a rendering came to.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A document.
    Body(Arc<Rendered>),
    /// It is at this path, given without the base URL.
    Moved(String),
    /// It was removed.
    Gone,
    /// There is none.
    Unknown,
}

/// Why nothing could be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The store could not be read. Try again later.
    #[error("failed to read what the page holds")]
    Store(#[from] crate::store::StoreError),
    /// The store is not open. Try again later.
    #[error("the store is not open")]
    Closed,
    /// A defect: the rendering panicked.
    #[error("failed to render")]
    Panicked,
}

type Cell = Arc<OnceCell<Outcome>>;

struct Slot {
    revision: u64,
    cell: Cell,
    bytes: usize,
    used: u64,
}

#[derive(Default)]
struct Slots {
    by_route: HashMap<Route, Slot>,
    bytes: usize,
    uses: u64,
}

/// The bodies kept.
pub struct Cache {
    slots: Mutex<Slots>,
    renderings: Semaphore,
}

impl Default for Cache {
    fn default() -> Self {
        Self { slots: Mutex::default(), renderings: Semaphore::new(RENDERINGS_MAX) }
    }
}

impl Cache {
    /// Returns what `render` makes of a route, made once for each revision.
    ///
    /// `render` runs on the blocking pool. An error is not kept. What has no body is not kept
    /// either, so that made-up addresses cannot push out real ones.
    pub async fn get<F>(
        &self,
        route: &Route,
        revision: u64,
        render: F,
    ) -> Result<Outcome, RenderError>
    where
        F: FnOnce() -> Result<Outcome, RenderError> + Send + 'static,
    {
        let cell = self.cell(route, revision);
        if let Some(outcome) = cell.get() {
            return Ok(outcome.clone());
        }
        let made = cell.get_or_try_init(|| async {
            let _permit = self.renderings.acquire().await;
            tokio::task::spawn_blocking(render).await.unwrap_or(Err(RenderError::Panicked))
        });
        let outcome = made.await.cloned();
        self.settle(route, &cell, outcome.as_ref().ok());
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cell(&self, route: &Route, revision: u64) -> Cell {
        let mut slots = self.lock();
        slots.uses += 1;
        let used = slots.uses;
        if let Some(slot) = slots.by_route.get_mut(route).filter(|slot| slot.revision == revision) {
            slot.used = used;
            return Arc::clone(&slot.cell);
        }
        let cell = Cell::default();
        let slot = Slot { revision, cell: Arc::clone(&cell), bytes: 0, used };
        if let Some(old) = slots.by_route.insert(route.clone(), slot) {
            slots.bytes = slots.bytes.saturating_sub(old.bytes);
        }
        cell
    }

    /// Books a body, or takes the slot away when there is none.
    fn settle(&self, route: &Route, cell: &Cell, outcome: Option<&Outcome>) {
        let mut slots = self.lock();
        let Some(slot) = slots.by_route.get_mut(route) else { return };
        if !Arc::ptr_eq(&slot.cell, cell) {
            return;
        }
        if let Some(Outcome::Body(body)) = outcome {
            let grown = body.bytes().saturating_sub(slot.bytes);
            slot.bytes += grown;
            slots.bytes += grown;
            slots.shrink();
        } else if outcome.is_some() || cell.get().is_none() {
            slots.by_route.remove(route);
        }
    }
}

impl Slots {
    /// Lets bodies go until the bounds hold: the oldest revision first, then the one not asked for
    /// the longest.
    fn shrink(&mut self) {
        if self.bytes <= BYTES_MAX && self.by_route.len() <= BODIES_MAX {
            return;
        }
        let mut order: Vec<(u64, u64, Route)> =
            self.by_route.iter().map(|(r, slot)| (slot.revision, slot.used, r.clone())).collect();
        order.sort_by_key(|(revision, used, _)| (*revision, *used));
        for (_, _, route) in order {
            let is_roomy =
                self.bytes <= BYTES_MAX / 4 * 3 && self.by_route.len() <= BODIES_MAX / 4 * 3;
            if is_roomy {
                return;
            }
            if let Some(slot) = self.by_route.remove(&route) {
                self.bytes = self.bytes.saturating_sub(slot.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn body(size: usize) -> Outcome {
        let text: String =
            (0..size).map(|n| char::from(b'a' + u8::try_from(n % 23).unwrap())).collect();
        Outcome::Body(Arc::new(Rendered::new(
            text.into_bytes(),
            "text/plain",
            Timestamp::UNIX_EPOCH,
        )))
    }

    #[tokio::test]
    async fn many_readers_cause_one_rendering_per_revision() {
        let (cache, count) = (Arc::new(Cache::default()), Arc::new(AtomicU32::new(0)));
        for (revision, expected) in [(0, 1), (0, 1), (1, 2)] {
            let readers: Vec<_> = (0..1_000)
                .map(|_| {
                    let (cache, count) = (Arc::clone(&cache), Arc::clone(&count));
                    tokio::spawn(async move {
                        let render = move || {
                            count.fetch_add(1, Ordering::SeqCst);
                            Ok(body(10))
                        };
                        cache.get(&Route::Robots, revision, render).await.unwrap()
                    })
                })
                .collect();
            for reader in readers {
                assert!(matches!(reader.await.unwrap(), Outcome::Body(_)));
            }
            assert_eq!(count.load(Ordering::SeqCst), expected, "R92, revision {revision}");
        }
    }

    #[tokio::test]
    async fn what_has_no_body_and_what_failed_is_not_kept() {
        let cache = Cache::default();
        let outcome = cache.get(&Route::Robots, 0, || Ok(Outcome::Unknown)).await;
        assert!(matches!(outcome, Ok(Outcome::Unknown)));
        let outcome = cache.get(&Route::Robots, 0, || Err(RenderError::Closed)).await;
        assert!(matches!(outcome, Err(RenderError::Closed)));
        let outcome = cache.get(&Route::Robots, 0, || panic!("a defect")).await;
        assert!(matches!(outcome, Err(RenderError::Panicked)));
        assert!(matches!(cache.get(&Route::Robots, 0, || Ok(body(1))).await, Ok(Outcome::Body(_))));
        assert_eq!(cache.lock().by_route.len(), 1);
    }

    #[tokio::test]
    async fn the_bytes_kept_are_bounded_and_the_newest_stay() {
        let cache = Cache::default();
        let route = |n: usize| Route::Style(n.to_string());
        for n in 0..40 {
            let mut large = Rendered::new(Vec::new(), "text/plain", Timestamp::UNIX_EPOCH);
            large.identity = Bytes::from(vec![0; BYTES_MAX / 20]);
            let big = move || Ok(Outcome::Body(Arc::new(large)));
            cache.get(&route(n), 0, big).await.unwrap();
            assert!(cache.lock().bytes <= BYTES_MAX);
        }
        assert!(cache.lock().by_route.contains_key(&route(39)));
        assert!(!cache.lock().by_route.contains_key(&route(0)));
    }

    #[test]
    fn small_bodies_are_not_compressed_and_twins_decode_to_the_same() {
        let small =
            Rendered::new(vec![b'a'; COMPRESS_BYTES_MIN - 1], "text/plain", Timestamp::UNIX_EPOCH);
        assert!(small.gzip.is_none() && small.brotli.is_none(), "R93");
        let large = Rendered::new(vec![b'a'; 5_000], "text/plain", Timestamp::UNIX_EPOCH);
        let mut out = Vec::new();
        let gzip = large.gzip.unwrap();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*gzip), &mut out).unwrap();
        assert_eq!(out, large.identity);
        let mut out = Vec::new();
        brotli::BrotliDecompress(&mut &*large.brotli.unwrap(), &mut out).unwrap();
        assert_eq!(out, large.identity);
    }
}
