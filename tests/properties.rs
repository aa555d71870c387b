//! Laws of the whole: they hold for whatever publishers send.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a property test stops at the first surprise"
)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::clock::FixedClock;
use feedmill::config;
use feedmill::control::{Mill, PollRequest, last_line, lines};
use feedmill::ingest::{Settings, Writer};
use feedmill::model::outcome::{Answer, BoxFuture, Clock, Fetch, FetchOutcome, FetchRequest};
use feedmill::model::policy::Config;
use feedmill::model::raw::RawDocument;
use feedmill::model::selection::{Selection, Unit};
use feedmill::normalize::{self, Context, Filter};
use feedmill::parse::{self, ReadSettings};
use feedmill::poll::{Poller, names};
use feedmill::render::{self, Document, Item};
use feedmill::store::{Birth, MemoryStore, Store};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;
use proptest::prelude::*;

/// Answers each URL with the document it was given last.
#[derive(Default)]
struct ScriptedFetch {
    documents: Mutex<BTreeMap<String, String>>,
}

impl Fetch for ScriptedFetch {
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome> {
        let url = request.source.url.to_string();
        let body = self.documents.lock().unwrap()[&url].clone().into_bytes();
        let document = RawDocument { body, url, ..RawDocument::default() };
        let answer = Answer { status: 200, ..Answer::default() };
        Box::pin(async move { FetchOutcome::Modified { document, validators: None, answer } })
    }
}

/// One item of a made-up feed. Few values, so that claims collide as they do in the wild.
#[derive(Clone, Debug)]
struct Made {
    guid: Option<u8>,
    link: Option<u8>,
    title: u8,
    text: u8,
    hour: Option<u8>,
}

fn made() -> impl Strategy<Value = Made> {
    let small = || prop::option::of(0..4_u8);
    (small(), small(), 0..5_u8, 0..6_u8, prop::option::of(0..24_u8))
        .prop_map(|(guid, link, title, text, hour)| Made { guid, link, title, text, hour })
}

fn rss(items: &[Made]) -> String {
    let mut xml = String::from("<rss version=\"2.0\"><channel><title>Báo</title>");
    for Made { guid, link, title, text, hour } in items {
        xml.push_str("<item>");
        if let Some(guid) = guid {
            let _ = write!(xml, "<guid isPermaLink=\"false\">g{guid}</guid>");
        }
        if let Some(link) = link {
            let _ = write!(xml, "<link>https://wire.example/bai-{link}</link>");
        }
        if let Some(hour) = hour {
            let _ = write!(xml, "<pubDate>Fri, 22 Nov 2024 {hour:02}:00:00 +0700</pubDate>");
        }
        let _ = write!(xml, "<title>Tựa đề của bài số {title} hôm nay</title>");
        let _ =
            write!(xml, "<description>Nội dung {text} của bài, viết riêng.</description></item>");
    }
    xml + "</channel></rss>"
}

struct Bench {
    mill: Mill,
    fetch: Arc<ScriptedFetch>,
    store: Arc<dyn Store>,
    config: Config,
}

fn configuration(order: &[usize]) -> Config {
    let mut text = String::from("[site]\nbase_url = \"https://mill.example\"\n");
    for n in order {
        let _ = write!(text, "[[source]]\nid = \"s{n}\"\nurl = \"https://s{n}.example/rss\"\n");
    }
    let path = std::path::Path::new("/nowhere/config.toml");
    config::parse(&text, path, &|_| None).unwrap().config
}

fn bench(order: &[usize]) -> Bench {
    let now: Timestamp = "2024-11-22T12:00:00Z".parse().unwrap();
    let birth = Birth { now, id_authority: "mill.example,2024".to_owned() };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(birth));
    let fetch = Arc::new(ScriptedFetch::default());
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now));
    let config = configuration(order);
    let metrics = Arc::new(Metrics::new());
    let shared = names(&config.catalog, store.as_ref()).unwrap();
    let shared = Arc::new(ArcSwap::from_pointee(shared));
    let settings = Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: Duration::from_secs(96 * 3_600),
        names: Arc::clone(&shared),
    };
    let changed = Arc::new(|_| {});
    let writer =
        Writer::start(Arc::clone(&store), settings, Arc::clone(&metrics), changed, 8).unwrap();
    let catalog = Arc::clone(&config.catalog);
    let fetcher: Arc<dyn Fetch> = Arc::<ScriptedFetch>::clone(&fetch);
    let poller = Poller::new(
        fetcher,
        clock,
        Arc::clone(&store),
        writer.jobs(),
        Arc::clone(&catalog),
        shared,
        2,
    );
    let path = config.path.clone();
    let mill = Mill::new(path, catalog, Arc::clone(&store), Arc::new(poller), writer, metrics);
    Bench { mill, fetch, store, config }
}

impl Bench {
    fn publish(&self, source: usize, items: &[Made]) {
        let url = format!("https://s{source}.example/rss");
        self.fetch.documents.lock().unwrap().insert(url, rss(items));
    }

    /// Polls every source; returns the verdict lines and the totals.
    async fn poll(&self) -> (Vec<String>, String) {
        let reports = self.mill.poll(&PollRequest::default(), &mut |_| {}).await.unwrap();
        (reports.iter().flat_map(lines).collect(), last_line(&reports))
    }

    fn listed(&self, unit: Unit) -> Vec<u64> {
        let selection = Selection {
            unit,
            sources: self.config.catalog.all(),
            from: None,
            until: None,
            after: None,
            limit: usize::MAX,
        };
        self.store.select(&selection).unwrap().into_iter().map(|place| place.no).collect()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn ingesting_twice_changes_nothing(
        first in prop::collection::vec(made(), 0..8),
        second in prop::collection::vec(made(), 0..8),
    ) {
        block_on(async {
            let bench = bench(&[0, 1]);
            bench.publish(0, &first);
            bench.publish(1, &second);
            bench.poll().await;
            let before = (bench.listed(Unit::Stories), bench.listed(Unit::Entries));
            for round in 0..2 {
                let (lines, totals) = bench.poll().await;
                let is_same = |line: &String| line.contains("\"verdict\":\"unchanged\"");
                prop_assert!(lines.iter().all(is_same), "round {round}: {lines:#?}");
                let none = "\"new\":0,\"updated\":0,\"duplicate\":0";
                prop_assert!(totals.contains(none), "round {round}: {}", totals);
                let after = (bench.listed(Unit::Stories), bench.listed(Unit::Entries));
                prop_assert_eq!(&before, &after);
            }
            bench.mill.stop().await;
            Ok(())
        })?;
    }

    #[test]
    fn two_sources_swapped_keep_as_many_entries(
        first in prop::collection::vec(made(), 0..8),
        second in prop::collection::vec(made(), 0..8),
    ) {
        block_on(async {
            let mut kept = Vec::new();
            for order in [[0, 1], [1, 0]] {
                let bench = bench(&order);
                bench.publish(0, &first);
                bench.publish(1, &second);
                bench.poll().await;
                kept.push(bench.listed(Unit::Entries).len());
                bench.mill.stop().await;
            }
            prop_assert_eq!(kept[0], kept[1]);
            Ok(())
        })?;
    }

    #[test]
    fn what_is_rendered_reads_back_as_it_was(
        items in prop::collection::vec(item(), 0..6),
    ) {
        let updated: Timestamp = "2024-11-22T12:00:00Z".parse().unwrap();
        let document = Document {
            id: "tag:mill.example,2024:feed/all".to_owned(),
            title: "Mill".to_owned(),
            site_title: "Mill".to_owned(),
            language: "vi".to_owned(),
            base_url: "https://mill.example".to_owned(),
            page_url: "https://mill.example/".to_owned(),
            atom_url: "https://mill.example/all.atom".to_owned(),
            rss_url: "https://mill.example/all.rss".to_owned(),
            json_url: "https://mill.example/all.json".to_owned(),
            updated,
            items: unique(items),
            ..Document::default()
        };
        for bytes in [
            render::atom::write(&document),
            render::rss::write(&document),
            render::json::write(&document),
        ] {
            let read = read_back(bytes);
            let expected: Vec<_> = document.items.iter().map(essence).collect();
            prop_assert_eq!(read, expected);
        }
    }
}

/// Id, link, title and instant: what must survive (R61).
type Essence = (String, String, String, Option<Timestamp>);

fn essence(item: &Item) -> Essence {
    (item.id.clone(), item.link.clone().unwrap(), item.title.clone(), item.published)
}

fn item() -> impl Strategy<Value = Item> {
    let title = "[\\PC&&[^\u{300}-\u{36f}]]{1,30}";
    (any::<u32>(), title, 1_400_000_000..1_732_000_000_i64).prop_map(|(n, title, at)| {
        let at = Timestamp::from_second(at).unwrap();
        let title = normalize::text::fold(&normalize::text::clean(&title));
        Item {
            id: format!("tag:mill.example,2024:{n}"),
            page_url: format!("https://mill.example/entry/{n}"),
            link: Some(format!("https://bao.example/{n}?a=1&b=2")),
            title: if title.is_empty() { "x".to_owned() } else { title },
            content: Some(format!("<p>Chữ {n} &amp; <b>đậm</b></p>")),
            published: Some(at),
            updated: at,
            date: at,
            ..Item::default()
        }
    })
}

fn unique(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by(|a, b| a.id.cmp(&b.id));
    items.dedup_by(|a, b| a.id == b.id);
    items
}

fn read_back(bytes: Vec<u8>) -> Vec<Essence> {
    let url = "https://mill.example/feed".to_owned();
    let document = RawDocument { body: bytes, url: url.clone(), ..RawDocument::default() };
    let settings = ReadSettings::default();
    let raw = parse::parse(&document, &settings, &|_| false).unwrap();
    let config = configuration(&[0]);
    let source = &config.catalog.sources[0];
    let filter = Filter::new(source);
    let context = Context {
        now: "2024-11-22T12:00:00Z".parse().unwrap(),
        source,
        document_url: &url,
        content_location: None,
        content_language: None,
        filter: &filter,
        date_order: None,
        zone_s: None,
    };
    let feed = normalize::normalize(raw, &context);
    let entry = |item: feedmill::model::feed::FeedItem| {
        let entry = item.entry.unwrap();
        (entry.guid.unwrap(), entry.link.unwrap(), entry.title, entry.published)
    };
    feed.items.into_iter().map(entry).collect()
}
