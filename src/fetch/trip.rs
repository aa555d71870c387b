//! The way of one fetch through its redirects: where it is, where it has been, how much time is left.
//!
//! Standards: RFC 9110 §10.2.2 (`Location` is relative to the request, a fragment is inherited), §15.4 (loops).

use std::time::Duration;

use http::HeaderMap;
use http::header::LOCATION;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};
use url::Url;

use super::request;
use super::trouble::Trouble;
use crate::model::outcome::{Answer, FailureKind, FetchOutcome, Freshness, Hop};
use crate::model::policy::PollPolicy;
use crate::model::scrub::scrub_url;
use crate::model::source::Source;

/// Redirects followed (P54).
const HOPS_MAX: usize = 10;

/// Longest `Location`, in bytes.
const LOCATION_BYTES_MAX: usize = 8 * 1_024;

pub(super) struct Trip {
    /// Where the next request goes: without user info, with a fragment if there is one.
    pub(super) url: Url,
    hops: Vec<Hop>,
    /// Every URL requested so far, and the present one.
    visited: Vec<Url>,
    /// The longest wait that any redirect has asked for (P25).
    retry_at: Option<Timestamp>,
    allowed: Duration,
    left: Duration,
}

impl Trip {
    pub(super) fn new(source: &Source, url: Url) -> Self {
        let url = without_user(url);
        let allowed = source.timeout;
        let visited = vec![bare(&url)];
        Self { url, hops: Vec::new(), visited, retry_at: None, allowed, left: allowed }
    }

    /// Returns the URL as requested: what validators belong to, and the base of the document.
    pub(super) fn requested(&self) -> String {
        bare(&self.url).into()
    }

    /// Runs a part of the fetch within what is left of its time. Waiting for a turn is no part of it.
    pub(super) async fn within<T>(&mut self, part: impl Future<Output = T>) -> Result<T, Trouble> {
        let begun = Instant::now();
        let done = timeout(self.left, part).await;
        self.left = self.left.saturating_sub(begun.elapsed());
        let late = format!("the request took longer than {} s", self.allowed.as_secs_f64());
        done.map_err(|_| Trouble::new(FailureKind::Network, late))
    }

    /// Refuses what may not even be asked: other schemes, other ports (P68).
    pub(super) fn admit(&self, policy: &PollPolicy) -> Result<(), Trouble> {
        admit(&self.url, policy)
    }

    /// Moves on to where a redirect leads.
    pub(super) fn follow(
        &mut self,
        status: u16,
        wishes: &Freshness,
        headers: &HeaderMap,
    ) -> Result<(), Trouble> {
        let failed = |words: &str| Err(Trouble::new(FailureKind::Status, words));
        let Some(location) = request::text(headers, LOCATION).filter(|text| !text.is_empty())
        else {
            return failed(&format!("answered {status} without a Location"));
        };
        if location.len() > LOCATION_BYTES_MAX {
            return failed("answered with an endless Location");
        }
        let Ok(next) = self.url.join(&location) else {
            return failed(&format!("answered {status} with a Location that is no URL"));
        };
        let next = with_fragment(without_user(next), self.url.fragment());
        if self.hops.len() >= HOPS_MAX {
            return failed(&format!("more than {HOPS_MAX} redirects"));
        }
        self.retry_at = self.retry_at.max(wishes.retry_at);
        let is_loop = self.visited.contains(&bare(&next));
        self.visited.push(bare(&next));
        self.hops.push(Hop { status, location: next.as_str().to_owned() });
        self.url = next;
        if is_loop {
            let url = scrub_url(self.url.as_str());
            return failed(&format!("the redirects lead back to {url}"));
        }
        Ok(())
    }

    pub(super) fn answer(&self, status: u16, wishes: Freshness, wire_bytes: u64) -> Answer {
        let retry_at = wishes.retry_at.max(self.retry_at);
        let freshness = Freshness { retry_at, ..wishes };
        Answer { status, freshness, hops: self.hops.clone(), wire_bytes }
    }

    /// Returns the facts of the last redirect, for a trip that ends before the next answer.
    pub(super) fn last_answer(&self) -> Option<Answer> {
        self.hops.last().map(|hop| self.answer(hop.status, Freshness::default(), 0))
    }

    /// Ends the trip in a failure; on the way through redirects it says where that was.
    pub(super) fn failed(&self, trouble: Trouble, answer: Option<Answer>) -> FetchOutcome {
        let Trouble { kind, line } = match self.hops.is_empty() {
            true => trouble,
            false => {
                let url = scrub_url(self.url.as_str());
                Trouble::new(trouble.kind, format!("{} (at {url})", trouble.line))
            }
        };
        FetchOutcome::Failed { error: line, kind, answer }
    }
}

/// Credentials are sent as headers, to the source's own origin only; those of a `Location` are nobody's.
fn without_user(mut url: Url) -> Url {
    // A URL that cannot hold user info has none to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn with_fragment(mut url: Url, inherited: Option<&str>) -> Url {
    if url.fragment().is_none() {
        url.set_fragment(inherited);
    }
    url
}

fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}
/// Refuses what may not even be asked: other schemes, other ports (P68).
pub(super) fn admit(url: &Url, policy: &PollPolicy) -> Result<(), Trouble> {
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        let url = scrub_url(url.as_str());
        return Err(Trouble::refused(format!("`{url}` is neither http nor https")));
    }
    let port = url.port_or_known_default().unwrap_or_default();
    match &policy.allow_ports {
        Some(allowed) if !allowed.contains(&port) => {
            Err(Trouble::refused(format!("port {port} is not in poll.allow_ports")))
        }
        Some(_) | None => Ok(()),
    }
}
