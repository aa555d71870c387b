//! One atomic write, as plain data.

use std::collections::BTreeMap;

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
}

impl Batch {
    /// Tells whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.entries.is_empty()
            && self.stories.is_empty()
            && self.states.is_empty()
    }
}
