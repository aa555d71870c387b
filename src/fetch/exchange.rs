//! One request and the head of its answer, over a connection that may have been used before.
//!
//! A server may close a connection that it has kept, at the very moment when it is used again: then nobody has failed. A
//! GET is asked again over another connection (RFC 9110 §9.2.2, RFC 9112 §9.3.1); one that ends a connection made for it
//! is the publisher's answer and is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::PROXY_AUTHORIZATION;
use http::{Extensions, Request, Response};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Error;
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use tokio::time::{Instant, sleep_until};

use super::Route;
use super::trouble::{self, Trouble};
use crate::model::outcome::FailureKind;

/// From the connection to the end of the answer's head.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(10);

/// Kept connections that may turn out to be closed, one after another.
const STALE_MAX: usize = 3;

/// A mark on a connection: whether an answer has come over it.
#[derive(Clone, Debug, Default)]
pub(super) struct Used(Arc<AtomicBool>);

/// Sends a request and waits for the head of the answer.
pub(super) async fn exchange(
    route: &Route,
    mut message: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, Trouble> {
    let is_relayed = message.uri().scheme_str() == Some("http");
    let credential = route.proxy.as_ref().filter(|_| is_relayed).and_then(|p| p.authorization());
    if let Some(value) = credential {
        message.headers_mut().insert(PROXY_AUTHORIZATION, value);
    }
    let mut stale = 0;
    loop {
        match attempt(route, message.clone()).await {
            Err(Failed::Stale(_)) if stale < STALE_MAX => stale += 1,
            Ok(response) => return Ok(response),
            Err(Failed::Stale(trouble) | Failed::Fresh(trouble)) => return Err(trouble),
        }
    }
}

/// A request without an answer.
enum Failed {
    /// Over a connection that had been used before, which was closed before any answer.
    Stale(Trouble),
    /// In any other way.
    Fresh(Trouble),
}

async fn attempt(
    route: &Route,
    mut message: Request<Empty<Bytes>>,
) -> Result<Response<Incoming>, Failed> {
    let captured = capture_connection(&mut message);
    let response = route.client.request(message);
    tokio::select! {
        response = response => {
            let used = mark_of(&captured);
            match response {
                Ok(response) => {
                    used.0.store(true, Ordering::Relaxed);
                    Ok(response)
                }
                Err(error) => Err(failed(&error, &used)),
            }
        }
        () = head_is_late(captured.clone()) => {
            let late = format!("no answer within {} s", HEADERS_TIMEOUT.as_secs());
            Err(Failed::Fresh(Trouble::new(FailureKind::Network, late)))
        }
    }
}

fn failed(error: &Error, used: &Used) -> Failed {
    let trouble = Trouble::of_exchange(error);
    let is_stale = used.0.load(Ordering::Relaxed) && trouble::is_closed(error);
    if is_stale { Failed::Stale(trouble) } else { Failed::Fresh(trouble) }
}

/// Returns the mark of the connection that a request was given; one of its own if it was given none.
fn mark_of(captured: &CaptureConnection) -> Used {
    let mut marks = Extensions::new();
    if let Some(connected) = captured.connection_metadata().as_ref() {
        connected.get_extras(&mut marks);
    }
    marks.remove().unwrap_or_default()
}

/// Returns when the answer's head is overdue; the time runs from the connection, which has a limit of its own.
async fn head_is_late(mut captured: CaptureConnection) {
    drop(captured.wait_for_connection_metadata().await);
    sleep_until(Instant::now() + HEADERS_TIMEOUT).await;
}
