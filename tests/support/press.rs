//! The whole program in one process without sockets or files: scripted publishers, the real poller,
//! writer and memory store, and the public service asked directly.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test file uses a part"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use feedmill::config;
use feedmill::control::{Mill, PollRequest, last_line, lines};
use feedmill::ingest::{Settings, Writer};
use feedmill::model::outcome::{
    Answer, BoxFuture, Clock, Detail, Fetch, FetchOutcome, FetchRequest,
};
use feedmill::model::policy::Config;
use feedmill::model::raw::RawDocument;
use feedmill::poll::{Poller, names};
use feedmill::serve::limit::Peer;
use feedmill::serve::{self, Site};
use feedmill::store::{Birth, MemoryStore, Store};
use feedmill::telemetry::Metrics;
use http_body_util::BodyExt;
use jiff::Timestamp;

pub const NOW: &str = "2024-11-22T12:00:00Z";

/// Answers each URL with the document it was given last.
#[derive(Default)]
struct ScriptedFetch {
    documents: Mutex<BTreeMap<String, RawDocument>>,
}

impl Fetch for ScriptedFetch {
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome> {
        let document = self.documents.lock().unwrap()[request.source.url.as_str()].clone();
        let answer = Answer { status: 200, ..Answer::default() };
        Box::pin(async move { FetchOutcome::Modified { document, validators: None, answer } })
    }
}

/// Stands where it was put.
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

pub struct Press {
    pub mill: Mill,
    pub store: Arc<dyn Store>,
    pub config: Config,
    pub site: Arc<Site>,
    fetch: Arc<ScriptedFetch>,
    hands: Arc<Hands>,
}

/// An answer of the public service.
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Press {
    /// Starts with a configuration; the site is `https://mill.example` unless it says otherwise.
    pub fn new(text: &str) -> Self {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Birth {
            now: NOW.parse().unwrap(),
            id_authority: "mill.example,2024".to_owned(),
        }));
        Self::over(store, text)
    }

    pub fn over(store: Arc<dyn Store>, text: &str) -> Self {
        let site = if text.contains("[site]") { "" } else { SITE };
        let path = std::path::Path::new("/nowhere/config.toml");
        let config = config::parse(&format!("{site}{text}"), path, &|_| None).unwrap().config;
        let fetch = Arc::new(ScriptedFetch::default());
        let hands = Arc::new(Hands(Mutex::new(NOW.parse().unwrap())));
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&hands);
        let settings = settings(&config);
        let hook = Box::new(|_: &'static str, _: u16, _: Duration| {});
        let site = Site::new(Some(Arc::clone(&store)), settings, Arc::clone(&clock), hook);
        let changed = Arc::clone(&site);
        let mill =
            mill(&config, &store, &fetch, clock, Arc::new(move |change| changed.changed(&change)));
        Self { mill, store, config, site, fetch, hands }
    }

    /// Returns what the configuration says of serving.
    pub fn settings(&self) -> serve::Settings {
        settings(&self.config)
    }

    /// Sets what a URL answers from now on.
    pub fn publish(&self, url: &str, body: impl Into<Vec<u8>>) {
        let document =
            RawDocument { body: body.into(), url: url.to_owned(), ..RawDocument::default() };
        self.publish_document(url, document);
    }

    pub fn publish_document(&self, url: &str, document: RawDocument) {
        self.fetch.documents.lock().unwrap().insert(url.to_owned(), document);
    }

    pub fn set_clock(&self, now: &str) {
        *self.hands.0.lock().unwrap() = now.parse().unwrap();
    }

    /// Polls every source; returns the verdict lines and the totals.
    pub async fn poll(&self) -> (Vec<String>, String) {
        let request = PollRequest { detail: Detail::Lines, ..PollRequest::default() };
        let reports = self.mill.poll(&request, &mut |_| {}).await.unwrap();
        (reports.iter().flat_map(lines).collect(), last_line(&reports))
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask(path, &[]).await
    }

    pub async fn ask(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut request = http::Request::get(path);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = self.site.respond(&request.body(()).unwrap(), Peer::Local).await;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }
}

const SITE: &str = "[site]\ntitle = \"Mill\"\nbase_url = \"https://mill.example\"\n\
                    timezone = \"Asia/Ho_Chi_Minh\"\n[server]\nrate_limit = \"off\"\n";

fn settings(config: &Config) -> serve::Settings {
    serve::Settings {
        site: config.site.clone(),
        catalog: Arc::clone(&config.catalog),
        server: config.server.clone(),
        hidden: Arc::default(),
    }
}

fn mill(
    config: &Config,
    store: &Arc<dyn Store>,
    fetch: &Arc<ScriptedFetch>,
    clock: Arc<dyn Clock>,
    changed: feedmill::ingest::OnChange,
) -> Mill {
    let metrics = Arc::new(Metrics::new());
    let shared = names(&config.catalog, store.as_ref()).unwrap();
    let shared = Arc::new(ArcSwap::from_pointee(shared));
    let settings = Settings {
        catalog: Arc::clone(&config.catalog),
        poll: config.poll.clone(),
        window: Duration::from_secs(96 * 3_600),
        names: Arc::clone(&shared),
    };
    let writer =
        Writer::start(Arc::clone(store), settings, Arc::clone(&metrics), changed, 8).unwrap();
    let catalog = Arc::clone(&config.catalog);
    let fetcher: Arc<dyn Fetch> = Arc::<ScriptedFetch>::clone(fetch);
    let jobs = writer.jobs();
    let poller =
        Poller::new(fetcher, clock, Arc::clone(store), jobs, Arc::clone(&catalog), shared, 2);
    let path = config.path.clone();
    Mill::new(path, catalog, Arc::clone(store), Arc::new(poller), writer, metrics)
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
