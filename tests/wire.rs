//! One article and many papers, through the writer: what only shows where much is held.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::clock::FixedClock;
use feedmill::config;
use feedmill::control::{Mill, PollRequest, lines};
use feedmill::dedup::METHOD_VERSION;
use feedmill::ingest::{Order, Settings, Writer};
use feedmill::model::batch::Batch;
use feedmill::model::entry::{EntryNo, Held};
use feedmill::model::features::Marks;
use feedmill::model::outcome::{
    Answer, BoxFuture, Clock, Detail, Fetch, FetchOutcome, FetchRequest,
};
use feedmill::model::raw::RawDocument;
use feedmill::model::verdict::EntryKey;
use feedmill::poll::{Poller, names};
use feedmill::store::{Birth, MemoryStore, Store};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;
use serde_json::Value;

const TITLE: &str = "Cảng Vũng Áng đón tàu hàng lớn nhất từ trước đến nay";
const TEXT: &str = "<p>Chiều 21/11, tàu Ocean Prosper trọng tải 78.000 tấn cập bến số 3 cảng Vũng Áng để xếp \
    dăm gỗ đi Nhật Bản, chuyến hàng lớn nhất mà cảng này từng phục vụ. Ông Hoàng Văn Dũng, phó giám đốc cảng, \
    cho biết luồng vào vừa được nạo vét xuống 13,5 mét hồi tháng 9.</p><p>Theo Cảng vụ Hà Tĩnh, từ đầu năm đã \
    có 1.240 lượt tàu ra vào, tăng 11 phần trăm. Doanh nghiệp kho bãi trong khu kinh tế đang tuyển thêm lao \
    động cho ca đêm, còn hải quan mở quầy làm thủ tục vào cuối tuần.</p>";

/// The document of each address.
#[derive(Default)]
struct Papers(Mutex<BTreeMap<String, String>>);

impl Papers {
    /// Has a paper carry one article and nothing else.
    fn print(&self, paper: usize, title: &str, html: &str) {
        let site = format!("https://p{paper}.example");
        let html = html.replace('<', "&lt;");
        let feed = format!(
            "<rss version=\"2.0\"><channel><title>Báo số {paper}</title><link>{site}</link><item>\
             <guid isPermaLink=\"false\">g{paper}</guid><link>{site}/bai.html</link><title>{title}</title>\
             <pubDate>Fri, 22 Nov 2024 08:00:00 +0700</pubDate><description>{html}</description></item>\
             </channel></rss>"
        );
        self.0.lock().unwrap().insert(format!("{site}/rss"), feed);
    }
}

impl Fetch for Papers {
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome> {
        let url = request.source.url.to_string();
        let body = self.0.lock().unwrap()[&url].clone().into_bytes();
        let document = RawDocument { body, url, ..RawDocument::default() };
        let answer = Answer { status: 200, ..Answer::default() };
        Box::pin(async move { FetchOutcome::Modified { document, validators: None, answer } })
    }
}

fn store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new(Birth { now: now(), id_authority: "mill.example,2024".to_owned() }))
}

/// The writer and all around it, over a store and that many papers.
fn mill(store: &Arc<dyn Store>, papers: &Arc<Papers>, count: usize) -> Mill {
    let mut text = String::from("[site]\nbase_url = \"https://mill.example\"\n");
    for n in 0..count {
        let _ = write!(text, "[[source]]\nid = \"p{n:03}\"\nurl = \"https://p{n}.example/rss\"\n");
    }
    let path = std::path::Path::new("/nowhere/config.toml");
    let config = config::parse(&text, path, &|_| None).unwrap().config;
    let catalog = Arc::clone(&config.catalog);
    let shared = Arc::new(ArcSwap::from_pointee(names(&catalog, store.as_ref()).unwrap()));
    let settings = Settings {
        catalog: Arc::clone(&catalog),
        poll: config.poll.clone(),
        window: Duration::from_secs(96 * 3_600),
        names: Arc::clone(&shared),
    };
    let metrics = Arc::new(Metrics::new());
    let changed = Arc::new(|_| {});
    let writer =
        Writer::start(Arc::clone(store), settings, Arc::clone(&metrics), changed, 8).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(now()));
    let fetch: Arc<dyn Fetch> = Arc::<Papers>::clone(papers);
    let jobs = writer.jobs();
    let poller =
        Poller::new(fetch, clock, Arc::clone(store), jobs, Arc::clone(&catalog), shared, 1);
    let store = Arc::clone(store);
    Mill::new(config.path.clone(), catalog, store, Arc::new(poller), writer, metrics)
}

fn now() -> Timestamp {
    "2024-11-22T12:00:00Z".parse().unwrap()
}

/// Polls that many papers, in order; returns the lines told.
fn poll(store: &Arc<dyn Store>, papers: &Arc<Papers>, count: usize) -> Vec<Value> {
    let run = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mill = mill(store, papers, count);
    run.block_on(async {
        let request = PollRequest { detail: Detail::Lines, ..PollRequest::default() };
        let reports = mill.poll(&request, &mut |_| {}).await.unwrap();
        mill.stop().await;
        let lines = reports.iter().flat_map(lines);
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
    })
}

/// Takes an entry out of its story by hand.
fn split(store: &Arc<dyn Store>, entry: EntryNo) {
    let run = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings = Settings {
        catalog: Arc::default(),
        poll: config::parse("", std::path::Path::new("/nowhere"), &|_| None).unwrap().config.poll,
        window: Duration::from_secs(96 * 3_600),
        names: Arc::default(),
    };
    let changed = Arc::new(|_| {});
    let metrics = Arc::new(Metrics::new());
    let writer = Writer::start(Arc::clone(store), settings, metrics, changed, 8).unwrap();
    run.block_on(async {
        assert!(writer.order(Order::Split(entry), now()).await.unwrap().unwrap().has_changed);
        writer.stop().await;
    });
}

fn stories(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().map(|line| line["entry"].as_str().unwrap()).collect()
}

#[test]
fn an_agency_story_in_a_hundred_and_fifty_papers_is_one_story() {
    const PAPERS: usize = 150;
    let (store, papers) = (store(), Arc::new(Papers::default()));
    for paper in 0..PAPERS {
        papers.print(paper, TITLE, TEXT);
    }
    let lines = poll(&store, &papers, PAPERS);
    assert_eq!(lines.len(), PAPERS);
    assert_eq!(stories(&lines).len(), 1);
    // The last copy is found by the others, until it stands alone.
    let last = EntryNo(u64::try_from(PAPERS).unwrap());
    let keys = || store.entries(&[last]).unwrap()[0].as_ref().unwrap().marks.keys.len();
    assert_eq!(keys(), 0);
    split(&store, last);
    assert!(keys() > 10, "{}", keys());
}

#[test]
fn marks_of_an_older_method_are_made_again_and_nothing_is_decided_again() {
    let (store, papers) = (store(), Arc::new(Papers::default()));
    papers.print(0, TITLE, TEXT);
    papers.print(1, "Hai con tàu và một bến cảng vắng người", "<p>Chuyện khác hẳn.</p>");
    let before = poll(&store, &papers, 2);
    assert_eq!(stories(&before).len(), 2);
    let made = outdate(store.as_ref());
    // The same papers again, and one that copies the first.
    papers.print(2, "Tàu 78.000 tấn cập Vũng Áng", TEXT);
    let after = poll(&store, &papers, 3);
    let verdicts: Vec<&str> = after.iter().map(|line| line["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["unchanged", "unchanged", "duplicate"]);
    assert_eq!(after[0]["entry"], before[0]["entry"]);
    assert_eq!(after[1]["entry"], before[1]["entry"]);
    assert_eq!(after[2]["entry"], before[0]["entry"], "found by the keys made again");
    let again = store.entries(&[EntryNo(1), EntryNo(2)]).unwrap();
    let again: Vec<Held> = again.into_iter().map(|held| Held::clone(&held.unwrap())).collect();
    assert_eq!(again, made, "everything is as it was before the marks were outdated");
}

/// Makes the marks of all entries those of another method; returns the entries as they were.
fn outdate(store: &dyn Store) -> Vec<Held> {
    let held = store.entries(&[EntryNo(1), EntryNo(2)]).unwrap();
    let held: Vec<Held> = held.into_iter().map(|held| Held::clone(&held.unwrap())).collect();
    let mut batch = Batch::default();
    for held in &held {
        let marks =
            Marks { version: METHOD_VERSION + 1, keys: vec![7 << 20], mask: 1, is_roundup: false };
        batch.entries.insert(held.no, Held { marks, ..held.clone() });
    }
    batch.forgotten.keys.insert(EntryKey::name(&format!("marks/{METHOD_VERSION}")));
    store.commit(batch).unwrap();
    held
}
