//! The whole: opens the store, joins the parts, schedules, serves, and stops in order.
//!
//! Only here is an engine of the store named.

mod actions;
mod keeping;
mod scheduler;
mod standstill;
mod upkeep;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use standstill::Standstill;

use crate::clock::{FixedClock, SystemClock, random_seed};
use crate::control::Mill;
use crate::fetch::HttpFetch;
use crate::ingest::{Settings, Writer};
use crate::model::outcome::Clock;
use crate::model::policy::{Config, Listen};
use crate::poll::Poller;
use crate::serve::admin::{self, Actions};
use crate::serve::limit::Peer;
use crate::serve::listener::{self, Bound, Limits};
use crate::serve::{self, Readiness, Site};
use crate::store::{Birth, SledOptions, SledStore, Store, StoreError};
use crate::systemd::{self, PassedListener};
use crate::telemetry::Metrics;

/// After this a stop no longer waits for requests and polls in hand.
const STOP_TIMEOUT: Duration = Duration::from_secs(8);
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
    #[error("failed to open the store")]
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

pub use keeping::{repair, restore};

/// Completes when the process is told to stop: SIGTERM or SIGINT.
pub async fn signals() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
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
    join(&config, store, clock, metrics, Arc::new(|| {}))
}

async fn open_store(config: &Config, now: Timestamp) -> Result<Arc<dyn Store>, DaemonError> {
    let path = config.store.path.clone();
    let birth = Birth { now, id_authority: authority(config, now) };
    let open = move || -> Result<Arc<dyn Store>, StoreError> {
        let store = SledStore::open(&path, &birth, SledOptions::default())?;
        Ok(Arc::new(store))
    };
    match tokio::task::spawn_blocking(open).await {
        Ok(store) => Ok(store?),
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
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    on_change: Arc<dyn Fn() + Send + Sync>,
) -> Result<Mill, DaemonError> {
    let fetch = HttpFetch::new(&config.poll, env!("CARGO_PKG_VERSION"), Arc::clone(&clock))
        .map_err(|error| DaemonError::Setup(error.to_string()))?;
    let names = crate::poll::names(&config.catalog, store.as_ref())?;
    let names = Arc::new(arc_swap::ArcSwap::from_pointee(names));
    let settings = Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: config.dedup.window,
        names: Arc::clone(&names),
    };
    let writer =
        Writer::start(Arc::clone(&store), settings, Arc::clone(&metrics), on_change, QUEUE_MAX)?;
    let readers = std::thread::available_parallelism().map_or(2, usize::from);
    let poller = Poller::new(
        Arc::new(fetch),
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
    let public = bind_public(&config).await?;
    let addresses: Vec<String> =
        public.iter().filter_map(Bound::address).map(|at| at.to_string()).collect();
    let site = site(&config, &clock, &metrics);
    let limits = Limits::from(&config.server);
    let public = tokio::spawn(serve_public(public, Arc::clone(&site), limits, stop.clone()));

    let store = open_store(&config, clock.now()).await?;
    site.set_store(Some(Arc::clone(&store)));
    let changed = Arc::clone(&site);
    let on_change = Arc::new(move || changed.changed());
    let mill = Arc::new(join(&config, store, Arc::clone(&clock), metrics, on_change)?);
    let admin = bind(&config.server.admin, ADMIN_MODE).await?;
    let admin = tokio::spawn(serve_admin(admin, actions::new(&mill), limits, stop.clone()));
    site.set_readiness(Readiness::Ready);
    let scheduler = tokio::spawn(scheduler::run(
        Arc::clone(&mill),
        Arc::clone(&site),
        Standstill::new(&config.store),
        config.store.retention,
        clock,
        stop.clone(),
    ));
    systemd::ready(&format!("serving, {} sources", config.catalog.sources.len()));
    tracing::info!(listen = addresses.join(" "), "feedmill is ready");
    on_ready(&addresses);

    shutdown.await;
    tracing::info!("stopping");
    systemd::stopping();
    stop.cancel();
    let finish = async {
        let _ = scheduler.await;
        let _ = public.await;
        let _ = admin.await;
    };
    if tokio::time::timeout(STOP_TIMEOUT, finish).await.is_err() {
        tracing::warn!("stopped waiting for requests in hand");
    }
    mill.stop().await;
    Ok(())
}

fn site(config: &Config, clock: &Arc<dyn Clock>, metrics: &Arc<Metrics>) -> Arc<Site> {
    let settings = serve::Settings {
        site: config.site.clone(),
        catalog: Arc::clone(&config.catalog),
        server: config.server.clone(),
    };
    Site::new(None, settings, Arc::clone(clock), actions::hook(metrics))
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
    let service = move |request: http::Request<hyper::body::Incoming>, _: Peer| {
        let actions = Arc::clone(&actions);
        async move { admin::respond(&actions, &request).await }
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
