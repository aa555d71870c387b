//! Which entries have a key: hash chains, sixteen bytes a key of an entry.
//!
//! Most keys have one entry, so that a list for each would take more than what it lists. All
//! postings stand in one row instead, and those of one bucket are chained, the newest entry first.
//! A key is told by 32 of its bits: of a thousand keys that nobody has, two lead to some entry,
//! which is then compared in vain. Which bucket a key falls into is a secret of the process, so that
//! nobody can write texts whose keys fall together.

use std::hash::{BuildHasher, RandomState};

/// A key that more entries have tells nothing. One more is kept: it tells that there are more.
pub(super) const LIST_MAX: usize = 96;

/// Ends a chain.
const END: u32 = u32::MAX;
/// Buckets at first, a power of two.
const BUCKETS_MIN: usize = 1_024;
/// Postings a bucket, at most, on average.
const LOAD: usize = 2;
/// Steps along a chain that are taken ahead: few are longer.
const STEPS_AHEAD: usize = LIST_MAX;

/// One key of one entry: twelve bytes.
#[derive(Clone, Copy, Debug)]
struct Posting {
    /// The key, as far as it is kept.
    tag: u32,
    /// The lower half of the entry's number.
    no: u32,
    /// The posting behind this one in its chain, or in the list of free places.
    next: u32,
}

/// What leads to a posting.
#[derive(Clone, Copy)]
enum Link {
    Head(usize),
    Behind(u32),
}

/// The postings of all keys.
#[derive(Debug)]
pub(super) struct Chains {
    heads: Vec<u32>,
    postings: Vec<Posting>,
    /// The first place of `postings` that is free.
    free: u32,
    len: usize,
    /// The highest number entered.
    last: u64,
    secret: u64,
}

impl Default for Chains {
    fn default() -> Self {
        Self {
            heads: vec![END; BUCKETS_MIN],
            postings: Vec::new(),
            free: END,
            len: 0,
            last: 0,
            secret: RandomState::new().hash_one(0_u8),
        }
    }
}

impl Chains {
    /// Enters an entry under a key, among the newest `LIST_MAX` and one more that have it.
    pub(super) fn insert(&mut self, key: u64, no: u64) {
        self.last = self.last.max(no);
        if self.len >= self.heads.len() * LOAD {
            self.double();
        }
        let (tag, no) = (tag(key), low(no));
        let age = self.age(no);
        let mut link = Link::Head(self.bucket(tag));
        let (mut place, mut oldest, mut count) = (None, None, 0);
        while let Some((at, posting)) = self.follow(link) {
            let other = self.age(posting.no);
            if place.is_none() && other > age {
                place = Some(link);
            }
            if posting.tag == tag {
                if posting.no == no {
                    return;
                }
                count += 1;
                oldest = Some((link, other));
            }
            link = Link::Behind(at);
        }
        if count > LIST_MAX
            && let Some((oldest, other)) = oldest
        {
            if other < age {
                return;
            }
            self.unlink(oldest);
        }
        self.link(place.unwrap_or(link), tag, no);
    }

    /// Takes an entry out of the list of a key.
    pub(super) fn remove(&mut self, key: u64, no: u64) {
        let (tag, no) = (tag(key), low(no));
        let mut link = Link::Head(self.bucket(tag));
        while let Some((at, posting)) = self.follow(link) {
            if posting.tag == tag && posting.no == no {
                self.unlink(link);
                return;
            }
            link = Link::Behind(at);
        }
    }

    /// Returns the entries from `floor` on that have a key, newest first.
    pub(super) fn entries(&self, key: u64, floor: u64) -> impl Iterator<Item = u64> {
        let tag = tag(key);
        let mut link = Link::Head(self.bucket(tag));
        std::iter::from_fn(move || {
            let (at, posting) = self.follow(link)?;
            link = Link::Behind(at);
            Some((posting.tag, self.last - u64::from(self.age(posting.no))))
        })
        .take_while(move |(_, no)| *no >= floor)
        .filter(move |(other, _)| *other == tag)
        .map(|(_, no)| no)
    }

    /// Brings the chains of keys near, all side by side: where there are millions of postings, each
    /// step along a chain waits for memory, and one chain after the other would wait for each.
    pub(super) fn fetch(&self, keys: &[u64]) {
        let head = |key: &u64| self.heads.get(self.bucket(tag(*key))).copied().unwrap_or(END);
        let mut places: Vec<u32> = keys.iter().map(head).collect();
        for _ in 0..STEPS_AHEAD {
            places.retain_mut(|place| {
                *place = self.postings.get(index(*place)).map_or(END, |posting| posting.next);
                *place != END
            });
        }
        std::hint::black_box(&places);
    }

    /// Lets go of all entries below `floor`: the ends of the chains.
    pub(super) fn sweep(&mut self, floor: u64) {
        for bucket in 0..self.heads.len() {
            let mut link = Link::Head(bucket);
            while let Some((at, posting)) = self.follow(link) {
                if self.last - u64::from(self.age(posting.no)) < floor {
                    self.unlink(link);
                } else {
                    link = Link::Behind(at);
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Returns how many numbers lie between an entry and the newest.
    fn age(&self, no: u32) -> u32 {
        low(self.last).wrapping_sub(no)
    }

    fn bucket(&self, tag: u32) -> usize {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let product = (u64::from(tag) ^ self.secret).wrapping_mul(FACTOR);
        let spread = usize::try_from(product >> 32).unwrap_or(usize::MAX);
        spread & (self.heads.len() - 1)
    }

    fn follow(&self, link: Link) -> Option<(u32, Posting)> {
        let at = match link {
            Link::Head(bucket) => *self.heads.get(bucket)?,
            Link::Behind(at) => self.postings.get(index(at))?.next,
        };
        Some((at, *self.postings.get(index(at))?))
    }

    fn lead(&mut self, link: Link, to: u32) {
        let from = match link {
            Link::Head(bucket) => self.heads.get_mut(bucket),
            Link::Behind(at) => self.postings.get_mut(index(at)).map(|posting| &mut posting.next),
        };
        if let Some(from) = from {
            *from = to;
        }
    }

    fn link(&mut self, link: Link, tag: u32, no: u32) {
        let next = self.follow(link).map_or(END, |(at, _)| at);
        let posting = Posting { tag, no, next };
        let at = self.free;
        if let Some(place) = self.postings.get_mut(index(at)) {
            self.free = place.next;
            *place = posting;
            self.lead(link, at);
        } else {
            let Ok(at) = u32::try_from(self.postings.len()) else { return };
            if self.postings.len() == self.postings.capacity() {
                // Not doubled: there may be ten million of them.
                self.postings.reserve_exact(BUCKETS_MIN.max(self.postings.len() / 8));
            }
            self.postings.push(posting);
            self.lead(link, at);
        }
        self.len += 1;
    }

    /// Takes out the posting that a link leads to.
    fn unlink(&mut self, link: Link) {
        let Some((at, posting)) = self.follow(link) else { return };
        self.lead(link, posting.next);
        self.lead(Link::Behind(at), self.free);
        self.free = at;
        self.len -= 1;
    }

    /// Makes two buckets of each, keeping the order of their chains.
    fn double(&mut self) {
        let half = self.heads.len();
        self.heads.resize(half * 2, END);
        for bucket in 0..half {
            let mut link = Link::Head(bucket);
            let mut ends = [Link::Head(bucket), Link::Head(bucket + half)];
            while let Some((at, posting)) = self.follow(link) {
                link = Link::Behind(at);
                let side = usize::from(self.bucket(posting.tag) != bucket);
                if let Some(end) = ends.get_mut(side) {
                    let before = std::mem::replace(end, link);
                    self.lead(before, at);
                }
            }
            for end in ends {
                self.lead(end, END);
            }
        }
    }
}

fn tag(key: u64) -> u32 {
    // Keys of titles differ in their lowest bits, too.
    low((key ^ (key << 32)) >> 32)
}

fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(chains: &Chains, key: u64, floor: u64) -> Vec<u64> {
        chains.entries(key, floor).collect()
    }

    #[test]
    fn a_posting_takes_twelve_bytes() {
        assert_eq!(size_of::<Posting>(), 12);
    }

    #[test]
    fn entries_are_listed_newest_first_whenever_they_came() {
        let mut chains = Chains::default();
        for no in [5, 2, 9, 7, 2] {
            chains.insert(1 << 40, no);
        }
        assert_eq!(numbers(&chains, 1 << 40, 0), [9, 7, 5, 2]);
        assert_eq!(numbers(&chains, 1 << 40, 7), [9, 7]);
        chains.remove(1 << 40, 7);
        chains.remove(1 << 40, 6);
        assert_eq!(numbers(&chains, 1 << 40, 0), [9, 5, 2]);
        assert!(numbers(&chains, 2 << 40, 0).is_empty());
    }

    #[test]
    fn a_full_list_keeps_the_newest() {
        let mut chains = Chains::default();
        (10..210).for_each(|no| chains.insert(7, no));
        chains.insert(7, 3);
        chains.insert(7, 150);
        let newest: Vec<u64> = (113..210).rev().collect();
        assert_eq!(numbers(&chains, 7, 0), newest);
        assert_eq!(chains.len(), LIST_MAX + 1);
        assert!(chains.postings.len() <= LIST_MAX + 2, "places are used again");
    }

    #[test]
    fn growing_and_sweeping_keep_every_list() {
        let mut chains = Chains::default();
        let key = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) & !0xFFFF;
        for no in 1..=6_000 {
            chains.insert(key(no), no);
            chains.insert(key(no % 100), no);
        }
        assert!(chains.heads.len() > BUCKETS_MIN);
        for no in (100..6_000).step_by(97) {
            assert_eq!(numbers(&chains, key(no), 0), [no], "{no}");
        }
        let fiftieth: Vec<u64> = (0..60).rev().map(|hundred| hundred * 100 + 50).collect();
        assert_eq!(numbers(&chains, key(50), 51), fiftieth[..59]);
        chains.sweep(3_001);
        assert_eq!(chains.len(), 6_000);
        assert_eq!(numbers(&chains, key(50), 0), fiftieth[..30]);
        assert!(numbers(&chains, key(2_000), 0).is_empty());
    }

    #[test]
    fn numbers_beyond_32_bits_keep_their_order() {
        let mut chains = Chains::default();
        let turn = u64::from(u32::MAX);
        for no in [turn - 1, turn + 3, turn] {
            chains.insert(7, no);
        }
        assert_eq!(numbers(&chains, 7, 0), [turn + 3, turn, turn - 1]);
    }
}
