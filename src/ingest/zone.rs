//! Finds a source whose dates are off by whole hours (D30).
//!
//! What is new in a document appeared since the last one. When all of it is dated outside of that
//! span, and one number of whole hours would put all of it inside, the publisher names the wrong
//! time zone, or none. It is reported; what is wrong is not corrected (an operator sets `timezone`), but
//! where dates name no zone at all it shows which one is meant (D11).

use jiff::{SignedDuration, Timestamp};

use crate::model::feed::Feed;

/// Fewer new items prove nothing.
pub(super) const ITEMS_MIN: usize = 3;
/// A longer span between two documents proves nothing.
const SPAN_MAX: SignedDuration = SignedDuration::from_hours(6);
/// Clocks differ, and feeds are cached, by so much.
const SLACK: SignedDuration = SignedDuration::from_mins(10);
/// No two time zones lie further apart in practice.
const HOURS_MAX: i64 = 14;

/// Returns by how many whole hours the dates of new items are ahead of the time they appeared.
pub(super) fn shift(since: Timestamp, now: Timestamp, dates: &[Timestamp]) -> Option<i64> {
    if dates.len() < ITEMS_MIN || now.duration_since(since) > SPAN_MAX {
        return None;
    }
    let fits = |hours: i64| {
        dates.iter().all(|date| {
            let shifted = date.saturating_sub(SignedDuration::from_hours(hours));
            let appeared = shifted.unwrap_or(*date);
            appeared.duration_since(since) >= -SLACK && appeared.duration_since(now) <= SLACK
        })
    };
    let mut nearest = (1..=HOURS_MAX).flat_map(|hours| [hours, -hours]);
    if fits(0) { None } else { nearest.find(|hours| fits(*hours)) }
}

/// Returns the distance from UTC, in seconds, at which dates without a zone are read from now on.
pub(super) fn moved(feed: &Feed, hours: i64) -> Option<i32> {
    if !feed.is_without_zone {
        return feed.zone_s;
    }
    let seconds = i64::from(feed.zone_s.unwrap_or(0)) + hours * 3_600;
    i32::try_from(seconds).ok().filter(|_| seconds.abs() <= HOURS_MAX * 3_600)
}

/// How such a flaw begins.
const FLAW: &str = "probably a wrong time zone";

/// Names the flaw.
pub(super) fn flaw(hours: i64) -> String {
    format!("{FLAW}: dates {hours:+} h off")
}

/// Tells whether a flaw is one of these.
pub(super) fn is_shift(name: &str) -> bool {
    name.starts_with(FLAW)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_that_whole_hours_would_mend_are_found() {
        let at = |minute: i64| Timestamp::from_second(1_800_000_000 + minute * 60).unwrap();
        let dates = |minutes: [i64; 3]| minutes.map(at);
        let cases = [
            ("in time", dates([5, 30, 55]), None),
            ("seven hours ahead", dates([425, 450, 475]), Some(7)),
            ("seven hours behind", dates([-415, -390, -365]), Some(-7)),
            ("one of them in time", dates([30, 450, 475]), None),
            ("days old", dates([-4000, -4010, -4020]), None),
        ];
        for (name, dates, expected) in cases {
            assert_eq!(shift(at(0), at(60), &dates), expected, "{name}");
        }
        assert_eq!(shift(at(0), at(60), &[at(450), at(460)]), None, "two are too few");
        assert_eq!(shift(at(0), at(600), &dates([1_025, 1_050, 1_075])), None, "too long a span");
    }
}
