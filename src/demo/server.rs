//! A server of a few dozen lines for the sample publishers: HTTP/1.1, one request a connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Press;
use super::outlets::{Conduct, OUTLETS};
use super::writers;
use crate::model::outcome::Clock;

/// The longest request head that is read.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Connections at once; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 64;

/// How long the slow publisher thinks.
const SLOW: Duration = Duration::from_secs(1);

/// How long accepting pauses when the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until it is dropped, and all connections with it.
pub(super) async fn serve(listener: TcpListener, press: Arc<Press>, clock: Arc<dyn Clock>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS_MAX {
            connections.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(converse(stream, Arc::clone(&press), Arc::clone(&clock)));
            }
            Err(_) => clock.sleep(ACCEPT_PAUSE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Reads a request and answers it. A client that breaks off is its own matter.
async fn converse(mut stream: TcpStream, press: Arc<Press>, clock: Arc<dyn Clock>) {
    let Ok(Some(head)) = head(&mut stream).await else { return };
    let answer = answer(&press, &Request::read(&head), clock.now());
    clock.sleep(answer.delay).await;
    let sent = stream.write_all(&answer.bytes).await;
    if sent.is_ok() {
        stream.shutdown().await.unwrap_or_default();
    }
}

/// Returns the request's head; `None` when it is too long or does not end.
async fn head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let mut part = [0; 1024];
    while bytes.len() < HEAD_BYTES_MAX {
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(None);
        }
        bytes.extend(part.iter().take(read));
        if bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    Ok(None)
}

/// What of a request matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) if_none_match: Option<&'a str>,
}

impl<'a> Request<'a> {
    pub(super) fn read(head: &'a str) -> Self {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_it = |name: &str| name.eq_ignore_ascii_case("if-none-match");
        let mut headers = lines.filter_map(|line| line.split_once(':'));
        let if_none_match = headers.find(|(name, _)| is_it(name)).map(|(_, value)| value.trim());
        Self { method, path, if_none_match }
    }
}

/// An answer, ready to send.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) delay: Duration,
    pub(super) bytes: Vec<u8>,
}

/// Returns the answer at `now`.
pub(super) fn answer(press: &Press, request: &Request<'_>, now: Timestamp) -> Answer {
    let path = request.path.split('?').next().unwrap_or_default();
    let Some(outlet) = OUTLETS.iter().find(|outlet| outlet.path == path) else {
        return response(request, "404 Not Found", "text/plain", &[], b"no such feed\n");
    };
    if !matches!(request.method, "GET" | "HEAD") {
        return response(
            request,
            "405 Method Not Allowed",
            "text/plain",
            &[("Allow", "GET, HEAD")],
            b"",
        );
    }
    let body = press.document(outlet, now);
    let media_type = writers::media_type(outlet);
    match outlet.conduct {
        Conduct::Failing => {
            response(request, "500 Internal Server Error", "text/plain", &[], b"out of order\n")
        }
        Conduct::Validating => {
            let etag = format!("\"{}-{}\"", outlet.id, press.published(outlet, now).len());
            let headers = [("ETag", etag.as_str())];
            if request.if_none_match == Some(&etag) {
                return response(request, "304 Not Modified", media_type, &headers, b"");
            }
            response(request, "200 OK", media_type, &headers, &body)
        }
        Conduct::Slow => {
            Answer { delay: SLOW, ..response(request, "200 OK", media_type, &[], &body) }
        }
        Conduct::Plain | Conduct::Truncating | Conduct::Windows1252 => {
            response(request, "200 OK", media_type, &[], &body)
        }
    }
}

fn response(
    request: &Request<'_>,
    status: &str,
    media_type: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    // A 304 has no body, and the length it may name would be that of the 200 (RFC 9110 §8.6).
    if !status.starts_with("304") {
        head.push_str(&format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    if request.method != "HEAD" {
        bytes.extend_from_slice(body);
    }
    Answer { delay: Duration::ZERO, bytes }
}
