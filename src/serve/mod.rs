//! Publishes: answers readers over HTTP from the store, by the configuration of the moment.
//!
//! `route` says what a request means, `select` what stands in the document, `render` how it is
//! written; `cache` keeps the bodies, `respond` makes answers of them, `listener` has the sockets,
//! `limit` counts requests, `admin` is the operator's side. No name or address of a request ever
//! reaches a body (R103): every URL begins at `[site] base_url`. Reads never wait for writes.
//! Standards: RFC 9110, RFC 9111, RFC 5861, RFC 8288; rules R83–R103 and R109–R117.

pub mod admin;
pub mod body;
pub mod cache;
mod front;
pub mod heads;
pub mod limit;
pub mod listener;
mod paint;
pub mod pieces;
pub mod respond;
pub mod revision;
pub mod route;
pub mod select;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{Request, StatusCode};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::change::Change;
use crate::model::outcome::Clock;
use crate::model::policy::{Catalog, ServerPolicy, SitePolicy};
use crate::model::source::SourceId;
use crate::store::Store;

use body::{Past, Rendered};
use cache::{Cache, Outcome, RenderError};
use front::{Front, failed, is_feed_path, too_many, unavailable};
use limit::{Limiter, Peer, client};
use respond::Answer;
use route::{Format, Part, Route, Scope, route};

/// What the configuration says of serving.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `[site]`.
    pub site: SitePolicy,
    /// Sources and categories.
    pub catalog: Arc<Catalog>,
    /// `[server]`.
    pub server: ServerPolicy,
    /// Values of `secret_file`, kept out of all that is published.
    pub hidden: Arc<select::Hidden>,
}

/// Told of every answer: route name, status, time taken.
pub type Hook = Box<dyn Fn(&'static str, u16, Duration) + Send + Sync>;

/// Whether feeds can be served, as `/readyz` says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet, and why: every document is a 503 (R102).
    Starting(String),
    /// They can.
    Ready,
    /// They can, though polling stands still: why.
    PollingStopped(String),
}

/// What was asked for within this time is rendered before it is asked for again.
const WARM_FOR: Duration = Duration::from_secs(600);
/// Between a change and that rendering.
const WARM_PAUSE: Duration = Duration::from_millis(200);
/// The public service: everything that answers need.
pub struct Site {
    store: ArcSwap<Option<Arc<dyn Store>>>,
    front: ArcSwap<Front>,
    wake: Notify,
    readiness: ArcSwap<Readiness>,
    cache: Cache,
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    hook: Hook,
}

impl Site {
    /// Makes the service. Without a store it answers 503 until `set_store` brings one.
    pub fn new(
        store: Option<Arc<dyn Store>>,
        settings: Settings,
        clock: Arc<dyn Clock>,
        hook: Hook,
    ) -> Arc<Self> {
        let readiness = match store {
            Some(_) => Readiness::Ready,
            None => Readiness::Starting("the store is being opened".to_owned()),
        };
        Arc::new(Self {
            store: ArcSwap::from_pointee(store),
            front: ArcSwap::from_pointee(Front::new(settings)),
            wake: Notify::new(),
            readiness: ArcSwap::from_pointee(readiness),
            cache: Cache::default(),
            limiter: Limiter::default(),
            clock,
            hook,
        })
    }

    /// Says what has changed of what is published: bodies made of it are rendered anew, those that
    /// are asked for often before anybody asks (`keep_warm`).
    pub fn changed(&self, change: &Change) {
        let front = self.front.load();
        self.cache.revisions().advance(change, &front.settings.site.timezone);
        self.wake.notify_one();
    }

    /// Puts another configuration in force.
    pub fn configure(&self, settings: Settings) {
        self.front.store(Arc::new(Front::new(settings)));
        self.changed(&Change::everywhere());
    }

    /// Puts another handle of the store in its place, or takes it away while it is opened again.
    pub fn set_store(&self, store: Option<Arc<dyn Store>>) {
        self.store.store(Arc::new(store));
        self.changed(&Change::everywhere());
    }

    /// Renders anew, behind each change, what was asked for lately, one after the other, so that
    /// readers find it ready. Runs until it is dropped.
    pub async fn keep_warm(self: &Arc<Self>) {
        loop {
            self.wake.notified().await;
            // A round of polls ends in many commits: one rendering for all that come in this time.
            tokio::time::sleep_until(Instant::now() + WARM_PAUSE).await;
            for route in self.cache.stale(WARM_FOR) {
                // An error is met again by who asks.
                let _ = self.outcome(&route).await;
            }
        }
    }

    /// Returns the feeds that a change concerns, in every format.
    pub fn feeds_of(&self, change: &Change) -> Vec<Route> {
        let front = self.front.load();
        let Settings { site, catalog, .. } = &front.settings;
        let is_concerned = |sources: &[SourceId]| {
            change.is_everywhere || sources.iter().any(|id| change.sources.contains(id))
        };
        let mut scopes = vec![Scope::All];
        let categories = catalog.categories.iter().map(|category| &category.slug);
        let concerned = categories.filter(|slug| is_concerned(&catalog.members(slug)));
        scopes.extend(concerned.map(|slug| Scope::Category(slug.to_string())));
        let published = catalog.sources.iter().filter(|source| source.publish);
        let concerned = published.filter(|source| is_concerned(std::slice::from_ref(&source.id)));
        scopes.extend(concerned.map(|source| Scope::Source(source.id.to_string())));
        let day = |date: &jiff::Timestamp| date.to_zoned(site.timezone.clone()).date();
        let days: BTreeSet<_> = change.dates.iter().map(day).collect();
        scopes.extend(days.into_iter().map(Scope::Day));
        let formats = [Format::Atom, Format::Rss, Format::Json];
        let feeds = |scope: Scope| formats.map(|f| Route::Feed(scope.clone(), Part::Newest, f));
        scopes.into_iter().flat_map(feeds).collect()
    }

    /// Returns address and tag of a feed as it is served from now on, rendered when it has to be;
    /// `None` when it cannot be served.
    pub async fn rendition(self: &Arc<Self>, route: &Route) -> Option<(String, String)> {
        let Route::Feed(scope, part, format) = route else { return None };
        let Ok(Outcome::Body(body)) = self.outcome(route).await else { return None };
        let base = self.front.load().settings.site.base_url.clone();
        let url = format!("{base}{}.{}", scope.part_path(*part), format.extension());
        Some((url, body.tag.clone()))
    }

    /// Returns how often something was rendered so far.
    pub fn rendered(&self) -> u64 {
        self.cache.rendered()
    }

    /// Returns how many bodies are kept and their bytes, twins included.
    pub fn cached(&self) -> (usize, usize) {
        self.cache.size()
    }

    /// Says what `/readyz` answers.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.readiness.store(Arc::new(readiness));
    }

    /// Answers one request. The body of a request is never read.
    pub async fn respond<B: Sync>(self: &Arc<Self>, request: &Request<B>, peer: Peer) -> Answer {
        let began = Instant::now();
        let route = route(request.method(), request.uri().path());
        let answer = match self.at_once(&route, request, peer, began) {
            Some(answer) => answer,
            // Apart, so that the common way carries nothing of it.
            None => Box::pin(self.in_time(&route, request)).await,
        };
        (self.hook)(route.name(), answer.status().as_u16(), began.elapsed());
        answer
    }

    /// Answers what is over the limit, and what is at hand.
    fn at_once<B>(
        &self,
        route: &Route,
        request: &Request<B>,
        peer: Peer,
        now: Instant,
    ) -> Option<Answer> {
        if !self.is_admitted(&self.front.load(), request, peer, now) {
            let mut answer = too_many();
            respond::finish(answer.headers_mut());
            return Some(answer);
        }
        let headers = request.headers();
        if !route.has_document()
            || matches!(**self.readiness.load(), Readiness::Starting(_))
            || respond::asks_for_delta(headers)
        {
            return None;
        }
        let body = self.cache.good(route, now)?;
        Some(respond::body(headers, &body, self.clock.now()))
    }

    async fn in_time<B>(self: &Arc<Self>, route: &Route, request: &Request<B>) -> Answer {
        let front = self.front.load_full();
        let mut answer = self.answer(&front, route, request).await;
        respond::finish(answer.headers_mut());
        answer
    }

    fn is_admitted<B>(
        &self,
        front: &Front,
        request: &Request<B>,
        peer: Peer,
        now: Instant,
    ) -> bool {
        let server = &front.settings.server;
        let Some(per_s) = server.rate_limit_per_s else { return true };
        let client = client(peer, request.headers(), &server.trusted_proxies);
        client.is_none_or(|client| self.limiter.admits(client, per_s, now))
    }

    async fn answer<B>(
        self: &Arc<Self>,
        front: &Arc<Front>,
        route: &Route,
        request: &Request<B>,
    ) -> Answer {
        match route {
            Route::Options => respond::options(),
            Route::MethodNotAllowed => respond::method_not_allowed("GET, HEAD, OPTIONS"),
            Route::NotFound => front.notice(StatusCode::NOT_FOUND, is_feed_path(request)),
            Route::Moved(path) => front.moved(path),
            Route::Health => respond::text(StatusCode::OK, "ok\n"),
            Route::Ready => self.ready(),
            Route::Page(..)
            | Route::Feed(..)
            | Route::Entry(_)
            | Route::Dates
            | Route::Categories
            | Route::Sources
            | Route::FeedsOpml
            | Route::SourcesOpml
            | Route::Status
            | Route::StatusFeed
            | Route::Robots
            | Route::Icon
            | Route::Style(_) => self.document(front, route, request).await,
        }
    }

    async fn document<B>(
        self: &Arc<Self>,
        front: &Arc<Front>,
        route: &Route,
        request: &Request<B>,
    ) -> Answer {
        if let Readiness::Starting(why) = &**self.readiness.load() {
            return front.without_store(route, why, is_feed_path(request));
        }
        match self.outcome(route).await {
            Ok(Outcome::Body(body)) => self.body(route, request, &body).await,
            Ok(Outcome::Moved(path)) => front.moved(&path),
            Ok(Outcome::Gone) => front.notice(StatusCode::GONE, is_feed_path(request)),
            Ok(Outcome::Unknown) => front.notice(StatusCode::NOT_FOUND, is_feed_path(request)),
            Err(error) => failed(front, &error, is_feed_path(request)),
        }
    }

    /// Returns what a route comes to, rendered when it has to be.
    async fn outcome(self: &Arc<Self>, route: &Route) -> Result<Outcome, RenderError> {
        if let Some(body) = self.cache.good(route, Instant::now()) {
            return Ok(Outcome::Body(body));
        }
        let (site, own) = (Arc::clone(self), route.clone());
        self.cache.get(route, self.clock.now(), move || site.render(&own)).await
    }

    /// Answers with a body: whole, or what is new since the one that the client holds.
    async fn body<B>(
        self: &Arc<Self>,
        route: &Route,
        request: &Request<B>,
        body: &Rendered,
    ) -> Answer {
        let now = self.clock.now();
        let base = respond::delta_base(request.headers(), body);
        if let Some(past) = base.filter(|_| request.method() == http::Method::GET)
            && let Some(new) = self.since(route, past).await
        {
            return respond::delta(request.headers(), body, &new, now);
        }
        respond::body(request.headers(), body, now)
    }

    async fn since(self: &Arc<Self>, route: &Route, past: &Past) -> Option<Arc<Rendered>> {
        let (site, own) = (Arc::clone(self), route.clone());
        let held = Arc::clone(&past.entries);
        let made = past.since.get_or_try_init(|| async {
            let render = move || {
                let store = site.store.load_full();
                let store = store.as_ref().as_ref().ok_or(RenderError::Closed)?;
                let front = site.front.load_full();
                paint::since(&**store, &front, &own, &held)?
                    .map(Arc::new)
                    .ok_or(RenderError::Closed)
            };
            tokio::task::spawn_blocking(render).await.unwrap_or(Err(RenderError::Panicked))
        });
        made.await.ok().cloned()
    }

    /// Store and configuration are taken up here, behind the look at the clock of changes.
    fn render(&self, route: &Route) -> Result<Outcome, RenderError> {
        let front = self.front.load_full();
        let store = self.store.load_full();
        let store = store.as_ref().as_ref().ok_or(RenderError::Closed)?;
        let outcome = paint::paint(&**store, &front, route)?;
        Ok(match outcome {
            Outcome::Body(body) if route.is_page() => {
                let policy = Some(front.policy.clone());
                Outcome::Body(Arc::new(Rendered { policy, ..Arc::unwrap_or_clone(body) }))
            }
            other => other,
        })
    }

    fn ready(&self) -> Answer {
        match &**self.readiness.load() {
            Readiness::Starting(why) => unavailable(why),
            Readiness::Ready => respond::text(StatusCode::OK, "ok\n"),
            Readiness::PollingStopped(why) => {
                respond::text(StatusCode::OK, format!("ok, but polling stands still: {why}\n"))
            }
        }
    }
}
