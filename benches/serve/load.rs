//! What changes cost: the first request behind one, the memory of many, commits beside readers.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use feedmill::model::batch::Batch;
use feedmill::model::change::Change;
use feedmill::model::policy::Catalog;
use feedmill::model::source::{SourceId, SourceState};
use feedmill::model::verdict::{Claim, EntryKey};
use feedmill::serve::Settings;
use feedmill::store::{Birth, SledOptions, SledStore, Store};

use crate::client::{Client, length};
use crate::fake::{FakeStore, Shelves, at, category, held, settings, source, story};
use crate::{ours, prose, server, site, world};

const CHANGES: u32 = 40;
const CATEGORIES: u64 = 1_000;
const CATEGORY_ENTRIES: u64 = 30;
/// Stories a commit.
const BATCH: u64 = 10;
const COMMITTING: Duration = Duration::from_secs(5);
/// Clock ticks a second of /proc (`getconf CLK_TCK` on every Linux of today).
const TICKS: f64 = 100.0;

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

/// User and system time of this process, all threads.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

fn resident_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4_096.0 / f64::from(1 << 20)
}

/// Selecting, writing and compressing `/all.atom` anew, asked for by a reader.
pub fn first_request_after_a_change() {
    let site = site(Arc::new(world()), settings());
    let server = ours(&site);
    let raw = get("/all.atom");
    let bytes = length(server.address, &raw);
    let mut client = Client::connect(server.address);
    let (mut took, before) = (Vec::new(), cpu_seconds());
    for _ in 0..CHANGES {
        site.changed(&Change::everywhere());
        took.push(client.ask(raw.as_bytes(), bytes) as f64 / 1e6);
    }
    let cpu = (cpu_seconds() - before) * 1e3 / f64::from(CHANGES);
    took.sort_by(f64::total_cmp);
    println!(
        "first request of /all.atom after a change: {:.1} ms (median of {CHANGES}), {cpu:.1} ms CPU; \
         rendered {} times",
        took[took.len() / 2],
        site.rendered()
    );
}

/// `CATEGORIES` categories, each asked for as page and in three formats.
pub fn memory_of_the_cache() {
    let site = site(Arc::new(categories()), category_settings());
    let server = ours(&site);
    let before = resident_mib();
    let mut bytes = 0;
    for n in 0..CATEGORIES {
        for ending in ["", ".atom", ".rss", ".json"] {
            bytes += length(server.address, &get(&format!("/category/c{n}{ending}")));
        }
    }
    let (bodies, kept) = site.cached();
    println!(
        "cache of {CATEGORIES} categories × {CATEGORY_ENTRIES} entries, page and 3 formats: {bodies} bodies, \
         {:.1} MiB kept with twins ({:.1} MiB as served), {:.1} MiB more resident",
        kept as f64 / f64::from(1 << 20),
        bytes as f64 / f64::from(1 << 20),
        resident_mib() - before
    );
}

fn category_settings() -> Settings {
    let mut made = settings();
    made.catalog = Arc::new(Catalog {
        sources: (0..CATEGORIES)
            .map(|n| {
                let url = format!("https://s{n}.example/feed");
                Arc::new(source(&format!("s{n}"), &url, &[&format!("c{n}")]))
            })
            .collect(),
        categories: (0..CATEGORIES).map(|n| category(&format!("c{n}"), "Mục", &[])).collect(),
    });
    made
}

fn categories() -> FakeStore {
    let start = at("2024-11-20T00:00:00Z");
    let entries: Vec<_> = (0..CATEGORIES * CATEGORY_ENTRIES)
        .map(|n| {
            let date = (start + jiff::SignedDuration::from_secs(n as i64)).to_string();
            let id = format!("s{}", n / CATEGORY_ENTRIES);
            let mut held = held(n + 1, n + 1, &id, &date, &format!("Tin số {n}"));
            held.entry.content = Some(prose(n));
            held
        })
        .collect();
    let stories = entries.iter().map(|held| story(held.no.0, &[held])).collect();
    FakeStore(Mutex::new(Shelves { entries, stories, ..Shelves::default() }))
}

/// A writer on the client's core; readers and server share the other.
pub fn commits_while_a_reader_hammers() {
    let quiet = commits(0);
    let loud = commits(4);
    println!(
        "commits of {BATCH} stories a second, synced: {:.0} alone, {:.0} while 4 readers of \
         /all.atom, /all.json, / and /date make {:.0} requests a second ({} renderings)",
        quiet.0, loud.0, loud.1, loud.2
    );
}

fn commits(readers: usize) -> (f64, f64, u64) {
    let dir = tempfile::tempdir().unwrap();
    let birth =
        Birth { now: at("2024-11-01T00:00:00Z"), id_authority: "a.example,2024".to_owned() };
    let options = SledOptions::default();
    let store: Arc<dyn Store> = Arc::new(SledStore::open(dir.path(), &birth, options).unwrap());
    store.commit(batch(0)).unwrap();
    let site = site(Arc::clone(&store), settings());
    let server = ours(&site);
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let paths = ["/all.atom", "/all.json", "/", "/date/2024-11-20"];
    let hammering: Vec<_> = (0..readers)
        .map(|n| {
            let (stop, served) = (Arc::clone(&stop), Arc::clone(&served));
            let (address, raw) = (server.address, get(paths[n % paths.len()]));
            std::thread::spawn(move || {
                server::pin(None, server::SERVER);
                while !stop.load(Ordering::Relaxed) {
                    length(address, &raw);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let (began, mut count) = (Instant::now(), 0_u64);
    while began.elapsed() < COMMITTING {
        count += 1;
        store.commit(batch(count)).unwrap();
        store.sync().unwrap();
        let dates = [at("2024-11-20T00:00:00Z")].into();
        let change =
            Change { sources: [SourceId::new("nhandan")].into(), dates, ..Change::default() };
        site.changed(&change);
    }
    let seconds = began.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    hammering.into_iter().for_each(|reader| reader.join().unwrap());
    (count as f64 / seconds, served.load(Ordering::Relaxed) as f64 / seconds, site.rendered())
}

fn batch(number: u64) -> Batch {
    let mut batch = Batch::default();
    let start = at("2024-11-20T00:00:00Z");
    for no in number * BATCH + 1..=(number + 1) * BATCH {
        let date = (start + jiff::SignedDuration::from_secs(no as i64)).to_string();
        let mut held = held(no, no, "nhandan", &date, &format!("Tin số {no}"));
        held.entry.content = Some(prose(no));
        batch.keys.insert(held.key, Claim::Entry(held.no));
        batch
            .keys
            .insert(EntryKey::url(held.entry.link.as_deref().unwrap()), Claim::Entry(held.no));
        batch.stories.insert(held.story, story(no, &[&held]));
        batch.entries.insert(held.no, held);
    }
    let state = SourceState { url: "https://nhandan.vn/".to_owned(), ..SourceState::default() };
    batch.states.insert(SourceId::new("nhandan"), state);
    batch
}
