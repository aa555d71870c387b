//! Archive documents (RFC 5005 §4): numbered once, a hundred to a page, so that a full page never
//! changes membership.
//!
//! In `/all` a story's number is the one it got when it was opened. In a category or a source, the
//! entries of its sources are counted in order of arrival; a story stands at the number of the
//! first of them, and its later copies leave holes.

use std::collections::BTreeSet;

use crate::model::entry::{EntryNo, StoryNo};
use crate::model::selection::{Position, Selection, Unit};
use crate::store::StoreError;

use super::window::window;
use super::{Membership, Part, Places, Scope, View};

/// Numbers on one archive page.
const PAGE: usize = 100;
/// Places asked of the store at once while counting.
const CHUNK: usize = 10_000;

/// The numbers of a scope, in order of arrival.
enum Numbers {
    /// Stories 1 to n.
    Stories(u64),
    /// Entries, by their own numbers, ascending.
    Entries(Vec<u64>),
}

impl Numbers {
    fn pages_full(&self) -> usize {
        let count = match self {
            Self::Stories(count) => usize::try_from(*count).unwrap_or(usize::MAX),
            Self::Entries(numbers) => numbers.len(),
        };
        count / PAGE
    }

    /// The numbers of page n, be it full or the last one.
    fn page(&self, n: usize) -> Vec<u64> {
        let skipped = n.saturating_mul(PAGE);
        match self {
            Self::Stories(count) => {
                let first = u64::try_from(skipped).unwrap_or(u64::MAX).saturating_add(1);
                (first..=*count).take(PAGE).collect()
            }
            Self::Entries(numbers) => numbers.iter().skip(skipped).take(PAGE).copied().collect(),
        }
    }
}

impl View<'_> {
    /// Returns the newest places of a scope and every one that is on no full archive page yet.
    pub(super) fn newest_places(
        &self,
        scope: &Scope,
        membership: &Membership,
    ) -> Result<Places, StoreError> {
        let mut positions = self.select(membership)?;
        window(self.site, &mut positions);
        let numbers = self.numbers(scope, membership)?;
        let full = numbers.pages_full();
        let Some(newest_full) = full.checked_sub(1).and_then(|n| u32::try_from(n).ok()) else {
            return Ok(Places { positions, ..Places::default() });
        };
        let rest = self.positions_of(&numbers.page(full), scope, membership)?;
        let all: BTreeSet<Position> = positions.into_iter().chain(rest).collect();
        Ok(Places {
            positions: all.into_iter().rev().collect(),
            paging: vec![("prev-archive", Part::Archive(newest_full))],
            is_archive: false,
        })
    }

    /// Returns archive page n; `None` unless it is full.
    pub(super) fn archive_places(
        &self,
        scope: &Scope,
        n: u32,
        membership: &Membership,
    ) -> Result<Option<Places>, StoreError> {
        let numbers = self.numbers(scope, membership)?;
        let index = usize::try_from(n).unwrap_or(usize::MAX);
        let full = numbers.pages_full();
        if index >= full {
            return Ok(None);
        }
        let mut positions = self.positions_of(&numbers.page(index), scope, membership)?;
        positions.sort_unstable_by(|left, right| right.cmp(left));
        let mut paging = vec![("current", Part::Newest)];
        if let Some(earlier) = n.checked_sub(1) {
            paging.push(("prev-archive", Part::Archive(earlier)));
        }
        if index + 1 < full {
            paging.push(("next-archive", Part::Archive(n + 1)));
        }
        Ok(Some(Places { positions, paging, is_archive: true }))
    }

    fn numbers(&self, scope: &Scope, membership: &Membership) -> Result<Numbers, StoreError> {
        if *scope == Scope::All {
            return Ok(Numbers::Stories(self.stats.next_story.0.saturating_sub(1)));
        }
        let mut numbers = Vec::new();
        self.walk(Unit::Entries, membership, |place| numbers.push(place.no))?;
        numbers.sort_unstable();
        Ok(Numbers::Entries(numbers))
    }

    /// Visits every place of the sources, newest first.
    pub(super) fn walk(
        &self,
        unit: Unit,
        membership: &Membership,
        mut visit: impl FnMut(Position),
    ) -> Result<(), StoreError> {
        let mut selection = Selection {
            unit,
            sources: membership.sources.clone(),
            from: None,
            until: None,
            after: None,
            limit: CHUNK,
        };
        loop {
            let places = self.store.select(&selection)?;
            places.iter().for_each(|place| visit(*place));
            if places.len() < CHUNK {
                return Ok(());
            }
            selection.after = places.last().copied();
        }
    }

    /// Turns archive numbers into the places of what is still published of them.
    fn positions_of(
        &self,
        numbers: &[u64],
        scope: &Scope,
        membership: &Membership,
    ) -> Result<Vec<Position>, StoreError> {
        let entries: Vec<EntryNo> = numbers.iter().map(|no| EntryNo(*no)).collect();
        match (scope, membership.unit) {
            (Scope::All, _) => {
                let stories: Vec<StoryNo> = numbers.iter().map(|no| StoryNo(*no)).collect();
                self.story_positions(&stories)
            }
            (_, Unit::Entries) => {
                let held = self.store.entries(&entries)?;
                let place = |held: std::sync::Arc<crate::model::entry::Held>| Position {
                    date: held.date(),
                    no: held.no.0,
                };
                Ok(held.into_iter().flatten().map(place).collect())
            }
            (_, Unit::Stories) => self.first_joined(&entries, membership),
        }
    }

    /// Returns the stories that stand at these entries: those whose first copy from the scope's
    /// sources is one of them.
    fn first_joined(
        &self,
        entries: &[EntryNo],
        membership: &Membership,
    ) -> Result<Vec<Position>, StoreError> {
        let held = self.store.entries(entries)?;
        let numbers: Vec<StoryNo> = held.into_iter().flatten().map(|held| held.story).collect();
        let asked: BTreeSet<EntryNo> = entries.iter().copied().collect();
        let stories = self.store.stories(&numbers)?;
        let mut places = BTreeSet::new();
        for story in stories.into_iter().flatten() {
            let members = story.members.iter().filter(|m| membership.sources.contains(&m.source));
            let first = members.map(|member| member.entry).min();
            if self.is_shown(&story) && first.is_some_and(|first| asked.contains(&first)) {
                places.insert(Position { date: story.date, no: story.no.0 });
            }
        }
        Ok(places.into_iter().collect())
    }

    fn story_positions(&self, numbers: &[StoryNo]) -> Result<Vec<Position>, StoreError> {
        let stories = self.store.stories(numbers)?.into_iter().flatten();
        let shown = stories.filter(|story| self.is_shown(story));
        Ok(shown.map(|story| Position { date: story.date, no: story.no.0 }).collect())
    }
}
