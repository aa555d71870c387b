//! Finds entries that share index keys (reference: dedup §3.2).
//!
//! Only entries dated within `WINDOW` before the newest take part. A key's list is ordered by
//! (date, number) and holds the newest `LIST_MAX` entries and one more: that one tells that it is a
//! stop key, for as long as it is within the window. So whether a key counts does not depend on the
//! order of arrival or on a restart.
//!
//! Most keys have one entry, which therefore has its place in the map itself: a list for each would
//! take three times as much.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;

use jiff::{SignedDuration, Timestamp};

use super::super::{Bounds, Candidates};
use crate::model::entry::EntryNo;
use crate::model::features::Marks;

/// Entries dated further than this before the newest are no candidates. The default window of
/// `[dedup]` is half of it.
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

/// One entry in the list of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    date: i64,
    no: NonZeroU64,
}

/// The entries of a key, oldest first: 16 bytes, thanks to the number that is never 0.
enum List {
    One(Posting),
    #[expect(clippy::box_collection, reason = "the vector itself would make every list longer")]
    Many(Box<Vec<Posting>>),
}

/// The lists of all keys.
#[derive(Default)]
pub(super) struct Postings {
    lists: HashMap<u64, List>,
    newest: Option<Timestamp>,
    swept: Option<Timestamp>,
}

impl Postings {
    /// Enters an entry under its keys.
    pub(super) fn insert(&mut self, no: EntryNo, date: Timestamp, marks: &Marks) {
        self.newest = self.newest.max(Some(date));
        self.sweep();
        let Some(posting) = Posting::of(no, date) else { return };
        if !self.window().is_some_and(|window| window.holds(date)) {
            return;
        }
        for key in &marks.keys {
            match self.lists.entry(*key) {
                Entry::Vacant(place) => drop(place.insert(List::One(posting))),
                Entry::Occupied(mut place) => place.get_mut().insert(posting),
            }
        }
    }

    /// Takes an entry out, as it was entered.
    pub(super) fn remove(&mut self, no: EntryNo, date: Timestamp, marks: &Marks) {
        let Some(posting) = Posting::of(no, date) else { return };
        for key in &marks.keys {
            if let Entry::Occupied(mut place) = self.lists.entry(*key)
                && !place.get_mut().retain(|other| *other != posting)
            {
                place.remove();
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
        // Keys in order: the same terms are added up in the same order, so that a rank is the same
        // to the last bit.
        let mut ranks: BTreeMap<u64, f64> = BTreeMap::new();
        for list in keys.iter().filter_map(|key| self.lists.get(key)) {
            let live = list.since(window.from);
            let Some(share) = share(live.len()) else { continue };
            for posting in live.iter().filter(|posting| within.contains(&posting.date)) {
                *ranks.entry(posting.no.get()).or_default() += share;
            }
        }
        let mut entries: Vec<_> = ranks.into_iter().map(|(no, rank)| (EntryNo(no), rank)).collect();
        entries.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
        entries.truncate(bounds.limit);
        Candidates { entries }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lists.values().map(|list| list.since(i64::MIN).len()).sum()
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
        self.lists.retain(|_, list| list.retain(|posting| posting.date >= window.from));
    }
}

impl Posting {
    fn of(no: EntryNo, date: Timestamp) -> Option<Self> {
        NonZeroU64::new(no.0).map(|no| Self { date: nanos(date), no })
    }
}

impl List {
    fn insert(&mut self, posting: Posting) {
        match self {
            Self::One(other) => {
                if *other != posting {
                    let pair = vec![posting.min(*other), posting.max(*other)];
                    *self = Self::Many(Box::new(pair));
                }
            }
            Self::Many(list) => {
                if let Err(place) = list.binary_search(&posting) {
                    list.insert(place, posting);
                }
                if list.len() > LIST_MAX + 1 {
                    list.remove(0);
                }
            }
        }
    }

    /// Keeps what is wanted; tells whether anything is left.
    fn retain(&mut self, is_wanted: impl Fn(&Posting) -> bool) -> bool {
        match self {
            Self::One(posting) => is_wanted(posting),
            Self::Many(list) => {
                list.retain(is_wanted);
                !list.is_empty()
            }
        }
    }

    /// Returns the entries from a date on.
    fn since(&self, from: i64) -> &[Posting] {
        let all = match self {
            Self::One(posting) => std::slice::from_ref(posting),
            Self::Many(list) => list,
        };
        all.get(all.partition_point(|posting| posting.date < from)..).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_takes_no_more_than_its_posting() {
        assert_eq!(size_of::<List>(), size_of::<Posting>());
    }
}
