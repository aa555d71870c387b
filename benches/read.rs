//! What reading costs beside feed-rs alone, on the same well-formed documents: decode, repair and
//! parse; the whole way to entries that are ready for the writer; and a document whose items are
//! all known by their bytes.
//!
//! Documents of several kinds are made here; the files of `../shared/corpora` that feed-rs can read
//! are one more kind where they are present. The least of many short runs counts, so that a busy
//! machine disturbs little: `cargo bench --bench read`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, takes the time, and stops when its own documents are broken"
)]

use std::collections::HashSet;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use feedmill::dedup::{self, Names};
use feedmill::model::feed::Feed;
use feedmill::model::raw::{RawDocument, RawFeed};
use feedmill::model::source::{ItemHash, Source};
use feedmill::normalize::{Context, Filter, normalize};
use feedmill::parse::{ReadSettings, parse};

#[path = "read/documents.rs"]
mod documents;
#[path = "../tests/support/source.rs"]
mod source;

/// Runs of which the least counts.
const RUNS: usize = 300;
/// Files with examples of all kinds of feeds, outside of the project.
const CORPORA: [&str; 2] = ["feedparser/files", "gofeed/files"];

fn main() {
    let reader = Reader::new();
    println!(
        "{:28} {:>7} {:>6} {:>20} {:>30} {:>30} {:>30}",
        "documents", "KB", "items", "feed-rs alone", "parse", "parse and normalize", "all known"
    );
    let kinds = documents::kinds().into_iter().map(|(name, document)| (name, vec![document]));
    for (name, documents) in kinds.chain(corpora()) {
        reader.compare(name, &documents);
    }
    println!("\nper second: MB and items; in brackets, how often the speed of feed-rs alone");
    println!("and, behind the stroke, that of reading the same items when none is known\n");
    for (name, document) in documents::kinds() {
        reader.steps(name, &document);
    }
}

/// Reads as a poll does.
struct Reader {
    settings: ReadSettings,
    source: Source,
    filter: Filter,
}

/// The cost of reading some documents once.
#[derive(Clone, Copy)]
struct Cost {
    bytes: usize,
    items: usize,
    took: Duration,
}

impl Cost {
    fn speed(self) -> String {
        let per_second = |n: usize| f64::from(u32::try_from(n).unwrap()) / self.took.as_secs_f64();
        format!("{:6.0} {:7.0} k", per_second(self.bytes) / 1e6, per_second(self.items) / 1e3)
    }

    fn times(self, other: Self) -> f64 {
        other.took.as_secs_f64() / self.took.as_secs_f64()
    }
}

impl Reader {
    fn new() -> Self {
        let source = source::source("https://bao.example/feed");
        let filter = Filter::new(&source);
        Self { settings: ReadSettings::default(), source, filter }
    }

    fn parsed(&self, document: &RawDocument, known: &HashSet<ItemHash>) -> RawFeed {
        parse(document, &self.settings, &|hash| known.contains(&hash)).unwrap()
    }

    fn normalized(&self, raw: RawFeed) -> Feed {
        let context = Context {
            now: "2026-07-01T00:00:00Z".parse().unwrap(),
            source: &self.source,
            document_url: "https://bao.example/feed",
            content_location: None,
            content_language: None,
            date_order: None,
            zone_s: None,
            filter: &self.filter,
        };
        normalize(raw, &context)
    }

    fn compare(&self, name: &str, documents: &[RawDocument]) {
        let none = HashSet::new();
        let read: Vec<RawFeed> = documents.iter().map(|it| self.parsed(it, &none)).collect();
        let hashes = |feed: &RawFeed| feed.items.iter().filter_map(|item| item.hash).collect();
        let known: Vec<HashSet<ItemHash>> = read.iter().map(hashes).collect();
        let bytes = documents.iter().map(|document| document.body.len()).sum();
        let items = read.iter().map(|feed| feed.items.len()).sum();
        let runs = (RUNS / documents.len()).max(5);
        let cost = |work: &mut dyn FnMut()| Cost { bytes, items, took: least(runs, work) };
        let other = cost(&mut || {
            for document in documents {
                black_box(feed_rs::parser::parse(document.body.as_slice()).unwrap());
            }
        });
        let own = cost(&mut || {
            for document in documents {
                black_box(self.parsed(document, &none));
            }
        });
        let whole = cost(&mut || {
            for document in documents {
                black_box(self.normalized(self.parsed(document, &none)));
            }
        });
        let passed = cost(&mut || {
            for (document, known) in documents.iter().zip(&known) {
                black_box(self.normalized(self.parsed(document, known)));
            }
        });
        println!(
            "{name:28} {:7} {items:6} {:>20} {:>20} [{:6.2}] {:>20} [{:6.2}] {:>20} [{:6.1} | {:.1}]",
            bytes / 1_000,
            other.speed(),
            own.speed(),
            own.times(other),
            whole.speed(),
            whole.times(other),
            passed.speed(),
            passed.times(other),
            passed.times(whole)
        );
    }

    /// Prints where the time of an item goes.
    fn steps(&self, name: &str, document: &RawDocument) {
        let none = HashSet::new();
        let raw = self.parsed(document, &none);
        let feed = self.normalized(raw.clone());
        let names = Names::new(["Báo"]);
        let context = dedup::Context { names: &names, outlet: "bao.example" };
        let entries = || feed.items.iter().filter_map(|item| item.entry.as_ref());
        let count = f64::from(u32::try_from(raw.items.len()).unwrap());
        let item = |took: Duration| took.as_secs_f64() * 1e6 / count;
        let parse = least(RUNS, &mut || drop(black_box(self.parsed(document, &none))));
        let copy = least(RUNS, &mut || drop(black_box(raw.clone())));
        let normal = least(RUNS, &mut || drop(black_box(self.normalized(raw.clone()))));
        let light = least(RUNS, &mut || {
            entries().for_each(|entry| drop(black_box(dedup::prepare_lightly(entry))));
        });
        let full = least(RUNS, &mut || {
            entries().for_each(|entry| drop(black_box(dedup::prepare(entry, context))));
        });
        println!(
            "{name:28} µs an item: parse {:.1}, normalize {:.1}, features of identity {:.1}, of near-duplicates {:.1}",
            item(parse),
            item(normal.saturating_sub(copy)),
            item(light),
            item(full)
        );
    }
}

fn least(runs: usize, work: &mut dyn FnMut()) -> Duration {
    let once = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..runs).map(|_| once(work)).min().unwrap()
}

/// Returns the files of the corpora that both readers can read, each set as one kind.
fn corpora() -> Vec<(&'static str, Vec<RawDocument>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora");
    let mut kinds = Vec::new();
    for name in CORPORA {
        let Ok(folder) = fs::read_dir(root.join(name)) else {
            println!("{name}: not present, left out");
            continue;
        };
        let mut paths: Vec<_> = folder.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let bodies = paths.iter().filter_map(|path| fs::read(path).ok());
        let documents = bodies.filter(|body| is_well_formed(body)).map(documents::of_bytes);
        kinds.push((name, documents.collect()));
    }
    kinds
}

/// Tells whether feed-rs reads it, and we find nothing to mend.
fn is_well_formed(body: &[u8]) -> bool {
    let read = || feed_rs::parser::parse(body).ok();
    let other = std::panic::catch_unwind(read).ok().flatten();
    let document = documents::of_bytes(body.to_vec());
    let own = parse(&document, &ReadSettings::default(), &|_| false).ok();
    let is_clean = |own: &RawFeed| own.flaws.is_empty() && !own.items.is_empty();
    other.is_some() && own.as_ref().is_some_and(is_clean)
}
