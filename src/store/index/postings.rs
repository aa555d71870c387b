//! Finds entries that share index keys (reference: dedup §3.2).
//!
//! Only entries that arrived of late take part (`arrivals`); what was published when is for the
//! caller's bounds. A key's list is ordered by number, which is the order of arrival, and holds the
//! newest `LIST_MAX` entries and one more: that one tells that it is a stop key, for as long as it
//! is within the window. So whether a key counts does not depend on a restart.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::super::{Bounds, Candidates};
use super::arrivals::{Arrivals, RECENT_MAX};
use super::chains::{Chains, LIST_MAX};
use crate::model::entry::EntryNo;
use crate::model::features::{Marks, share_enough};
use crate::store::codec::EntryHead;

/// The lists of all keys, and what is known of each entry in them.
#[derive(Default)]
pub(super) struct Postings {
    chains: Chains,
    rows: Rows,
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
            self.chains.sweep(floor);
            self.rows.sweep(floor);
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
        let keys = distinct(&head.marks.keys);
        let count = u8::try_from(keys.len()).unwrap_or(u8::MAX);
        self.rows.set(no.0, Row { date: nanos(head.compared), keys: count });
        self.chains.fetch(&keys);
        for key in keys {
            self.chains.insert(key, no.0);
        }
    }

    /// Takes an entry out, as it was entered.
    pub(super) fn remove(&mut self, no: EntryNo, head: &EntryHead) {
        for key in &head.marks.keys {
            self.chains.remove(*key, no.0);
        }
    }

    /// Returns the entries that share keys, best first.
    pub(super) fn candidates(&self, marks: &Marks, bounds: Bounds) -> Candidates {
        let keys = distinct(&marks.keys);
        let mut found = self.shares(&keys);
        // Stable, and keys are in order: the same terms are added up in the same order, so that a
        // rank is the same to the last bit.
        found.sort_by_key(|(no, _)| *no);
        let within = nanos(bounds.from)..=nanos(bounds.until);
        let of_one = found.chunk_by(|(one, _), (other, _)| one == other);
        let mut entries: Vec<(EntryNo, f64)> = of_one
            .filter_map(|shares| {
                let (no, _) = shares.first()?;
                let row = self.rows.find(*no).filter(|row| within.contains(&row.date))?;
                let fewer = keys.len().min(usize::from(row.keys));
                let rank = shares.iter().map(|(_, share)| share).sum();
                share_enough(shares.len(), fewer).then_some((EntryNo(*no), rank))
            })
            .collect();
        entries.sort_by(|(one, a), (other, b)| b.total_cmp(a).then(one.cmp(other)));
        entries.truncate(bounds.limit);
        Candidates { entries }
    }

    /// Returns what each key adds to the rank of each entry that has it, key by key.
    fn shares(&self, keys: &[u64]) -> Vec<(u64, f64)> {
        let floor = self.arrivals.floor();
        let mut found: Vec<(u64, f64)> = Vec::with_capacity(keys.len() * 2);
        self.chains.fetch(keys);
        for key in keys {
            let before = found.len();
            found.extend(self.chains.entries(*key, floor).map(|no| (no, 0.0)));
            match share(found.len() - before) {
                Some(share) => found.iter_mut().skip(before).for_each(|(_, of)| *of = share),
                None => found.truncate(before),
            }
        }
        found
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.chains.len()
    }
}

/// What is known of an entry.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    /// The date it is compared by, in nanoseconds.
    date: i64,
    /// How many keys it has.
    keys: u8,
}

/// The entries of the window by their numbers, which follow each other.
#[derive(Debug, Default)]
struct Rows {
    first: u64,
    rows: VecDeque<Row>,
}

impl Rows {
    fn set(&mut self, no: u64, row: Row) {
        let end = self.first.saturating_add(self.len());
        let room = u64::try_from(RECENT_MAX).unwrap_or(u64::MAX).saturating_mul(2);
        if self.rows.is_empty() || no >= end.saturating_add(room) {
            self.rows.clear();
            self.first = no;
        }
        while no < self.first && self.len() < room {
            self.rows.push_front(Row::default());
            self.first -= 1;
        }
        while no >= self.first.saturating_add(self.len()) {
            self.rows.push_back(Row::default());
        }
        if let Some(place) = self.place(no).and_then(|place| self.rows.get_mut(place)) {
            *place = row;
        }
    }

    fn find(&self, no: u64) -> Option<Row> {
        self.rows.get(self.place(no)?).copied()
    }

    fn sweep(&mut self, floor: u64) {
        while self.first < floor && self.rows.pop_front().is_some() {
            self.first += 1;
        }
    }

    fn place(&self, no: u64) -> Option<usize> {
        usize::try_from(no.checked_sub(self.first)?).ok()
    }

    fn len(&self) -> u64 {
        u64::try_from(self.rows.len()).unwrap_or(u64::MAX)
    }
}

fn distinct(keys: &[u64]) -> Vec<u64> {
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    keys
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
