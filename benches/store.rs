//! What an article costs in the store: processor time, disk, and the time to open.
//!
//! `cargo bench --bench store [ARTICLES]…` prints a row for each size (30,000 and 200,000 when none is given).
//! Batches of 30 articles with some 2 KB of HTML each, a sync behind each batch, as one poll makes them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench measures by the real clock, prints, and stops at the first surprise"
)]

use std::path::Path;
use std::time::Instant;

use feedmill::model::batch::Batch;
use feedmill::model::entry::{Entry, EntryNo, Fingerprint, GuidKind, Held, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::source::{ItemHash, Listed, SourceId, SourceState};
use feedmill::model::verdict::{Claim, EntryKey, Joined};
use feedmill::store::{Birth, SledOptions, SledStore, Store};
use jiff::Timestamp;

const BATCH: u64 = 30;
/// Sources take turns, so that the states of many are held.
const SOURCES: u64 = 500;
/// Clock ticks a second of /proc (`getconf CLK_TCK` on every Linux of today).
const TICKS: f64 = 100.0;

fn main() {
    let asked: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![30_000, 200_000] } else { asked };
    println!("articles  cpu us/article  wall us/article  disk B/article  open ms  again ms");
    for articles in sizes {
        measure(articles);
    }
}

fn measure(articles: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (mut cpu, mut wall) = (0.0, 0.0);
    let mut first = 1;
    while first <= articles {
        let batch = batch(first);
        let (began, used) = (Instant::now(), cpu_seconds());
        store.commit(batch).unwrap();
        store.sync().unwrap();
        cpu += cpu_seconds() - used;
        wall += began.elapsed().as_secs_f64();
        first += BATCH;
    }
    store.close().unwrap();
    let count = number(articles);
    let bytes = number(bytes(dir.path()));
    let mut opened = Vec::new();
    for _ in 0..2 {
        let began = Instant::now();
        let store = open(dir.path());
        opened.push(began.elapsed().as_secs_f64() * 1e3);
        store.close().unwrap();
    }
    println!(
        "{articles:8}  {:14.1}  {:15.1}  {:14.0}  {:7.0}  {:8.0}",
        cpu * 1e6 / count,
        wall * 1e6 / count,
        bytes / count,
        opened[0],
        opened[1]
    );
}

fn open(dir: &Path) -> SledStore {
    let birth = Birth { now: at(0), id_authority: "news.example,2026".to_owned() };
    SledStore::open(dir, &birth, SledOptions::default()).unwrap()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + i64::try_from(second).unwrap()).unwrap()
}

/// User and system time of this process, all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let bytes_of = |path: std::path::PathBuf| match path.is_dir() {
        true => bytes(&path),
        false => path.metadata().unwrap().len(),
    };
    entries.map(bytes_of).sum()
}

fn batch(first: u64) -> Batch {
    let source = SourceId::new(&format!("source-{}", first / BATCH % SOURCES));
    let mut batch = Batch::default();
    for no in first..first + BATCH {
        let held = held(no, &source);
        let url = EntryKey::url(held.entry.link.as_deref().unwrap());
        batch.keys.insert(held.key, Claim::Entry(held.no));
        batch.keys.insert(url, Claim::Entry(held.no));
        batch.stories.insert(StoryNo(no), story(&held));
        batch.entries.insert(held.no, held);
    }
    let listed = |no: u64| Listed { item: ItemHash(hash(no)), entry: Some(EntryNo(no)) };
    let state = SourceState {
        url: format!("https://{source}.example/feed.xml"),
        fetch_no: 1,
        listed: (first..first + BATCH).map(listed).collect(),
        ..SourceState::default()
    };
    batch.states.insert(source, state);
    batch
}

fn held(no: u64, source: &SourceId) -> Held {
    // 100,000 articles a day: 200,000 are within the window of near-duplicates.
    let seen = at(no * 864 / 1_000);
    Held {
        no: EntryNo(no),
        source: source.clone(),
        story: StoryNo(no),
        key: EntryKey::own(source, &no.to_string()),
        entry: Entry {
            guid: Some(format!("https://{source}.example/?p={no}")),
            guid_kind: GuidKind::Guid,
            link: Some(format!("https://{source}.example/2026/11/bai-viet-so-{no}.html")),
            title: format!("Bài viết số {no} về tình hình trong tỉnh"),
            content: Some(prose(no)),
            published: Some(seen),
            ..Entry::default()
        },
        first_seen: seen,
        filed: None,
        closest: None,
        updated: seen,
        first_listed: 1,
        fingerprint: Fingerprint { title: hash(no), content: hash(no + 1), summary: 0 },
        marks: Marks {
            version: 1,
            keys: (0..40).map(|n| hash(no * 40 + n)).collect(),
            mask: hash(no + 2),
            is_roundup: false,
        },
        credit: None,
        outlet: format!("{source}.example"),
        joined: Joined { rule: "opened".to_owned(), ..Joined::default() },
    }
}

fn story(held: &Held) -> Story {
    Story::opened(held.story, held.entry.guid.clone().unwrap(), held.member())
}

fn hash(no: u64) -> u64 {
    let mixed = no.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

/// Some 2 KB of HTML that packs to less than half, as real articles do.
fn prose(no: u64) -> String {
    const SYLLABLES: [&str; 32] = [
        "nước", "tỉnh", "người", "trong", "được", "những", "ngày", "theo", "công", "và", "một",
        "cho", "không", "đã", "thành", "phố", "các", "của", "với", "năm", "này", "đến", "khi",
        "trên", "cũng", "nhiều", "lại", "sẽ", "việc", "dân", "sau", "ban",
    ];
    let mut text = String::from("<p>");
    let mut n = 0;
    while text.len() < 2_000 {
        let random = hash(no * 1_000 + n);
        text.push_str(SYLLABLES[usize::try_from(random % 32).unwrap()]);
        text.push(' ');
        if random >> 8 & 7 == 0 {
            text.push_str(&format!("{:x} ", random >> 48));
        }
        if random >> 16 & 31 == 0 {
            text.push_str("</p><p>");
        }
        n += 1;
    }
    text + "</p>"
}
