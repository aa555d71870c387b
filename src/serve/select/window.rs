//! How much of a scope one document holds.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::model::policy::{ENTRIES_PER_FEED_MAX, SitePolicy};
use crate::model::selection::{Position, Selection};
use crate::store::StoreError;

use super::{Membership, Part, Places, View};

impl View<'_> {
    /// Returns page n (from 1) of a day; `None` when the day has no such page. A day with nothing
    /// in it has one, empty page.
    pub(super) fn day_places(
        &self,
        day: Date,
        n: u32,
        membership: &Membership,
    ) -> Result<Option<Places>, StoreError> {
        let Some((from, until)) = self.day_bounds(day) else { return Ok(None) };
        let mut after = None;
        for page in 1..=n {
            let mut positions = self.store.select(&Selection {
                unit: membership.unit,
                sources: membership.sources.clone(),
                from: Some(from),
                until: Some(until),
                after,
                limit: ENTRIES_PER_FEED_MAX + 1,
            })?;
            let has_more = positions.len() > ENTRIES_PER_FEED_MAX;
            positions.truncate(ENTRIES_PER_FEED_MAX);
            if page == n && (n == 1 || !positions.is_empty()) {
                let paging = day_paging(n, has_more);
                return Ok(Some(Places { positions, paging, is_archive: false }));
            }
            if !has_more {
                return Ok(None);
            }
            after = positions.last().copied();
        }
        Ok(None)
    }
}

fn day_paging(n: u32, has_more: bool) -> Vec<(&'static str, Part)> {
    let page = |n: u32| if n <= 1 { Part::Newest } else { Part::Page(n) };
    let mut paging = Vec::new();
    if n > 1 {
        paging.push(("first", Part::Newest));
        paging.push(("previous", page(n - 1)));
    }
    if has_more {
        paging.push(("next", page(n + 1)));
    }
    paging
}

/// Cuts a list, newest first, to what one feed holds: `entries_per_feed`, or all of the last
/// `days_per_feed` days counted back from the newest, whichever is more, but never over
/// `ENTRIES_PER_FEED_MAX`.
pub(super) fn window(site: &SitePolicy, positions: &mut Vec<Position>) {
    let Some(newest) = positions.first().map(|place| place.date) else { return };
    let span = SignedDuration::from_hours(i64::from(site.days_per_feed).saturating_mul(24));
    let from = newest.checked_sub(span).unwrap_or(Timestamp::MIN);
    let recent = positions.iter().take_while(|place| place.date >= from).count();
    positions.truncate(recent.max(site.entries_per_feed).min(ENTRIES_PER_FEED_MAX));
}
