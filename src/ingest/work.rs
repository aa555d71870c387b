//! One poll being decided: what it would write, laid over what the store holds.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Ingest, Numbers, Settings};
use crate::dedup::{self, Known, Names};
use crate::model::batch::Batch;
use crate::model::change::Change;
use crate::model::entry::{EntryNo, Held, Story, StoryNo, compared_date};
use crate::model::features::{Marks, share_enough};
use crate::model::selection::Series;
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey};
use crate::store::{Bounds, Store, StoreError};

/// What held entries are compared by, kept in memory: at most twice so many, some 3 KB each.
const FACTS_MAX: usize = 8_192;
/// Index lists longer than this take no part; the store holds the same.
const LIST_MAX: f64 = 96.0;

/// What held entries are compared by. Losing one costs reading and computing it again.
///
/// Two generations: what is asked for moves to the younger one, and when that is full the older one
/// goes. So what a busy day compares with stays, and nothing is ever cold all at once.
#[derive(Default)]
pub(super) struct Facts {
    of: RefCell<[HashMap<EntryNo, Arc<dedup::Facts>>; 2]>,
}

impl Facts {
    pub(super) fn clear(&self) {
        self.of.take();
    }

    pub(super) fn forget(&self, no: EntryNo) {
        self.of.borrow_mut().iter_mut().for_each(|generation| drop(generation.remove(&no)));
    }

    pub(super) fn keep(&self, facts: &Arc<dedup::Facts>) {
        let mut of = self.of.borrow_mut();
        let [young, old] = &mut *of;
        if young.len() >= FACTS_MAX {
            *old = std::mem::take(young);
        }
        young.insert(facts.no, Arc::clone(facts));
    }

    fn find(&self, no: EntryNo) -> Option<Arc<dedup::Facts>> {
        let mut of = self.of.borrow_mut();
        let [young, old] = &mut *of;
        if let Some(facts) = young.get(&no) {
            return Some(Arc::clone(facts));
        }
        let facts = old.remove(&no)?;
        drop(of);
        self.keep(&facts);
        Some(facts)
    }
}

/// One poll being decided.
pub(super) struct Work<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) settings: &'a Settings,
    pub(super) authority: &'a str,
    pub(super) names: Arc<Names>,
    pub(super) facts: &'a Facts,
    pub(super) numbers: &'a mut Numbers,
    pub(super) batch: Batch,
    /// The last number given in each series.
    pub(super) given: BTreeMap<Series, u64>,
    /// What this changes of what is published.
    pub(super) change: Change,
    /// The present of this poll.
    pub(super) at: Timestamp,
    /// Entries that the document in hand lists.
    pub(super) listed: BTreeSet<EntryNo>,
    /// Those of them whose items were not read again, because their bytes are known.
    pub(super) taken: BTreeSet<EntryNo>,
    /// Whether any entries were ever taken apart by hand; looked up when first asked.
    has_pairs: OnceCell<bool>,
    /// What the store answered about keys: nothing is written to it while this is decided.
    asked: RefCell<HashMap<EntryKey, Option<Claim>>>,
    /// The first trouble with the store, met where the answer could not say so.
    trouble: RefCell<Option<StoreError>>,
}

impl<'a> Work<'a> {
    pub(super) fn new(
        ingest: &'a Ingest,
        batch: Batch,
        numbers: &'a mut Numbers,
        at: Timestamp,
    ) -> Self {
        Self {
            store: ingest.store.as_ref(),
            settings: &ingest.settings,
            authority: &ingest.authority,
            names: ingest.settings.names.load_full(),
            facts: &ingest.facts,
            numbers,
            batch,
            given: BTreeMap::new(),
            change: Change::default(),
            at,
            listed: BTreeSet::new(),
            taken: BTreeSet::new(),
            has_pairs: OnceCell::new(),
            asked: RefCell::default(),
            trouble: RefCell::new(None),
        }
    }

    pub(super) fn into_batch(self) -> Batch {
        self.batch
    }

    /// Notes that a story changed, and with it the feeds of all its sources.
    pub(super) fn note(&mut self, story: &Story) {
        self.change.sources.extend(story.members.iter().map(|member| member.source.clone()));
        self.change.dates.insert(story.date);
    }

    /// Returns the trouble met, if any: nothing decided since may be kept.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.trouble.borrow_mut().take().map_or(Ok(()), Err)
    }

    pub(super) fn state(&self, id: &SourceId) -> Result<SourceState, StoreError> {
        if let Some(state) = self.batch.states.get(id) {
            return Ok(state.clone());
        }
        let found = crate::poll::state_of(self.store, id)?;
        Ok(SourceState::clone(&found))
    }

    pub(super) fn held(&self, no: EntryNo) -> Result<Option<Arc<Held>>, StoreError> {
        if let Some(held) = self.batch.entries.get(&no) {
            return Ok(Some(Arc::new(held.clone())));
        }
        if self.batch.forgotten.entries.contains(&no) {
            return Ok(None);
        }
        Ok(self.store.entries(&[no])?.into_iter().next().flatten())
    }

    pub(super) fn story(&self, no: StoryNo) -> Result<Option<Arc<Story>>, StoreError> {
        if let Some(story) = self.batch.stories.get(&no) {
            return Ok(Some(Arc::new(story.clone())));
        }
        Ok(self.store.stories(&[no])?.into_iter().next().flatten())
    }

    pub(super) fn find(&self, key: &EntryKey) -> Result<Option<Claim>, StoreError> {
        if let Some(claim) = self.batch.keys.get(key) {
            return Ok(Some(*claim));
        }
        let known = self.asked.borrow().get(key).copied();
        let found = match known {
            Some(found) => found,
            None => self.store.find(&[*key])?.into_iter().next().flatten(),
        };
        self.asked.borrow_mut().insert(*key, found);
        let gone = &self.batch.forgotten.entries;
        Ok(found.filter(|claim| !matches!(claim, Claim::Entry(no) if gone.contains(no))))
    }

    fn compute_facts(&self, no: EntryNo) -> Result<Option<Arc<dedup::Facts>>, StoreError> {
        let Some(held) = self.held(no)? else { return Ok(None) };
        let context = dedup::Context { names: &self.names, outlet: &held.outlet };
        let features = dedup::features(&held.entry, context);
        Ok(Some(Arc::new(dedup::Facts {
            no,
            source: held.source.clone(),
            outlet: held.outlet.clone(),
            story: held.story,
            published: compared_date(held.filed.or(held.entry.published), held.first_seen),
            features: Arc::new(features),
            fingerprint: held.fingerprint,
            is_roundup: held.marks.is_roundup,
        })))
    }

    /// Returns the part of an answer that is there, and remembers trouble.
    fn hear<T: Default>(&self, answer: Result<T, StoreError>) -> T {
        answer.unwrap_or_else(|error| {
            self.trouble.borrow_mut().get_or_insert(error);
            T::default()
        })
    }

    /// Returns the documents (first and last number) of its source that listed an entry.
    fn listed_span(&self, held: &Held) -> Result<(u32, u32), StoreError> {
        let state = self.state(&held.source)?;
        let departed = state.departed.iter().find(|departed| departed.entry == held.no);
        let last = departed.map_or(u32::MAX, |departed| departed.last_listed);
        Ok((held.first_listed, last))
    }

    fn together(&self, a: EntryNo, b: EntryNo) -> Result<bool, StoreError> {
        let (Some(a), Some(b)) = (self.held(a)?, self.held(b)?) else { return Ok(false) };
        if self.is_apart(&a.key, &b.key)? {
            return Ok(true);
        }
        if a.source != b.source {
            return Ok(false);
        }
        let (a_first, a_last) = self.listed_span(&a)?;
        let (b_first, b_last) = self.listed_span(&b)?;
        Ok(a_first <= b_last && b_first <= a_last)
    }

    /// Tells whether an operator has taken two entries apart.
    fn is_apart(&self, one: &EntryKey, two: &EntryKey) -> Result<bool, StoreError> {
        let is_any = match self.has_pairs.get() {
            Some(is_any) => *is_any,
            None => {
                let is_any = self.find(&EntryKey::apart_at_all())?.is_some();
                *self.has_pairs.get_or_init(|| is_any)
            }
        };
        Ok(is_any && self.find(&EntryKey::apart(one, two))?.is_some())
    }

    /// Tells whether an item was taken apart from any copy of a story.
    fn is_barred_from(&self, item: &EntryKey, story: StoryNo) -> Result<bool, StoreError> {
        let Some(story) = self.story(story)? else { return Ok(false) };
        for member in &story.members {
            if let Some(held) = self.held(member.entry)?
                && self.is_apart(item, &held.key)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds what the batch itself holds to the store's candidates.
    fn with_pending(
        &self,
        marks: &Marks,
        (from, until): (Timestamp, Timestamp),
        found: Vec<(EntryNo, f64)>,
        limit: usize,
    ) -> Vec<(EntryNo, f64)> {
        let mut ranked: Vec<(EntryNo, f64)> = found;
        let gone = &self.batch.forgotten.entries;
        ranked.retain(|(no, _)| !self.batch.entries.contains_key(no) && !gone.contains(no));
        for (no, held) in &self.batch.entries {
            let published = compared_date(held.filed.or(held.entry.published), held.first_seen);
            if held.marks.version != marks.version || published < from || published > until {
                continue;
            }
            let shared = held.marks.shared(marks);
            if share_enough(shared, marks.keys.len().min(held.marks.keys.len())) {
                let shared = u32::try_from(shared).map_or(LIST_MAX, f64::from);
                ranked.push((*no, shared / 1.1));
            }
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(limit);
        ranked
    }
}

impl Known for Work<'_> {
    fn claim(&self, key: &EntryKey) -> Option<Claim> {
        match self.hear(self.find(key)) {
            Some(Claim::Withheld(_)) | None => None,
            Some(claim) => Some(claim),
        }
    }

    fn facts(&self, no: EntryNo) -> Option<Arc<dedup::Facts>> {
        if let Some(facts) = self.facts.find(no) {
            return Some(facts);
        }
        let facts = self.hear(self.compute_facts(no))?;
        self.facts.keep(&facts);
        Some(facts)
    }

    fn members(&self, story: StoryNo) -> Vec<EntryNo> {
        let story = self.hear(self.story(story));
        story
            .map(|story| story.members.iter().map(|member| member.entry).collect())
            .unwrap_or_default()
    }

    fn candidates(
        &self,
        marks: &Marks,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(EntryNo, f64)> {
        let bounds = Bounds { from, until, limit };
        let found = self.hear(self.store.candidates(marks, bounds)).entries;
        self.with_pending(marks, (from, until), found, limit)
    }

    fn half_days(&self, outlet: &str, mask: u64, and: Timestamp) -> usize {
        let mut days = self.hear(self.store.half_days(outlet, mask));
        let pending = self
            .batch
            .entries
            .values()
            .filter(|held| held.outlet == outlet && held.marks.mask == mask);
        let half_day = |at: Timestamp| at.as_second().div_euclid(43_200);
        days.extend(pending.map(|held| {
            half_day(compared_date(held.filed.or(held.entry.published), held.first_seen))
        }));
        days.push(half_day(and));
        days.sort_unstable();
        days.dedup();
        days.len()
    }

    fn is_listed(&self, no: EntryNo) -> bool {
        self.listed.contains(&no)
    }

    fn is_taken(&self, no: EntryNo) -> bool {
        self.taken.contains(&no)
    }

    fn were_together(&self, a: EntryNo, b: EntryNo) -> bool {
        self.hear(self.together(a, b))
    }

    fn is_forbidden(&self, item: &EntryKey, story: StoryNo) -> bool {
        if self.has_pairs.get() == Some(&false) {
            return false;
        }
        self.hear(self.is_barred_from(item, story))
    }
}
