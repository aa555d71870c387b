//! Polls the corpus against a memory, as `ingest` polls the world against the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use feedmill::dedup::{
    Change, Context, Decision, Facts, Incoming, Known, Names, Prepared, Ruling, decide_item,
    identify, outlet, prepare,
};
use feedmill::model::entry::{Entry, EntryNo, StoryNo};
use feedmill::model::features::{Marks, share_enough};
use feedmill::model::policy::DedupMode;
use feedmill::model::source::SourceId;
use feedmill::model::verdict::{Claim, EntryKey};
use jiff::{SignedDuration, Timestamp};

use super::document;
use super::seen::Seen;

const WINDOW: Duration = Duration::from_secs(96 * 3_600);

/// Longer lists of an index key are not used and do not grow.
const LIST_MAX: usize = 96;

#[derive(Default)]
pub(crate) struct Replay {
    memory: Memory,
    titles: BTreeMap<String, String>,
    keys: BTreeMap<(String, String), EntryNo>,
    seen: Vec<Seen>,
}

/// What is known, in memory.
#[derive(Default)]
struct Memory {
    claims: HashMap<EntryKey, Claim>,
    facts: BTreeMap<EntryNo, Arc<Facts>>,
    members: BTreeMap<StoryNo, Vec<EntryNo>>,
    postings: HashMap<u64, Vec<EntryNo>>,
    keys_of: HashMap<EntryNo, BTreeSet<u64>>,
    half_days: BTreeMap<(String, u64), BTreeSet<i64>>,
    documents: BTreeMap<SourceId, Vec<BTreeSet<EntryNo>>>,
    listed: BTreeSet<EntryNo>,
    stories: u64,
}

impl Replay {
    pub(crate) fn poll(&mut self, feed: &str, snapshot: usize, now: Timestamp, xml: &str) {
        let document = document::read(xml);
        self.titles.insert(feed.to_owned(), document.title.clone());
        let names = Names::new(self.titles.values().map(String::as_str));
        let source = SourceId::new(feed);
        let site = outlet(&document.site);
        let context = Context { names: &names, outlet: &site };
        let entries: Vec<Option<&Entry>> =
            document.items.iter().map(|item| Some(&item.entry)).collect();
        let identities = identify(&source, &entries);
        for key in &identities.bars {
            self.memory.claims.insert(*key, Claim::Barred);
        }
        self.memory.listed.clear();
        for identity in identities.items.iter().flatten() {
            for key in identity.own_keys() {
                if let Some(Claim::Entry(no)) = self.memory.claims.get(key) {
                    self.memory.listed.insert(*no);
                    break;
                }
            }
        }
        for (item, identity) in document.items.iter().zip(&identities.items).rev() {
            let Some(identity) = identity else { continue };
            let prepared = prepare(&item.entry, context);
            let latest = now + SignedDuration::from_hours(1);
            let incoming = Incoming {
                source: &source,
                outlet: &site,
                identity,
                published: item.entry.published.unwrap_or(now).min(latest),
                features: &prepared.features,
                marks: &prepared.marks,
                fingerprint: prepared.fingerprint,
            };
            let decision = decide_item(&incoming, &self.memory, DedupMode::Full, WINDOW);
            let (no, event) = self.memory.apply(&incoming, &decision, &prepared);
            self.keys.insert((feed.to_owned(), item.key.clone()), no);
            let key = item.key.clone();
            let why = format!(
                "{no:?} {} {:?}",
                self.memory.explained(&decision),
                self.memory.facts[&no].features.title
            );
            self.seen.push(Seen { feed: feed.to_owned(), snapshot, key, event, why });
        }
        let listed = std::mem::take(&mut self.memory.listed);
        self.memory.documents.entry(source).or_default().push(listed);
    }

    /// Returns the keys of each story, and what every item was reported as.
    pub(crate) fn outcome(&self) -> (Vec<BTreeSet<(String, String)>>, Vec<Seen>) {
        let mut clusters: BTreeMap<StoryNo, BTreeSet<(String, String)>> = BTreeMap::new();
        for (key, no) in &self.keys {
            clusters.entry(self.memory.facts[no].story).or_default().insert(key.clone());
        }
        (clusters.into_values().collect(), self.seen.clone())
    }
}

impl Memory {
    fn explained(&self, decision: &Decision) -> String {
        format!("{:?} merges {:?} closest {:?}", decision.ruling, decision.merges, decision.closest)
    }

    fn apply(
        &mut self,
        item: &Incoming<'_>,
        decision: &Decision,
        prepared: &Prepared,
    ) -> (EntryNo, &'static str) {
        let (no, event) = match &decision.ruling {
            Ruling::Known { entry, change } | Ruling::Returned { entry, change, .. } => {
                let event = match change {
                    Change::Updated => {
                        self.renew(*entry, prepared);
                        "update"
                    }
                    Change::Unchanged => "same",
                };
                (*entry, event)
            }
            Ruling::Duplicate { story, .. } => {
                (self.enter(item, *story, decision, prepared), "same")
            }
            Ruling::New { .. } => {
                self.stories += 1;
                (self.enter(item, StoryNo(self.stories), decision, prepared), "new")
            }
        };
        for key in &decision.keys {
            self.claims.entry(*key).or_insert(Claim::Entry(no));
        }
        self.listed.insert(no);
        let home = self.facts[&no].story;
        for (story, _) in &decision.merges {
            let moved = self.members.remove(story).expect("a story that exists");
            for entry in &moved {
                let facts = Arc::make_mut(self.facts.get_mut(entry).expect("a member"));
                facts.story = home;
            }
            self.members.get_mut(&home).expect("a story that exists").extend(moved);
        }
        (no, event)
    }

    fn enter(
        &mut self,
        item: &Incoming<'_>,
        story: StoryNo,
        decision: &Decision,
        prepared: &Prepared,
    ) -> EntryNo {
        let no = EntryNo(u64::try_from(self.facts.len()).expect("small") + 1);
        let facts = Facts {
            no,
            source: item.source.clone(),
            outlet: item.outlet.to_owned(),
            story,
            published: item.published,
            features: Arc::new(prepared.features.clone()),
            fingerprint: prepared.fingerprint,
            is_roundup: decision.is_roundup,
        };
        self.facts.insert(no, Arc::new(facts));
        self.members.entry(story).or_default().push(no);
        self.index(no, &prepared.marks);
        let half_day = item.published.as_second().div_euclid(43_200);
        let place = (item.outlet.to_owned(), prepared.marks.mask);
        self.half_days.entry(place).or_default().insert(half_day);
        no
    }

    fn renew(&mut self, no: EntryNo, prepared: &Prepared) {
        let facts = Arc::make_mut(self.facts.get_mut(&no).expect("a known entry"));
        facts.features = Arc::new(prepared.features.clone());
        facts.fingerprint = prepared.fingerprint;
        self.index(no, &prepared.marks);
    }

    fn index(&mut self, no: EntryNo, marks: &Marks) {
        for key in &marks.keys {
            let list = self.postings.entry(*key).or_default();
            if list.len() <= LIST_MAX && !list.contains(&no) {
                list.push(no);
            }
        }
        self.keys_of.entry(no).or_default().extend(&marks.keys);
    }
}

impl Known for Memory {
    fn claim(&self, key: &EntryKey) -> Option<Claim> {
        self.claims.get(key).copied()
    }

    fn facts(&self, no: EntryNo) -> Option<Arc<Facts>> {
        self.facts.get(&no).cloned()
    }

    fn members(&self, story: StoryNo) -> Vec<EntryNo> {
        self.members.get(&story).cloned().unwrap_or_default()
    }

    fn candidates(
        &self,
        marks: &Marks,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(EntryNo, f64)> {
        let mut ranks: BTreeMap<EntryNo, (f64, usize)> = BTreeMap::new();
        for list in marks.keys.iter().filter_map(|key| self.postings.get(key)) {
            if list.len() > LIST_MAX {
                continue;
            }
            let length = u32::try_from(list.len()).expect("small");
            for no in list {
                let (rank, shared) = ranks.entry(*no).or_default();
                *rank += 1.0 / (1.0 + 0.1 * f64::from(length));
                *shared += 1;
            }
        }
        ranks.retain(|no, (_, shared)| {
            let fewer = marks.keys.len().min(self.keys_of[no].len());
            share_enough(*shared, fewer) && (from..=until).contains(&self.facts[no].published)
        });
        let mut ranks: Vec<_> = ranks.into_iter().map(|(no, (rank, _))| (no, rank)).collect();
        ranks.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        ranks.truncate(limit);
        ranks
    }

    fn half_days(&self, outlet: &str, mask: u64, and: Timestamp) -> usize {
        let half_day = and.as_second().div_euclid(43_200);
        let seen = self.half_days.get(&(outlet.to_owned(), mask));
        seen.map_or(1, |seen| seen.len() + usize::from(!seen.contains(&half_day)))
    }

    fn is_listed(&self, no: EntryNo) -> bool {
        self.listed.contains(&no)
    }

    fn were_together(&self, a: EntryNo, b: EntryNo) -> bool {
        let (a, b) = (&self.facts[&a], &self.facts[&b]);
        a.source == b.source
            && (self.listed.contains(&a.no) && self.listed.contains(&b.no)
                || self.documents.get(&a.source).is_some_and(|documents| {
                    documents.iter().any(|listed| listed.contains(&a.no) && listed.contains(&b.no))
                }))
    }

    fn is_forbidden(&self, _item: &EntryKey, _story: StoryNo) -> bool {
        false
    }
}
