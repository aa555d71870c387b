//! Rendered bodies, kept until something changes that they are made of.
//!
//! A body is rendered once whoever asks for it meanwhile, off the async threads, and a few at a
//! time; a 304 costs one look-up (R92). What changes is told by `revision`; a body whose sources
//! and day are not concerned stays. Bytes are bounded: bodies not asked for the longest go first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

pub use super::body::{Keep, Past, Rendered};
use super::revision::Revisions;
use super::route::Route;

/// Bytes of bodies kept, twins included.
const BYTES_MAX: usize = 128 << 20;
/// Bodies kept.
const BODIES_MAX: usize = 8_192;
/// Renderings at once.
const RENDERINGS_MAX: usize = 4;
/// Renditions before the present one that a delta can be made against (RFC 3229).
const PAST_MAX: usize = 8;

type Cell = Arc<OnceCell<Outcome>>;

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

struct Slot {
    /// The change at which its rendering began.
    revision: u64,
    /// The latest change that is known not to concern it.
    seen: u64,
    cell: Cell,
    bytes: usize,
    used: u64,
    used_at: Instant,
    /// The body before, while the new one is being made.
    before: Option<Arc<Rendered>>,
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
    revisions: Revisions,
    renderings: Semaphore,
    rendered: AtomicU64,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
            revisions: Revisions::default(),
            renderings: Semaphore::new(RENDERINGS_MAX),
            rendered: AtomicU64::new(0),
        }
    }
}

impl Cache {
    /// Returns the clock of changes.
    pub fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// Returns how often something was rendered so far.
    pub fn rendered(&self) -> u64 {
        self.rendered.load(Ordering::Relaxed)
    }

    /// Returns how many bodies are kept and their bytes, twins included.
    pub fn size(&self) -> (usize, usize) {
        let slots = self.lock();
        (slots.by_route.len(), slots.bytes)
    }

    /// Returns the body of a route, asked for at `used_at`, if it is good: one look-up.
    pub fn good(&self, route: &Route, used_at: Instant) -> Option<Arc<Rendered>> {
        let now = self.revisions.now();
        let mut slots = self.lock();
        slots.uses += 1;
        let used = slots.uses;
        let slot = slots.by_route.get_mut(route)?;
        if !slot.is_good(now, &self.revisions) {
            return None;
        }
        let Some(Outcome::Body(body)) = slot.cell.get() else { return None };
        let body = Arc::clone(body);
        (slot.used, slot.used_at) = (used, used_at);
        Some(body)
    }

    /// Returns what `render` makes of a route, made once until what it needs has changed.
    ///
    /// `render` runs on the blocking pool; `now` is when a change that the store has no date for is
    /// taken to have happened. An error is not kept. What has no body is not kept either, so that
    /// made-up addresses cannot push out real ones.
    pub async fn get<F>(
        &self,
        route: &Route,
        now: Timestamp,
        render: F,
    ) -> Result<Outcome, RenderError>
    where
        F: FnOnce() -> Result<Outcome, RenderError> + Send + 'static,
    {
        let (cell, before) = self.cell(route);
        if let Some(outcome) = cell.get() {
            return Ok(outcome.clone());
        }
        let made = cell.get_or_try_init(|| async {
            let _permit = self.renderings.acquire().await;
            self.rendered.fetch_add(1, Ordering::Relaxed);
            let render = move || render().map(|outcome| follow(before, outcome, now));
            tokio::task::spawn_blocking(render).await.unwrap_or(Err(RenderError::Panicked))
        });
        let outcome = made.await.cloned();
        self.settle(route, &cell, outcome.as_ref().ok());
        outcome
    }

    /// Returns the routes that were asked for within `within` and are no longer good, those asked
    /// for last first.
    pub fn stale(&self, within: Duration) -> Vec<Route> {
        let now = self.revisions.now();
        let mut slots = self.lock();
        let mut stale: Vec<(u64, Route)> = slots
            .by_route
            .iter_mut()
            .filter(|(_, slot)| slot.used_at.elapsed() <= within)
            .filter(|(_, slot)| slot.cell.get().is_some())
            .filter_map(|(route, slot)| {
                (!slot.is_good(now, &self.revisions)).then(|| (slot.used, route.clone()))
            })
            .collect();
        stale.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
        stale.into_iter().map(|(_, route)| route).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns where the outcome of a route is or will be, and, if that has to be made, what was
    /// there before. The change it is made at is noted before the store is read: a change that
    /// comes in between is rendered again.
    fn cell(&self, route: &Route) -> (Cell, Option<Arc<Rendered>>) {
        let revision = self.revisions.now();
        let mut slots = self.lock();
        slots.uses += 1;
        let (used, used_at) = (slots.uses, Instant::now());
        let mut before = None;
        if let Some(slot) = slots.by_route.get_mut(route) {
            (slot.used, slot.used_at) = (used, used_at);
            if slot.is_good(revision, &self.revisions) {
                let before = slot.before();
                return (Arc::clone(&slot.cell), before);
            }
            before = slot.before();
        }
        let cell = Cell::default();
        // Until there is a new body its forerunner is remembered here.
        let slot = Slot {
            revision,
            seen: revision,
            cell: Arc::clone(&cell),
            bytes: 0,
            used,
            used_at,
            before: before.clone(),
        };
        if let Some(old) = slots.by_route.insert(route.clone(), slot) {
            slots.bytes = slots.bytes.saturating_sub(old.bytes);
        }
        (cell, before)
    }

    /// Books a body, or takes the slot away when there is none.
    fn settle(&self, route: &Route, cell: &Cell, outcome: Option<&Outcome>) {
        let mut slots = self.lock();
        let Some(slot) = slots.by_route.get_mut(route) else { return };
        if !Arc::ptr_eq(&slot.cell, cell) {
            return;
        }
        if let Some(Outcome::Body(body)) = outcome {
            slot.before = None;
            let grown = body.bytes().saturating_sub(slot.bytes);
            slot.bytes += grown;
            slots.bytes += grown;
            slots.shrink();
        } else if outcome.is_some() || cell.get().is_none() {
            slots.by_route.remove(route);
        }
    }
}

impl Slot {
    /// Tells whether what is here, or is being made, holds at change `now`.
    fn is_good(&mut self, now: u64, revisions: &Revisions) -> bool {
        if self.seen >= now {
            return true;
        }
        let Some(Outcome::Body(body)) = self.cell.get() else { return false };
        let is_good = revisions.of(&body.needs) <= self.revision;
        if is_good {
            self.seen = now;
        }
        is_good
    }

    /// The latest body of the route.
    fn before(&self) -> Option<Arc<Rendered>> {
        match self.cell.get() {
            Some(Outcome::Body(body)) => Some(Arc::clone(body)),
            Some(Outcome::Moved(_) | Outcome::Gone | Outcome::Unknown) | None => {
                self.before.clone()
            }
        }
    }
}

/// Puts a rendering behind the one before it: the same bytes stay what they were; `Last-Modified`
/// of others is later, also when what changed is that something left or the configuration.
fn follow(before: Option<Arc<Rendered>>, outcome: Outcome, now: Timestamp) -> Outcome {
    let (Some(before), Outcome::Body(made)) = (before, &outcome) else { return outcome };
    let mut body = Rendered::clone(made);
    if before.tag == body.tag {
        body.changed = before.changed.max(body.changed);
        body.past.clone_from(&before.past);
        return Outcome::Body(Arc::new(body));
    }
    if body.changed <= before.changed {
        body.changed = now.max(before.changed);
    }
    let latest = Past::of(&before);
    // What is new since an older one has to be found again.
    let older = before.past.iter().filter(|past| past.tag != body.tag);
    let older = older.map(|past| Past { since: Arc::default(), ..past.clone() });
    body.past = std::iter::once(latest).chain(older).take(PAST_MAX).collect();
    Outcome::Body(Arc::new(body))
}

impl Slots {
    /// Lets bodies go until the bounds hold: the one not asked for the longest first.
    fn shrink(&mut self) {
        if self.bytes <= BYTES_MAX && self.by_route.len() <= BODIES_MAX {
            return;
        }
        let mut order: Vec<(u64, Route)> =
            self.by_route.iter().map(|(r, slot)| (slot.used, r.clone())).collect();
        order.sort_by_key(|(used, _)| *used);
        for (_, route) in order {
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
    use std::sync::atomic::AtomicU32;

    use bytes::Bytes;
    use jiff::tz::TimeZone;

    use crate::model::change::Change;
    use crate::model::source::SourceId;
    use crate::serve::revision::Needs;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn text(text: &str, changed: i64) -> Outcome {
        let body = Rendered::new(text.as_bytes().to_vec(), "text/plain", at(changed));
        Outcome::Body(Arc::new(body))
    }

    fn of(source: &str) -> Change {
        Change { sources: [SourceId::new(source)].into(), ..Change::default() }
    }

    fn body(outcome: Outcome) -> Arc<Rendered> {
        match outcome {
            Outcome::Body(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn many_readers_cause_one_rendering_per_change() {
        let (cache, count) = (Arc::new(Cache::default()), Arc::new(AtomicU32::new(0)));
        for (has_changed, expected) in [(false, 1), (false, 1), (true, 2)] {
            if has_changed {
                cache.revisions().advance(&of("a"), &TimeZone::UTC);
            }
            let readers: Vec<_> = (0..1_000)
                .map(|_| {
                    let (cache, count) = (Arc::clone(&cache), Arc::clone(&count));
                    tokio::spawn(async move {
                        let render = move || {
                            count.fetch_add(1, Ordering::SeqCst);
                            Ok(text("x", 0))
                        };
                        cache.get(&Route::Robots, at(0), render).await.unwrap()
                    })
                })
                .collect();
            for reader in readers {
                assert!(matches!(reader.await.unwrap(), Outcome::Body(_)));
            }
            assert_eq!(count.load(Ordering::SeqCst), expected, "R92");
            assert_eq!(cache.rendered(), u64::from(expected));
            assert!(cache.good(&Route::Robots, Instant::now()).is_some());
        }
    }

    #[tokio::test]
    async fn a_body_whose_sources_did_not_change_stays() {
        let cache = Cache::default();
        let needs = Needs { sources: vec![SourceId::new("a")], ..Needs::NOTHING };
        let made = move |changed| {
            let mut one = Rendered::clone(&body(text("x", changed)));
            one.needs = needs.clone();
            Ok(Outcome::Body(Arc::new(one)))
        };
        let first = made.clone();
        cache.get(&Route::Robots, at(9), move || first(1)).await.unwrap();
        cache.revisions().advance(&of("b"), &TimeZone::UTC);
        assert!(cache.good(&Route::Robots, Instant::now()).is_some(), "another source");
        assert!(cache.stale(Duration::from_secs(60)).is_empty());
        cache.revisions().advance(&of("a"), &TimeZone::UTC);
        assert!(cache.good(&Route::Robots, Instant::now()).is_none(), "its own");
        assert_eq!(cache.stale(Duration::from_secs(60)), [Route::Robots]);
        cache.get(&Route::Robots, at(9), move || made(2)).await.unwrap();
        assert!(cache.good(&Route::Robots, Instant::now()).is_some());
        assert_eq!(cache.rendered(), 2);
    }

    #[tokio::test]
    async fn last_modified_never_goes_back_and_is_later_for_other_bytes_r85() {
        let cache = Cache::default();
        // (text, changed by the store, present) → Last-Modified
        let cases = [
            ("first", "a", 100, 500, 100),
            ("a newer one came", "b", 200, 510, 200),
            ("one left: the store knows an older change only", "c", 50, 520, 520),
            ("the same bytes again", "c", 60, 530, 520),
            ("renamed by the configuration: no change in the store", "d", 520, 540, 540),
            ("the clock was set back", "e", 10, 20, 540),
        ];
        for (name, words, changed, now, expected) in cases {
            cache.revisions().advance(&Change::everywhere(), &TimeZone::UTC);
            let render = move || Ok(text(words, changed));
            let outcome = cache.get(&Route::Robots, at(now), render).await.unwrap();
            assert_eq!(body(outcome).changed, at(expected), "{name}");
        }
    }

    #[tokio::test]
    async fn renditions_gone_by_are_remembered_for_deltas() {
        let cache = Cache::default();
        for n in 0..20 {
            cache.revisions().advance(&Change::everywhere(), &TimeZone::UTC);
            let words = n.to_string();
            let render = move || Ok(text(&words, n));
            let now = body(cache.get(&Route::Robots, at(n), render).await.unwrap());
            let expected = usize::try_from(n).unwrap().min(PAST_MAX);
            assert_eq!(now.past.len(), expected);
            let before = Rendered::new((n - 1).to_string().into_bytes(), "", at(0)).tag;
            assert!(now.past.first().is_none_or(|past| past.tag == before));
        }
    }

    #[tokio::test]
    async fn what_has_no_body_and_what_failed_is_not_kept() {
        let cache = Cache::default();
        let get = |outcome: fn() -> Result<Outcome, RenderError>| {
            cache.get(&Route::Robots, at(0), outcome)
        };
        assert!(matches!(get(|| Ok(Outcome::Unknown)).await, Ok(Outcome::Unknown)));
        assert!(matches!(get(|| Err(RenderError::Closed)).await, Err(RenderError::Closed)));
        assert!(matches!(get(|| panic!("a defect")).await, Err(RenderError::Panicked)));
        assert!(matches!(get(|| Ok(text("x", 0))).await, Ok(Outcome::Body(_))));
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
            cache.get(&route(n), at(0), big).await.unwrap();
            assert!(cache.lock().bytes <= BYTES_MAX);
        }
        assert!(cache.lock().by_route.contains_key(&route(39)));
        assert!(!cache.lock().by_route.contains_key(&route(0)));
    }
}
