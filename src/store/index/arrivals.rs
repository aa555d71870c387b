//! Tells which entries arrived of late: the window of near-duplicates.
//!
//! By arrival and not by the publisher's date: the first document of a source brings articles of
//! last month, and each of them has to find its copies. An entry is within the window unless it, or
//! one with a higher number, was first seen more than `WINDOW` before the one with the highest;
//! and only the newest `RECENT_MAX` numbers are. So the window is found again by reading heads
//! backwards until one is too old.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::model::entry::EntryNo;

/// Entries first seen longer than this before the last one are no candidates. The default window
/// of `[dedup]` is half of it.
const WINDOW: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Numbers within the window, at most: what reading them back at a start may cost.
pub(crate) const RECENT_MAX: usize = 300_000;
/// Numbers that may have left the window before they are swept out, in a rush.
const SWEPT_LATE_MAX: u64 = 32_768;
/// How far the window moves on between two sweeps, and how much longer than it entries are kept:
/// polls of one time end in any order.
const SWEEP: SignedDuration = SignedDuration::from_hours(24);

/// The window, and where it begins.
#[derive(Default)]
pub(super) struct Arrivals {
    /// (number, instant): of all entries from this number on, none was first seen before this
    /// instant. Both rise: one row for all entries of a poll.
    least: VecDeque<(EntryNo, Timestamp)>,
    last: Option<(EntryNo, Timestamp)>,
    /// What is below was swept out.
    swept: u64,
    swept_at: Option<Timestamp>,
}

impl Arrivals {
    /// Notes an entry. One that is not the newest is a new version of one that is known.
    pub(super) fn add(&mut self, no: EntryNo, first_seen: Timestamp) {
        if self.last.is_some_and(|(last, _)| no <= last) {
            return;
        }
        while self.least.back().is_some_and(|(_, at)| *at >= first_seen) {
            self.least.pop_back();
        }
        self.least.push_back((no, first_seen));
        self.last = Some((no, first_seen));
        self.swept_at.get_or_insert(first_seen);
    }

    /// Notes the entry before all that are known; tells whether it is within the window.
    pub(super) fn add_older(&mut self, no: EntryNo, first_seen: Timestamp) -> bool {
        let Some((last, last_seen)) = self.last else {
            self.add(no, first_seen);
            return true;
        };
        let is_within = first_seen >= edge(last_seen, WINDOW) && no.0 > oldest_but_one(last);
        if is_within && self.least.front().is_none_or(|(_, at)| first_seen < *at) {
            self.least.push_front((no, first_seen));
        } else if !is_within {
            self.swept = self.swept.max(no.0.saturating_add(1));
        }
        is_within
    }

    /// Returns the lowest number within the window.
    pub(super) fn floor(&self) -> u64 {
        self.last.map_or(0, |(last, at)| self.floor_at(edge(at, WINDOW)).max(oldest(last)))
    }

    /// Returns, once for every `SWEEP` and more often in a rush, the number below which nothing is
    /// needed any more.
    pub(super) fn sweep(&mut self) -> Option<u64> {
        let (last, at) = self.last?;
        let is_rush = oldest(last).saturating_sub(self.swept) > SWEPT_LATE_MAX;
        if !is_rush && at.duration_since(self.swept_at?) < SWEEP {
            return None;
        }
        self.swept_at = Some(at);
        let from = edge(at, WINDOW.saturating_add(SWEEP));
        self.swept = self.floor_at(from).max(oldest(last));
        while self.least.front().is_some_and(|(no, at)| *at < from && no.0 < self.swept) {
            self.least.pop_front();
        }
        Some(self.swept)
    }

    /// Returns the number behind the last entry first seen before `from`.
    fn floor_at(&self, from: Timestamp) -> u64 {
        let older = self.least.partition_point(|(_, at)| *at < from);
        let last = older.checked_sub(1).and_then(|place| self.least.get(place));
        last.map_or(self.swept, |(no, _)| no.0.saturating_add(1).max(self.swept))
    }
}

fn edge(last_seen: Timestamp, window: SignedDuration) -> Timestamp {
    last_seen.saturating_sub(window).unwrap_or(Timestamp::MIN)
}

fn oldest(last: EntryNo) -> u64 {
    oldest_but_one(last).saturating_add(1)
}

fn oldest_but_one(last: EntryNo) -> u64 {
    last.0.saturating_sub(u64::try_from(RECENT_MAX).unwrap_or(u64::MAX))
}
