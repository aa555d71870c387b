//! How much two entries have in common.

use super::constants::CONSTANTS;
use super::features::Features;
use super::overlap::Overlap;
use super::sets::{common, has, size, sorted_set};
use super::slots;
use super::title::Title;

/// With fewer long shingles, containment of long shingles is that of the short ones.
const LONG_MIN: usize = 4;

/// The figures of a pair. S is the side with fewer distinct shingles, L the other.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measures {
    /// S is the first of the two.
    pub short_is_first: bool,
    /// Distinct shingles of S.
    pub n_s: u32,
    /// Distinct shingles of L.
    pub n_l: u32,
    /// Containment: share of S's shingles that are in L.
    pub c: f64,
    /// Resemblance: shared shingles in all shingles.
    pub r: f64,
    /// Containment of long shingles.
    pub cl: f64,
    /// Least position in L of a shared shingle; `None`: there is none.
    pub p0: Option<u32>,
    /// Share of the shared shingles that stand in L's lead.
    pub lead: f64,
    /// Jaccard of the titles' token sets.
    pub tj: f64,
    /// Overlap of the titles in the smaller one.
    pub to: f64,
    /// Tokens of the smaller title.
    pub tmin: u32,
    /// Letters of the smaller title.
    pub twt: u32,
    /// The titles have the same tokens.
    pub teq: bool,
    /// Both titles have numbers, and neither set contains the other.
    pub tnum2: bool,
    /// Slots of the titles' pattern that the two fill with different names.
    pub slots: u32,
    /// Numbers of aligned pieces of S, and those that L lacks.
    pub al: Missing,
    /// Names and numbers of aligned pieces, and those that L lacks.
    pub h: Missing,
    /// All names and numbers of S, and those that L lacks.
    pub sh: Missing,
    /// Names and numbers of S's title, and those that L lacks.
    pub tb: Missing,
}

/// A number of things, and how many of them the other side lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// All.
    pub n: u32,
    /// Lacking.
    pub m: u32,
}

impl Measures {
    /// Whether one title contains the other.
    pub fn tcont(&self) -> bool {
        let (overlap, tokens) = CONSTANTS.title_contains;
        self.to >= overlap && self.tmin >= tokens
    }

    /// Whether the titles are similar.
    pub fn tsim(&self) -> bool {
        self.tj >= CONSTANTS.title_similar || self.tcont()
    }

    /// Whether L has the names of S that it should have.
    pub fn is_clean(&self) -> bool {
        let (names, share) = CONSTANTS.clean;
        self.h.m == 0 || (self.h.n >= names && f64::from(self.h.m) <= share * f64::from(self.h.n))
    }

    /// Whether names are evidence: clean, and those of the title are there too.
    pub fn is_evident(&self) -> bool {
        self.is_clean() && self.tb.m <= u32::from(self.tb.n >= 4)
    }

    /// Returns the figures by name, as `explain` shows them.
    pub fn numbers(&self) -> Vec<(String, f64)> {
        let mut numbers = vec![
            ("c", self.c),
            ("r", self.r),
            ("cl", self.cl),
            ("lead", self.lead),
            ("tj", self.tj),
            ("to", self.to),
            ("nS", f64::from(self.n_s)),
            ("nL", f64::from(self.n_l)),
            ("alN", f64::from(self.al.n)),
            ("alM", f64::from(self.al.m)),
            ("hN", f64::from(self.h.n)),
            ("hM", f64::from(self.h.m)),
            ("tbM", f64::from(self.tb.m)),
            ("slots", f64::from(self.slots)),
        ];
        numbers.extend(self.p0.map(|p0| ("p0", f64::from(p0))));
        numbers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns the figures of a pair; `first_is_later` says which side is S when both have as many
/// shingles. Swapping the two with it changes nothing but `short_is_first`.
pub fn measure(first: &Features, second: &Features, first_is_later: bool) -> Measures {
    let short_is_first = match first.body.distinct.cmp(&second.body.distinct) {
        std::cmp::Ordering::Less => true,
        std::cmp::Ordering::Greater => false,
        std::cmp::Ordering::Equal => first_is_later,
    };
    let (s, l) = if short_is_first { (first, second) } else { (second, first) };
    let mut measures = Measures { short_is_first, ..Measures::default() };
    measure_titles(&mut measures, &s.title, &l.title);
    measure_bodies(&mut measures, s, l);
    if measures.tj >= CONSTANTS.slot.0 && !measures.teq {
        measures.slots = slots::swapped(s, l);
    }
    measures
}

fn measure_titles(measures: &mut Measures, s: &Title, l: &Title) {
    let shared = common(&s.set, &l.set);
    let all = s.size() + l.size() - shared;
    measures.tmin = s.size().min(l.size());
    measures.twt = s.letters.min(l.letters);
    measures.tj = share(shared, all);
    measures.to = share(shared, measures.tmin);
    measures.teq = !s.row.is_empty() && s.row == l.row;
    let shared_numbers = common(&s.numbers, &l.numbers);
    measures.tnum2 = !s.numbers.is_empty()
        && !l.numbers.is_empty()
        && shared_numbers < size(&s.numbers).min(size(&l.numbers));
}

fn measure_bodies(measures: &mut Measures, s: &Features, l: &Features) {
    let (body, other) = (&s.body, &l.body);
    let overlap = Overlap::of(body, other, &CONSTANTS);
    let shared = size(&overlap.positions_in_l);
    measures.n_s = body.distinct;
    measures.n_l = other.distinct;
    measures.c = share(shared, body.distinct);
    measures.r = share(shared, body.distinct + other.distinct - shared);
    measures.cl = if body.long.len() < LONG_MIN {
        measures.c
    } else {
        share(common(&body.long, &other.long), size(&body.long))
    };
    measures.p0 = overlap.positions_in_l.iter().min().copied().map(u32::from);
    let (factor, plus, least) = CONSTANTS.lead;
    let lead_end = (factor * f64::from(body.distinct) + plus).max(least);
    let in_lead = overlap.positions_in_l.iter().filter(|at| f64::from(**at) < lead_end).count();
    measures.lead = share(u32::try_from(in_lead).unwrap_or(u32::MAX), shared);

    let in_body = |token| has(&other.words, token);
    let in_entry = |token| in_body(token) || has(&l.title.set, token);
    let numbers = overlap.aligned(body).filter(|notable| notable.is_number);
    measures.al = missing(numbers.map(|notable| notable.token), in_body);
    let hard = overlap.aligned(body).filter(|notable| notable.is_hard);
    measures.h = missing(hard.map(|notable| notable.token), in_entry);
    measures.sh = missing(body.hard.iter().copied(), in_entry);
    measures.tb = missing(s.title.hard.iter().copied(), in_entry);
}

/// Counts distinct tokens, and those that are not held.
fn missing(tokens: impl Iterator<Item = u32>, is_held: impl Fn(u32) -> bool) -> Missing {
    let distinct = sorted_set(tokens.collect());
    let lacking = distinct.iter().filter(|token| !is_held(**token)).count();
    Missing { n: size(&distinct), m: u32::try_from(lacking).unwrap_or(u32::MAX) }
}

fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}
