//! Finds entries that share index keys (reference: dedup §3.2).
//!
//! Only entries that arrived of late take part (`arrivals`); what was published when is for the
//! caller's bounds. A key's list is ordered by number, which is the order of arrival, and holds the
//! newest `LIST_MAX` entries and one more: that one tells that it is a stop key, for as long as it
//! is within the window. So whether a key counts does not depend on a restart.
//!
//! Most keys have one entry, which therefore has its place in the map itself: a list for each would
//! take three times as much.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU64;

use jiff::Timestamp;

use super::super::{Bounds, Candidates};
use super::arrivals::Arrivals;
use crate::model::entry::EntryNo;
use crate::model::features::Marks;
use crate::store::codec::EntryHead;

/// A key that more entries have tells nothing.
const LIST_MAX: usize = 96;

/// One entry in the list of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Posting {
    no: NonZeroU64,
    /// The date it is compared by, in nanoseconds.
    date: i64,
}

/// The entries of a key in order of arrival: 16 bytes, thanks to the number that is never 0.
enum List {
    One(Posting),
    #[expect(clippy::box_collection, reason = "the vector itself would make every list longer")]
    Many(Box<Vec<Posting>>),
}

/// The lists of all keys.
#[derive(Default)]
pub(super) struct Postings {
    lists: HashMap<u64, List>,
    arrivals: Arrivals,
}

impl Postings {
    /// Enters an entry under its keys: one that arrives, or a new version of one that is within the
    /// window.
    pub(super) fn insert(&mut self, no: EntryNo, head: &EntryHead) {
        self.arrivals.add(no, head.first_seen);
        if no.0 >= self.arrivals.floor() {
            self.enter(no, head);
        }
        if let Some(floor) = self.arrivals.sweep() {
            self.lists.retain(|_, list| list.retain(|posting| posting.no.get() >= floor));
        }
    }

    /// Enters the entry that arrived before all those entered so far; tells whether it is within
    /// the window. Those before one that is not are not either.
    pub(super) fn insert_older(&mut self, no: EntryNo, head: &EntryHead) -> bool {
        let is_within = self.arrivals.add_older(no, head.first_seen);
        if is_within {
            self.enter(no, head);
        }
        is_within
    }

    fn enter(&mut self, no: EntryNo, head: &EntryHead) {
        let Some(posting) = Posting::of(no, head.compared) else { return };
        for key in &head.marks.keys {
            match self.lists.entry(*key) {
                Entry::Vacant(place) => drop(place.insert(List::One(posting))),
                Entry::Occupied(mut place) => place.get_mut().insert(posting),
            }
        }
    }

    /// Takes an entry out, as it was entered.
    pub(super) fn remove(&mut self, no: EntryNo, head: &EntryHead) {
        let Some(posting) = Posting::of(no, head.compared) else { return };
        for key in &head.marks.keys {
            if let Entry::Occupied(mut place) = self.lists.entry(*key)
                && !place.get_mut().retain(|other| *other != posting)
            {
                place.remove();
            }
        }
    }

    /// Returns the entries that share keys, best first.
    pub(super) fn candidates(&self, marks: &Marks, bounds: Bounds) -> Candidates {
        let floor = self.arrivals.floor();
        let within = nanos(bounds.from)..=nanos(bounds.until);
        let mut keys = marks.keys.clone();
        keys.sort_unstable();
        keys.dedup();
        // Keys in order: the same terms are added up in the same order, so that a rank is the same
        // to the last bit.
        let mut ranks: BTreeMap<u64, f64> = BTreeMap::new();
        for list in keys.iter().filter_map(|key| self.lists.get(key)) {
            let live = list.since(floor);
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
        self.lists.values().map(|list| list.since(0).len()).sum()
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

    /// Returns the entries from a number on.
    fn since(&self, floor: u64) -> &[Posting] {
        let all = match self {
            Self::One(posting) => std::slice::from_ref(posting),
            Self::Many(list) => list,
        };
        all.get(all.partition_point(|posting| posting.no.get() < floor)..).unwrap_or_default()
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
