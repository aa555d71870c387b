//! Makes one conditional GET within limits, and says how it ended. Total: every trouble is an outcome.
//!
//! It follows redirects itself, so that each hop is checked, recorded and stripped of what belongs to another origin;
//! it waits for its turn, so that no publisher is hurried; it bounds time and bytes, on the wire and decoded. It decides
//! nothing about what comes after: when to poll again is `schedule`'s, adopting a permanent redirect and sharing one
//! answer among sources with one URL (P38) are `poll`'s, what a document holds is `parse`'s.
//!
//! Standards: RFC 9110 (HTTP), RFC 9111 §4.3 (validation), RFC 3229 (`A-IM: feed`); P1–P12, P42–P50, P53–P54, P59–P68.

mod address;
mod body;
mod connect;
mod decode;
mod exchange;
mod pace;
mod post;
mod proxy;
mod request;
mod secret;
mod tls;
mod trip;
mod trouble;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use url::Url;

use self::connect::{Connector, Dialer, Timed};
use self::exchange::exchange;
use self::proxy::Proxy;
use self::request::{Identity, Meaning};
use self::trip::Trip;
use self::trouble::Trouble;
use crate::model::outcome::{
    BoxFuture, Clock, FailureKind, Fetch, FetchOutcome, FetchRequest, Freshness,
};
use crate::model::policy::PollPolicy;
use crate::model::raw::RawDocument;
use crate::model::source::Validators;

pub use self::address::is_public;
pub use self::pace::{Pace, Pause, Turn, authority};
pub use self::post::HttpPost;

/// For how long a connection is kept for the next request to its host.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Longest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1_024;

/// Header fields of an answer.
const HEADERS_MAX: usize = 128;

/// Everyone of a domain that has answered 429 without a word waits for so long.
const BARE_429_PAUSE: Duration = Duration::from_secs(60);

/// Clients kept: one without a proxy and one for each proxy named.
const CLIENTS_MAX: usize = 64;

/// Why no fetcher can be made. Each is a mistake of the configuration: stop and say so.
#[derive(Debug, thiserror::Error)]
pub enum FetchSetupError {
    /// `poll.ca_file` cannot be read, or holds no certificate that can be used.
    #[error("failed to use certificate authorities from `{path}`")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// `poll.contact` holds letters that no header may.
    #[error("poll.contact `{contact}` cannot be sent in a header")]
    Contact {
        /// As configured.
        contact: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("failed to set up TLS")]
    Tls {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

type HttpClient = Client<Timed<HttpsConnector<Connector>>, Empty<Bytes>>;

/// A client, and what it must say to its proxy.
#[derive(Clone)]
struct Route {
    client: HttpClient,
    proxy: Option<Arc<Proxy>>,
}

/// Fetches over HTTP. One for the whole program: it holds connections, name look-ups and everyone's turns.
pub struct HttpFetch {
    policy: PollPolicy,
    version: String,
    clock: Arc<dyn Clock>,
    identity: Identity,
    tls: rustls::ClientConfig,
    dialer: Arc<Dialer>,
    pace: Arc<Pace>,
    routes: Mutex<HashMap<Option<Url>, Route>>,
}

impl HttpFetch {
    /// Makes a fetcher that calls itself `feedmill/{version}`. Reads the certificate authorities; opens no connection.
    pub fn new(
        policy: &PollPolicy,
        version: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FetchSetupError> {
        Ok(Self {
            identity: Identity::new(version, &policy.contact)?,
            tls: tls::config(policy.ca_file.as_deref())?,
            dialer: Arc::new(Dialer::new(policy.allow_networks.clone())),
            pace: Arc::new(Pace::new(policy, Arc::clone(&clock))),
            routes: Mutex::new(HashMap::new()),
            policy: policy.clone(),
            version: version.to_owned(),
            clock,
        })
    }

    /// Measures everyone's turns by another clock: one that runs where `clock` stands still.
    pub fn paced_by(mut self, clock: Arc<dyn Clock>) -> Self {
        self.pace = Arc::new(Pace::new(&self.policy, clock));
        self
    }

    /// Notes when a publisher was last asked in an earlier run, so that gaps are kept over a restart.
    pub fn recall(&self, url: &Url, at: Timestamp) {
        self.pace.recall(url.host_str().unwrap_or_default(), at);
    }

    /// Makes a fetcher of another policy that takes over everyone's turns, if their rules are the same, and reads the
    /// certificate authorities again. Connections are opened anew.
    pub fn renewed(&self, policy: &PollPolicy) -> Result<Self, FetchSetupError> {
        let has_same_turns = policy.concurrency == self.policy.concurrency
            && policy.per_host == self.policy.per_host
            && policy.host_gap == self.policy.host_gap
            && policy.domain_gap == self.policy.domain_gap;
        let pace = if has_same_turns {
            Arc::clone(&self.pace)
        } else {
            Arc::new(Pace::new(policy, Arc::clone(&self.clock)))
        };
        Ok(Self {
            identity: Identity::new(&self.version, &policy.contact)?,
            tls: tls::config(policy.ca_file.as_deref())?,
            dialer: Arc::new(Dialer::new(policy.allow_networks.clone())),
            pace,
            routes: Mutex::new(HashMap::new()),
            policy: policy.clone(),
            version: self.version.clone(),
            clock: Arc::clone(&self.clock),
        })
    }

    /// Returns until when the publisher of `url` has asked not to be polled, if it has (429 or 503 with `Retry-After`).
    ///
    /// A fetch before then is postponed without a request. The pause
    /// covers the registrable domain and is forgotten with this value.
    pub fn paused_until(&self, url: &Url) -> Option<Timestamp> {
        self.pace.pause_of(&pace::authority(url)).map(|pause| pause.until)
    }

    async fn run(&self, request: &FetchRequest) -> FetchOutcome {
        let source = &request.source;
        let mut trip = Trip::new(source, request.url.clone());
        let found = match secret::authorization(source).await {
            Ok(authorization) => {
                self.route(source.proxy.as_ref()).map(|route| (authorization, route))
            }
            Err(trouble) => Err(trouble),
        };
        let (authorization, route) = match found {
            Ok(found) => found,
            Err(trouble) => return trip.failed(trouble, None),
        };
        loop {
            let step = self.step(request, &mut trip, &route, authorization.as_ref()).await;
            match step {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(trouble) => return trip.failed(trouble, trip.last_answer()),
            }
        }
    }

    /// Makes one request of a trip. `None`: it was redirected.
    async fn step(
        &self,
        request: &FetchRequest,
        trip: &mut Trip,
        route: &Route,
        authorization: Option<&HeaderValue>,
    ) -> Result<Option<FetchOutcome>, Trouble> {
        trip.admit(&self.policy)?;
        let host = trip.url.host_str().unwrap_or_default().to_owned();
        let authority = pace::authority(&trip.url);
        let _turn = match self.pace.turn(&host, &authority).await {
            Ok(turn) => turn,
            Err(pause) => return Ok(Some(paused(&host, pause))),
        };
        if authorization.is_some() && trip.url.origin() == request.source.url.origin() {
            self.admit_credentials(&trip.url).await?;
        }
        let requested = trip.requested();
        let sent = request::applicable(request.validators.as_ref(), &requested);
        let headers =
            request::head(&self.identity, &request.source, &trip.url, sent, authorization);
        let mut message = Request::new(Empty::new());
        *message.headers_mut() = headers;
        *message.uri_mut() = requested.parse().map_err(|_| {
            Trouble::new(FailureKind::Refused, "the URL cannot be put into a request")
        })?;
        let response = trip.within(exchange(route, message)).await??;
        self.conclude(request, trip, &authority, sent, response).await
    }

    /// Refuses to send credentials in the clear, save within networks that the operator has named.
    async fn admit_credentials(&self, url: &Url) -> Result<(), Trouble> {
        let host = url.host_str().unwrap_or_default();
        if url.scheme() == "https" || self.dialer.is_named(host).await {
            return Ok(());
        }
        let words = "credentials are not sent over http: use https, or name its network in \
                     poll.allow_networks";
        Err(Trouble::refused(words))
    }

    /// Turns an answer into an outcome, or moves on to where it redirects.
    async fn conclude(
        &self,
        request: &FetchRequest,
        trip: &mut Trip,
        authority: &str,
        sent: Option<&Validators>,
        response: Response<Incoming>,
    ) -> Result<Option<FetchOutcome>, Trouble> {
        let status = response.status();
        let code = status.as_u16();
        let wishes = request::wishes(self.clock.now(), response.headers());
        let outcome = match request::meaning(status) {
            Meaning::Document => document(request, trip, wishes, response).await,
            Meaning::Redirect => {
                return match trip.follow(code, &wishes, response.headers()) {
                    Ok(()) => Ok(None),
                    Err(trouble) => {
                        let answer = trip.answer(code, wishes, 0);
                        Ok(Some(trip.failed(trouble, Some(answer))))
                    }
                };
            }
            Meaning::NotModified => not_modified(trip, sent, wishes, &response),
            Meaning::Gone => FetchOutcome::Gone { answer: trip.answer(code, wishes, 0) },
            Meaning::Failure(kind) => {
                if let Some(until) = self.asked_to_wait(kind, code, &wishes) {
                    self.pace.pause(authority, Pause { until, status: code });
                }
                trip.failed(
                    Trouble::new(kind, format!("answered {status}")),
                    Some(trip.answer(code, wishes, 0)),
                )
            }
        };
        Ok(Some(outcome))
    }

    /// Returns until when an answer keeps everyone off its domain: as long as it says; a bare 429 for long enough that
    /// those already waiting in line are planned anew.
    fn asked_to_wait(&self, kind: FailureKind, code: u16, wishes: &Freshness) -> Option<Timestamp> {
        if kind != FailureKind::Busy {
            return None;
        }
        let bare = || self.clock.now().saturating_add(BARE_429_PAUSE).ok();
        wishes.retry_at.or_else(|| if code == 429 { bare() } else { None })
    }

    /// Returns the client for a proxy, or for none; made when first asked for.
    fn route(&self, proxy: Option<&Url>) -> Result<Route, Trouble> {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(&proxy.cloned()) {
            return Ok(route.clone());
        }
        let unusable =
            || Trouble::new(FailureKind::Network, "the proxy is no http, https or socks5");
        let through =
            proxy.map(|url| Proxy::new(url, &self.tls).ok_or_else(unusable)).transpose()?;
        let route = self.new_route(through.map(Arc::new));
        if routes.len() >= CLIENTS_MAX {
            routes.clear();
        }
        routes.insert(proxy.cloned(), route.clone());
        Ok(route)
    }

    fn new_route(&self, proxy: Option<Arc<Proxy>>) -> Route {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(Connector { dialer: Arc::clone(&self.dialer), proxy: proxy.clone() });
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(KEEP_ALIVE)
            .pool_max_idle_per_host(self.policy.per_host)
            .http1_max_buf_size(HEAD_BYTES_MAX)
            .http1_max_headers(HEADERS_MAX)
            .http2_max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
            .build(Timed(connector));
        Route { client, proxy }
    }
}

impl Fetch for HttpFetch {
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome> {
        Box::pin(self.run(request))
    }
}

async fn document(
    request: &FetchRequest,
    trip: &mut Trip,
    wishes: Freshness,
    response: Response<Incoming>,
) -> FetchOutcome {
    let limit = request.source.body_bytes_max;
    let (head, body) = response.into_parts();
    let mut wire_bytes = 0;
    let received = trip.within(body::receive(body, limit, &mut wire_bytes)).await;
    let decoded = match received.and_then(|inner| inner) {
        Ok(bytes) => body::document(bytes, request::codings(&head.headers), limit).await,
        Err(trouble) => Err(trouble),
    };
    let answer = trip.answer(head.status.as_u16(), wishes, wire_bytes);
    let url = trip.requested();
    match decoded {
        Ok(body) => FetchOutcome::Modified {
            validators: request::validators(&head.headers, &url),
            document: RawDocument {
                body,
                url,
                content_type: request::text(&head.headers, CONTENT_TYPE),
                content_language: request::text(&head.headers, CONTENT_LANGUAGE),
                content_location: request::text(&head.headers, CONTENT_LOCATION),
            },
            answer,
        },
        Err(trouble) => trip.failed(trouble, Some(answer)),
    }
}

fn not_modified(
    trip: &Trip,
    sent: Option<&Validators>,
    wishes: Freshness,
    response: &Response<Incoming>,
) -> FetchOutcome {
    let answer = trip.answer(response.status().as_u16(), wishes, 0);
    match sent {
        Some(sent) => FetchOutcome::NotModified {
            validators: request::refreshed(sent, response.headers()),
            answer,
        },
        None => {
            // P11: it answers a question that was not asked.
            let words = "answered 304 to a request without validators";
            trip.failed(Trouble::new(FailureKind::Status, words), Some(answer))
        }
    }
}

/// Ends a trip before a request that the publisher has asked us not to make.
fn paused(host: &str, pause: Pause) -> FetchOutcome {
    let reason = format!(
        "`{host}` has asked for no request before {:.0} (answered {})",
        pause.until, pause.status
    );
    FetchOutcome::Postponed { until: pause.until, reason }
}
