//! Archive documents (RFC 5005 §4): numbered once, a hundred to a page, so that a full page never
//! changes membership.
//!
//! In `/all` a story's number is the one it got when it was opened; in a category or a source it is
//! that of the series, given when it first joined. What has left since leaves a hole.

use std::collections::BTreeSet;

use crate::model::entry::{EntryNo, StoryNo};
use crate::model::selection::{Position, Selection, Series, Unit};
use crate::model::source::{CategorySlug, SourceId};
use crate::store::StoreError;

use super::window::window;
use super::{Membership, Part, Places, Scope, View};

/// Numbers on one archive page.
const PAGE: u64 = 100;
/// Places asked of the store at once while counting.
const CHUNK: usize = 10_000;

impl View<'_> {
    /// Returns the newest places of a scope and every one that is on no full archive page yet.
    pub(super) fn newest_places(
        &self,
        scope: &Scope,
        membership: &Membership,
    ) -> Result<Places, StoreError> {
        let mut positions = self.select(membership)?;
        window(self.site, &mut positions);
        let full = self.pages_full(scope)?;
        let Some(newest_full) = full.checked_sub(1).and_then(|n| u32::try_from(n).ok()) else {
            return Ok(Places { positions, ..Places::default() });
        };
        let rest = self.page(full, scope, membership)?;
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
        let full = self.pages_full(scope)?;
        if u64::from(n) >= full {
            return Ok(None);
        }
        let mut positions = self.page(u64::from(n), scope, membership)?;
        positions.sort_unstable_by(|left, right| right.cmp(left));
        let mut paging = vec![("current", Part::Newest)];
        if let Some(before) = n.checked_sub(1) {
            paging.push(("prev-archive", Part::Archive(before)));
        }
        if let Some(after) = n.checked_add(1).filter(|n| u64::from(*n) < full) {
            paging.push(("next-archive", Part::Archive(after)));
        }
        Ok(Some(Places { positions, paging, is_archive: true }))
    }

    /// Returns how many archive pages are full.
    fn pages_full(&self, scope: &Scope) -> Result<u64, StoreError> {
        let next = match series(scope) {
            Some(series) => self.store.stretch(&series, u64::MAX, 0)?.next,
            None => self.stats.next_story.0,
        };
        Ok(next.saturating_sub(1) / PAGE)
    }

    /// Returns the places of what is still published of page n, be it full or the last one.
    fn page(
        &self,
        n: u64,
        scope: &Scope,
        membership: &Membership,
    ) -> Result<Vec<Position>, StoreError> {
        let first = n.saturating_mul(PAGE).saturating_add(1);
        let size = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let numbers: Vec<u64> = match series(scope) {
            Some(series) => {
                let places = self.store.stretch(&series, first, size)?.places;
                places.into_iter().map(|(_, no)| no).collect()
            }
            None => (first..self.stats.next_story.0).take(size).collect(),
        };
        match membership.unit {
            Unit::Stories => self.story_positions(&numbers, membership),
            Unit::Entries => self.entry_positions(&numbers),
        }
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

    fn story_positions(
        &self,
        numbers: &[u64],
        membership: &Membership,
    ) -> Result<Vec<Position>, StoreError> {
        let numbers: Vec<StoryNo> = numbers.iter().map(|no| StoryNo(*no)).collect();
        let stories = self.store.stories(&numbers)?.into_iter().flatten();
        let sources: BTreeSet<&SourceId> = membership.sources.iter().collect();
        let shown = stories.filter(|story| {
            self.is_shown(story) && story.members.iter().any(|m| sources.contains(&m.source))
        });
        Ok(shown.map(|story| Position { date: story.date, no: story.no.0 }).collect())
    }

    /// An entry of a story that was taken down is not here: `entry_items` leaves it out.
    fn entry_positions(&self, numbers: &[u64]) -> Result<Vec<Position>, StoreError> {
        let numbers: Vec<EntryNo> = numbers.iter().map(|no| EntryNo(*no)).collect();
        let held = self.store.entries(&numbers)?.into_iter().flatten();
        Ok(held.map(|held| Position { date: held.date(), no: held.no.0 }).collect())
    }
}

/// The series a scope is numbered by; `None`: the numbers of all stories.
fn series(scope: &Scope) -> Option<Series> {
    match scope {
        Scope::Category(slug) => Some(Series::Category(CategorySlug::new(slug))),
        Scope::Source(id) => Some(Series::Source(SourceId::new(id))),
        Scope::All | Scope::Day(_) | Scope::CategoryDay(..) => None,
    }
}
