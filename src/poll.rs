//! One poll: fetch, read, normalise, prepare; then over to the writer.
//!
//! Everything here happens for many sources at once; what it finds is handed to `ingest`, which decides and commits in
//! the order in which it is handed over. It decides nothing itself and writes nothing.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};
use xxhash_rust::xxh3::Xxh3;

use crate::dedup::{self, Names, Prepared};
use crate::ingest::{Job, Mode, Report, outlet_of};
use crate::model::feed::Feed;
use crate::model::outcome::{
    Answer, Clock, FailureKind, Fetch, FetchOutcome, FetchRequest, PollResult,
};
use crate::model::policy::{Catalog, DedupMode};
use crate::model::raw::RawDocument;
use crate::model::source::{ItemHash, Source, SourceId, SourceState, Validators};
use crate::normalize::{self, Context, Filter};
use crate::parse::{self, ParseError, ReadSettings};
use crate::store::{Store, StoreError};
use crate::telemetry::PollOutcome;

/// What a poll found, ready for the writer.
#[derive(Debug)]
pub struct Finding {
    /// Whose.
    pub source: Arc<Source>,
    /// When the request began.
    pub at: Timestamp,
    /// What kind of end.
    pub result: PollResult,
    /// The document, when there was a new one.
    pub document: Option<Read>,
    /// Validators to hold from now on; `None` clears them after a new document and keeps them else.
    pub validators: Option<Validators>,
    /// Facts of the answer, if there was one.
    pub answer: Answer,
    /// What went wrong, in one line.
    pub error: Option<String>,
    /// From the start of the request to here, in milliseconds.
    pub elapsed_ms: u64,
}

impl Finding {
    /// Says in a word how the poll ended.
    pub fn outcome(&self) -> PollOutcome {
        match (&self.result, &self.document) {
            (PollResult::Success, Some(_)) => PollOutcome::Modified,
            (PollResult::Success, None) => PollOutcome::NotModified,
            (PollResult::Gone, _) => PollOutcome::Gone,
            (PollResult::Failed(_), _) => PollOutcome::Failed,
        }
    }
}

/// A document, read and prepared.
#[derive(Debug)]
pub struct Read {
    /// As normalised.
    pub feed: Feed,
    /// What each item is compared by; `None` for items known by their bytes.
    pub prepared: Vec<Option<Prepared>>,
}

/// What a poll needs to know of the configuration. Replaced as a whole at a reload.
#[derive(Debug)]
pub struct Sources {
    /// Sources and categories.
    pub catalog: Arc<Catalog>,
    filters: BTreeMap<SourceId, Arc<Filter>>,
}

impl Sources {
    /// Compiles the filters of every source.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let compile = |source: &Arc<Source>| (source.id.clone(), Arc::new(Filter::new(source)));
        let filters = catalog.sources.iter().map(compile).collect();
        Self { catalog, filters }
    }
}

/// Polls sources.
pub struct Poller {
    fetch: ArcSwap<Arc<dyn Fetch>>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    writer: mpsc::Sender<Job>,
    sources: ArcSwap<Sources>,
    readers: Arc<Semaphore>,
    names: Arc<ArcSwap<Names>>,
}

impl Poller {
    /// Joins the seams. `readers` documents are read at once.
    pub fn new(
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
        writer: mpsc::Sender<Job>,
        catalog: Arc<Catalog>,
        names: Arc<ArcSwap<Names>>,
        readers: usize,
    ) -> Self {
        let sources = ArcSwap::from_pointee(Sources::new(catalog));
        let readers = Arc::new(Semaphore::new(readers.max(1)));
        let fetch = ArcSwap::from_pointee(fetch);
        Self { fetch, clock, store, writer, sources, readers, names }
    }

    /// Returns the sources in force.
    pub fn sources(&self) -> Arc<Sources> {
        self.sources.load_full()
    }

    /// Puts other sources in force. Polls that have begun end as they began.
    pub fn set_sources(&self, catalog: Arc<Catalog>) {
        self.sources.store(Arc::new(Sources::new(catalog)));
    }

    /// Puts another fetcher in force.
    pub fn set_fetch(&self, fetch: Arc<dyn Fetch>) {
        self.fetch.store(Arc::new(fetch));
    }

    /// Asks the writer for a sign of life; `None` when its queue is full or it has ended.
    pub fn ping(&self) -> Option<oneshot::Receiver<()>> {
        let (reply, answer) = oneshot::channel();
        self.writer.try_send(Job::Ping { reply }).ok()?;
        Some(answer)
    }

    /// Returns where the names of sources are kept.
    pub fn names(&self) -> &Arc<ArcSwap<Names>> {
        &self.names
    }

    /// Puts other names of sources in force.
    pub fn set_names(&self, names: Names) {
        self.names.store(Arc::new(names));
    }

    /// Returns the present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Fetches and reads one source. Total: every trouble is a finding.
    pub async fn find(&self, source: &Arc<Source>) -> Result<Finding, StoreError> {
        let at = self.clock.now();
        let state = state_of(self.store.as_ref(), &source.id)?;
        let validators = state.validators.clone().filter(|_| state.url == source.url.as_str());
        let request = FetchRequest { source: Arc::clone(source), validators };
        let fetch = Arc::clone(&self.fetch.load());
        let outcome = fetch.fetch(&request).await;
        let mut finding = self.read(source, at, &state, outcome).await;
        let elapsed = self.clock.now().duration_since(at);
        finding.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(0);
        Ok(finding)
    }

    async fn read(
        &self,
        source: &Arc<Source>,
        at: Timestamp,
        state: &Arc<SourceState>,
        outcome: FetchOutcome,
    ) -> Finding {
        let mut finding = Finding {
            source: Arc::clone(source),
            at,
            result: PollResult::Success,
            document: None,
            validators: None,
            answer: Answer::default(),
            error: None,
            elapsed_ms: 0,
        };
        match outcome {
            FetchOutcome::Modified { document, validators, answer } => {
                finding.answer = answer;
                match self.read_document(source, at, state, document).await {
                    Ok(read) => {
                        finding.document = Some(read);
                        finding.validators = validators;
                    }
                    Err(error) => {
                        finding.result = PollResult::Failed(FailureKind::NotAFeed);
                        finding.error = Some(error);
                    }
                }
            }
            FetchOutcome::NotModified { validators, answer } => {
                finding.validators = Some(validators);
                finding.answer = answer;
            }
            FetchOutcome::Gone { answer } => {
                finding.result = PollResult::Gone;
                finding.error = Some("the publisher says that the feed is gone (410)".to_owned());
                finding.answer = answer;
            }
            FetchOutcome::Failed { error, kind, answer } => {
                finding.result = PollResult::Failed(kind);
                finding.error = Some(error);
                finding.answer = answer.unwrap_or_default();
            }
        }
        finding
    }

    async fn read_document(
        &self,
        source: &Arc<Source>,
        at: Timestamp,
        state: &Arc<SourceState>,
        document: RawDocument,
    ) -> Result<Read, String> {
        let Ok(_permit) = Arc::clone(&self.readers).acquire_owned().await else {
            return Err("feedmill is stopping".to_owned());
        };
        let sources = self.sources.load_full();
        let source = Arc::clone(source);
        let state = Arc::clone(state);
        let names = self.names.load_full();
        let work = move || read(&sources, &names, &source, at, &state, &document);
        match tokio::task::spawn_blocking(work).await {
            Ok(read) => read.map_err(|error| error.to_string()),
            Err(_) => Err("the reader panicked".to_owned()),
        }
    }

    /// Hands a finding to the writer; the answer comes when it is durable.
    pub async fn hand_over(
        &self,
        finding: Finding,
        mode: Mode,
    ) -> Option<oneshot::Receiver<Result<Report, Arc<StoreError>>>> {
        let (reply, answer) = oneshot::channel();
        let finding = Box::new(finding);
        self.writer.send(Job::Poll { finding, mode, reply }).await.ok()?;
        Some(answer)
    }

    /// Has the writer forget what dry runs decided.
    pub async fn forget_dry_run(&self) {
        let _ = self.writer.send(Job::ForgetDryRun).await;
    }
}

/// Returns the names of sources: configured titles, and those that feeds gave themselves.
pub fn names(catalog: &Catalog, store: &dyn Store) -> Result<Names, StoreError> {
    let states = store.states()?;
    let configured = catalog.sources.iter().filter_map(|source| source.title.as_deref());
    let given = states.iter().filter_map(|(_, state)| state.meta.title.as_deref());
    Ok(Names::new(configured.chain(given)))
}

/// Returns our memory of a source; a new one's is empty.
pub fn state_of(store: &dyn Store, id: &SourceId) -> Result<Arc<SourceState>, StoreError> {
    let states = store.states()?;
    let found = states.into_iter().find(|(of, _)| of == id);
    Ok(found.map(|(_, state)| state).unwrap_or_default())
}

fn read(
    sources: &Sources,
    names: &Names,
    source: &Source,
    now: Timestamp,
    state: &SourceState,
    document: &RawDocument,
) -> Result<Read, ParseError> {
    let known: HashSet<ItemHash> = state
        .listed
        .iter()
        .filter(|listed| listed.entry.is_some())
        .map(|listed| listed.item)
        .collect();
    let settings = ReadSettings {
        encoding: source.encoding.clone(),
        language_hint: None,
        tld_hint: source.url.host_str().and_then(|host| host.rsplit('.').next()).map(str::to_owned),
        salt: salt(source, document),
    };
    let raw = parse::parse(document, &settings, &|hash| known.contains(&hash))?;
    let empty = Arc::new(Filter::new(source));
    let filter = sources.filters.get(&source.id).unwrap_or(&empty);
    let context = Context {
        now,
        source,
        document_url: &document.url,
        content_location: document.content_location.as_deref(),
        content_language: document.content_language.as_deref(),
        date_order: state.date_order,
        filter,
    };
    let feed = normalize::normalize(raw, &context);
    let outlet = outlet_of(source, &feed.meta);
    let context = dedup::Context { names, outlet: &outlet };
    let prepare = |entry| match source.dedup {
        DedupMode::Full => dedup::prepare(entry, context),
        DedupMode::Identity | DedupMode::Off => dedup::prepare_lightly(entry),
    };
    let prepared = feed.items.iter().map(|item| item.entry.as_ref().map(prepare)).collect();
    Ok(Read { feed, prepared })
}

/// Salts item hashes with everything that changes how an item is read, so that a new setting takes effect.
fn salt(source: &Source, document: &RawDocument) -> u64 {
    let mut hasher = Xxh3::new();
    let mut add = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(&[0]);
    };
    add(&parse::READER_VERSION.to_string());
    add(&document.url);
    add(source.encoding.as_deref().unwrap_or(""));
    add(source.timezone.iana_name().unwrap_or(""));
    for rule in source.include.iter().chain(&source.exclude) {
        add(&format!("{:?}{}", rule.field, rule.pattern));
    }
    hasher.digest()
}
