//! What a commit changed of what is published, for those who keep something made of it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::source::SourceId;

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Sources of every copy of the stories that changed.
    pub sources: BTreeSet<SourceId>,
    /// Dates of those stories.
    pub dates: BTreeSet<Timestamp>,
    /// More than stories: names of sources, numbers, configuration. All that is published may be
    /// concerned.
    pub is_everywhere: bool,
}

impl Change {
    /// Returns a change that may concern all that is published.
    pub fn everywhere() -> Self {
        Self { is_everywhere: true, ..Self::default() }
    }

    /// Tells whether nothing changed.
    pub fn is_empty(&self) -> bool {
        !self.is_everywhere && self.sources.is_empty() && self.dates.is_empty()
    }

    /// Adds another change to this one.
    pub fn add(&mut self, other: Self) {
        self.sources.extend(other.sources);
        self.dates.extend(other.dates);
        self.is_everywhere |= other.is_everywhere;
    }
}
