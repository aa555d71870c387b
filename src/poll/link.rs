//! Tells a publisher that cannot be reached from a network of our own that is down.
//!
//! When nobody has answered for a minute and everyone asked since could not be reached, the fault is ours: failures then
//! count against nobody, those counted since the last answer are taken back, and polls are tried again soon. One answer,
//! whatever it says, ends that. A handful of sources is too little to tell by, and is never excused.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::source::SourceId;

/// Somebody has answered within this: the network is up.
const HEARD_WITHIN: Duration = Duration::from_secs(60);

/// So many domains out of reach are enough to judge by; fewer only if there are no more.
const DOMAINS_ENOUGH: usize = 8;

/// With fewer domains configured, each failure is its own.
const DOMAINS_MIN: usize = 3;

/// What is known of our own network.
#[derive(Default)]
pub(super) struct Link {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Domains configured.
    domains: usize,
    /// When somebody last answered.
    heard: Option<Timestamp>,
    /// Domains out of reach since.
    silent: BTreeSet<String>,
    /// Sources whose failures since were counted.
    counted: Vec<SourceId>,
    down_since: Option<Timestamp>,
}

/// Whose fault it is that a publisher could not be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Its own, as far as can be told.
    Theirs,
    /// Our network is down; so it was for these, whose failures were counted.
    Ours(Vec<SourceId>),
}

impl Link {
    /// Notes how many domains there are.
    pub(super) fn expect(&self, domains: usize) {
        self.known().domains = domains;
    }

    /// Notes that somebody answered; tells since when the network was down, if it was.
    pub(super) fn answered(&self, now: Timestamp) -> Option<Timestamp> {
        let mut known = self.known();
        known.heard = Some(now);
        known.silent.clear();
        known.counted.clear();
        known.down_since.take()
    }

    /// Judges that `domain` could not be reached for these sources.
    pub(super) fn unreachable(&self, now: Timestamp, domain: String, of: &[SourceId]) -> Fault {
        let mut known = self.known();
        let is_recent = |at: Timestamp| now.duration_since(at).unsigned_abs() < HEARD_WITHIN;
        if known.domains < DOMAINS_MIN || known.heard.is_some_and(is_recent) {
            return Fault::Theirs;
        }
        known.silent.insert(domain);
        if known.silent.len() < DOMAINS_ENOUGH.min(known.domains) {
            known.counted.extend_from_slice(of);
            return Fault::Theirs;
        }
        known.down_since.get_or_insert(now);
        Fault::Ours(std::mem::take(&mut known.counted))
    }

    /// Returns since when our own network is taken to be down.
    pub(super) fn down_since(&self) -> Option<Timestamp> {
        self.known().down_since
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn fails(link: &Link, seconds: i64, number: usize) -> Fault {
        link.unreachable(at(seconds), format!("{number}.example"), &[id(number)])
    }

    fn id(number: usize) -> SourceId {
        SourceId::new(&format!("s{number}"))
    }

    #[test]
    fn when_nobody_can_be_reached_the_fault_is_ours_and_earlier_failures_are_taken_back() {
        let link = Link::default();
        link.expect(100);
        link.answered(at(0));
        assert_eq!(fails(&link, 30, 0), Fault::Theirs, "somebody answered half a minute ago");
        for number in 1..DOMAINS_ENOUGH {
            assert_eq!(fails(&link, 100, number), Fault::Theirs);
        }
        let counted = (1..DOMAINS_ENOUGH).map(id).collect();
        assert_eq!(fails(&link, 101, 50), Fault::Ours(counted));
        assert_eq!(fails(&link, 102, 51), Fault::Ours(vec![]));
        assert_eq!(link.down_since(), Some(at(101)));
        assert_eq!(link.answered(at(200)), Some(at(101)), "told once");
        assert_eq!(link.answered(at(201)), None);
        assert_eq!(fails(&link, 202, 1), Fault::Theirs);
    }

    #[test]
    fn one_domain_is_not_everyone() {
        let link = Link::default();
        link.expect(100);
        for seconds in 0..1_000 {
            assert_eq!(fails(&link, seconds, 1), Fault::Theirs);
        }
    }

    #[test]
    fn all_of_few_are_enough_but_not_of_very_few() {
        let few = Link::default();
        few.expect(3);
        assert_eq!(fails(&few, 1, 1), Fault::Theirs);
        assert_eq!(fails(&few, 1, 2), Fault::Theirs);
        assert_eq!(fails(&few, 1, 3), Fault::Ours(vec![id(1), id(2)]));
        let very_few = Link::default();
        very_few.expect(2);
        for number in 1..=2 {
            assert_eq!(fails(&very_few, 1, number), Fault::Theirs);
        }
    }
}
