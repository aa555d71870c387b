//! What the item's text finds: candidates, matches, roundups (§5 C of the method).

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::constants::CONSTANTS as K;
use super::decider::Desk;
use super::index::shared_title_keys;
use super::known::{Closest, Facts};
use super::rules::{Match, Pair, Side, Strength, judge};
use crate::model::entry::StoryNo;

/// A candidate that matches.
pub(super) struct Hit {
    pub(super) facts: Arc<Facts>,
    pub(super) found: Match,
}

/// What the item's text found.
pub(super) struct Found {
    /// Matches that count.
    pub(super) hits: Vec<Hit>,
    /// The item holds pieces of several stories.
    pub(super) is_roundup: bool,
    /// The best candidate that was turned down.
    pub(super) closest: Option<Closest>,
}

/// The order of an item that has no number yet: later than all.
const LATEST: u64 = u64::MAX;

impl Desk<'_> {
    /// Compares the item with its candidates.
    pub(super) fn search(&self) -> Found {
        let (mut hits, closest) = self.hits();
        let is_roundup = is_roundup(&hits);
        hits.retain(|hit| !is_piece_of_roundup(hit, is_roundup));
        self.drop_hits_beside_listed_copies(&mut hits);
        Found { hits, is_roundup, closest }
    }

    fn hits(&self) -> (Vec<Hit>, Option<Closest>) {
        let mut hits = Vec::new();
        let mut closest: Option<(f64, Closest)> = None;
        let mut new_recurs = None;
        for facts in self.candidates() {
            let measures = self.measured(&facts);
            let may_recur = measures.teq || measures.to >= K.alike.0;
            let is_recurring = may_recur
                && (*new_recurs.get_or_insert_with(|| self.new_recurs())
                    || self.recurs(&facts.outlet, facts.features.title.mask, facts.published));
            let pair = Pair {
                window: self.window,
                are_together: facts.source == *self.item.source && self.known.is_listed(facts.no),
                is_recurring,
            };
            let found = judge(self.side(), side(&facts), pair, &measures);
            if found.strength > Strength::No {
                hits.push(Hit { facts, found });
                continue;
            }
            let likeness = K.rank.1 * measures.c + K.rank.2 * measures.tj;
            if closest.as_ref().is_none_or(|(best, _)| likeness > *best) {
                let joined = found.joined(facts.no);
                closest = Some((likeness, Closest { entry: facts.no, joined }));
            }
        }
        (hits, closest.map(|(_, closest)| closest))
    }

    /// Returns the best candidates, best first.
    fn candidates(&self) -> Vec<Arc<Facts>> {
        let item = self.item;
        let span = self.window.saturating_mul(K.index_windows);
        let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
        let from = item.published.checked_sub(span).unwrap_or(Timestamp::MIN);
        let until = item.published.checked_add(span).unwrap_or(Timestamp::MAX);
        let found = self.known.candidates(item.marks, from, until, 2 * K.candidates_max);
        let mut ranked: Vec<(f64, Arc<Facts>)> = found
            .into_iter()
            .filter_map(|(no, rank)| {
                let facts = self.known.facts(no)?;
                let titles = shared_title_keys(&facts.features, item.features);
                Some((rank + f64::from(titles), facts))
            })
            .collect();
        ranked.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.no.cmp(&y.no)));
        ranked
            .into_iter()
            .take(K.candidates_max)
            .map(|(_, facts)| facts)
            .filter(|facts| !self.is_forbidden(facts.story))
            .collect()
    }

    fn new_recurs(&self) -> bool {
        self.recurs(self.item.outlet, self.item.features.title.mask, self.item.published)
    }

    fn recurs(&self, outlet: &str, mask: u64, published: Timestamp) -> bool {
        self.known.half_days(outlet, mask, published) >= K.recurring_half_days
    }

    /// A story holds one entry of a source at a time.
    fn drop_hits_beside_listed_copies(&self, hits: &mut Vec<Hit>) {
        let mut is_free: BTreeMap<StoryNo, bool> = BTreeMap::new();
        hits.retain(|hit| {
            let story = hit.facts.story;
            *is_free.entry(story).or_insert_with(|| self.is_free(story))
        });
    }

    fn is_free(&self, story: StoryNo) -> bool {
        self.members_of_source(story)
            .into_iter()
            .filter(|facts| self.known.is_listed(facts.no))
            .all(|facts| {
                let m = self.measured(&facts);
                m.teq && (m.c >= K.one_feed_c || m.n_s < K.body_n)
            })
    }

    fn side(&self) -> Side<'_> {
        Side {
            features: self.item.features,
            published: self.item.published,
            outlet: self.item.outlet,
            order: LATEST,
        }
    }
}

/// Tells whether the item holds pieces of several stories, one behind the other.
fn is_roundup(hits: &[Hit]) -> bool {
    let (least, r, shingles, gap) = K.roundup;
    let mut pieces: Vec<(u32, u32, StoryNo)> = hits
        .iter()
        .filter(|hit| {
            let m = &hit.found.measures;
            !m.short_is_first && m.r < r && m.n_s < shingles
        })
        .filter_map(|hit| Some((hit.found.measures.p0?, hit.found.measures.n_s, hit.facts.story)))
        .collect();
    pieces.sort_unstable();
    let mut regions = 0;
    let mut last: Option<(f64, StoryNo)> = None;
    for (p0, n_s, story) in pieces {
        let begins = last.is_none_or(|(end, last)| f64::from(p0) > end && story != last);
        if begins {
            regions += 1;
            last = Some((f64::from(p0) + gap * f64::from(n_s), story));
        }
    }
    regions >= least
}

/// Tells whether the longer side is a roundup of which the shorter is a piece.
fn is_piece_of_roundup(hit: &Hit, item_is_roundup: bool) -> bool {
    let m = &hit.found.measures;
    let longer_is_roundup = if m.short_is_first { hit.facts.is_roundup } else { item_is_roundup };
    longer_is_roundup && m.r < K.roundup.1
}

/// The hits in one story.
#[derive(Clone, Copy)]
pub(super) struct Ranked<'h> {
    pub(super) best: &'h Hit,
    rank: f64,
    hits: usize,
}

/// Returns the stories that the hits are in.
pub(super) fn ranked(hits: &[Hit]) -> BTreeMap<StoryNo, Ranked<'_>> {
    let mut stories: BTreeMap<StoryNo, Ranked<'_>> = BTreeMap::new();
    for hit in hits {
        let (strength, c, tj) = K.rank;
        let m = &hit.found.measures;
        let rank = strength * hit.found.strength.weight() + c * m.c + tj * m.tj;
        let story = stories.entry(hit.facts.story).or_insert(Ranked { best: hit, rank, hits: 0 });
        story.hits += 1;
        if rank > story.rank {
            story.rank = rank;
            story.best = hit;
        }
    }
    stories
}

/// Returns the story of the highest rank; ties: more hits, then the older story.
pub(super) fn best_story<'h>(
    stories: &BTreeMap<StoryNo, Ranked<'h>>,
) -> Option<(StoryNo, &'h Hit)> {
    let (story, ranked) = stories.iter().max_by(|(a, x), (b, y)| {
        x.rank.total_cmp(&y.rank).then(x.hits.cmp(&y.hits)).then(b.cmp(a))
    })?;
    Some((*story, ranked.best))
}

fn side(facts: &Facts) -> Side<'_> {
    Side {
        features: &facts.features,
        published: facts.published,
        outlet: &facts.outlet,
        order: facts.no.0,
    }
}
