//! Polls that brought nothing new are committed together, and answered together.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::dedup::METHOD_VERSION;
use feedmill::dedup::Names;
use feedmill::ingest::{Job, Mode, Report, Settings, Writer};
use feedmill::model::batch::Batch;
use feedmill::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::outcome::{Answer, Detail, PollResult};
use feedmill::model::policy::{Catalog, PollPolicy};
use feedmill::model::selection::{Position, Selection, Series, Stretch};
use feedmill::model::source::{Source, SourceId, SourceState, Validators};
use feedmill::model::verdict::{Claim, EntryKey};
use feedmill::poll::Finding;
use feedmill::store::{Birth, Bounds, Candidates, MemoryStore, Stats, Store, StoreError};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;
use tokio::sync::oneshot;

/// A store that counts what is written, can be told to fail, and whose first `sync` waits until it is let go.
struct Counting {
    inner: MemoryStore,
    commits: AtomicUsize,
    states: AtomicUsize,
    syncs: AtomicUsize,
    fails: AtomicBool,
    gate: (Mutex<bool>, Condvar),
}

impl Counting {
    fn open_gate(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }
}

impl Store for Counting {
    fn find(&self, keys: &[EntryKey]) -> Result<Vec<Option<Claim>>, StoreError> {
        self.inner.find(keys)
    }

    fn entries(&self, numbers: &[EntryNo]) -> Result<Vec<Option<Arc<Held>>>, StoreError> {
        self.inner.entries(numbers)
    }

    fn stories(&self, numbers: &[StoryNo]) -> Result<Vec<Option<Arc<Story>>>, StoreError> {
        self.inner.stories(numbers)
    }

    fn locate(&self, slug: &Slug) -> Result<Option<StoryNo>, StoreError> {
        self.inner.locate(slug)
    }

    fn select(&self, selection: &Selection) -> Result<Vec<Position>, StoreError> {
        self.inner.select(selection)
    }

    fn stretch(&self, series: &Series, from: u64, limit: usize) -> Result<Stretch, StoreError> {
        self.inner.stretch(series, from, limit)
    }

    fn states(&self) -> Result<Vec<(SourceId, Arc<SourceState>)>, StoreError> {
        self.inner.states()
    }

    fn candidates(&self, marks: &Marks, bounds: Bounds) -> Result<Candidates, StoreError> {
        self.inner.candidates(marks, bounds)
    }

    fn half_days(&self, outlet: &str, mask: u64) -> Result<Vec<i64>, StoreError> {
        self.inner.half_days(outlet, mask)
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::Full);
        }
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.states.fetch_add(batch.states.len(), Ordering::SeqCst);
        self.inner.commit(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        let mut is_open = self.gate.0.lock().unwrap();
        while !*is_open {
            is_open = self.gate.1.wait(is_open).unwrap();
        }
        self.inner.sync()
    }

    fn stats(&self) -> Result<Stats, StoreError> {
        self.inner.stats()
    }
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn settings() -> Settings {
    Settings {
        catalog: Arc::new(Catalog::default()),
        poll: PollPolicy {
            interval: Duration::from_secs(3_600),
            interval_min: Duration::from_secs(3_600),
            interval_max: Duration::from_secs(86_400),
            concurrency: 1,
            per_host: 1,
            host_gap: Duration::ZERO,
            domain_gap: Duration::ZERO,
            contact: String::new(),
            allow_networks: Vec::new(),
            allow_ports: None,
            ca_file: None,
        },
        window: Duration::from_secs(4 * 86_400),
        names: Arc::new(ArcSwap::from_pointee(Names::new(std::iter::empty::<&str>()))),
    }
}

fn start() -> (Arc<Counting>, Writer) {
    let inner = MemoryStore::new(Birth { now: now(), id_authority: "a.example,2026".to_owned() });
    // The marks are of this version: the writer has nothing of its own to write when it starts.
    let marks = EntryKey::name(&format!("marks/{METHOD_VERSION}"));
    inner.commit(Batch { keys: [(marks, Claim::Barred)].into(), ..Batch::default() }).unwrap();
    let store = Arc::new(Counting {
        inner,
        commits: AtomicUsize::new(0),
        states: AtomicUsize::new(0),
        syncs: AtomicUsize::new(0),
        fails: AtomicBool::new(false),
        gate: (Mutex::new(false), Condvar::new()),
    });
    let metrics = Arc::new(Metrics::new());
    let writer = Writer::start(store.clone(), settings(), metrics, Arc::new(|_| {}), 256).unwrap();
    (store, writer)
}

/// A poll that was answered 304.
fn not_modified(number: usize) -> Finding {
    let url: url::Url = format!("https://a{number}.example/").parse().unwrap();
    let validators =
        Validators { etag: Some("\"1\"".to_owned()), last_modified: None, url: url.to_string() };
    Finding {
        source: Arc::new(Source::plain(&format!("s{number}"), url.clone())),
        at: now(),
        ended: now(),
        start: url,
        result: PollResult::Success,
        document: None,
        validators: Some(validators),
        answer: Answer { status: 304, ..Answer::default() },
        error: None,
        pardons: Vec::new(),
        elapsed_ms: 1,
    }
}

type Reply = oneshot::Receiver<Result<Report, Arc<StoreError>>>;

async fn hand_in(writer: &Writer, number: usize) -> Reply {
    let (reply, answer) = oneshot::channel();
    let finding = Box::new(not_modified(number));
    writer
        .jobs()
        .send(Job::Poll { finding, mode: Mode::Commit, detail: Detail::Counts, reply })
        .await
        .unwrap();
    answer
}

/// Hands in one poll, and fifty more while the first is being made durable.
async fn one_and_fifty(writer: &Writer, store: &Counting) -> (Reply, Vec<Reply>) {
    let first = hand_in(writer, 0).await;
    while store.syncs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let mut others = Vec::new();
    for number in 1..=50 {
        others.push(hand_in(writer, number).await);
    }
    (first, others)
}

#[tokio::test]
async fn fifty_304s_are_one_commit_and_are_answered_when_it_is_durable() {
    let (store, writer) = start();
    let (first, mut others) = one_and_fifty(&writer, &store).await;
    assert_eq!(store.commits.load(Ordering::SeqCst), 1);
    assert!(others.iter_mut().all(|reply| reply.try_recv().is_err()), "nothing is durable yet");
    store.open_gate();
    first.await.unwrap().unwrap();
    for reply in others {
        reply.await.unwrap().unwrap();
    }
    assert_eq!(store.states.load(Ordering::SeqCst), 51);
    assert_eq!(store.commits.load(Ordering::SeqCst), 2, "one for the first, one for the fifty");
    let state = store.state(&SourceId::new("s50")).unwrap().unwrap();
    assert!(state.next_poll.unwrap() > now(), "the next poll is planned");
    writer.stop().await;
}

#[tokio::test]
async fn when_their_commit_fails_none_of_them_is_acknowledged() {
    let (store, writer) = start();
    let (first, others) = one_and_fifty(&writer, &store).await;
    store.fails.store(true, Ordering::SeqCst);
    store.open_gate();
    first.await.unwrap().unwrap();
    for reply in others {
        assert!(matches!(*reply.await.unwrap().unwrap_err(), StoreError::Full));
    }
    assert_eq!(store.state(&SourceId::new("s1")).unwrap(), None);
    writer.stop().await;
}
