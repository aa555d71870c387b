//! The ways from a day's page: the days of its month, the same day in other categories.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::model::selection::{Selection, Unit};
use crate::model::source::SourceId;
use crate::render::html::{Calendar, Way};
use crate::store::StoreError;

use super::{Found, Part, Scope, View};

impl View<'_> {
    /// Returns the month around a day's page; `None` for other pages.
    pub fn calendar(&self, scope: &Scope) -> Result<Option<Calendar>, StoreError> {
        let (Scope::Day(day) | Scope::CategoryDay(_, day)) = scope else { return Ok(None) };
        let Found::Here(membership) = self.membership(scope) else { return Ok(None) };
        let sources = membership.sources;
        let (first, last) = (day.first_of_month(), day.last_of_month());
        let (Some((from, _)), Some((_, until))) = (self.day_bounds(first), self.day_bounds(last))
        else {
            return Ok(None);
        };
        let mut days = BTreeSet::new();
        let mut before = Some(until);
        // From the newest day with news to the next older one: one look-up a day.
        while let Some(until) = before {
            let newest = self.one(&sources, Some(from), Some(until))?;
            let found = newest.filter(|day| days.insert(*day));
            before = found.and_then(|day| self.day_bounds(day)).map(|(from, _)| from);
        }
        let earlier = self.one(&sources, None, Some(from))?;
        let later = self.first_day_since(&sources, until)?;
        let path = scope.page_path(Part::Newest);
        let path = path.trim_end_matches(&day.to_string()).to_owned();
        Ok(Some(Calendar { day: *day, days, path, earlier, later }))
    }

    /// Returns where else the news of a day's page is: in its categories, or the whole day.
    pub fn twins(&self, scope: &Scope) -> Result<Vec<Way>, StoreError> {
        let (Scope::Day(day) | Scope::CategoryDay(_, day)) = scope else { return Ok(Vec::new()) };
        let Some((from, until)) = self.day_bounds(*day) else { return Ok(Vec::new()) };
        let mut ways = Vec::new();
        if let Scope::CategoryDay(..) = scope {
            let path = Scope::Day(*day).page_path(Part::Newest);
            ways.push(Way { label: String::new(), path });
        }
        for category in &self.catalog.categories {
            let twin = Scope::CategoryDay(category.slug.to_string(), *day);
            let sources = self.catalog.members(&category.slug);
            if twin != *scope && self.one(&sources, Some(from), Some(until))?.is_some() {
                let path = twin.page_path(Part::Newest);
                ways.push(Way { label: category.title.clone(), path });
            }
        }
        Ok(ways)
    }

    /// Returns the first day with news that does not begin before `from`. The store tells the newest
    /// first, so the days between are halved.
    pub(super) fn first_day_since(
        &self,
        sources: &[SourceId],
        from: jiff::Timestamp,
    ) -> Result<Option<Date>, StoreError> {
        let Some(mut found) = self.one(sources, Some(from), None)? else { return Ok(None) };
        let mut empty_until = self.day_of(from);
        while empty_until < found {
            let days = empty_until.until(found).map_or(0, |span| span.get_days());
            let middle = empty_until.saturating_add(jiff::Span::new().days(days / 2));
            let Some((_, until)) = self.day_bounds(middle) else { break };
            match self.one(sources, Some(from), Some(until))? {
                Some(earlier) => found = earlier,
                None => empty_until = until_day(middle, found),
            }
        }
        Ok(Some(found))
    }

    /// Returns the day of the newest story between two instants.
    fn one(
        &self,
        sources: &[SourceId],
        from: Option<jiff::Timestamp>,
        until: Option<jiff::Timestamp>,
    ) -> Result<Option<Date>, StoreError> {
        let (sources, after) = (sources.to_vec(), None);
        let selection = Selection { unit: Unit::Stories, sources, from, until, after, limit: 1 };
        let newest = self.store.select(&selection)?;
        Ok(newest.first().map(|place| self.day_of(place.date)))
    }
}

/// Returns the day after one that is empty, no later than one that is not.
fn until_day(empty: Date, found: Date) -> Date {
    empty.tomorrow().map_or(found, |next| next.min(found))
}
