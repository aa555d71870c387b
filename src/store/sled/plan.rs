//! Turns a batch into writes, and into what changes in memory once they are done.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::StoreError;
use super::live::Live;
use super::records::Writes;
use crate::model::batch::{Batch, Forgotten};
use crate::model::entry::{EntryNo, Held, Story, StoryNo};
use crate::model::source::{SourceId, SourceState};
use crate::model::verdict::{Claim, EntryKey, KeyKind};
use crate::store::codec::{
    EntryHead, Key, RawEntry, Tally, decode_claim, encode_claim, encode_document, encode_state,
    encode_story, is_same_document,
};
use crate::store::index::Change;

/// A batch, ready to be written.
pub(super) struct Plan {
    pub(super) writes: Writes,
    pub(super) heads: Vec<(EntryNo, Change<EntryHead>)>,
    pub(super) stories: Vec<Change<Arc<Story>>>,
    pub(super) states: Vec<(SourceId, Arc<SourceState>)>,
    pub(super) tally: Tally,
    pub(super) claims: Vec<EntryKey>,
    /// Entries that go, as the index has them.
    pub(super) dropped: Vec<(EntryNo, EntryHead)>,
    /// States that go.
    pub(super) left: BTreeSet<SourceId>,
    /// For the caches: what is written, and the length of its record.
    pub(super) held: Vec<(EntryNo, Arc<Held>, usize)>,
    pub(super) told: Vec<(StoryNo, Arc<Story>, usize)>,
}

impl Plan {
    /// Encodes the batch. Nothing is written yet: an error here leaves the store as it is.
    pub(super) fn of(store: &Live, batch: Batch) -> Result<Self, StoreError> {
        let before = store.memory().tally;
        let mut plan = Self {
            writes: Writes::default(),
            heads: Vec::with_capacity(batch.entries.len()),
            stories: Vec::with_capacity(batch.stories.len()),
            states: Vec::with_capacity(batch.states.len()),
            tally: before.after(&batch),
            claims: batch.keys.keys().copied().collect(),
            dropped: Vec::new(),
            left: BTreeSet::new(),
            held: Vec::with_capacity(batch.entries.len()),
            told: Vec::with_capacity(batch.stories.len()),
        };
        for (key, claim) in batch.keys {
            plan.writes.put(Key::Claim(key), &encode_claim(key, claim)?)?;
        }
        for (no, held) in batch.entries {
            plan.entry(store, no.0 < before.next_entry, held)?;
        }
        for (no, story) in batch.stories {
            plan.story(store, no.0 < before.next_story, story)?;
        }
        for (id, state) in batch.states {
            plan.state(store, id, state)?;
        }
        plan.forget(store, batch.forgotten)?;
        plan.put(store, true, Tally::KEY, &plan.tally.encode()?)?;
        Ok(plan)
    }

    /// Tells whether the batch changes what readers see.
    pub(super) fn is_content(&self) -> bool {
        !self.held.is_empty() || !self.told.is_empty()
    }

    fn entry(&mut self, store: &Live, may_be: bool, held: Held) -> Result<(), StoreError> {
        let no = held.no;
        let record = RawEntry::of(&held)?.seal(&store.packer);
        let old = if may_be { store.head_if_readable(no)? } else { None };
        self.tally.entries += u64::from(old.is_none());
        self.put(store, may_be, Key::Entry(no), &record)?;
        self.heads.push((no, Change { old, new: EntryHead::from(&held) }));
        self.held.push((no, Arc::new(held), record.len()));
        Ok(())
    }

    fn story(&mut self, store: &Live, may_be: bool, story: Story) -> Result<(), StoreError> {
        let no = story.no;
        let record = encode_story(&story, &store.packer)?;
        let old = if may_be { store.story_if_readable(no)? } else { None };
        self.tally.stories += u64::from(old.is_none());
        self.put(store, may_be, Key::Story(no), &record)?;
        let new = Arc::new(story);
        self.stories.push(Change { old, new: Arc::clone(&new) });
        self.told.push((no, new, record.len()));
        Ok(())
    }

    fn state(&mut self, store: &Live, id: SourceId, state: SourceState) -> Result<(), StoreError> {
        let old = store.memory().states.get(&id).cloned();
        self.put(store, true, Key::State(&id), &encode_state(&id, &state)?)?;
        if !old.is_some_and(|old| is_same_document(&old, &state)) {
            let record = encode_document(&id, &state, &store.packer)?;
            self.put(store, true, Key::Document(&id), &record)?;
        }
        self.states.push((id, Arc::new(state)));
        Ok(())
    }

    fn forget(&mut self, store: &Live, forgotten: Forgotten) -> Result<(), StoreError> {
        let Forgotten { mut keys, entries, states } = forgotten;
        for no in &entries {
            if let Some(head) = store.head_if_readable(*no)? {
                self.tally.entries = self.tally.entries.saturating_sub(1);
                self.dropped.push((*no, head));
            }
            store.records.remove(&mut self.writes, Key::Entry(*no))?;
        }
        if !entries.is_empty() {
            // What the batch itself says of a key stands.
            let leading = leading_to(store, &entries)?.into_iter();
            keys.extend(leading.filter(|key| !self.claims.contains(key)));
        }
        for key in keys {
            store.records.remove(&mut self.writes, Key::Claim(key))?;
        }
        for id in &states {
            store.records.remove(&mut self.writes, Key::State(id))?;
            store.records.remove(&mut self.writes, Key::Document(id))?;
        }
        self.left = states;
        Ok(())
    }

    /// Adds a record; one that may be there already is asked for the pieces it leaves behind.
    fn put(
        &mut self,
        store: &Live,
        may_be: bool,
        key: Key<'_>,
        record: &[u8],
    ) -> Result<(), StoreError> {
        if may_be {
            store.records.put(&mut self.writes, key, record)
        } else {
            self.writes.put(key, record).map(drop)
        }
    }
}

/// Returns every key that leads to one of the entries: all keys are read, since an entry does not know those it had before
/// its link or guid changed.
fn leading_to(store: &Live, entries: &BTreeSet<EntryNo>) -> Result<Vec<EntryKey>, StoreError> {
    let mut found = Vec::new();
    for kind in [KeyKind::Own, KeyKind::Url] {
        for row in store.records.scan(Key::Claim(EntryKey { kind, hash: [0; 16] })) {
            let (bytes, first) = row?;
            let Some(hash) = bytes.get(1..).and_then(|hash| hash.try_into().ok()) else { continue };
            let key = EntryKey { kind, hash };
            let record = store.records.join(Key::Claim(key), &bytes, &first)?;
            if let Claim::Entry(no) = decode_claim(key, &record)?
                && entries.contains(&no)
            {
                found.push(key);
            }
        }
    }
    Ok(found)
}
