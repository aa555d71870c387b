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
        let has_later = self.one(&sources, Some(until), None)?.is_some();
        let later = last.tomorrow().ok().filter(|_| has_later);
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
