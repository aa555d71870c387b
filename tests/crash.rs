//! What is left of a sled store whose process was killed, or could not write any more.
//!
//! The victim is this test binary, started again with `DIR_VARIABLE` set: it commits batches that
//! follow from their number, and says `ack N` when a sync has made them durable. Whatever the
//! moment of its end, the store must hold batches 1 to B for some B not below the last `ack`, each
//! whole, and nothing of a later one.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed expectation is how a test tells; acks go to the standard output"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use feedmill::model::batch::Batch;
use feedmill::model::entry::{Entry, EntryNo, Fingerprint, Held, Slug, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::selection::{Selection, Unit};
use feedmill::model::source::{ItemHash, Listed, SourceId, SourceState};
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::store::{Birth, Health, SledOptions, SledStore, Store, StoreError};
use jiff::Timestamp;

const DIR_VARIABLE: &str = "FEEDMILL_CRASH_DIR";
const KILLS: u64 = 24;
/// New articles of a batch.
const ARTICLES: u64 = 7;
/// The first article of each so many batches is longer than one piece of a record.
const LONG_EVERY: u64 = 3;
const LONG_BYTES: usize = 40_000;

#[test]
fn killed_at_any_moment_a_store_holds_whole_batches_and_all_acknowledged_ones() {
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(0x5eed);
    let mut held = 0;
    for kill in 1..=KILLS {
        let mut child = start(dir.path(), "victim_writes_until_it_is_killed", &[]);
        let mut acks = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = random.below(16);
        let mut acked = held;
        for _ in 0..wanted {
            acked = next_ack(&mut acks).expect("the victim ended by itself");
        }
        // Somewhere between two acks: the victim goes on meanwhile.
        for n in 0..random.below(400_000) {
            std::hint::black_box(n);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acked = std::iter::from_fn(|| next_ack(&mut acks)).last().unwrap_or(acked);
        let now = verify(dir.path(), &format!("kill {kill}"));
        assert!(now >= acked, "kill {kill}: {now} batches are there, {acked} were acknowledged");
        held = now;
    }
    assert!(held > KILLS, "the victims hardly got to write: {held} batches");
}

#[test]
fn a_write_that_fails_ends_writing_but_not_reading() {
    let dir = tempfile::tempdir().unwrap();
    // A limit on the length of files stands for a disk that takes no more (SIGXFSZ ignored:
    // write(2) fails).
    let limit = ["-c", "ulimit -f 6000; trap '' XFSZ; exec \"$0\" \"$@\""];
    let mut child = start(dir.path(), "victim_writes_until_it_cannot", &limit);
    let mut acks = BufReader::new(child.stdout.take().unwrap()).lines();
    let acked = std::iter::from_fn(|| next_ack(&mut acks)).last().unwrap();
    assert!(child.wait().unwrap().success(), "the victim tells why above");
    let held = verify(dir.path(), "after a failed write");
    assert!(held >= acked, "{held} batches are there, {acked} were acknowledged");
}

/// Does nothing unless it is started as a victim.
#[test]
fn victim_writes_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR_VARIABLE) else { return };
    let store = open(Path::new(&dir));
    for n in batches(&store) + 1.. {
        store.commit(batch(n)).unwrap();
        // Groups of one to three, as the writer makes them.
        if n % 3 != 0 || n % 7 == 0 {
            store.sync().unwrap();
            ack(n);
        }
    }
}

/// Does nothing unless it is started as a victim.
#[test]
fn victim_writes_until_it_cannot() {
    let Some(dir) = std::env::var_os(DIR_VARIABLE) else { return };
    let store = open(Path::new(&dir));
    let write = |n| store.commit(batch(n)).and_then(|()| store.sync());
    let (last, error) = (1..)
        .find_map(|n| match write(n) {
            Ok(()) => {
                ack(n);
                None
            }
            Err(error) => Some((n - 1, error)),
        })
        .unwrap();
    assert!(matches!(error, StoreError::Engine { .. } | StoreError::Full), "{error}");
    assert!(last > 0);
    assert_eq!(store.stats().unwrap().health, Health::ReadOnly);
    for error in [store.commit(batch(last + 1)).unwrap_err(), store.sync().unwrap_err()] {
        assert!(matches!(error, StoreError::Engine { .. }), "{error}");
    }
    let whole = Selection { limit: 5, ..everything() };
    assert_eq!(store.select(&whole).unwrap().len(), 5);
    let (no, expected) = batch(last).entries.pop_last().unwrap();
    assert_eq!(store.entries(&[no]).unwrap().remove(0).as_deref(), Some(&expected));
    // Dropping it would try to write once more; the process just ends.
    std::mem::forget(store);
}

/// Starts this binary as a victim, by way of a shell if `shell` has arguments for one.
fn start(dir: &Path, test: &str, shell: &[&str]) -> Child {
    let binary = std::env::current_exe().unwrap();
    let mut command = if shell.is_empty() {
        Command::new(binary)
    } else {
        let mut command = Command::new("sh");
        command.args(shell).arg(binary);
        command
    };
    command
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(DIR_VARIABLE, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ack(n: u64) {
    println!("\nack {n}");
    std::io::stdout().flush().unwrap();
}

fn next_ack(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Option<u64> {
    lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ack ")?.parse().ok())
}

fn open(dir: &Path) -> SledStore {
    let birth = Birth { now: Timestamp::UNIX_EPOCH, id_authority: "x.example,2026".to_owned() };
    SledStore::open(dir, &birth, SledOptions::default()).unwrap()
}

fn batches(store: &dyn Store) -> u64 {
    (store.stats().unwrap().next_entry.0 - 1) / ARTICLES
}

fn everything() -> Selection {
    Selection {
        unit: Unit::Stories,
        sources: vec![source()],
        from: None,
        until: None,
        after: None,
        limit: usize::MAX,
    }
}

/// Compares all that is held with what batches 1 to B make; returns B.
fn verify(dir: &Path, when: &str) -> u64 {
    let store = open(dir);
    assert_eq!(store.check(), Vec::<String>::new(), "{when}");
    let stats = store.stats().unwrap();
    let held = batches(&store);
    assert_eq!(stats.health, Health::Ok, "{when}");
    assert_eq!((stats.entries, stats.stories), (held * ARTICLES, held * ARTICLES), "{when}");
    assert_eq!(stats.next_story.0, held * ARTICLES + 1, "{when}");
    let mut expected = Batch::default();
    for n in 1..=held {
        let Batch { keys, entries, stories, states, forgotten: _ } = batch(n);
        expected.keys.extend(keys);
        expected.entries.extend(entries);
        expected.stories.extend(stories);
        expected.states.extend(states);
    }
    for (no, held) in &expected.entries {
        let found = store.entries(&[*no]).unwrap().remove(0);
        assert!(found.as_deref() == Some(held), "{when}: {no:?} is another");
    }
    for (no, story) in &expected.stories {
        assert_eq!(store.stories(&[*no]).unwrap().remove(0).as_deref(), Some(story), "{when}");
        assert_eq!(store.locate(&Slug::of(&story.public_id)).unwrap(), Some(*no), "{when}");
    }
    for (key, claim) in &expected.keys {
        assert_eq!(store.find(&[*key]).unwrap(), [Some(*claim)], "{when}");
    }
    let states = store.states().unwrap();
    assert!(states.iter().map(|(id, state)| (id, &**state)).eq(&expected.states), "{when}");
    let listed: Vec<_> = store.select(&everything()).unwrap().iter().map(|p| p.no).collect();
    let mut ordered: Vec<_> = expected.stories.values().collect();
    ordered.sort_by_key(|story| std::cmp::Reverse((story.date, story.no)));
    assert!(listed.iter().eq(ordered.iter().map(|story| &story.no.0)), "{when}: the list");
    nothing_of_later_batches(&store, held, when);
    held
}

fn nothing_of_later_batches(store: &SledStore, held: u64, when: &str) {
    for n in held + 1..held + 5 {
        let later = batch(n);
        for no in later.entries.keys().filter(|no| no.0 > held * ARTICLES) {
            assert_eq!(store.entries(&[*no]).unwrap(), [None], "{when}: a part of batch {n}");
            assert_eq!(store.stories(&[StoryNo(no.0)]).unwrap(), [None], "{when}: batch {n}");
        }
        for key in later.keys.keys() {
            assert_eq!(store.find(&[*key]).unwrap(), [None], "{when}: a key of batch {n}");
        }
    }
}

fn source() -> SourceId {
    SourceId::new("nhandan")
}

/// Batch `n`: seven new articles, one of the batch before once more with a new text, and the state
/// of the source.
fn batch(n: u64) -> Batch {
    let mut batch = Batch::default();
    let first = (n - 1) * ARTICLES + 1;
    for no in first..first + ARTICLES {
        let is_long = no == first && n.is_multiple_of(LONG_EVERY);
        let held = held(no, n, if is_long { LONG_BYTES } else { 1_500 });
        let url = EntryKey::url(&format!("https://nhandan.example/{no}"));
        batch.keys.insert(held.key, Claim::Entry(held.no));
        batch.keys.insert(url, Claim::Entry(held.no));
        batch.stories.insert(StoryNo(no), story(&held));
        batch.entries.insert(held.no, held);
    }
    if n > 1 {
        // The first article of the batch before: its text grows from one piece to many, or shrinks.
        let changed = held(first - ARTICLES, n, if n.is_multiple_of(2) { LONG_BYTES } else { 10 });
        batch.entries.insert(changed.no, changed);
    }
    let state = SourceState {
        fetch_no: u32::try_from(n).unwrap(),
        listed: (first..first + 600)
            .map(|no| Listed { item: ItemHash(no << 32), entry: Some(EntryNo(no)) })
            .collect(),
        ..SourceState::default()
    };
    batch.states.insert(source(), state);
    batch
}

fn held(no: u64, batch: u64, bytes: usize) -> Held {
    let mut random = Random(no << 20 | batch);
    let words = std::iter::from_fn(|| Some(format!("{:x} ", random.below(1 << 24))));
    let mut content: String = words.take(bytes / 5).collect();
    content.insert_str(0, &format!("<p>Tin {no}, lần {batch}: "));
    Held {
        no: EntryNo(no),
        source: source(),
        story: StoryNo(no),
        key: EntryKey::own(&source(), &format!("guid-{no}")),
        entry: Entry { title: format!("Tin {no}"), content: Some(content), ..Entry::default() },
        first_seen: date(no),
        filed: None,
        updated: date(no),
        first_listed: u32::try_from(batch).unwrap(),
        fingerprint: Fingerprint::default(),
        marks: Marks { version: 1, keys: (no..no + 20).collect(), mask: 0, is_roundup: false },
        credit: None,
        outlet: "nhandan.example".to_owned(),
        joined: Joined::default(),
        closest: None,
    }
}

fn story(held: &Held) -> Story {
    Story::opened(held.story, format!("tag:x.example,2026:{}", held.no.0), held.member())
}

fn date(no: u64) -> Timestamp {
    Timestamp::from_second(1_793_000_000 + i64::try_from(no * 7_919 % 86_400).unwrap()).unwrap()
}

/// Numbers from a fixed seed (splitmix64): the same run each time, as far as the machine lets it.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)) >> 16) % bound
    }
}
