//! Learns in which time zone a feed writes dates that name none (D11).
//!
//! Most such feeds say it elsewhere: their other dates name one distance from UTC, or their
//! `lastBuildDate` is the newest item's date once more, in UTC. Where they do not, a newest item
//! that would lie in the future shows how far east of UTC the publisher must be at least; `ingest`
//! sees the rest from when items appear. What an operator writes is never doubted.

use jiff::{SignedDuration, Timestamp};

use super::date::{self, DateSettings, Parsed};
use crate::model::raw::RawFeed;

/// Clocks differ by so much, and items are dated a little ahead.
const SLACK: SignedDuration = SignedDuration::from_mins(15);
/// Zones lie whole or half hours apart (but for some thousand people in Nepal and the Chathams).
const STEP_S: i64 = 30 * 60;
/// The farthest zones east and west of UTC.
const EAST_MAX_S: i64 = 14 * 3_600;
const WEST_MAX_S: i64 = 12 * 3_600;

/// What the dates of a document show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    /// Distance from UTC, in seconds, of dates that name none.
    pub(super) zone_s: Option<i32>,
    /// Dates of items that name none.
    pub(super) bare: u32,
    /// No date of an item names one.
    pub(super) is_without_zone: bool,
}

/// Reads what a document shows; `utc` reads dates without a zone as UTC, `held` is what was learnt
/// before.
pub(super) fn shown(
    raw: &RawFeed,
    utc: &DateSettings<'_>,
    now: Timestamp,
    held: Option<i32>,
) -> Shown {
    let read = |written: &Vec<String>| written.iter().find_map(|text| date::parse(text, utc));
    let entries = raw.items.iter().filter_map(|item| item.entry.as_ref());
    let dates = entries.filter_map(|entry| read(&entry.published).or(read(&entry.updated)));
    let (named, bare): (Vec<Parsed>, Vec<Parsed>) = dates.partition(|it| it.offset_s.is_some());
    let feed = read(&raw.meta.updated).filter(|date| date.offset_s.is_some());
    let Some(newest) = bare.iter().map(|date| date.instant).max() else {
        return Shown { zone_s: held, ..Shown::default() };
    };
    let zone_s = named_elsewhere(feed, &named)
        .or_else(|| repeated(newest, feed?.instant))
        .or_else(|| at_least(newest, now, held));
    let count = u32::try_from(bare.len()).unwrap_or(u32::MAX);
    Shown { zone_s: zone_s.or(held), bare: count, is_without_zone: named.is_empty() }
}

/// Returns the one distance from UTC that the other dates name; UTC itself is what programs write
/// that know nothing better.
fn named_elsewhere(feed: Option<Parsed>, items: &[Parsed]) -> Option<i32> {
    let local = |date: &Parsed| date.offset_s.filter(|offset| *offset != 0);
    let by_items = || {
        let first = local(items.first()?)?;
        items.iter().all(|date| local(date) == Some(first)).then_some(first)
    };
    feed.as_ref().and_then(local).or_else(by_items)
}

/// Returns how far `newest`, taken for UTC, is from the same moment in UTC; nothing unless it is
/// the same moment to the second. A day without a time proves nothing.
fn repeated(newest: Timestamp, feed: Timestamp) -> Option<i32> {
    let apart = newest.as_second() - feed.as_second();
    let is_zone = apart != 0 && apart % STEP_S == 0 && (-WEST_MAX_S..=EAST_MAX_S).contains(&apart);
    i32::try_from(apart).ok().filter(|_| is_zone && has_time(newest))
}

/// Returns how far east the publisher must be for `newest` not to lie ahead of `now`.
fn at_least(newest: Timestamp, now: Timestamp, held: Option<i32>) -> Option<i32> {
    let ahead = newest.as_second() - now.as_second();
    let explained = i64::from(held.unwrap_or(0)) + SLACK.as_secs();
    let whole_hours = (ahead - SLACK.as_secs() - 1).div_euclid(3_600) + 1;
    let zone_s = i32::try_from(whole_hours * 3_600).ok()?;
    let is_zone = ahead > explained && i64::from(zone_s) <= EAST_MAX_S;
    Some(zone_s).filter(|_| is_zone && has_time(newest))
}

fn has_time(instant: Timestamp) -> bool {
    instant.as_second() % 86_400 != 0
}

/// Names what was learnt, for the operator.
pub(super) fn flaw(zone_s: i32) -> String {
    let minutes = zone_s / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("dates without a time zone, read as {sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::model::raw::{RawEntry, RawItem, RawMeta};

    const NOW: &str = "2024-11-18T01:30:00Z";

    fn feed(built: &str, items: &[&str]) -> RawFeed {
        let item = |date: &&str| {
            let entry = RawEntry { published: vec![(*date).to_owned()], ..RawEntry::default() };
            RawItem { hash: None, entry: Some(entry) }
        };
        let updated = Some(built.to_owned()).filter(|it| !it.is_empty());
        RawFeed {
            meta: RawMeta { updated: updated.into_iter().collect(), ..RawMeta::default() },
            items: items.iter().map(item).collect(),
            ..RawFeed::default()
        }
    }

    fn learn(raw: &RawFeed, held: Option<i32>) -> Shown {
        let utc = DateSettings { zone: &TimeZone::UTC, order: None, language: None };
        shown(raw, &utc, NOW.parse().unwrap(), held)
    }

    #[test]
    fn d11_a_zone_is_learnt_from_what_the_feed_shows() {
        let bare = "2024-11-18 08:00:00";
        let cases: [(&str, &str, &[&str], Option<i64>); 16] = [
            (
                "the feed names one",
                "Mon, 18 Nov 2024 08:05:00 +0700",
                &["2024-11-17 08:00"],
                Some(7),
            ),
            (
                "all other items name one",
                "",
                &["Sat, 16 Nov 2024 08:00:00 +0900", "16.11.2024 07:30"],
                Some(9),
            ),
            (
                "other items name two",
                "",
                &["16 Nov 2024 08:00 +0900", "16 Nov 2024 08:00 +0800", "16.11.2024 07:30"],
                None,
            ),
            ("other items name UTC", "", &["16 Nov 2024 08:00 GMT", "16.11.2024 07:30"], None),
            (
                "the newest once more in UTC",
                "Mon, 18 Nov 2024 01:00:00 GMT",
                &["2024-11-17 11:12:13", bare],
                Some(7),
            ),
            ("west of UTC", "2024-11-17T13:00:00Z", &["2024-11-17 08:00:00"], Some(-5)),
            (
                "built at another moment",
                "Sun, 17 Nov 2024 22:01:07 GMT",
                &["2024-11-17 08:00:00"],
                None,
            ),
            ("built in UTC and written so", "2024-11-17T08:00:00Z", &["2024-11-17 08:00:00"], None),
            ("a day without a time", "2024-11-17T05:00:00Z", &["2024-11-17"], None),
            ("ahead: at least so far east", "", &[bare], Some(7)),
            ("ahead of a later build too", "Mon, 18 Nov 2024 01:29:59 GMT", &[bare], Some(7)),
            ("ahead by what clocks differ", "", &["2024-11-18 01:44:00"], None),
            ("a date of next week", "", &["2024-11-25 08:00:00"], None),
            ("in the past", "", &["2024-11-17 08:00:00"], None),
            (
                "every date names one",
                "Mon, 18 Nov 2024 08:05:00 +0700",
                &["18 Nov 2024 01:00 GMT"],
                None,
            ),
            ("no date", "", &[], None),
        ];
        for (name, built, items, hours) in cases {
            let expected = hours.map(|hours| i32::try_from(hours * 3_600).unwrap());
            assert_eq!(learn(&feed(built, items), None).zone_s, expected, "{name}");
        }
    }

    #[test]
    fn d11_what_was_learnt_stays_until_more_is_shown() {
        let east = |hours: i32| Some(hours * 3_600);
        let ahead = feed("", &["2024-11-18 08:00:00"]);
        let silent = feed("", &["2024-11-17 08:00:00"]);
        let naming = feed("Mon, 18 Nov 2024 08:05:00 +0800", &["2024-11-18 08:00:00"]);
        assert_eq!(learn(&silent, east(9)).zone_s, east(9));
        assert_eq!(learn(&ahead, east(9)).zone_s, east(9), "it explains the date");
        assert_eq!(learn(&ahead, east(2)).zone_s, east(7));
        assert_eq!(learn(&naming, east(9)).zone_s, east(8));
        assert_eq!(learn(&feed("", &[]), east(9)).zone_s, east(9));
    }

    #[test]
    fn the_flaw_names_the_zone() {
        assert_eq!(flaw(25_200), "dates without a time zone, read as +07:00");
        assert_eq!(flaw(-12_600), "dates without a time zone, read as -03:30");
    }
}
