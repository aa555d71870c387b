//! What deduplication costs: features, candidates and decision, and the window's memory.
//!
//! Generated articles of some 170 words, Vietnamese and English, names and numbers among them; a
//! fifth are copies, cut and under another headline. All are published within three and a half days,
//! so that none is too old to be compared. The store is the one kept in memory: its index is the one
//! that sled's store rebuilds at start, and what it lets go of is let go of here. `cargo bench --bench
//! dedup`; `FEEDMILL_BENCH_MAX` sets the most entries held (300,000).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a benchmark stops at the first surprise and prints"
)]

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use feedmill::dedup::{
    Context, Facts, Identity, Incoming, Known, Names, Prepared, Ruling, decide_item, features,
    identify, prepare,
};
use feedmill::model::batch::Batch;
use feedmill::model::entry::{Entry, EntryNo, Held, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::policy::DedupMode;
use feedmill::model::source::SourceId;
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::store::{Birth, Bounds, MemoryStore, Store};
use jiff::{SignedDuration, Timestamp};

const SOURCES: u64 = 1_000;
const WINDOW: Duration = Duration::from_secs(96 * 3_600);
/// How far before a copy its original is: it is held when the copies are measured.
const BEFORE: u64 = 2_003;
/// Entries measured at each size.
const PROBES: u64 = 2_000;
/// Texts made for the store. Entries behind them have the keys of entries so far back that the index
/// let go of those: what it holds is of one kind at every size, and a million are soon there.
const MADE: u64 = 300_000;
/// Entries before those measured, whose texts are made whatever the size: originals of copies.
const FRESH: u64 = 4_100;

const SYLLABLES: [&str; 40] = [
    "ba",
    "cầu",
    "chợ",
    "dân",
    "đường",
    "gió",
    "hàng",
    "hội",
    "kênh",
    "khách",
    "lúa",
    "mưa",
    "năm",
    "nhà",
    "phố",
    "quận",
    "rừng",
    "sông",
    "tàu",
    "thuyền",
    "tỉnh",
    "trường",
    "vườn",
    "xã",
    "bread",
    "bridge",
    "council",
    "farm",
    "harbour",
    "letter",
    "market",
    "school",
    "storm",
    "summer",
    "teacher",
    "village",
    "water",
    "winter",
    "wood",
    "year",
];

/// A small generator of numbers: the same texts at every run.
struct Dice(u64);

impl Dice {
    fn of(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..4 {
            let _ = dice.next();
        }
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 20
    }

    /// One of some 9,600 words, the first ones far more often, as in any language.
    fn word(&mut self) -> String {
        let (roll, reach) = (self.next(), self.next() % 4);
        let spread = [8, 40, 240, 240][reach as usize];
        let stem = SYLLABLES[(roll % 40) as usize];
        match roll / 40 % spread {
            0..8 => stem.to_owned(),
            more => format!("{stem}{}", SYLLABLES[(more % 40) as usize]),
        }
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<String> = (0..count)
            .map(|_| match self.next() % 12 {
                0 => format!("{}", self.next() % 900),
                1 => format!("N{}", self.word()),
                _ => self.word(),
            })
            .collect();
        words.join(" ")
    }
}

/// One article in five is a copy of an earlier one: half the text, another headline.
fn article(n: u64) -> Entry {
    let is_copy = n % 5 == 4 && n > BEFORE;
    let mut dice = Dice::of(if is_copy { n - BEFORE } else { n });
    let title = dice.words(10);
    let paragraphs: Vec<String> = (0..4).map(|_| format!("<p>{}.</p>", dice.words(42))).collect();
    let kept = if is_copy { 2 } else { 4 };
    let title = if is_copy { Dice::of(n + 900_000_000).words(9) } else { title };
    Entry {
        guid: Some(format!("n{n}")),
        link: Some(format!("https://p{}.example/{n}.html", n % SOURCES)),
        title,
        content: Some(paragraphs[..kept].concat()),
        published: Some(date(n)),
        ..Entry::default()
    }
}

/// A million within three and a half days, each later than the one before.
fn date(n: u64) -> Timestamp {
    let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    start + SignedDuration::from_millis(300 * n as i64)
}

fn outlet(n: u64) -> String {
    format!("p{}.example", n % SOURCES)
}

fn prepared(n: u64, entry: &Entry, names: &Names) -> Prepared {
    prepare(entry, Context { names, outlet: &outlet(n) })
}

fn held(n: u64, entry: Entry, prepared: Prepared, key: EntryKey) -> Held {
    Held {
        no: EntryNo(n + 1),
        source: SourceId::new(&format!("s{}", n % SOURCES)),
        story: StoryNo(n + 1),
        key,
        first_seen: date(n),
        updated: date(n),
        first_listed: 1,
        fingerprint: prepared.fingerprint,
        marks: prepared.marks,
        credit: None,
        outlet: outlet(n),
        joined: Joined::default(),
        closest: None,
        filed: None,
        // The index needs no texts; without them a million entries fit into memory.
        entry: Entry { content: None, summary: None, ..entry },
    }
}

/// The store as deduplication sees it; features are computed when asked for and kept.
struct Shelf {
    store: MemoryStore,
    facts: std::cell::RefCell<BTreeMap<EntryNo, Arc<Facts>>>,
    names: Names,
    /// Marks of the first entries.
    made: Vec<Marks>,
}

impl Shelf {
    /// What is computed again for a candidate, so that it can be left out of the decision's time.
    fn warm(&self, no: EntryNo) -> Arc<Facts> {
        if let Some(facts) = self.facts.borrow().get(&no) {
            return Arc::clone(facts);
        }
        let n = no.0 - 1;
        let entry = article(n);
        let outlet = outlet(n);
        let features = features(&entry, Context { names: &self.names, outlet: &outlet });
        let facts = Arc::new(Facts {
            no,
            source: SourceId::new(&format!("s{}", n % SOURCES)),
            outlet,
            story: StoryNo(n + 1),
            published: date(n),
            features: Arc::new(features),
            fingerprint: Default::default(),
            is_roundup: false,
        });
        self.facts.borrow_mut().insert(no, Arc::clone(&facts));
        facts
    }
}

impl Known for Shelf {
    fn claim(&self, key: &EntryKey) -> Option<Claim> {
        self.store.find(&[*key]).unwrap()[0]
    }

    fn facts(&self, no: EntryNo) -> Option<Arc<Facts>> {
        Some(self.warm(no))
    }

    fn members(&self, story: StoryNo) -> Vec<EntryNo> {
        vec![EntryNo(story.0)]
    }

    fn candidates(
        &self,
        marks: &Marks,
        from: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Vec<(EntryNo, f64)> {
        self.store.candidates(marks, Bounds { from, until, limit }).unwrap().entries
    }

    fn half_days(&self, outlet: &str, mask: u64, and: Timestamp) -> usize {
        let mut days = self.store.half_days(outlet, mask).unwrap();
        days.push(and.as_second().div_euclid(43_200));
        days.sort_unstable();
        days.dedup();
        days.len()
    }

    fn is_listed(&self, _no: EntryNo) -> bool {
        false
    }

    fn were_together(&self, _a: EntryNo, _b: EntryNo) -> bool {
        false
    }

    fn is_forbidden(&self, _item: &EntryKey, _story: StoryNo) -> bool {
        false
    }
}

/// CPU seconds of this process, to the microsecond the kernel keeps.
fn cpu_s() -> f64 {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn memory_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4_096.0
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = cpu_s();
    let made = work();
    (cpu_s() - before, made)
}

fn story(held: &Held) -> Story {
    Story::opened(held.story, format!("urn:{}", held.no.0), held.member())
}

fn shelf() -> Shelf {
    let birth = Birth { now: date(0), id_authority: "mill.example,2026".to_owned() };
    let store = MemoryStore::new(birth);
    Shelf { store, facts: Default::default(), names: Names::default(), made: Vec::new() }
}

/// Returns what the index takes for an entry: what a store grows by with marks, less what it grows
/// by without them and less the marks in the record, which sled's store keeps on disk.
fn index_bytes(count: u64) -> f64 {
    let mut first = shelf();
    grow(&mut first, 0, count, true);
    let grown = |is_marked: bool| {
        let mut shelf = shelf();
        shelf.made.clone_from(&first.made);
        let before = memory_bytes();
        let (keys, _) = grow(&mut shelf, 0, count, is_marked);
        ((memory_bytes() - before - keys as f64 * 8.0) / count as f64, shelf)
    };
    // All are kept to the end: memory given back would be taken again and not be seen.
    let ((without, second), (with, third)) = (grown(false), grown(true));
    drop((second, third));
    with - without
}

/// Puts entries in; returns how many index keys they have, and the seconds that the store took.
fn grow(shelf: &mut Shelf, from: u64, to: u64, is_marked: bool) -> (usize, f64) {
    let (mut keys, mut commit_s) = (0, 0.0);
    for start in (from..to).step_by(1_000) {
        let mut batch = Batch::default();
        for n in start..(start + 1_000).min(to) {
            let old = shelf.made.get((n % MADE) as usize).filter(|_| n + FRESH < to).cloned();
            let (entry, mut prepared) = match old {
                Some(marks) => (Entry::default(), Prepared { marks, ..Prepared::default() }),
                None => {
                    let entry = article(n);
                    let prepared = prepared(n, &entry, &shelf.names);
                    (entry, prepared)
                }
            };
            if n == shelf.made.len() as u64 && n < MADE {
                shelf.made.push(prepared.marks.clone());
            }
            if !is_marked {
                prepared.marks = Marks::default();
            }
            keys += prepared.marks.keys.len();
            let key = EntryKey::own(&SourceId::new(&format!("s{}", n % SOURCES)), &n.to_string());
            let held = held(n, entry, prepared, key);
            batch.stories.insert(held.story, story(&held));
            batch.entries.insert(held.no, held);
        }
        commit_s += timed(|| shelf.store.commit(batch).unwrap()).0;
    }
    (keys, commit_s)
}

/// How long the lists are that the keys of the entries of the window lead to.
fn print_lists(made: &[Marks]) {
    let mut lists: HashMap<u64, u32> = HashMap::new();
    made.iter().flat_map(|marks| &marks.keys).for_each(|key| *lists.entry(*key).or_default() += 1);
    let of_entry = made.iter().rev().take(PROBES as usize).map(|marks| &marks.keys);
    let mut met: Vec<u32> = of_entry.flatten().map(|key| lists[key]).collect();
    let stopped = met.iter().filter(|length| **length > 96).count() as f64 / met.len() as f64;
    let mut all: Vec<u32> = lists.into_values().collect();
    for (name, lengths) in [("of all keys", &mut all), ("that an entry meets", &mut met)] {
        lengths.sort_unstable();
        let at = |share: usize| lengths[(lengths.len() - 1) * share / 1_000];
        println!(
            "lists {name}, {} entries: median {}, 90 % {}, 99 % {}, 99.9 % {}, longest {}",
            made.len(),
            at(500),
            at(900),
            at(990),
            at(999),
            at(1_000)
        );
    }
    println!("  {:.2} % of the keys that an entry meets are stop keys", stopped * 100.0);
}

struct Probe {
    entry: Entry,
    identity: Identity,
    source: SourceId,
    outlet: String,
}

fn probe(n: u64) -> Probe {
    let source = SourceId::new(&format!("s{}", n % SOURCES));
    let entry = article(n);
    let identity = identify(&source, &[Some(&entry)]).items.remove(0).unwrap();
    Probe { entry, identity, source, outlet: outlet(n) }
}

/// Measures; returns the seconds that an entry takes.
fn measure(shelf: &Shelf, size: u64) -> f64 {
    let probes: Vec<Probe> = (size..size + PROBES).map(probe).collect();
    let names = &shelf.names;
    let (features_s, all): (f64, Vec<Prepared>) = timed(|| {
        let of = |probe: &Probe| prepare(&probe.entry, Context { names, outlet: &probe.outlet });
        probes.iter().map(of).collect()
    });
    let until = Timestamp::MAX;
    let mut lengths: Vec<usize> = Vec::new();
    let (candidates_s, ()) = timed(|| {
        for prepared in &all {
            let bounds = Bounds { from: Timestamp::MIN, until, limit: 48 };
            let found = shelf.store.candidates(&prepared.marks, bounds).unwrap();
            lengths.push(found.entries.len());
        }
    });
    let decide = |probe: &Probe, prepared: &Prepared| {
        let incoming = Incoming {
            source: &probe.source,
            outlet: &probe.outlet,
            identity: &probe.identity,
            published: probe.entry.published.unwrap(),
            features: &prepared.features,
            marks: &prepared.marks,
            fingerprint: prepared.fingerprint,
        };
        decide_item(&incoming, shelf, DedupMode::Full, WINDOW)
    };
    // The first pass computes the features of candidates, which ingest keeps in memory.
    let run = || {
        let rulings = probes.iter().zip(&all).map(|(probe, prepared)| decide(probe, prepared));
        rulings.filter(|decision| matches!(decision.ruling, Ruling::Duplicate { .. })).count()
    };
    let (cold_s, _) = timed(run);
    let read = shelf.facts.borrow().len() as f64 / PROBES as f64;
    let (decision_s, copies) = timed(run);
    let decision_s = (decision_s - candidates_s).max(0.0);
    let us = |seconds: f64| seconds * 1e6 / PROBES as f64;
    let together = features_s + candidates_s + decision_s;
    lengths.sort_unstable();
    println!(
        "{size:>9} held: features {:5.0} us, candidates {:5.0} us, decision {:5.0} us (cold {:5.0} us): \
         {:6.0} entries a CPU second; candidates median {}, 99 % {}, most {}, read {read:.2}; {copies} copies of {PROBES}",
        us(features_s),
        us(candidates_s),
        us(decision_s),
        us(cold_s),
        PROBES as f64 / together,
        lengths[lengths.len() / 2],
        lengths[lengths.len() * 99 / 100],
        lengths[lengths.len() - 1]
    );
    shelf.facts.borrow_mut().clear();
    together / PROBES as f64
}

fn main() {
    let most = std::env::var("FEEDMILL_BENCH_MAX").ok().and_then(|most| most.parse().ok());
    let most: u64 = most.unwrap_or(300_000);
    println!("the index takes {:.0} bytes an entry (30,000 held)", index_bytes(30_000));
    let mut shelf = shelf();
    let (mut size, mut first_s) = (0, None);
    for next in [10_000, 100_000, 300_000, 1_000_000].into_iter().filter(|next| *next <= most) {
        let (growing_s, (keys, commit_s)) = timed(|| grow(&mut shelf, size, next, true));
        let each = (next - size) as f64;
        println!(
            "{next:>9} held: {:.1} keys an entry, {:.0} us to make, prepare and commit it, {:.0} us of them \
             the commit",
            keys as f64 / each,
            growing_s * 1e6 / each,
            commit_s * 1e6 / each
        );
        size = next;
        let each_s = measure(&shelf, size);
        println!(
            "{:>9} times the cost at 10,000",
            format!("{:.2}", each_s / first_s.unwrap_or(each_s))
        );
        first_s.get_or_insert(each_s);
        if size == 300_000 {
            print_lists(&shelf.made);
        }
    }
}
