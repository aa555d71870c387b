//! What an item is: the procedure of one document, one item at a time (§5 of the method).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::constants::CONSTANTS as K;
use super::index::shared_title_keys;
use super::known::{Change, Closest, Decision, Facts, Incoming, Known, Ruling};
use super::measures::{Measures, measure};
use super::rules::{Match, Pair, Side, Strength, judge};
use crate::model::entry::{EntryNo, StoryNo};
use crate::model::policy::DedupMode;
use crate::model::verdict::{Claim, EntryKey, Joined};

/// Decides what an item is. The caller goes through a document from its last item to its first and
/// writes each decision down before it asks for the next.
///
/// `DedupMode::Off` knows an entry by its own key only, `Identity` by its URLs too, `Full` by what
/// it says.
pub fn decide_item(
    item: &Incoming<'_>,
    known: &dyn Known,
    mode: DedupMode,
    window: Duration,
) -> Decision {
    let desk = Desk { item, known, window };
    if let Some(entry) = desk.known_entry() {
        return desk.known(entry);
    }
    match mode {
        DedupMode::Off => desk.decision(desk.opened()),
        DedupMode::Identity => {
            let by_url = desk.by_url();
            desk.settle(by_url, Vec::new())
        }
        DedupMode::Full => desk.decide_in_full(),
    }
}

/// The order of an item that has no number yet: later than all.
const LATEST: u64 = u64::MAX;

/// An item on the desk, and what is known.
struct Desk<'a> {
    item: &'a Incoming<'a>,
    known: &'a dyn Known,
    window: Duration,
}

/// A story that the item may belong to, and why.
struct Place {
    story: StoryNo,
    joined: Joined,
}

/// A candidate that matches.
struct Hit {
    facts: Arc<Facts>,
    found: Match,
}

impl Desk<'_> {
    // A: the own key.

    fn known_entry(&self) -> Option<EntryNo> {
        let identity = self.item.identity;
        std::iter::once(&identity.own).chain(&identity.also).find_map(|key| {
            match self.known.claim(key)? {
                Claim::Entry(entry) => Some(entry),
                Claim::Barred => None,
            }
        })
    }

    fn known(&self, entry: EntryNo) -> Decision {
        let Some(facts) = self.known.facts(entry) else {
            // The text is gone, the keys are not: the entry has been dealt with (P92).
            return self.decision(Ruling::Known { entry, change: Change::Unchanged });
        };
        let change = self.change_from(std::iter::once(&facts));
        let is_reused = change == Change::Updated && {
            let m = measure(self.item.features, &facts.features, true);
            m.c < K.reused_c && !m.teq
        };
        Decision { is_reused, ..self.decision(Ruling::Known { entry, change }) }
    }

    fn change_from<'f>(&self, mut held: impl Iterator<Item = &'f Arc<Facts>>) -> Change {
        if held.any(|facts| facts.fingerprint == self.item.fingerprint) {
            Change::Unchanged
        } else {
            Change::Updated
        }
    }

    // B: canonical URLs.

    fn by_url(&self) -> Option<Place> {
        self.item.identity.urls.iter().find_map(|key| {
            let Claim::Entry(no) = self.known.claim(key)? else { return None };
            let facts = self.known.facts(no)?;
            let m = self.measured(&facts);
            let is_bare = m.n_s < K.body_n;
            let is_same = m.teq && (m.r >= K.listed_r || is_bare);
            let is_listed = facts.source == *self.item.source && self.known.is_listed(no);
            if (is_listed && !is_same)
                || !self.accepts_url(&facts, &m)
                || self.is_forbidden(facts.story)
            {
                return None;
            }
            let joined = Joined { rule: "url".to_owned(), with: Some(no), numbers: m.numbers() };
            Some(Place { story: facts.story, joined })
        })
    }

    fn accepts_url(&self, held: &Facts, m: &Measures) -> bool {
        let is_bare = m.n_s < K.body_n;
        if held.outlet == self.item.outlet {
            let (tj, c, to) = K.url_same;
            return m.teq || m.tj >= tj || m.c >= c || (is_bare && m.to >= to);
        }
        let (c, p0, r) = K.url_other;
        let (tokens, tj, to) = K.url_bare;
        let shortest = held.features.body.tokens.min(self.item.features.body.tokens);
        let is_link = m.tj >= tj || m.to >= to || self.item.features.is_external;
        (m.c >= c && m.p0.is_some_and(|at| at <= p0))
            || m.r >= r
            || (is_bare && m.teq)
            || (shortest <= tokens && is_link)
    }

    // C: content.

    fn decide_in_full(&self) -> Decision {
        let by_url = self.by_url();
        let (mut hits, closest) = self.hits();
        let is_roundup = self.is_roundup(&hits);
        hits.retain(|hit| {
            !(self.longer_is_roundup(hit, is_roundup) && hit.found.measures.r < K.roundup.1)
        });
        self.drop_hits_beside_listed_copies(&mut hits);
        let stories = ranked(&hits);
        let place = by_url.or_else(|| {
            let (story, best) = best_story(&stories)?;
            Some(Place { story, joined: best.found.joined(best.facts.no) })
        });
        let merges = place.as_ref().map(|place| self.merges(place.story, &stories));
        let decision = self.settle(place, merges.unwrap_or_default());
        Decision { is_roundup, closest, ..decision }
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

    /// Tells whether the item holds pieces of several stories, one behind the other.
    fn is_roundup(&self, hits: &[Hit]) -> bool {
        let (least, r, shingles, gap) = K.roundup;
        let mut pieces: Vec<(u32, u32, StoryNo)> = hits
            .iter()
            .filter(|hit| {
                let m = &hit.found.measures;
                !m.short_is_first && m.r < r && m.n_s < shingles
            })
            .filter_map(|hit| {
                Some((hit.found.measures.p0?, hit.found.measures.n_s, hit.facts.story))
            })
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

    fn longer_is_roundup(&self, hit: &Hit, item_is_roundup: bool) -> bool {
        if hit.found.measures.short_is_first { hit.facts.is_roundup } else { item_is_roundup }
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

    // D: other stories that are one with the item's.

    fn merges(
        &self,
        home: StoryNo,
        stories: &BTreeMap<StoryNo, Ranked<'_>>,
    ) -> Vec<(StoryNo, Joined)> {
        let mut members = self.known.members(home);
        let mut merges = Vec::new();
        for (story, ranked) in stories {
            let best = ranked.best;
            if *story == home || best.found.strength < Strength::Strong {
                continue;
            }
            let others = self.known.members(*story);
            let fits = members.len() + others.len() <= K.merged_members_max;
            let apart = |a: &EntryNo| others.iter().all(|b| !self.known.were_together(*a, *b));
            if fits && members.iter().all(apart) {
                merges.push((*story, best.found.joined(best.facts.no)));
                members.extend(others);
            }
        }
        merges
    }

    // E and F: a new story, a copy, or a held entry under a new key.

    fn settle(&self, place: Option<Place>, merges: Vec<(StoryNo, Joined)>) -> Decision {
        let ruling = match place {
            None => self.opened(),
            Some(place) => self.joined(place),
        };
        Decision { merges, ..self.decision(ruling) }
    }

    fn joined(&self, place: Place) -> Ruling {
        let Place { story, joined } = place;
        let mut away = self.members_of_source(story);
        away.retain(|facts| !self.known.is_listed(facts.no));
        let same = away.iter().find(|facts| facts.fingerprint == self.item.fingerprint);
        match same.or_else(|| away.last()) {
            Some(held) => {
                Ruling::Returned { entry: held.no, change: self.change_from(away.iter()), joined }
            }
            None => Ruling::Duplicate { story, joined },
        }
    }

    fn opened(&self) -> Ruling {
        Ruling::New { joined: Joined { rule: "opened".to_owned(), ..Joined::default() } }
    }

    fn decision(&self, ruling: Ruling) -> Decision {
        let identity = self.item.identity;
        let keys: Vec<EntryKey> =
            std::iter::once(&identity.own).chain(&identity.urls).copied().collect();
        Decision {
            ruling,
            keys,
            merges: Vec::new(),
            is_roundup: false,
            is_reused: false,
            closest: None,
        }
    }

    // What the steps share.

    fn members_of_source(&self, story: StoryNo) -> Vec<Arc<Facts>> {
        let members = self.known.members(story);
        members
            .into_iter()
            .filter_map(|no| self.known.facts(no))
            .filter(|facts| facts.source == *self.item.source)
            .collect()
    }

    fn is_forbidden(&self, story: StoryNo) -> bool {
        self.known.is_forbidden(&self.item.identity.own, story)
    }

    fn measured(&self, held: &Facts) -> Measures {
        measure(self.item.features, &held.features, true)
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

fn side(facts: &Facts) -> Side<'_> {
    Side {
        features: &facts.features,
        published: facts.published,
        outlet: &facts.outlet,
        order: facts.no.0,
    }
}

/// The hits in one story.
#[derive(Clone, Copy)]
struct Ranked<'h> {
    best: &'h Hit,
    rank: f64,
    hits: usize,
}

fn ranked(hits: &[Hit]) -> BTreeMap<StoryNo, Ranked<'_>> {
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
fn best_story<'h>(stories: &BTreeMap<StoryNo, Ranked<'h>>) -> Option<(StoryNo, &'h Hit)> {
    let (story, ranked) = stories.iter().max_by(|(a, x), (b, y)| {
        x.rank.total_cmp(&y.rank).then(x.hits.cmp(&y.hits)).then(b.cmp(a))
    })?;
    Some((*story, ranked.best))
}
