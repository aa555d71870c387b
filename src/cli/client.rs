//! Asks a running daemon over its admin listener.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Exit, Failure};
use crate::model::policy::{Config, Listen};

/// An answer of the daemon.
pub(super) struct Reply {
    /// HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: String,
}

/// Asks the daemon; `None` when none is running.
///
/// A daemon that runs with another configuration file is refused: it would answer about other sources.
pub(super) async fn ask(
    config: &Config,
    method: Method,
    path: &str,
) -> Result<Option<Reply>, Failure> {
    let Some(status) = request(&config.server.admin, Method::GET, "/status.json").await? else {
        return Ok(None);
    };
    let running: serde_json::Value = serde_json::from_str(&status.body).unwrap_or_default();
    let theirs = running.get("config").and_then(serde_json::Value::as_str).unwrap_or_default();
    let ours = absolute(&config.path);
    if theirs != ours {
        return Err(Failure::new(
            Exit::Unavailable,
            format!(
                "the daemon at {} runs with another configuration ({theirs}, not {ours}); \
                 name that file with --config",
                name(&config.server.admin)
            ),
        ));
    }
    if method == Method::GET && path == "/status.json" {
        return Ok(Some(status));
    }
    request(&config.server.admin, method, path).await
}

/// Takes a piece of an answer.
pub(super) type OnPiece<'a> = dyn FnMut(&[u8]) -> std::io::Result<()> + Send + 'a;

/// Asks the daemon for something long, and hands it over piece by piece; `None` when none is running.
pub(super) async fn follow(
    config: &Config,
    method: Method,
    path: &str,
    on_piece: &mut OnPiece<'_>,
) -> Result<Option<()>, Failure> {
    if ask(config, Method::GET, "/status.json").await?.is_none() {
        return Ok(None);
    }
    let stream = connect(&config.server.admin).await.map_err(|error| broken(&error))?;
    pieces(stream, method, path, on_piece).await.map(Some)
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::new(Exit::Io, format!("the answer of the daemon broke off: {error}"))
}

async fn pieces(
    stream: Box<dyn Stream>,
    method: Method,
    path: &str,
    on_piece: &mut OnPiece<'_>,
) -> Result<(), Failure> {
    let mut response = send(stream, method, path).await.map_err(|error| broken(&error))?;
    if response.status() != hyper::StatusCode::OK {
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(|error| broken(&error))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        return told(Reply { status, body }).map(drop);
    }
    while let Some(frame) = response.frame().await {
        if let Ok(piece) = frame.map_err(|error| broken(&error))?.into_data() {
            on_piece(&piece).map_err(|error| broken(&error))?;
        }
    }
    Ok(())
}

/// Returns the body of a good answer; turns any other into the failure that it tells.
pub(super) fn told(reply: Reply) -> Result<String, Failure> {
    let exit = match reply.status {
        200 => return Ok(reply.body),
        404 | 422 => Exit::Data,
        503 => Exit::TryLater,
        _ => Exit::Io,
    };
    Err(Failure::new(exit, reply.body.trim_end()))
}

/// Returns the configuration's path as the daemon reports it.
pub(super) fn absolute(path: &std::path::Path) -> String {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf()).display().to_string()
}

/// Names the admin listener for people.
fn name(listen: &Listen) -> String {
    match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => path.display().to_string(),
    }
}

async fn request(admin: &Listen, method: Method, path: &str) -> Result<Option<Reply>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!("the daemon at {} does not answer: {error}", name(admin));
        Failure::new(Exit::Unavailable, message)
    };
    match connect(admin).await {
        Ok(stream) => exchange(stream, method, path).await.map(Some).map_err(|e| failed(&e)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) if is_forbidden(admin, &error) => {
            let name = name(admin);
            let message =
                format!("{name} may be used by root and the service only: run this with sudo");
            Err(Failure::new(Exit::Unavailable, message))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// A connection to the admin listener, of whatever kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(admin: &Listen) -> std::io::Result<Box<dyn Stream>> {
    Ok(match admin {
        Listen::Unix(socket) => Box::new(tokio::net::UnixStream::connect(socket).await?),
        Listen::Tcp(address) => Box::new(tokio::net::TcpStream::connect(address).await?),
    })
}

fn is_forbidden(admin: &Listen, error: &std::io::Error) -> bool {
    matches!(admin, Listen::Unix(_)) && error.kind() == std::io::ErrorKind::PermissionDenied
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | ConnectionRefused)
}

async fn exchange(
    stream: Box<dyn Stream>,
    method: Method,
    path: &str,
) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
    let response = send(stream, method, path).await?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?.to_bytes();
    Ok(Reply { status, body: String::from_utf8_lossy(&body).into_owned() })
}

async fn send(
    stream: Box<dyn Stream>,
    method: Method,
    path: &str,
) -> Result<hyper::Response<hyper::body::Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "feedmill")
        .body(Empty::<Bytes>::new())?;
    Ok(sender.send_request(request).await?)
}
