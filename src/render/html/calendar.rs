//! A month as a table: the way through days without script.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::words::Words;

/// A month with the days that have news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// The day shown on the page.
    pub day: Date,
    /// Days of its month that have news.
    pub days: BTreeSet<Date>,
    /// What the path of a day begins with: `/date/`, `/category/thoi-su/date/`.
    pub path: String,
    /// A day of an earlier month.
    pub earlier: Option<Date>,
    /// A day of a later month.
    pub later: Option<Date>,
}

/// One field of the table.
pub(super) enum Cell {
    /// Of another month.
    Empty,
    /// Without news.
    Quiet(i8),
    /// With news: day, path, whether it is the day of the page.
    News(i8, String, bool),
}

/// The table, ready to be written.
pub(super) struct Month {
    pub(super) caption: String,
    pub(super) weeks: Vec<Vec<Cell>>,
    pub(super) earlier: Option<(String, String)>,
    pub(super) later: Option<(String, String)>,
}

impl Month {
    pub(super) fn of(calendar: &Calendar, words: &Words) -> Self {
        let first = calendar.day.first_of_month();
        let lead = usize::try_from(first.weekday().to_monday_zero_offset()).unwrap_or(0);
        let mut cells: Vec<Cell> = (0..lead).map(|_| Cell::Empty).collect();
        for n in 0..i64::from(calendar.day.days_in_month()) {
            let Ok(day) = first.checked_add(n.days()) else { break };
            cells.push(calendar.cell(day));
        }
        while !cells.len().is_multiple_of(7) {
            cells.push(Cell::Empty);
        }
        let mut weeks = Vec::new();
        let mut rest = cells.into_iter().peekable();
        while rest.peek().is_some() {
            weeks.push(rest.by_ref().take(7).collect());
        }
        let way = |day: Date| (month_name(day, words), format!("{}{day}", calendar.path));
        Self {
            caption: month_name(calendar.day, words),
            weeks,
            earlier: calendar.earlier.map(way),
            later: calendar.later.map(way),
        }
    }
}

impl Calendar {
    fn cell(&self, day: Date) -> Cell {
        let is_shown = day == self.day;
        if self.days.contains(&day) || is_shown {
            Cell::News(day.day(), format!("{}{day}", self.path), is_shown)
        } else {
            Cell::Quiet(day.day())
        }
    }
}

fn month_name(day: Date, words: &Words) -> String {
    let index = usize::try_from(day.month() - 1).unwrap_or(0);
    let month = words.months.get(index).copied().unwrap_or_default();
    format!("{month} {}", day.year())
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_month_is_weeks_from_monday() {
        let calendar = Calendar {
            day: date(2026, 11, 24),
            days: [date(2026, 11, 1), date(2026, 11, 24)].into(),
            path: "/date/".to_owned(),
            earlier: Some(date(2026, 10, 31)),
            later: None,
        };
        let month = Month::of(&calendar, words("vi"));
        assert_eq!(month.caption, "Tháng 11 2026");
        assert_eq!(
            month.earlier,
            Some(("Tháng 10 2026".to_owned(), "/date/2026-10-31".to_owned()))
        );
        // 1 November 2026 is a Sunday, the 30th a Monday: six weeks.
        assert_eq!(month.weeks.len(), 6);
        assert!(month.weeks.iter().all(|week| week.len() == 7));
        let first = &month.weeks[0];
        assert!(first[..6].iter().all(|cell| matches!(cell, Cell::Empty)));
        assert!(matches!(&first[6], Cell::News(1, path, false) if path == "/date/2026-11-01"));
        assert!(matches!(&month.weeks[4][1], Cell::News(24, _, true)));
        assert!(matches!(&month.weeks[5][0], Cell::Quiet(30)));
        let english = Month::of(&Calendar { day: date(2024, 2, 1), ..calendar }, words("en"));
        assert_eq!(english.caption, "February 2024");
        assert!(matches!(&english.weeks[4][3], Cell::Quiet(29)), "a leap year");
    }

    #[test]
    fn the_ends_of_time_do_no_harm() {
        for day in [Date::MAX, date(1, 1, 1)] {
            let calendar = Calendar { day, ..Calendar::default() };
            assert!(Month::of(&calendar, words("en")).weeks.len() >= 4);
        }
    }
}
