//! Sockets: accepts connections, speaks HTTP/1.1 on them, and lets none of them hold the server.
//!
//! A silent or slow client is closed by deadline (`pulse`), a full server closes the connection
//! that has been longest without a request (`registry`), an ambiguous request is refused
//! (`strict`), and an accept error never ends the loop. HTTP/2 is not spoken: its preface is refused
//! like any other malformed request, and an upgrade to it is ignored.
//! Shutting down stops accepting, lets requests in progress and those on their way end, and closes
//! what is left after `SHUTDOWN_MAX`.

mod pulse;
mod registry;
mod strict;
mod watch;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustix::io::Errno;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::policy::{Listen, ServerPolicy};

use super::limit::Peer;
use super::respond::{self, Answer};
use pulse::{Paced, Pulse};
use registry::Registry;

/// Header fields of a request; more is answered 431.
const HEADERS_MAX: usize = 64;
/// Bytes of a request's head; more is answered 431. Every connection may hold so many back.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Bytes of an answer that the kernel holds without having sent them.
const UNSENT_BYTES_MAX: u32 = 128 << 10;
/// Connections that wait in the kernel.
const BACKLOG: u32 = 1_024;
/// Requests in progress get so long when the server is told to stop.
const SHUTDOWN_MAX: Duration = Duration::from_secs(10);
/// Wait after an accept error (no descriptors left …).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound listener.
#[derive(Debug)]
pub enum Bound {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket; the file is removed when the server stops if we made it.
    Unix {
        /// The socket.
        listener: UnixListener,
        /// The file we made.
        made: Option<PathBuf>,
    },
}

/// A way in: a connection and whose it is.
enum Stream {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// The deadlines and bounds of connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections_max: usize,
    /// For a whole request head, from the connection's first moment on.
    pub header_timeout: Duration,
    /// Between requests.
    pub idle_timeout: Duration,
}

impl Limits {
    /// Returns the limits of a process with so many descriptors: what else it does needs some, too.
    pub fn within(self, descriptors: Option<u64>) -> Self {
        let room = descriptors.and_then(|all| usize::try_from(all / 4 * 3).ok());
        let connections_max = room.map_or(self.connections_max, |room| {
            if room < self.connections_max {
                tracing::warn!(
                    max_connections = self.connections_max,
                    connections = room,
                    "fewer connections than configured: the system allows too few open files"
                );
            }
            self.connections_max.min(room)
        });
        Self { connections_max, ..self }
    }
}

impl From<&ServerPolicy> for Limits {
    fn from(policy: &ServerPolicy) -> Self {
        Self {
            connections_max: policy.connections_max,
            header_timeout: policy.header_timeout,
            idle_timeout: policy.idle_timeout,
        }
    }
}

impl Bound {
    /// Binds a listener. `mode` is that of the file of a unix socket: 0o660 for the operator's,
    /// 0o666 for the public's.
    ///
    /// A stale socket file (nobody answers on it) is replaced; one in use is `AddrInUse`.
    pub async fn bind(listen: &Listen, mode: u32) -> io::Result<Self> {
        match listen {
            Listen::Tcp(address) => {
                let socket = match address {
                    SocketAddr::V4(_) => TcpSocket::new_v4()?,
                    SocketAddr::V6(_) => TcpSocket::new_v6()?,
                };
                socket.set_reuseaddr(true)?;
                socket.bind(*address)?;
                Ok(Self::Tcp(frugal(socket.listen(BACKLOG)?)))
            }
            Listen::Unix(path) => bind_unix(path, mode).await,
        }
    }

    /// Takes over a TCP listener that was passed to the process.
    pub fn from_tcp(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(frugal).map(Self::Tcp)
    }

    /// Takes over a unix listener that was passed to the process; its file is not ours to remove.
    pub fn from_unix(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Ok(Self::Unix { listener: UnixListener::from_std(listener)?, made: None })
    }

    /// Returns the address of a TCP listener.
    pub fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix { .. } => None,
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // An answer is written whole: waiting for more to send only delays it.
                let _ = stream.set_nodelay(true);
                Ok(Stream::Tcp(stream, address))
            }
            Self::Unix { listener, .. } => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }
}

/// Has the kernel take no more of an answer than it can soon send, on all connections of a listener:
/// it would take megabytes for each client that does not read, and the time to copy them.
fn frugal(listener: TcpListener) -> TcpListener {
    // Where this cannot be set, answers take more memory.
    let _ = SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT_BYTES_MAX);
    listener
}

impl Drop for Bound {
    fn drop(&mut self) {
        if let Self::Unix { made: Some(path), .. } = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Binds under a name of its own and renames: at no time has the file other permissions than
/// `mode`.
async fn bind_unix(path: &Path, mode: u32) -> io::Result<Bound> {
    if UnixStream::connect(path).await.is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "the socket is in use"));
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&draft)?;
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(mode))?;
    std::fs::rename(&draft, path)?;
    Ok(Bound::Unix { listener, made: Some(path.to_owned()) })
}

/// What all connections share.
struct Shared<S> {
    service: S,
    limits: Limits,
    permits: Arc<Semaphore>,
    registry: Arc<Registry>,
    tracker: TaskTracker,
    /// Stop accepting, end what is in progress.
    stop: CancellationToken,
    /// End at once.
    kill: CancellationToken,
}

/// Serves until `shutdown` is over and requests in progress have ended, or `SHUTDOWN_MAX` later.
///
/// Dropping the future closes everything at once.
pub async fn run<S, F>(
    listeners: Vec<Bound>,
    service: S,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) where
    S: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let kill = CancellationToken::new();
    let _killed_when_dropped = kill.clone().drop_guard();
    let shared = Arc::new(Shared {
        service,
        limits,
        permits: Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS))),
        registry: Arc::new(Registry::new(limits.connections_max)),
        tracker: TaskTracker::new(),
        stop: CancellationToken::new(),
        kill,
    });
    for listener in listeners {
        shared.tracker.spawn(accept(listener, Arc::clone(&shared)));
    }
    shutdown.await;
    shared.stop.cancel();
    shared.tracker.close();
    if timeout(SHUTDOWN_MAX, shared.tracker.wait()).await.is_err() {
        shared.kill.cancel();
        shared.tracker.wait().await;
    }
}

async fn accept<S, F>(listener: Bound, shared: Arc<Shared<S>>)
where
    S: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            () = shared.kill.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                if is_out_of_descriptors(&error) {
                    shared.registry.evict(Instant::now());
                }
                let _ = timeout(ACCEPT_PAUSE, shared.stop.cancelled()).await;
                continue;
            }
        };
        // Who was accepted is answered, also when the server is told to stop at this very moment.
        let permit = tokio::select! {
            biased;
            permit = room(&shared) => permit,
            () = shared.stop.cancelled() => return,
            () = shared.kill.cancelled() => return,
        };
        let connection = Arc::clone(&shared);
        shared.tracker.spawn(async move {
            match stream {
                Stream::Tcp(stream, address) => {
                    serve(stream, Peer::Address(address.ip()), permit, &connection).await;
                }
                Stream::Unix(stream) => serve(stream, Peer::Local, permit, &connection).await,
            }
        });
    }
}

/// Waits for room for one more connection; when there is none, another one has to go.
async fn room<S>(shared: &Shared<S>) -> Option<OwnedSemaphorePermit> {
    let permits = Arc::clone(&shared.permits);
    if let Ok(permit) = Arc::clone(&permits).try_acquire_owned() {
        return Some(permit);
    }
    loop {
        shared.registry.evict(Instant::now());
        let waited = timeout(ACCEPT_PAUSE, Arc::clone(&permits).acquire_owned()).await;
        if let Ok(permit) = waited {
            return permit.ok();
        }
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let [process, system] = [Errno::MFILE, Errno::NFILE].map(Errno::raw_os_error);
    error.raw_os_error().is_some_and(|code| code == process || code == system)
}

/// Serves one connection to its end.
async fn serve<S, F, T>(
    stream: T,
    peer: Peer,
    _permit: Option<OwnedSemaphorePermit>,
    shared: &Shared<S>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(http::Request<Incoming>, Peer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let limits = shared.limits;
    let pulse = Arc::new(Pulse::new(limits, Instant::now()));
    let place = shared.registry.enter(Arc::clone(&pulse), peer);
    let beat = Arc::clone(&pulse);
    let service = shared.service.clone();
    let service = service_fn(move |request| {
        beat.serving();
        let answer = strict::is_clear(&request).then(|| service(request, peer));
        let beat = Arc::clone(&beat);
        async move {
            let answer = match answer {
                Some(answer) => answer.await,
                None => respond::bad_request(),
            };
            beat.answered();
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let io = TokioIo::new(Paced::new(stream, Arc::clone(&pulse)));
    let connection = http1::Builder::new()
        // The pulse has the deadlines.
        .header_read_timeout(None)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .serve_connection(io, service);
    watch::watch(connection, &pulse, &place, &shared.stop, &shared.kill).await;
}
