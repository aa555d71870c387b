//! The writer on a store whose writes fail.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use arc_swap::ArcSwap;
use feedmill::config;
use feedmill::dedup::Names;
use feedmill::ingest::{Job, Mode, Report, Settings, Writer};
use feedmill::model::batch::Batch;
use feedmill::model::entry::{EntryNo, Held, Slug, Story, StoryNo};
use feedmill::model::features::Marks;
use feedmill::model::outcome::{Answer, Detail, FailureKind, PollResult};
use feedmill::model::policy::Config;
use feedmill::model::selection::{Position, Selection, Series, Stretch};
use feedmill::model::source::{SourceId, SourceState};
use feedmill::model::verdict::{Claim, EntryKey};
use feedmill::poll::Finding;
use feedmill::store::{
    BackupError, Birth, Bounds, Candidates, Compacted, Health, Keeper, MemoryStore, Progress,
    Stats, Store, StoreError, Totals,
};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;
use tokio::sync::oneshot;

/// A store on a disk that gets full.
struct Filling {
    inner: MemoryStore,
    is_full: AtomicBool,
    is_dead: AtomicBool,
    opened: AtomicU32,
}

impl Filling {
    fn write<T>(&self, write: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        assert!(!self.is_dead.load(Ordering::Acquire), "rule 5: the handle is dead for writing");
        if self.is_full.load(Ordering::Acquire) {
            self.is_dead.store(true, Ordering::Release);
            return Err(StoreError::Full);
        }
        write()
    }
}

impl Store for Filling {
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
        self.write(|| self.inner.commit(batch))
    }
    fn sync(&self) -> Result<(), StoreError> {
        self.write(|| self.inner.sync())
    }
    fn stats(&self) -> Result<Stats, StoreError> {
        let is_dead = self.is_dead.load(Ordering::Acquire);
        let health = if is_dead { Health::ReadOnly } else { Health::Ok };
        Ok(Stats { health, ..self.inner.stats()? })
    }
    fn keeper(&self) -> Option<&dyn Keeper> {
        Some(self)
    }
}

impl Keeper for Filling {
    fn reopen(&self) -> Result<(), StoreError> {
        self.opened.fetch_add(1, Ordering::AcqRel);
        if self.is_full.load(Ordering::Acquire) {
            return Err(StoreError::Full);
        }
        self.is_dead.store(false, Ordering::Release);
        Ok(())
    }
    fn forget(&self, _: &[StoryNo]) -> Result<(), StoreError> {
        unreachable!("nobody forgets here")
    }
    fn compact(&self, _: &mut dyn FnMut(Progress)) -> Result<Compacted, StoreError> {
        unreachable!("nobody rewrites here")
    }
    fn waste(&self) -> Result<f64, StoreError> {
        Ok(0.0)
    }
    fn backup(
        &self,
        _: Timestamp,
        _: &mut dyn Write,
        _: &mut dyn FnMut(Progress),
    ) -> Result<Totals, BackupError> {
        unreachable!("nobody makes backups here")
    }
    fn verify(&self, _: &mut dyn FnMut(Progress)) -> Vec<String> {
        Vec::new()
    }
}

fn config() -> Config {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, "[[source]]\nid = \"a\"\nurl = \"https://a.example/feed\"\n").unwrap();
    config::load(&path, &|_| None).unwrap().config
}

/// A poll that failed: what is committed is the state of the source.
async fn poll(writer: &Writer, config: &Config) -> Result<Report, Arc<StoreError>> {
    let finding = Box::new(Finding {
        source: Arc::clone(config.catalog.sources.first().unwrap()),
        at: "2026-11-24T12:00:00Z".parse().unwrap(),
        ended: "2026-11-24T12:00:01Z".parse().unwrap(),
        start: "https://a.example/feed".parse().unwrap(),
        result: PollResult::Failed(FailureKind::NotAFeed),
        document: None,
        validators: None,
        answer: Answer::default(),
        error: Some("no feed".to_owned()),
        pardons: Vec::new(),
        elapsed_ms: 1,
    });
    let (reply, answer) = oneshot::channel();
    writer
        .jobs()
        .send(Job::Poll { finding, mode: Mode::Commit, detail: Detail::Counts, reply })
        .await
        .unwrap();
    answer.await.unwrap()
}

#[tokio::test]
async fn a_full_disk_is_waited_for_and_the_store_opened_again() {
    let birth = Birth { now: Timestamp::UNIX_EPOCH, id_authority: "a.example,2026".to_owned() };
    let store = Arc::new(Filling {
        inner: MemoryStore::new(birth),
        is_full: AtomicBool::new(false),
        is_dead: AtomicBool::new(false),
        opened: AtomicU32::new(0),
    });
    let config = config();
    let settings = Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: config.dedup.window,
        names: Arc::new(ArcSwap::from_pointee(Names::new(std::iter::empty()))),
    };
    let shared: Arc<dyn Store> = store.clone();
    let writer =
        Writer::start(shared, settings, Arc::new(Metrics::new()), Arc::new(|_| {}), 4).unwrap();
    poll(&writer, &config).await.unwrap();
    store.is_full.store(true, Ordering::Release);
    let error = poll(&writer, &config).await.unwrap_err();
    assert!(matches!(*error, StoreError::Full), "{error}");
    assert_eq!(store.stats().unwrap().health, Health::ReadOnly, "what /status.json says");
    let error = poll(&writer, &config).await.unwrap_err();
    assert!(matches!(*error, StoreError::Full), "it was tried: {error}");
    assert_eq!(store.opened.load(Ordering::Acquire), 1);
    poll(&writer, &config).await.unwrap_err();
    assert_eq!(store.opened.load(Ordering::Acquire), 1, "not at each poll: it is waited");
    assert_eq!(store.states().unwrap().len(), 1, "and reading goes on");
    store.is_full.store(false, Ordering::Release);
    // A second on, the next try succeeds; nothing is acknowledged before.
    while poll(&writer, &config).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.opened.load(Ordering::Acquire), 2);
    let (_, state) = store.states().unwrap().remove(0);
    assert_eq!(state.failures, 2, "those that were refused left nothing");
    writer.stop().await;
}
