//! Finds entries that share index keys (reference: dedup §3.2).
//!
//! Only entries dated within `WINDOW` before the newest take part. A list is ordered by (date, number) and holds the newest
//! `LIST_MAX` entries and one more: that one tells that the key is a stop key, for as long as it is within the window. So
//! whether a key counts does not depend on the order of arrival or on a restart.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::super::{Bounds, Candidates};
use crate::model::entry::EntryNo;
use crate::model::features::Marks;

/// Entries dated further than this before the newest are no candidates. The default window of `[dedup]` is half of it.
const WINDOW: SignedDuration = SignedDuration::from_hours(8 * 24);
/// A key that more entries have tells nothing.
const LIST_MAX: usize = 96;
/// How far the newest date moves on between two sweeps of what has left the window.
const SWEEP: SignedDuration = SignedDuration::from_hours(24);

/// The dates whose entries are indexed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    from: i64,
}

impl Window {
    /// Returns the window that ends with the newest date.
    pub(crate) fn before(newest: Timestamp) -> Self {
        Self { from: nanos(newest.saturating_sub(WINDOW).unwrap_or(Timestamp::MIN)) }
    }

    /// Tells whether entries of this date are indexed.
    pub(crate) fn holds(self, date: Timestamp) -> bool {
        nanos(date) >= self.from
    }
}

/// One entry in the list of a key: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    date: i64,
    no: u64,
}

/// The lists of all keys.
#[derive(Default)]
pub(super) struct Postings {
    lists: HashMap<u64, Vec<Posting>>,
    newest: Option<Timestamp>,
    swept: Option<Timestamp>,
}

impl Postings {
    /// Enters an entry under its keys.
    pub(super) fn insert(&mut self, no: EntryNo, date: Timestamp, marks: &Marks) {
        self.newest = self.newest.max(Some(date));
        self.sweep();
        if !self.window().is_some_and(|window| window.holds(date)) {
            return;
        }
        let posting = Posting { date: nanos(date), no: no.0 };
        for key in &marks.keys {
            let list = self.lists.entry(*key).or_default();
            let Err(place) = list.binary_search(&posting) else { continue };
            list.insert(place, posting);
            if list.len() > LIST_MAX + 1 {
                list.remove(0);
            }
        }
    }

    /// Takes an entry out, as it was entered.
    pub(super) fn remove(&mut self, no: EntryNo, date: Timestamp, marks: &Marks) {
        let posting = Posting { date: nanos(date), no: no.0 };
        for key in &marks.keys {
            let Some(list) = self.lists.get_mut(key) else { continue };
            if let Ok(place) = list.binary_search(&posting) {
                list.remove(place);
            }
            if list.is_empty() {
                self.lists.remove(key);
            }
        }
    }

    /// Returns the entries that share keys, best first.
    pub(super) fn candidates(&self, marks: &Marks, bounds: Bounds) -> Candidates {
        let Some(window) = self.window() else { return Candidates::default() };
        let within = nanos(bounds.from)..=nanos(bounds.until);
        let mut keys = marks.keys.clone();
        keys.sort_unstable();
        keys.dedup();
        // Keys in order: the same terms are added up in the same order, so that a rank is the same to the last bit.
        let mut ranks: BTreeMap<u64, f64> = BTreeMap::new();
        for list in keys.iter().filter_map(|key| self.lists.get(key)) {
            let gone = list.partition_point(|posting| posting.date < window.from);
            let live = list.get(gone..).unwrap_or_default();
            let Some(share) = share(live.len()) else { continue };
            for posting in live.iter().filter(|posting| within.contains(&posting.date)) {
                *ranks.entry(posting.no).or_default() += share;
            }
        }
        let mut entries: Vec<_> = ranks.into_iter().map(|(no, rank)| (EntryNo(no), rank)).collect();
        entries.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
        entries.truncate(bounds.limit);
        Candidates { entries }
    }

    #[cfg(test)]
    pub(super) fn lists(&self) -> usize {
        self.lists.len()
    }

    fn window(&self) -> Option<Window> {
        self.newest.map(Window::before)
    }

    /// Drops what has left the window, once for every `SWEEP` that the newest date has moved on.
    fn sweep(&mut self) {
        let Some(newest) = self.newest else { return };
        let swept = *self.swept.get_or_insert(newest);
        if newest.duration_since(swept) < SWEEP {
            return;
        }
        self.swept = Some(newest);
        let window = Window::before(newest);
        self.lists.retain(|_, list| {
            list.drain(..list.partition_point(|posting| posting.date < window.from));
            !list.is_empty()
        });
    }
}

/// Returns what a key adds to a rank; `None` for a stop key.
fn share(length: usize) -> Option<f64> {
    let short = u32::try_from(length).ok().filter(|_| length <= LIST_MAX)?;
    Some(1.0 / (1.0 + 0.1 * f64::from(short)))
}

/// Nanoseconds since 1970, exact from 1678 to 2262 and the nearest end beyond.
fn nanos(at: Timestamp) -> i64 {
    let exact = at.as_nanosecond();
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}
