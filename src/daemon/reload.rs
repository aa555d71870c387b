//! A reload: everything is read and checked anew, and only then put in force; on an error the old configuration stays.
//!
//! The order of putting in force: writer, poller and catalog, scheduler, pages. Each takes its part as one value, so no
//! request and no poll sees half of it. What is held of a source follows its id, so nothing in the store is changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::signal::unix::Signal;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

use super::vitals::{self, Vitals};
use super::{fixed, site_settings, writer_settings};
use crate::config::{self, Difference, Loaded, Severity};
use crate::control::Mill;
use crate::fetch::HttpFetch;
use crate::model::outcome::{Clock, Fetch};
use crate::model::policy::{Config, StorePolicy};
use crate::serve::Site;
use crate::systemd;

/// How often the files are looked at. A change counts once two looks find the same, so that no half-written file is read.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// What the status line says of a bad configuration.
const REJECTED: &str = "configuration rejected, the old one stays";

/// What a reload came to.
pub(super) struct Reloaded {
    /// What is different.
    pub(super) difference: Difference,
    /// What the operator should look at.
    pub(super) warnings: Vec<String>,
}

/// Why a configuration was not put in force: a line for each problem.
pub(super) struct Rejected(pub(super) Vec<String>);

/// Puts configurations in force.
pub(super) struct Reloader {
    mill: Arc<Mill>,
    site: Arc<Site>,
    vitals: Arc<Vitals>,
    clock: Arc<dyn Clock>,
    started: Config,
    running: Mutex<Running>,
    /// Hears how the store is to be kept.
    store: watch::Sender<StorePolicy>,
}

struct Running {
    config: Config,
    fetch: Arc<HttpFetch>,
    looked: Look,
}

/// What the configuration's files looked like: path, time of change, length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Look(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Reloader {
    pub(super) fn new(
        config: Config,
        fetch: Arc<HttpFetch>,
        mill: &Arc<Mill>,
        site: &Arc<Site>,
        vitals: &Arc<Vitals>,
        clock: &Arc<dyn Clock>,
        store: watch::Sender<StorePolicy>,
    ) -> Self {
        let looked = Look::at(&config);
        Self {
            mill: Arc::clone(mill),
            site: Arc::clone(site),
            vitals: Arc::clone(vitals),
            clock: Arc::clone(clock),
            started: config.clone(),
            running: Mutex::new(Running { config, fetch, looked }),
            store,
        }
    }

    /// Returns the configuration in force.
    pub(super) async fn running(&self) -> Config {
        self.running.lock().await.config.clone()
    }

    /// Reads the configuration again and puts it in force, or says why not. One at a time.
    pub(super) async fn reload(&self) -> Result<Reloaded, Rejected> {
        let mut running = self.running.lock().await;
        systemd::reloading();
        running.looked = Look::at(&running.config);
        let outcome = self.swap(&mut running).await;
        match &outcome {
            Ok(Reloaded { difference, warnings }) => {
                self.vitals.set_trouble(None);
                warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                tracing::info!("configuration reloaded: {}", difference.summary());
            }
            Err(Rejected(problems)) => {
                self.vitals.set_trouble(Some(REJECTED.to_owned()));
                problems.iter().for_each(|problem| tracing::error!("{problem}"));
                tracing::error!(problems = problems.len(), "{REJECTED}");
            }
        }
        systemd::ready(&vitals::line(&self.vitals, &self.mill, self.clock.now()).await);
        outcome
    }

    async fn swap(&self, running: &mut Running) -> Result<Reloaded, Rejected> {
        let Loaded { config, warnings } = self.load(&running.config).await?;
        let rejected = |error: &dyn std::error::Error| Rejected(vec![super::chain(error)]);
        let difference = Difference::between(&self.started, &running.config, &config);
        // The file behind the path may hold other authorities.
        let is_other_fetch = config.poll != running.config.poll || config.poll.ca_file.is_some();
        let fetch = match is_other_fetch {
            true => Some(Arc::new(running.fetch.renewed(&config.poll).map_err(|e| rejected(&e))?)),
            false => None,
        };
        let settings = writer_settings(&config, self.mill.poller().names());
        self.mill.configure(settings).await.map_err(|error| rejected(&error))?;
        if let Some(fetch) = fetch {
            let shared: Arc<dyn Fetch> = fetch.clone();
            self.mill.poller().set_fetch(shared);
            running.fetch = fetch;
        }
        self.vitals.wake();
        self.site.configure(site_settings(&config));
        self.store.send_replace(config.store.clone());
        running.config = config;
        let mut warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        warnings.extend(difference.later());
        let store = self.mill.store().as_ref();
        warnings.extend(fixed::authority(store, &running.config).map(|it| it.to_string()));
        Ok(Reloaded { difference, warnings })
    }

    async fn load(&self, running: &Config) -> Result<Loaded, Rejected> {
        let path = running.path.clone();
        let load = move || config::load(&path, &|name| std::env::var(name).ok());
        let loaded = tokio::task::spawn_blocking(load).await.map_err(|error| {
            Rejected(vec![format!("failed to read the configuration: {error}")])
        })?;
        loaded.map_err(|problems| {
            let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
            Rejected(errors.map(ToString::to_string).collect())
        })
    }

    /// Reloads at each SIGHUP, and when a file changes, until `stop`.
    pub(super) async fn run(self: Arc<Self>, mut hangup: Option<Signal>, stop: CancellationToken) {
        let mut before = Look::default();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = hung_up(&mut hangup) => {
                    let _ = self.reload().await;
                }
                () = self.clock.sleep(LOOK_EVERY) => self.look(&mut before).await,
            }
        }
    }

    async fn look(&self, before: &mut Look) {
        let (look, is_changed) = {
            let running = self.running.lock().await;
            if !running.config.site.watch {
                return;
            }
            let look = Look::at(&running.config);
            let is_changed = look != running.looked;
            (look, is_changed)
        };
        let is_settled = look == *before;
        *before = look;
        if is_changed && is_settled {
            let _ = self.reload().await;
        }
    }
}

async fn hung_up(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => {
            hangup.recv().await;
        }
        None => std::future::pending().await,
    }
}

impl Look {
    fn at(config: &Config) -> Self {
        let facts = |path: PathBuf| {
            let facts = std::fs::metadata(&path).ok();
            let facts = facts.and_then(|facts| Some((facts.modified().ok()?, facts.len())));
            (path, facts)
        };
        Self(config::files(&config.path).into_iter().map(facts).collect())
    }
}
