//! One atomic write, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::{EntryNo, Held, Story, StoryNo};
use super::source::{SourceId, SourceState};
use super::verdict::{Claim, EntryKey};

/// Everything one poll changes: it is committed as a whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Keys that now lead somewhere.
    pub keys: BTreeMap<EntryKey, Claim>,
    /// Entries new or changed, whole.
    pub entries: BTreeMap<EntryNo, Held>,
    /// Stories new or changed, whole.
    pub stories: BTreeMap<StoryNo, Story>,
    /// The state of the sources polled.
    pub states: BTreeMap<SourceId, SourceState>,
    /// What goes.
    pub forgotten: Forgotten,
}

/// Records that go, for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Keys that lead nowhere any more.
    pub keys: BTreeSet<EntryKey>,
    /// Entries, with every key that leads to them. No story of the batch or the store lists them any more.
    pub entries: BTreeSet<EntryNo>,
    /// States of sources.
    pub states: BTreeSet<SourceId>,
}

impl Batch {
    /// Tells whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.is_states_only() && self.states.is_empty()
    }

    /// Tells whether it changes nothing but what is remembered of sources.
    pub fn is_states_only(&self) -> bool {
        self.keys.is_empty()
            && self.entries.is_empty()
            && self.stories.is_empty()
            && self.forgotten == Forgotten::default()
    }
}
