//! What is looked up in memory: lists of stories and entries by date, public ids, near-duplicates.
//!
//! An index is a pure function of the stories and entries held, whatever the order they came in:
//! engines rebuild it when they open and keep it up at each commit. It holds places and hashes, no
//! texts; about 170 bytes a story and copy.

mod arrivals;
mod chains;
mod postings;
mod recurring;
mod rows;
mod series;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use super::codec::EntryHead;
use super::{Bounds, Candidates};
use crate::model::entry::{EntryNo, Slug, Story, StoryNo};
use crate::model::features::Marks;
use crate::model::selection::{Position, Selection, Series, Stretch, Unit};
use postings::Postings;
use recurring::Recurring;
use rows::Rows;
use series::Numbers;

pub(crate) use arrivals::RECENT_MAX;

/// A record that a batch replaces (`None`: it is the first), and what replaces it.
pub(crate) struct Change<T> {
    /// As held until this batch.
    pub(crate) old: Option<T>,
    /// As the batch has it.
    pub(crate) new: T,
}

/// How much of an index lists show: what has a lower number than these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The first story not shown.
    pub(crate) story: u64,
    /// The first entry not shown.
    pub(crate) entry: u64,
}

impl Shown {
    /// Everything is shown.
    pub(crate) const ALL: Self = Self { story: u64::MAX, entry: u64::MAX };
}

impl Default for Shown {
    fn default() -> Self {
        Self::ALL
    }
}

/// The index of one store.
#[derive(Default)]
pub(crate) struct Index {
    rows: Rows,
    numbers: Numbers,
    slugs: HashMap<[u8; SLUG_BYTES], StoryNo>,
    postings: Postings,
    recurring: Recurring,
    /// Stories neither withdrawn nor merged away.
    published: u64,
}

/// `Slug::of` gives sixteen letters; what is longer or shorter is no slug.
const SLUG_BYTES: usize = 16;

impl Index {
    /// Takes in the stories of one batch. All old ones leave first: a copy may move from one story
    /// to another.
    pub(crate) fn change_stories(&mut self, changes: &[Change<Arc<Story>>]) {
        for old in changes.iter().filter_map(|change| change.old.as_deref()) {
            self.numbers.remove(old);
            if is_published(old) {
                self.published = self.published.saturating_sub(1);
                self.rows.remove(old);
            }
        }
        for change in changes {
            self.add_story(&change.new);
        }
    }

    /// Takes in a story that is not there yet.
    pub(crate) fn add_story(&mut self, story: &Story) {
        if let Some(slug) = slug_bytes(&Slug::of(&story.public_id)) {
            self.slugs.entry(slug).or_insert(story.no);
        }
        self.numbers.insert(story);
        if is_published(story) {
            self.published += 1;
            self.rows.insert(story);
        }
    }

    /// Takes in the entries of one batch.
    pub(crate) fn change_entries(&mut self, changes: &[(EntryNo, Change<EntryHead>)]) {
        for (no, change) in changes {
            if let Some(old) = &change.old {
                self.postings.remove(*no, old);
            }
            self.postings.insert(*no, &change.new);
            self.recurring.insert(&change.new);
        }
    }

    /// Takes in the entry before all those taken in so far, when an index is built anew; tells
    /// whether there may be more to take in.
    pub(crate) fn add_older_entry(&mut self, no: EntryNo, head: &EntryHead) -> bool {
        let is_within = self.postings.insert_older(no, head);
        if is_within {
            self.recurring.insert(head);
        }
        is_within
    }

    /// Lets go of a story that is removed.
    pub(crate) fn forget_story(&mut self, story: &Story) {
        self.numbers.remove(story);
        if is_published(story) {
            self.published = self.published.saturating_sub(1);
            self.rows.remove(story);
        }
        let slug = slug_bytes(&Slug::of(&story.public_id));
        if let Some(slug) = slug.filter(|slug| self.slugs.get(slug) == Some(&story.no)) {
            self.slugs.remove(&slug);
        }
    }

    /// Lets go of an entry that is removed.
    pub(crate) fn forget_entry(&mut self, no: EntryNo, head: &EntryHead) {
        self.postings.remove(no, head);
    }

    /// Answers `Store::select`.
    pub(crate) fn select(&self, selection: &Selection, shown: Shown) -> Vec<Position> {
        let before = match selection.unit {
            Unit::Stories => shown.story,
            Unit::Entries => shown.entry,
        };
        self.rows.select(selection, before)
    }

    /// Answers `Store::stretch`.
    pub(crate) fn stretch(
        &self,
        series: &Series,
        from: u64,
        limit: usize,
        shown: Shown,
    ) -> Stretch {
        let before = match series {
            Series::Category(_) => shown.story,
            Series::Source(_) => shown.entry,
        };
        self.numbers.stretch(series, from, limit, before)
    }

    /// Answers `Store::locate`.
    pub(crate) fn locate(&self, slug: &Slug) -> Option<StoryNo> {
        self.slugs.get(&slug_bytes(slug)?).copied()
    }

    /// Answers `Store::candidates`.
    pub(crate) fn candidates(&self, marks: &Marks, bounds: Bounds) -> Candidates {
        self.postings.candidates(marks, bounds)
    }

    /// Answers `Store::half_days`.
    pub(crate) fn half_days(&self, outlet: &str, mask: u64) -> Vec<i64> {
        self.recurring.half_days(outlet, mask)
    }

    /// Returns the number of published stories.
    pub(crate) fn published(&self) -> u64 {
        self.published
    }
}

/// Tells whether a story is in lists.
pub(crate) fn is_published(story: &Story) -> bool {
    story.merged_into.is_none() && !story.is_gone()
}

fn slug_bytes(slug: &Slug) -> Option<[u8; SLUG_BYTES]> {
    slug.0.as_bytes().try_into().ok()
}
