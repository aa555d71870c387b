//! What an item is: the procedure of one document, one item at a time (§5 of the method).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::constants::CONSTANTS as K;
use super::hits::{Ranked, best_story, ranked};
use super::identity::Identity;
use super::known::{Change, Decision, Facts, Incoming, Known, Ruling};
use super::measures::{Measures, measure};
use super::rules::Strength;
use crate::model::entry::{EntryNo, StoryNo};
use crate::model::policy::DedupMode;
use crate::model::verdict::{Claim, EntryKey, Joined};

/// Decides what an item is. The caller goes through a document from its last item to its first and
/// writes each decision down before it asks for the next.
///
/// `DedupMode::Off` knows an entry by its own key only, `Identity` by its URLs too, `Full` by what
/// it says. Only the marks of entries of a `Full` source are to be indexed: the others are not to
/// be found by what they say.
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
        DedupMode::Off => desk.standing_alone(),
        DedupMode::Identity => {
            let by_url = desk.by_url();
            desk.settle(by_url, Vec::new())
        }
        DedupMode::Full => desk.decide_in_full(),
    }
}

/// An item on the desk, and what is known.
pub(super) struct Desk<'a> {
    pub(super) item: &'a Incoming<'a>,
    pub(super) known: &'a dyn Known,
    pub(super) window: Duration,
}

/// A story that the item may belong to, and why.
struct Place {
    story: StoryNo,
    joined: Joined,
}

impl Desk<'_> {
    // A: the own key.

    fn known_entry(&self) -> Option<EntryNo> {
        self.item.identity.own_keys().find_map(|key| self.claimed(key))
    }

    /// Returns the entry that a key leads to, unless another item of the document is that entry.
    fn claimed(&self, key: &EntryKey) -> Option<EntryNo> {
        match self.known.claim(key)? {
            Claim::Entry(entry) => (!self.known.is_taken(entry)).then_some(entry),
            Claim::Barred | Claim::Withheld(_) => None,
        }
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

    // C: content; see `hits`.

    fn decide_in_full(&self) -> Decision {
        let by_url = self.by_url();
        let found = self.search();
        let stories = ranked(&found.hits);
        let place = by_url.or_else(|| {
            let (story, best) = best_story(&stories)?;
            Some(Place { story, joined: best.found.joined(best.facts.no) })
        });
        let merges = place.as_ref().map(|place| self.merges(place.story, &stories));
        let decision = self.settle(place, merges.unwrap_or_default());
        Decision { is_roundup: found.is_roundup, closest: found.closest, ..decision }
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

    fn standing_alone(&self) -> Decision {
        Decision { keys: self.keys_of_its_own(), ..self.decision(self.opened()) }
    }

    fn decision(&self, ruling: Ruling) -> Decision {
        let mut keys = self.keys_of_its_own();
        keys.extend(&self.item.identity.urls);
        Decision {
            ruling,
            keys,
            merges: Vec::new(),
            is_roundup: false,
            is_reused: false,
            closest: None,
        }
    }

    /// Returns the own key, and the narrower ones where the own leads to another item's entry.
    fn keys_of_its_own(&self) -> Vec<EntryKey> {
        let Identity { own, also, .. } = self.item.identity;
        let is_taken =
            matches!(self.known.claim(own), Some(Claim::Entry(no)) if self.known.is_taken(no));
        let narrower = if is_taken { also.as_slice() } else { &[] };
        std::iter::once(own).chain(narrower).copied().collect()
    }

    // What the steps share.

    pub(super) fn members_of_source(&self, story: StoryNo) -> Vec<Arc<Facts>> {
        let members = self.known.members(story);
        members
            .into_iter()
            .filter_map(|no| self.known.facts(no))
            .filter(|facts| facts.source == *self.item.source)
            .collect()
    }

    pub(super) fn is_forbidden(&self, story: StoryNo) -> bool {
        self.known.is_forbidden(&self.item.identity.own, story)
    }

    pub(super) fn measured(&self, held: &Facts) -> Measures {
        measure(self.item.features, &held.features, true)
    }
}

#[cfg(test)]
#[path = "decider_tests.rs"]
mod tests;
