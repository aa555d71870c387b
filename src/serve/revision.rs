//! When what a body is made of last changed: a clock of changes, with hands for sources and days.
//!
//! A change moves the one counter and leaves its number at the sources and days it concerns. A body
//! notes the number at which its making began and what it needs; it is good while nothing it needs
//! bears a later number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::change::Change;
use crate::model::source::SourceId;

/// Days remembered one by one; more than these count as all.
const DAYS_MAX: usize = 4_096;

/// What a body is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Any story.
    pub is_everything: bool,
    /// Stories with a copy of one of these sources.
    pub sources: Vec<SourceId>,
    /// Stories of this day.
    pub day: Option<Date>,
}

impl Needs {
    /// The configuration only.
    pub const NOTHING: Self = Self { is_everything: false, sources: Vec::new(), day: None };

    /// Returns the needs of a body that any change concerns.
    pub fn everything() -> Self {
        Self { is_everything: true, ..Self::NOTHING }
    }
}

/// The clock of changes.
#[derive(Default)]
pub struct Revisions {
    now: AtomicU64,
    marks: RwLock<Marks>,
}

#[derive(Default)]
struct Marks {
    everywhere: u64,
    days_all: u64,
    day_newest: Option<Date>,
    sources: HashMap<SourceId, u64>,
    days: HashMap<Date, u64>,
}

impl Revisions {
    /// Returns the number of the latest change.
    pub fn now(&self) -> u64 {
        self.now.load(Ordering::Acquire)
    }

    /// Takes a change in; its days are those of `zone`.
    pub fn advance(&self, change: &Change, zone: &TimeZone) {
        let mut marks = self.marks.write().unwrap_or_else(PoisonError::into_inner);
        let number = self.now.load(Ordering::Acquire) + 1;
        if change.is_everywhere {
            marks.everywhere = number;
        }
        for source in &change.sources {
            marks.sources.insert(source.clone(), number);
        }
        for date in &change.dates {
            marks.day(date.to_zoned(zone.clone()).date(), number);
        }
        // Last: who sees the new number finds the marks of its change.
        self.now.store(number, Ordering::Release);
    }

    /// Returns the number of the latest change of what is needed.
    pub fn of(&self, needs: &Needs) -> u64 {
        let marks = self.marks.read().unwrap_or_else(PoisonError::into_inner);
        if needs.is_everything {
            return self.now();
        }
        let sources = needs.sources.iter().filter_map(|id| marks.sources.get(id).copied());
        let day = needs.day.map(|day| marks.days.get(&day).copied().unwrap_or(0));
        let day = day.map(|number| number.max(marks.days_all));
        sources.chain(day).max().unwrap_or(0).max(marks.everywhere)
    }
}

impl Marks {
    fn day(&mut self, day: Date, number: u64) {
        // A new day may close earlier ones, which changes for how long they are kept.
        if self.day_newest.is_none_or(|newest| day > newest) {
            self.day_newest = Some(day);
            self.days_all = number;
        }
        if self.days.len() >= DAYS_MAX {
            self.days.clear();
            self.days_all = number;
        }
        self.days.insert(day, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(sources: &[&str], dates: &[&str]) -> Change {
        Change {
            sources: sources.iter().map(|id| SourceId::new(id)).collect(),
            dates: dates.iter().map(|date| date.parse().unwrap()).collect(),
            is_everywhere: false,
        }
    }

    #[test]
    fn a_body_is_stale_when_what_it_needs_has_changed_since() {
        let revisions = Revisions::default();
        let zone = TimeZone::get("Asia/Ho_Chi_Minh").unwrap();
        let day = |d| Needs { day: Some(jiff::civil::date(2024, 11, d)), ..Needs::NOTHING };
        let of = |ids: &[&str]| Needs {
            sources: ids.iter().map(|id| SourceId::new(id)).collect(),
            ..Needs::NOTHING
        };
        // 18:00 UTC on the 21st is the 22nd in Hà Nội.
        revisions.advance(&change(&["a"], &["2024-11-21T18:00:00Z"]), &zone);
        revisions.advance(&change(&["b"], &["2024-11-20T05:00:00Z"]), &zone);
        let cases = [
            ("everything", Needs::everything(), 2),
            ("its own source", of(&["a"]), 1),
            ("one of its sources", of(&["a", "b"]), 2),
            ("another source", of(&["c"]), 0),
            ("its day", day(20), 2),
            ("another day, perhaps closed by a new newest one", day(19), 1),
            ("source or day", Needs { day: day(20).day, ..of(&["a"]) }, 2),
            ("nothing", Needs::NOTHING, 0),
        ];
        for (name, needs, expected) in cases {
            assert_eq!(revisions.of(&needs), expected, "{name}");
        }
        revisions.advance(&Change::everywhere(), &zone);
        assert_eq!((revisions.of(&Needs::NOTHING), revisions.now()), (3, 3));
    }

    #[test]
    fn days_beyond_the_bound_count_as_all() {
        let revisions = Revisions::default();
        let start: jiff::Timestamp = "2000-01-01T12:00:00Z".parse().unwrap();
        for n in 0..i64::try_from(DAYS_MAX).unwrap() + 5 {
            let date = start - jiff::SignedDuration::from_hours(24 * n);
            let change = Change { dates: [date].into(), ..Change::default() };
            revisions.advance(&change, &TimeZone::UTC);
        }
        let needs = Needs { day: Some(jiff::civil::date(1999, 1, 1)), ..Needs::NOTHING };
        assert!(revisions.of(&needs) > 4_000);
        assert!(revisions.marks.read().unwrap().days.len() <= DAYS_MAX);
    }
}
