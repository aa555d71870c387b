//! The lists of each source, and how those of many sources become one.

use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::ops::Bound;

use crate::model::entry::Story;
use crate::model::selection::{Position, Selection, Unit};
use crate::model::source::SourceId;

/// For each source its stories by the story's date and its entries by their own.
#[derive(Default)]
pub(super) struct Rows {
    sources: HashMap<SourceId, Lists>,
}

#[derive(Default)]
struct Lists {
    stories: BTreeSet<Position>,
    entries: BTreeSet<Position>,
}

impl Rows {
    /// Enters a published story and its copies.
    pub(super) fn insert(&mut self, story: &Story) {
        let place = Position { date: story.date, no: story.no.0 };
        for member in &story.members {
            if !self.sources.contains_key(&member.source) {
                self.sources.insert(member.source.clone(), Lists::default());
            }
            if let Some(lists) = self.sources.get_mut(&member.source) {
                lists.stories.insert(place);
                lists.entries.insert(Position { date: member.date, no: member.entry.0 });
            }
        }
    }

    /// Takes a story and its copies out, as they were entered.
    pub(super) fn remove(&mut self, story: &Story) {
        let place = Position { date: story.date, no: story.no.0 };
        for member in &story.members {
            if let Some(lists) = self.sources.get_mut(&member.source) {
                lists.stories.remove(&place);
                lists.entries.remove(&Position { date: member.date, no: member.entry.0 });
            }
        }
    }

    /// Merges the lists of the sources, newest first, without what has the number `before` or a higher one; a story of
    /// several sources comes once.
    pub(super) fn select(&self, selection: &Selection, before: u64) -> Vec<Position> {
        let Selection { unit, sources, limit, .. } = selection;
        let Some(range) = range(selection) else { return Vec::new() };
        let mut lists: Vec<_> = sources
            .iter()
            .filter_map(|source| self.sources.get(source))
            .map(|lists| match unit {
                Unit::Stories => lists.stories.range(range).rev(),
                Unit::Entries => lists.entries.range(range).rev(),
            })
            .collect();
        let mut heads: BinaryHeap<(Position, usize)> = lists
            .iter_mut()
            .enumerate()
            .filter_map(|(list, rest)| rest.next().map(|place| (*place, list)))
            .collect();
        let mut found: Vec<Position> = Vec::new();
        while found.len() < *limit {
            let Some((place, list)) = heads.pop() else { break };
            if place.no < before && found.last() != Some(&place) {
                found.push(place);
            }
            if let Some(next) = lists.get_mut(list).and_then(Iterator::next) {
                heads.push((*next, list));
            }
        }
        found
    }
}

/// Returns the places between the bounds; `None` when there are none. Numbers begin at 1, so 0 is
/// before all of a date.
fn range(selection: &Selection) -> Option<(Bound<Position>, Bound<Position>)> {
    let from = selection.from.map(|date| Position { date, no: 0 });
    let until = selection.until.map(|date| Position { date, no: 0 });
    let before = match (until, selection.after) {
        (Some(until), Some(after)) => Some(until.min(after)),
        (one, other) => one.or(other),
    };
    if let (Some(from), Some(before)) = (from, before)
        && from >= before
    {
        return None;
    }
    let from = from.map_or(Bound::Unbounded, Bound::Included);
    Some((from, before.map_or(Bound::Unbounded, Bound::Excluded)))
}
