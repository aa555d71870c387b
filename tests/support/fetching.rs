//! A fetcher for loopback, and what its outcomes are taken apart with.
#![allow(dead_code, clippy::allow_attributes, reason = "not every test uses all of it")]

use std::sync::Arc;
use std::time::Duration;

use feedmill::fetch::HttpFetch;
use feedmill::model::outcome::{
    Answer, BoxFuture, Clock, FailureKind, Fetch, FetchOutcome, FetchRequest,
};
use feedmill::model::policy::{Network, PollPolicy};
use feedmill::model::raw::RawDocument;
use feedmill::model::source::{Source, Validators};
use jiff::Timestamp;
use tokio::time::Instant;

pub(crate) const RSS: &[u8] =
    b"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel></channel></rss>";

/// Runs from a fixed instant, so that headers can name dates.
pub(crate) struct Running(pub(crate) Instant);

impl Clock for Running {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        start.checked_add(self.0.elapsed()).unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep_until(Instant::now() + duration))
    }
}

pub(crate) fn network(cidr: &str) -> Network {
    let (address, prefix) = cidr.split_once('/').unwrap();
    Network { address: address.parse().unwrap(), prefix: prefix.parse().unwrap() }
}

pub(crate) fn policy() -> PollPolicy {
    PollPolicy {
        interval: Duration::from_secs(3_600),
        interval_min: Duration::from_secs(3_600),
        interval_max: Duration::from_secs(86_400),
        concurrency: 64,
        per_host: 2,
        host_gap: Duration::ZERO,
        domain_gap: Duration::ZERO,
        contact: "https://news.example/bot".to_owned(),
        allow_networks: vec![network("127.0.0.1/32")],
        allow_ports: None,
        ca_file: None,
    }
}

pub(crate) fn fetcher(policy: &PollPolicy) -> HttpFetch {
    HttpFetch::new(policy, "1.2.3", Arc::new(Running(Instant::now()))).unwrap()
}

pub(crate) fn source(url: &str) -> Source {
    Source { timeout: Duration::from_secs(5), ..Source::plain("a", url.parse().unwrap()) }
}

pub(crate) async fn fetch(fetcher: &HttpFetch, source: Source) -> FetchOutcome {
    fetch_with(fetcher, source, None).await
}

pub(crate) async fn fetch_with(
    fetcher: &HttpFetch,
    source: Source,
    validators: Option<Validators>,
) -> FetchOutcome {
    let url = source.url.clone();
    fetcher.fetch(&FetchRequest { source: Arc::new(source), url, validators }).await
}

pub(crate) async fn get(url: &str) -> FetchOutcome {
    fetch(&fetcher(&policy()), source(url)).await
}

pub(crate) fn modified(outcome: FetchOutcome) -> (RawDocument, Option<Validators>, Answer) {
    match outcome {
        FetchOutcome::Modified { document, validators, answer } => (document, validators, answer),
        other => panic!("no document: {other:?}"),
    }
}

pub(crate) fn failed(outcome: FetchOutcome) -> (FailureKind, String, Option<Answer>) {
    match outcome {
        FetchOutcome::Failed { error, kind, answer } => (kind, error, answer),
        other => panic!("no failure: {other:?}"),
    }
}

pub(crate) fn held(etag: Option<&str>, last_modified: Option<&str>, url: &str) -> Validators {
    Validators {
        etag: etag.map(str::to_owned),
        last_modified: last_modified.map(str::to_owned),
        url: url.to_owned(),
    }
}
