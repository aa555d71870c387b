//! The whole: opens the store, joins the parts, schedules, serves, and stops in order.
//!
//! Only here is an engine of the store named.

mod actions;
mod fixed;
mod hidden;
mod keeper;
mod keeping;
mod plan;
mod reload;
pub mod scheduler;
mod standstill;
mod upkeep;
mod vitals;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use reload::Reloader;
pub(crate) use standstill::standstill;

use standstill::Standstill;
use vitals::Vitals;

use crate::clock::{FixedClock, RunningClock, SystemClock, random_seed};
use crate::control::Mill;
use crate::dedup::Names;
use crate::fetch::{HttpFetch, HttpPost};
use crate::ingest::{OnChange, Settings, Writer};
use crate::model::outcome::Clock;
use crate::model::policy::{Config, Listen};
use crate::poll::Poller;
use crate::redirect;
use crate::serve::admin::{self, Actions};
use crate::serve::limit::Peer;
use crate::serve::listener::{self, Bound, Limits};
use crate::serve::select::{Secrets, View};
use crate::serve::{self, Readiness, Site};
use crate::store::{Birth, SledOptions, SledStore, Store, StoreError};
use crate::systemd::{self, PassedListener};
use crate::telemetry::Metrics;
use crate::websub::Announcer;

/// After this a stop no longer waits for requests and polls in hand.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
/// For so long connections wait while the store opens.
const PATIENCE: Duration = Duration::from_secs(3);
/// Mode of the admin socket's file.
const ADMIN_MODE: u32 = 0o660;
/// Mode of a public socket's file.
const PUBLIC_MODE: u32 = 0o666;
/// Documents waiting for the writer.
const QUEUE_MAX: usize = 64;

/// Why the daemon could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store does not open.
    #[error("failed to open the store at {path} ([store] path)")]
    Open {
        /// Where it is.
        path: String,
        /// Why.
        source: StoreError,
    },
    /// The store cannot be read.
    #[error("failed to read the store")]
    Store(#[from] StoreError),
    /// An address cannot be listened on.
    #[error("failed to listen on {address} (is another process using it?)")]
    Listen {
        /// Which.
        address: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The configuration cannot be put to work.
    #[error("failed to set up polling: {0}")]
    Setup(String),
    /// The system refuses something.
    #[error("failed to {operation}")]
    Io {
        /// What, as an infinitive.
        operation: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

pub use fixed::{Fixed, kept_authority};
pub use keeping::{repair, restore};

/// Completes when the process is told to stop: SIGTERM or SIGINT. Both are heard from this call on, within a runtime.
pub fn signals() -> impl Future<Output = ()> + Send + 'static {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async move {
        let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Opens store, poller and writer without listening or scheduling: for commands. `at` stands in for the present.
pub async fn open(config: Config, at: Option<Timestamp>) -> Result<Mill, DaemonError> {
    let clock: Arc<dyn Clock> = match at {
        Some(at) => Arc::new(FixedClock(at)),
        None => Arc::new(SystemClock),
    };
    let metrics = Arc::new(Metrics::new());
    let store = open_store(&config, clock.now()).await?;
    let fetch = fetcher(&config, &clock)?;
    let fetch = match at {
        Some(at) => fetch.paced_by(Arc::new(RunningClock::from(at))),
        None => fetch,
    };
    join(&config, store, Arc::new(fetch), clock, metrics, Arc::new(|_| {}))
}

/// Makes the fetcher of a configuration.
pub(crate) fn fetcher(config: &Config, clock: &Arc<dyn Clock>) -> Result<HttpFetch, DaemonError> {
    HttpFetch::new(&config.poll, env!("CARGO_PKG_VERSION"), Arc::clone(clock))
        .map_err(|error| DaemonError::Setup(chain(&error)))
}

/// Returns what is polled as OPML; with `Secrets::Kept`, sources whose address holds one too.
pub(crate) fn sources_opml(
    mill: &Mill,
    config: &Config,
    secrets: Secrets,
) -> Result<String, StoreError> {
    let catalog = mill.catalog();
    let view = View::open(mill.store().as_ref(), &config.site, &catalog)?;
    Ok(String::from_utf8_lossy(&view.sources_opml(secrets)).into_owned())
}

/// Joins an error and its causes into one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        line.push_str(": ");
        line.push_str(&next.to_string());
        cause = next.source();
    }
    line
}

async fn open_store(config: &Config, now: Timestamp) -> Result<Arc<dyn Store>, DaemonError> {
    let path = config.store.path.clone();
    let birth = Birth { now, id_authority: authority(config, now) };
    let open = move || -> Result<Arc<dyn Store>, StoreError> {
        let store = SledStore::open(&path, &birth, SledOptions::default())?;
        Ok(Arc::new(store))
    };
    match tokio::task::spawn_blocking(open).await {
        Ok(store) => store.map_err(|source| DaemonError::Open {
            path: config.store.path.display().to_string(),
            source,
        }),
        Err(error) => Err(DaemonError::Io {
            operation: "open the store",
            source: std::io::Error::other(error),
        }),
    }
}

/// Returns the authority a new store mints ids with (RFC 4151): configured, else the host and the year, else random.
fn authority(config: &Config, now: Timestamp) -> String {
    if let Some(authority) = &config.site.id_authority {
        return authority.clone();
    }
    let host = url::Url::parse(&config.site.base_url).ok().and_then(|url| match url.host() {
        Some(url::Host::Domain(host)) if host.contains('.') => Some(host.to_owned()),
        Some(_) | None => None,
    });
    match host {
        Some(host) => {
            format!("{host},{}", now.to_zoned(jiff::tz::TimeZone::UTC).year())
        }
        None => crate::model::ids::random_authority(random_seed()),
    }
}

fn join(
    config: &Config,
    store: Arc<dyn Store>,
    fetch: Arc<HttpFetch>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    on_change: OnChange,
) -> Result<Mill, DaemonError> {
    let names = crate::poll::names(&config.catalog, store.as_ref())?;
    let names = Arc::new(ArcSwap::from_pointee(names));
    let settings = writer_settings(config, &names);
    let writer =
        Writer::start(Arc::clone(&store), settings, Arc::clone(&metrics), on_change, QUEUE_MAX)?;
    for source in &config.catalog.sources {
        let state = crate::poll::state_of(store.as_ref(), &source.id)?;
        if let Some(at) = state.last_attempt {
            fetch.recall(&redirect::start(source, &state), at);
        }
    }
    let readers = std::thread::available_parallelism().map_or(2, usize::from);
    let poller = Poller::new(
        fetch,
        clock,
        Arc::clone(&store),
        writer.jobs(),
        Arc::clone(&config.catalog),
        names,
        readers,
    );
    Ok(Mill::new(
        absolute(&config.path),
        Arc::clone(&config.catalog),
        store,
        Arc::new(poller),
        writer,
        metrics,
    ))
}

fn writer_settings(config: &Config, names: &Arc<ArcSwap<Names>>) -> Settings {
    Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: config.dedup.window,
        names: Arc::clone(names),
    }
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Runs the daemon until `shutdown` completes, then stops in order: polling, requests, the commit in hand, the store.
pub async fn run(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), DaemonError> {
    run_with(config, shutdown, |_| {}).await
}

/// Runs the daemon; `on_ready` is told the public addresses that were bound.
pub async fn run_with(
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
    on_ready: impl FnOnce(&[String]),
) -> Result<(), DaemonError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = Arc::new(Metrics::new());
    let stop = CancellationToken::new();
    // Before anything that takes long: a SIGHUP that nobody waits for would end the process.
    let hangup = signal(SignalKind::hangup()).ok();
    let public = bind_public(&config).await?;
    let addresses: Vec<String> =
        public.iter().filter_map(Bound::address).map(|at| at.to_string()).collect();
    let site = Site::new(None, site_settings(&config), Arc::clone(&clock), actions::hook(&metrics));
    let limits = Limits::from(&config.server).within(crate::machine::take_descriptors());
    let serving = serve_public(public, Arc::clone(&site), limits, stop.clone());
    let opening = vitals::while_opening(clock.as_ref(), open_store(&config, clock.now()));
    let mut shutdown = std::pin::pin!(shutdown);
    let (store, public) = tokio::select! {
        opened = open_before_serving(opening, serving, clock.as_ref()) => opened?,
        () = &mut shutdown => return Ok(()),
    };
    site.set_store(Some(Arc::clone(&store)));
    let announcer = announcer(&config, &site, &clock)?;
    let on_change = on_change(&site, announcer.as_ref());
    let fetch = Arc::new(fetcher(&config, &clock)?);
    let mill = join(&config, store, Arc::clone(&fetch), Arc::clone(&clock), metrics, on_change)?;
    let mill = Arc::new(mill);
    remember(&mill, &config).await?;
    let vitals = Arc::new(Vitals::default());
    let (keeping, policy) = tokio::sync::watch::channel(config.store.clone());
    let watch = keeper::new(&site, Standstill::new(policy.clone()), &mill, &vitals);
    let disk = Standstill::new(policy.clone());
    if let Some(warning) = fixed::authority(mill.store().as_ref(), &config) {
        tracing::warn!("{warning}");
    }
    let admin = bind(&config.server.admin, ADMIN_MODE).await?;
    let reloader = Arc::new(Reloader::new(config, fetch, &mill, &site, &vitals, &clock, keeping));
    let actions = actions::new(&mill, &reloader, disk);
    let mut tasks = vec![
        tokio::spawn(serve_admin(admin, actions, limits, stop.clone())),
        tokio::spawn(scheduler::run(Arc::clone(&mill), watch, Arc::clone(&clock), stop.clone())),
        tokio::spawn(upkeep::run(Arc::clone(&mill), policy, Arc::clone(&clock), stop.clone())),
        tokio::spawn(reloader.run(hangup, stop.clone())),
    ];
    let pulse =
        vitals::run(Arc::clone(&vitals), Arc::clone(&mill), Arc::clone(&clock), stop.clone());
    tokio::spawn(pulse);
    site.set_readiness(Readiness::Ready);
    tasks.push(tokio::spawn(follow(site, announcer, stop.clone())));
    systemd::ready(&vitals::line(&vitals, &mill, clock.now()).await);
    tasks.push(public.begun());
    tracing::info!(listen = addresses.join(" "), "feedmill is ready");
    on_ready(&addresses);

    shutdown.await;
    wind_up(&stop, tasks, &mill).await;
    Ok(())
}

/// Stops in order: polling and requests, then the commit in hand.
async fn wind_up(stop: &CancellationToken, tasks: Vec<JoinHandle<()>>, mill: &Mill) {
    tracing::info!("stopping");
    systemd::stopping();
    stop.cancel();
    let finish = async {
        for task in tasks {
            let _ = task.await;
        }
    };
    if tokio::time::timeout(STOP_TIMEOUT, finish).await.is_err() {
        tracing::warn!("stopped waiting for requests in hand");
    }
    mill.stop().await;
}

/// Returns what tells the hub, if one is configured.
fn announcer(
    config: &Config,
    site: &Arc<Site>,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<Announcer>>, DaemonError> {
    let Some(hub) = config.websub_hub.clone() else { return Ok(None) };
    let post = HttpPost::new(&config.poll, env!("CARGO_PKG_VERSION"))
        .map_err(|error| DaemonError::Setup(error.to_string()))?;
    Ok(Some(Announcer::new(hub, Arc::clone(site), Arc::new(post), Arc::clone(clock))))
}

/// Renders behind changes what readers ask for, and tells the hub.
async fn follow(site: Arc<Site>, announcer: Option<Arc<Announcer>>, stop: CancellationToken) {
    let announce = async {
        match &announcer {
            Some(announcer) => announcer.run().await,
            None => std::future::pending().await,
        }
    };
    stop.run_until_cancelled(async { tokio::join!(site.keep_warm(), announce) }).await;
}

/// What was published is first rendered anew, then announced.
fn on_change(site: &Arc<Site>, announcer: Option<&Arc<Announcer>>) -> OnChange {
    let (site, announcer) = (Arc::clone(site), announcer.cloned());
    Arc::new(move |change| {
        site.changed(&change);
        if let Some(announcer) = &announcer {
            announcer.changed(change);
        }
    })
}

/// The public service: answering already, or about to.
enum Public<F> {
    Waiting(F),
    Begun(JoinHandle<()>),
}

impl<F: Future<Output = ()> + Send + 'static> Public<F> {
    fn begun(self) -> JoinHandle<()> {
        match self {
            Self::Waiting(serving) => tokio::spawn(serving),
            Self::Begun(task) => task,
        }
    }
}

/// Opens the store while connections wait: those of a restart are then answered with what they ask for. A store that takes
/// its time is opened while they are told so (503).
async fn open_before_serving<S, F: Future<Output = ()> + Send + 'static>(
    opening: impl Future<Output = Result<S, DaemonError>>,
    serving: F,
    clock: &dyn Clock,
) -> Result<(S, Public<F>), DaemonError> {
    let mut opening = std::pin::pin!(opening);
    tokio::select! {
        store = &mut opening => return Ok((store?, Public::Waiting(serving))),
        () = clock.sleep(PATIENCE) => {}
    }
    let task = tokio::spawn(serving);
    Ok((opening.await?, Public::Begun(task)))
}

/// Has the writer write down what is configured, so that what leaves later is answered as gone.
async fn remember(mill: &Mill, config: &Config) -> Result<(), DaemonError> {
    let settings = writer_settings(config, mill.poller().names());
    mill.configure(settings).await.map_err(|error| DaemonError::Setup(chain(&error)))
}

fn site_settings(config: &Config) -> serve::Settings {
    serve::Settings {
        site: config.site.clone(),
        catalog: Arc::clone(&config.catalog),
        server: config.server.clone(),
        hidden: Arc::new(hidden::of(&config.catalog)),
    }
}

async fn serve_public(
    listeners: Vec<Bound>,
    site: Arc<Site>,
    limits: Limits,
    stop: CancellationToken,
) {
    let service = move |request: http::Request<hyper::body::Incoming>, peer: Peer| {
        let site = Arc::clone(&site);
        async move { site.respond(&request, peer).await }
    };
    listener::run(listeners, service, limits, stop.cancelled_owned()).await;
}

async fn serve_admin(
    listener: Bound,
    actions: Arc<dyn Actions>,
    limits: Limits,
    stop: CancellationToken,
) {
    let service = move |request: http::Request<hyper::body::Incoming>, peer: Peer| {
        let actions = Arc::clone(&actions);
        async move { admin::respond(&actions, &request, peer).await }
    };
    listener::run(vec![listener], service, limits, stop.cancelled_owned()).await;
}

/// Takes the sockets that systemd passed, or binds those of the configuration.
async fn bind_public(config: &Config) -> Result<Vec<Bound>, DaemonError> {
    let passed = systemd::listen_fds()
        .map_err(|source| DaemonError::Io { operation: "take the sockets of systemd", source })?;
    let mut bound = Vec::new();
    for passed in passed {
        let listener = match passed.listener {
            PassedListener::Tcp(listener) => Bound::from_tcp(listener),
            PassedListener::Unix(listener) => Bound::from_unix(listener),
        };
        bound.push(
            listener.map_err(|source| DaemonError::Io {
                operation: "use a socket of systemd",
                source,
            })?,
        );
    }
    if bound.is_empty() {
        for listen in &config.server.listen {
            bound.push(bind(listen, PUBLIC_MODE).await?);
        }
    }
    Ok(bound)
}

async fn bind(listen: &Listen, mode: u32) -> Result<Bound, DaemonError> {
    let address = match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => path.display().to_string(),
    };
    Bound::bind(listen, mode).await.map_err(|source| DaemonError::Listen { address, source })
}
