//! What a fetch asks for and what it may end in.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use super::raw::RawDocument;
use super::source::{Source, Validators};

/// One conditional GET.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// Whose document.
    pub source: Arc<Source>,
    /// Where to begin: the source's URL, or where a permanent redirect of it has led.
    pub url: Url,
    /// Sent only to the URL they came from.
    pub validators: Option<Validators>,
}

/// What the publisher's headers ask for, read by `freshness`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freshness {
    /// No poll before this: from `Cache-Control`, `Age`, `Expires`.
    pub fresh_until: Option<Timestamp>,
    /// No poll before this: `Retry-After`.
    pub retry_at: Option<Timestamp>,
}

/// The longest wait that a `Retry-After` may impose.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// One hop of a redirect chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led, absolute.
    pub location: String,
}

/// Facts of an answer, whatever it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status of the last hop.
    pub status: u16,
    /// What the headers ask for.
    pub freshness: Freshness,
    /// The redirects followed.
    pub hops: Vec<Hop>,
    /// Bytes received, bodies only.
    pub wire_bytes: u64,
}

/// How much is told of a poll.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// How many of each verdict.
    #[default]
    Counts,
    /// Each entry with its verdict: costs reading every entry that the document lists.
    Lines,
}

/// How a fetch ended.
#[derive(Debug)]
pub enum FetchOutcome {
    /// 200 (or 226) with a body.
    Modified {
        /// The document.
        document: RawDocument,
        /// The validators it came with; `None` clears those held (P7).
        validators: Option<Validators>,
        /// Facts.
        answer: Answer,
    },
    /// 304 to a conditional request.
    NotModified {
        /// The validators to hold from now on: those sent, with what the 304 carried put in (P9).
        validators: Validators,
        /// Facts.
        answer: Answer,
    },
    /// 410.
    Gone {
        /// Facts.
        answer: Answer,
    },
    /// Nothing was asked: the publisher has said to wait.
    Postponed {
        /// Until then.
        until: Timestamp,
        /// One line, for people.
        reason: String,
    },
    /// Anything else.
    Failed {
        /// One line, scrubbed of secrets.
        error: String,
        /// What kind of failure: it decides how long to wait.
        kind: FailureKind,
        /// Facts, when there was an answer.
        answer: Option<Answer>,
    },
}

/// Failures that differ in how the next poll is planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// No answer: name resolution, connection, TLS, time-out.
    Network,
    /// An address that may not be polled.
    Refused,
    /// 401 or 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 429 or 503: the publisher is busy.
    Busy,
    /// Any other status.
    Status,
    /// A body over a limit, cut short or wrongly coded.
    Body,
    /// A body that is no feed.
    NotAFeed,
}

/// A poll planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPoll {
    /// When.
    pub at: Timestamp,
    /// Why then, in words.
    pub reason: String,
}

/// What a poll came to, for planning the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PollResult {
    /// A document was held, or confirmed by a 304.
    Success,
    /// 410.
    Gone,
    /// It failed.
    Failed(FailureKind),
    /// It did not take place, or its failure is not the source's: nothing counts, and the next poll is this.
    Postponed(NextPoll),
}

/// A boxed future, for the object-safe seams.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

/// The seam to the publishers.
pub trait Fetch: Send + Sync {
    /// Makes one conditional GET within the source's limits. Total: every trouble is an outcome.
    fn fetch<'a>(&'a self, request: &'a FetchRequest) -> BoxFuture<'a, FetchOutcome>;
}

/// The seam to services that are told something.
pub trait Post: Send + Sync {
    /// Posts a form, once, and returns the status; else, in one line, why there is none.
    fn post<'a>(&'a self, url: &'a url::Url, form: &'a str) -> BoxFuture<'a, Result<u16, String>>;
}

/// The seam to time.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    /// Returns the time since some fixed instant, sleep of the machine included, untouched by a clock that is set;
    /// `None`: there is no telling.
    fn uptime(&self) -> Option<Duration> {
        None
    }
}
