//! A store without a disk, for tests and dry runs: the contract, held strictly.
//!
//! It panics where the writer does not keep its part (rules 7 to 12 of the contract): a test that
//! goes through here finds such a mistake at the commit that makes it, not at the page that shows
//! it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::codec::{EntryHead, RawEntry, Tally, encode_state, raw_document, raw_story};
use super::index::{Change, Index, Shown, is_published};
use super::{Birth, Bounds, Candidates, Health, Stats, Store, StoreError};
use crate::model::batch::{Batch, Forgotten};
use crate::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use crate::model::features::Marks;
use crate::model::selection::{Position, Selection, Series, Stretch};
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey, KeyKind};

/// The strict double of the engines.
pub struct MemoryStore {
    birth: Birth,
    shelf: RwLock<Shelf>,
}

struct Shelf {
    claims: HashMap<EntryKey, Claim>,
    entries: BTreeMap<EntryNo, Arc<Held>>,
    stories: BTreeMap<StoryNo, Arc<Story>>,
    states: BTreeMap<SourceId, Arc<SourceState>>,
    public_ids: HashMap<String, StoryNo>,
    index: Index,
    tally: Tally,
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new(birth: Birth) -> Self {
        let shelf = Shelf {
            claims: HashMap::new(),
            entries: BTreeMap::new(),
            stories: BTreeMap::new(),
            states: BTreeMap::new(),
            public_ids: HashMap::new(),
            index: Index::default(),
            tally: Tally::EMPTY,
        };
        Self { birth, shelf: RwLock::new(shelf) }
    }

    fn shelf(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError> {
        let shelf = self.shelf();
        Ok(keys.iter().map(|key| shelf.claims.get(key).copied()).collect())
    }

    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError> {
        let shelf = self.shelf();
        Ok(numbers.iter().map(|no| shelf.entries.get(no).cloned()).collect())
    }

    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError> {
        let shelf = self.shelf();
        Ok(numbers.iter().map(|no| shelf.stories.get(no).cloned()).collect())
    }

    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError> {
        Ok(self.shelf().index.locate(slug))
    }

    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError> {
        Ok(self.shelf().index.select(selection, Shown::ALL))
    }

    fn state(&self, id: &SourceId) -> Result<Option<Arc<SourceState>>, StoreError> {
        Ok(self.shelf().states.get(id).cloned())
    }

    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError> {
        Ok(self.shelf().index.stretch(series, from, limit, Shown::ALL))
    }

    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError> {
        let shelf = self.shelf();
        Ok(shelf.states.iter().map(|(id, state)| (id.clone(), Arc::clone(state))).collect())
    }

    fn candidates(&self, marks: &Marks, bounds: Bounds) -> Result<Candidates, StoreError> {
        Ok(self.shelf().index.candidates(marks, bounds))
    }

    fn half_days(&self, outlet: &str, mask: u64) -> Result<Vec<i64>, StoreError> {
        Ok(self.shelf().index.half_days(outlet, mask))
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        measure(&batch)?;
        let mut shelf = self.shelf.write().unwrap_or_else(PoisonError::into_inner);
        shelf.check(&batch);
        shelf.take(batch);
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        let shelf = self.shelf();
        Ok(Stats {
            entries: shelf.tally.entries,
            stories: shelf.index.published(),
            next_entry: EntryNo(shelf.tally.next_entry),
            next_story: StoryNo(shelf.tally.next_story),
            created: self.birth.now,
            id_authority: self.birth.id_authority.clone(),
            bytes: 0,
            health: Health::Ok,
        })
    }
}

/// Refuses what an engine with a disk refuses.
fn measure(batch: &Batch) -> Result<(), StoreError> {
    batch.entries.values().try_for_each(|held| RawEntry::of(held).map(drop))?;
    batch.stories.values().try_for_each(|story| raw_story(story).map(drop))?;
    for (id, state) in &batch.states {
        encode_state(id, state)?;
        raw_document(id, state)?;
    }
    Ok(())
}

impl Shelf {
    /// Panics where the batch breaks rules 7 to 12.
    fn check(&self, batch: &Batch) {
        for (no, held) in &batch.entries {
            self.check_entry(*no, held, batch);
        }
        let mut copies = HashSet::new();
        let mut public_ids = HashSet::new();
        for (no, story) in &batch.stories {
            self.check_story(*no, story, batch);
            assert!(public_ids.insert(&story.public_id), "{no:?}: public id given twice");
            for member in story.members.iter().filter(|_| is_published(story)) {
                assert!(copies.insert(member.entry), "{:?} is in two stories", member.entry);
            }
        }
        self.check_numbers(batch);
        for (key, claim) in &batch.keys {
            self.check_claim(*key, *claim, batch);
        }
        for no in &batch.forgotten.entries {
            let held = self.entries.get(no);
            let story = held.and_then(|held| self.story(held.story, batch));
            let listed = story.is_some_and(|story| story.members.iter().any(|m| m.entry == *no));
            assert!(!listed, "{no:?} is forgotten, but its story lists it");
        }
    }

    fn check_entry(&self, no: EntryNo, held: &Held, batch: &Batch) {
        assert_eq!(no, held.no, "an entry stands under another's number");
        let is_known = self.entries.contains_key(&no);
        assert!(
            is_known || no.0 >= self.tally.next_entry,
            "{no:?} goes back: not from `next_entry` on"
        );
        let story = self.story(held.story, batch);
        assert!(story.is_some(), "{no:?} names {:?}, which is not there", held.story);
        let listed = story.is_some_and(|story| story.members.iter().any(|m| m.entry == no));
        assert!(listed, "{:?} does not list its copy {no:?}", held.story);
    }

    fn check_story(&self, no: StoryNo, story: &Story, batch: &Batch) {
        assert_eq!(no, story.no, "a story stands under another's number");
        match self.stories.get(&no) {
            Some(old) => {
                assert_eq!(old.public_id, story.public_id, "{no:?}: a public id changes");
                assert_eq!(old.date, story.date, "{no:?}: a story's date changes");
            }
            None => {
                assert!(
                    no.0 >= self.tally.next_story,
                    "{no:?} goes back: not from `next_story` on"
                );
                let owner = self.public_ids.get(&story.public_id);
                assert_eq!(owner, None, "{no:?}: the public id is another story's");
            }
        }
        if let Some(into) = story.merged_into {
            assert!(
                into != no && self.story(into, batch).is_some(),
                "{no:?} is merged into nothing"
            );
        }
        let is_tombstone = story.is_withdrawn && story.members.is_empty();
        if story.merged_into.is_none() && !is_tombstone {
            let shown = story.members.iter().any(|m| m.entry == story.representative);
            assert!(shown, "{no:?}: the representative is none of the copies");
        }
        for member in &story.members {
            let Some(held) = self.entry(member.entry, batch) else {
                panic!("{no:?} names {:?}, which is not there", member.entry);
            };
            if story.merged_into.is_none() {
                assert_eq!(held.story, no, "{:?} is listed by {no:?} but names another", held.no);
                assert_eq!(held.source, member.source, "{:?}: another source", held.no);
                assert_eq!(held.date(), member.date, "{:?}: another date", held.no);
            }
        }
    }

    /// Each number is one's, and each has one number.
    fn check_numbers(&self, batch: &Batch) {
        let mut given: HashMap<(Series, u64), u64> = HashMap::new();
        let mut give = |series: Series, number: u64, no: u64| {
            assert!(number > 0, "{no} has number 0 in {series:?}");
            let held =
                self.index.stretch(&series, number, 1, Shown::ALL).places.pop().map(|(_, no)| no);
            let owner = *given.entry((series.clone(), number)).or_insert(held.unwrap_or(no));
            assert_eq!(owner, no, "number {number} of {series:?} is another's");
        };
        for (no, story) in &batch.stories {
            let held = self.stories.get(no);
            for (slug, number) in &story.numbers {
                give(Series::Category(slug.clone()), *number, no.0);
                let old = held.and_then(|held| held.number_in(slug));
                assert!(old.is_none_or(|old| old == *number), "{no:?} is numbered again");
            }
            for member in &story.members {
                if let Some(number) = member.number {
                    give(Series::Source(member.source.clone()), number, member.entry.0);
                }
            }
        }
    }

    fn check_claim(&self, key: EntryKey, claim: Claim, batch: &Batch) {
        if let Claim::Entry(no) = claim {
            assert!(self.entry(no, batch).is_some(), "{key:?} leads to {no:?}, which is not there");
        }
        let held = self.claims.get(&key).filter(|_| key.kind == KeyKind::Url);
        if let Some(held) = held {
            assert!(
                *held == claim || claim == Claim::Barred,
                "{key:?} led to {held:?}, is to lead to {claim:?}"
            );
        }
    }

    fn entry<'b>(&'b self, no: EntryNo, batch: &'b Batch) -> Option<&'b Held> {
        batch.entries.get(&no).or_else(|| self.entries.get(&no).map(Arc::as_ref))
    }

    fn story<'b>(&'b self, no: StoryNo, batch: &'b Batch) -> Option<&'b Story> {
        batch.stories.get(&no).or_else(|| self.stories.get(&no).map(Arc::as_ref))
    }

    fn take(&mut self, batch: Batch) {
        let mut tally = self.tally.after(&batch);
        self.claims.extend(batch.keys);
        let mut entries = Vec::new();
        for (no, held) in batch.entries {
            let new = EntryHead::from(&held);
            let old = self.entries.insert(no, Arc::new(held));
            tally.entries += u64::from(old.is_none());
            entries.push((no, Change { old: old.as_deref().map(EntryHead::from), new }));
        }
        let mut stories = Vec::new();
        for (no, story) in batch.stories {
            self.public_ids.insert(story.public_id.clone(), no);
            let new = Arc::new(story);
            let old = self.stories.insert(no, Arc::clone(&new));
            tally.stories += u64::from(old.is_none());
            stories.push(Change { old, new });
        }
        self.states.extend(batch.states.into_iter().map(|(id, state)| (id, Arc::new(state))));
        self.tally = tally;
        self.index.change_stories(&stories);
        self.index.change_entries(&entries);
        self.forget(&batch.forgotten);
    }

    fn forget(&mut self, forgotten: &Forgotten) {
        for no in &forgotten.entries {
            if let Some(held) = self.entries.remove(no) {
                self.tally.entries -= 1;
                self.index.forget_entry(*no, &EntryHead::from(held.as_ref()));
            }
        }
        let leads_nowhere = |claim: &Claim| match claim {
            Claim::Entry(no) => forgotten.entries.contains(no),
            Claim::Barred | Claim::Withheld(_) => false,
        };
        self.claims.retain(|key, claim| !forgotten.keys.contains(key) && !leads_nowhere(claim));
        self.states.retain(|id, _| !forgotten.states.contains(id));
    }
}
