//! One poll: fetch, read, normalise, prepare; then over to the writer.
//!
//! Everything here happens for many sources at once; what it finds is handed to `ingest`, which decides and commits in
//! the order in which it is handed over. It decides nothing itself and writes nothing. Sources with one URL are one
//! request (P38); a publisher that has asked to be left alone is not asked; a network of our own that is down is nobody's
//! failure.

mod fetched;
mod link;
mod share;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

pub use self::share::{Remembered, ShareKey, due, groups};

use self::fetched::Fetched;
use self::link::{Fault, Link};
use crate::dedup::{self, Names, Prepared};
use crate::ingest::{Job, Mode, Report, outlet_of};
use crate::model::feed::Feed;
use crate::model::outcome::{
    Answer, Clock, Detail, FailureKind, Fetch, FetchRequest, NextPoll, PollResult, RETRY_AFTER_MAX,
};
use crate::model::policy::{Catalog, DedupMode};
use crate::model::raw::RawDocument;
use crate::model::scrub::scrub_url;
use crate::model::selection::{Selection, Unit};
use crate::model::source::{ItemHash, Source, SourceId, SourceState, Validators};
use crate::normalize::{self, Context, Filter};
use crate::parse::{self, ParseError, ReadSettings, discover};
use crate::redirect;
use crate::store::{Store, StoreError};
use crate::telemetry::PollOutcome;

/// While our own network is down a source is tried again after this, and up to as much again.
const RETRY_OWN: Duration = Duration::from_secs(120);

/// What a poll found, ready for the writer.
#[derive(Debug)]
pub struct Finding {
    /// Whose.
    pub source: Arc<Source>,
    /// When the source's turn was first asked for.
    pub at: Timestamp,
    /// When the answer was there, or it was clear that there is none: waits are counted from here.
    pub ended: Timestamp,
    /// Where the request began.
    pub start: Url,
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
    /// Sources whose last failure was counted though it was our own network's.
    pub pardons: Vec<SourceId>,
    /// From the start of the request to here, in milliseconds.
    pub elapsed_ms: u64,
}

impl Finding {
    /// Returns the URL that answered, or that did not.
    pub fn end(&self) -> &str {
        self.answer.hops.last().map_or(self.start.as_str(), |hop| &hop.location)
    }

    /// Says in a word how the poll ended.
    pub fn outcome(&self) -> PollOutcome {
        match (&self.result, &self.document) {
            (PollResult::Success, Some(_)) => PollOutcome::Modified,
            (PollResult::Success, None) => PollOutcome::NotModified,
            (PollResult::Gone, _) => PollOutcome::Gone,
            (PollResult::Failed(_), _) => PollOutcome::Failed,
            (PollResult::Postponed(_), _) => PollOutcome::Postponed,
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
    link: Link,
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
        let link = Link::default();
        link.expect(domains(&catalog));
        let sources = ArcSwap::from_pointee(Sources::new(catalog));
        let readers = Arc::new(Semaphore::new(readers.max(1)));
        let fetch = ArcSwap::from_pointee(fetch);
        Self { fetch, clock, store, writer, sources, readers, names, link }
    }

    /// Returns the sources in force.
    pub fn sources(&self) -> Arc<Sources> {
        self.sources.load_full()
    }

    /// Puts other sources in force. Polls that have begun end as they began.
    pub fn set_sources(&self, catalog: Arc<Catalog>) {
        self.link.expect(domains(&catalog));
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

    /// Returns since when our own network is taken to be down.
    pub fn network_down_since(&self) -> Option<Timestamp> {
        self.link.down_since()
    }

    /// Returns a source with our memory of it.
    pub fn remember(&self, source: &Arc<Source>) -> Result<Remembered, StoreError> {
        Ok((Arc::clone(source), state_of(self.store.as_ref(), &source.id)?))
    }

    /// Fetches once for a group of sources that share a request, and reads for each. Total: every trouble is a finding.
    pub async fn find(&self, group: &[Arc<Source>]) -> Result<Vec<Finding>, StoreError> {
        let at = self.clock.now();
        let group = group.iter().map(|source| self.remember(source));
        let group = group.collect::<Result<Vec<_>, _>>()?;
        // The one that takes the most stands for all, so that a small limit of one does not fail the others.
        let leader = group.iter().max_by_key(|(source, _)| source.body_bytes_max);
        let Some((leader, state)) = leader else { return Ok(Vec::new()) };
        let start = redirect::start(leader, state);
        let fetched = match pause_of(&group, at) {
            Some(until) => Fetched::postponed(at, start, until, PAUSED.to_owned()),
            None => self.fetch(at, leader, start, &group).await,
        };
        let ended = self.clock.now();
        let mut findings = Vec::with_capacity(group.len());
        for (index, (source, state)) in group.iter().enumerate() {
            let mut finding = self.read(source, state, fetched.clone()).await;
            if index > 0 {
                finding.answer.wire_bytes = 0;
                finding.pardons.clear();
            }
            finding.ended = ended;
            let elapsed = self.clock.now().duration_since(at);
            finding.elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(0);
            findings.push(finding);
        }
        Ok(findings)
    }

    /// Makes the one request of a group.
    async fn fetch(
        &self,
        at: Timestamp,
        leader: &Arc<Source>,
        start: Url,
        group: &[Remembered],
    ) -> Fetched {
        let request = FetchRequest {
            source: Arc::clone(leader),
            url: start.clone(),
            validators: share::validators(group),
        };
        let fetch = Arc::clone(&self.fetch.load());
        let outcome = fetch.fetch(&request).await;
        let mut fetched = Fetched::of(at, start, outcome);
        self.judge(&mut fetched, group);
        fetched
    }

    /// Keeps watch over our own network, and takes back a failure that is its.
    fn judge(&self, fetched: &mut Fetched, group: &[Remembered]) {
        let now = self.clock.now();
        let has_answer = fetched.answer.status != 0;
        if has_answer {
            if let Some(since) = self.link.answered(now) {
                tracing::info!(%since, "the network is back");
            }
            return;
        }
        if fetched.result != PollResult::Failed(FailureKind::Network) {
            return;
        }
        let ids: Vec<SourceId> = group.iter().map(|(source, _)| source.id.clone()).collect();
        let was_down = self.link.down_since().is_some();
        let domain = dedup::outlet(fetched.start.as_str());
        let Fault::Ours(pardons) = self.link.unreachable(now, domain, &ids) else { return };
        if !was_down {
            tracing::warn!("nobody can be reached: our own network seems to be down");
        }
        let spread = ids.first().map_or(0, |id| u32::try_from(seed(id) % 1_000).unwrap_or(0));
        let wait = RETRY_OWN + RETRY_OWN * spread / 1_000;
        let reason = "our own network seems to be down: trying again soon".to_owned();
        let at = now.saturating_add(wait).unwrap_or(now);
        fetched.result = PollResult::Postponed(NextPoll { at, reason });
        fetched.pardons = pardons;
    }

    /// Makes the finding of one source of a group.
    async fn read(
        &self,
        source: &Arc<Source>,
        state: &Arc<SourceState>,
        fetched: Fetched,
    ) -> Finding {
        let Fetched { at, start, result, document, validators, answer, error, pardons } = fetched;
        let mut finding = Finding {
            source: Arc::clone(source),
            at,
            ended: at,
            start,
            result,
            document: None,
            validators,
            answer,
            error,
            pardons,
            elapsed_ms: 0,
        };
        let Some(document) = document else { return finding };
        match self.read_document(source, at, state, document).await {
            Ok(read) => finding.document = Some(read),
            Err(error) => {
                finding.result = PollResult::Failed(FailureKind::NotAFeed);
                finding.error = Some(error);
                finding.validators = None;
            }
        }
        finding
    }

    async fn read_document(
        &self,
        source: &Arc<Source>,
        at: Timestamp,
        state: &Arc<SourceState>,
        document: Arc<RawDocument>,
    ) -> Result<Read, String> {
        let Ok(_permit) = Arc::clone(&self.readers).acquire_owned().await else {
            return Err("feedmill is stopping".to_owned());
        };
        let sources = self.sources.load_full();
        let source = Arc::clone(source);
        let state = Arc::clone(state);
        let names = self.names.load_full();
        let page = Arc::clone(&document);
        let work = move || read(&sources, &names, &source, at, &state, &document);
        match tokio::task::spawn_blocking(work).await {
            Ok(read) => read.map_err(|error| explained(&error, &page)),
            Err(_) => Err("the reader panicked".to_owned()),
        }
    }

    /// Hands a finding to the writer; the answer comes when it is durable.
    pub async fn hand_over(
        &self,
        finding: Finding,
        mode: Mode,
        detail: Detail,
    ) -> Option<oneshot::Receiver<Result<Report, Arc<StoreError>>>> {
        let (reply, answer) = oneshot::channel();
        let finding = Box::new(finding);
        self.writer.send(Job::Poll { finding, mode, detail, reply }).await.ok()?;
        Some(answer)
    }

    /// Has the writer forget what dry runs decided.
    pub async fn forget_dry_run(&self) {
        let _ = self.writer.send(Job::ForgetDryRun).await;
    }
}

/// Why nothing was asked.
const PAUSED: &str = "the publisher has asked everyone on its domain to wait";

/// Returns until when the publisher has asked not to be polled, if that lies ahead. One further ahead than any publisher
/// may ask for was written under another clock.
fn pause_of(group: &[Remembered], now: Timestamp) -> Option<Timestamp> {
    let latest = now.saturating_add(RETRY_AFTER_MAX).unwrap_or(now);
    let pauses = group.iter().filter_map(|(source, state)| {
        state.paused_until.filter(|_| state.url == source.url.as_str())
    });
    pauses.filter(|until| *until > now && *until <= latest).max()
}

/// Returns a number that differs between sources and is the same at each start.
pub fn seed(id: &SourceId) -> u64 {
    xxhash_rust::xxh3::xxh3_64(id.as_str().as_bytes())
}

/// Counts the registrable domains of a catalog.
fn domains(catalog: &Catalog) -> usize {
    let of = |source: &Arc<Source>| dedup::outlet(source.url.as_str());
    catalog.sources.iter().map(of).collect::<HashSet<_>>().len()
}

/// Returns the names of sources: configured titles, and those that feeds gave themselves.
pub fn names(catalog: &Catalog, store: &dyn Store) -> Result<Names, StoreError> {
    let states = store.states()?;
    let configured = catalog.sources.iter().filter_map(|source| source.title.as_deref());
    let given = states.iter().filter_map(|(_, state)| state.meta.title.as_deref());
    Ok(Names::new(configured.chain(given)))
}

/// Returns the dates of a source's newest entries, newest first: enough to tell its usual rhythm.
pub fn newest_dates(store: &dyn Store, id: &SourceId) -> Result<Vec<Timestamp>, StoreError> {
    const NEWEST: usize = 50;
    let selection = Selection {
        unit: Unit::Entries,
        sources: vec![id.clone()],
        from: None,
        until: None,
        after: None,
        limit: NEWEST,
    };
    Ok(store.select(&selection)?.into_iter().map(|position| position.date).collect())
}

/// Returns our memory of a source; a new one's is empty.
pub fn state_of(store: &dyn Store, id: &SourceId) -> Result<Arc<SourceState>, StoreError> {
    Ok(store.state(id)?.unwrap_or_default())
}

/// Says why a document could not be read; of a page, which feed it names (P64).
fn explained(error: &ParseError, document: &RawDocument) -> String {
    let is_page = matches!(error, ParseError::NotAFeed { .. });
    let base = Url::parse(&document.url).ok().filter(|_| is_page);
    let found = base.and_then(|base| {
        let is_html = discover::looks_like_html(&document.body);
        is_html
            .then(|| discover::feed_links(&document.body, &base))
            .and_then(|it| it.into_iter().next())
    });
    match found {
        Some(feed) => {
            let url = scrub_url(&feed.url);
            format!("{error}; its feed seems to be {url}: write that as the source's `url`")
        }
        None => error.to_string(),
    }
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
        zone_s: state.zone_s,
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
