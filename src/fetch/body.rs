//! Reads a body off the wire within limits of bytes and time, and undoes its codings.
//!
//! A body cut short (a missing chunk, fewer bytes than `Content-Length`, TLS without close_notify) is a failure, never
//! a short document: the client reports each of these as an error of the body. Standards: RFC 9112 §6.3, §8.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::decode::{self, Coding};
use super::trouble::{Trouble, chain};
use crate::model::outcome::FailureKind;

/// Between two pieces of a body.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the body as sent. `received` counts its bytes, also when this fails.
pub(super) async fn receive(
    mut body: Incoming,
    limit: u64,
    received: &mut u64,
) -> Result<Vec<u8>, Trouble> {
    let too_long = || failed(&format!("the body is longer than {limit} bytes"));
    if body.size_hint().lower() > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    loop {
        let frame = timeout(IDLE_TIMEOUT, body.frame());
        let late = |_| {
            let words = format!("no byte of the body for {} s", IDLE_TIMEOUT.as_secs());
            Trouble::new(FailureKind::Network, words)
        };
        let Some(frame) = frame.await.map_err(late)? else { return Ok(bytes) };
        let frame =
            frame.map_err(|error| failed(&format!("the body broke off: {}", chain(&error))))?;
        let Some(data) = frame.data_ref() else { continue };
        *received = received.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
        if *received > limit {
            return Err(too_long());
        }
        bytes.extend_from_slice(data);
    }
}

/// Returns the document within a received body, decoded on the blocking pool.
pub(super) async fn document(
    bytes: Vec<u8>,
    codings: Vec<Coding>,
    limit: u64,
) -> Result<Vec<u8>, Trouble> {
    if !decode::is_coded(&bytes, &codings) {
        return Ok(bytes);
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let decoding = tokio::task::spawn_blocking(move || decode::decode(bytes, &codings, limit));
    let decoded =
        decoding.await.map_err(|error| failed(&format!("decoding ended early: {error}")))?;
    decoded.map_err(|error| failed(&error.to_string()))
}

fn failed(words: &str) -> Trouble {
    Trouble::new(FailureKind::Body, words)
}
