//! Opens connections: resolves a name once, checks every address it has, connects to a checked one (P68).
//!
//! The check stands here, between name resolution and `connect`, so that no name, redirect, literal form or change of
//! DNS in between gets past it: the address connected to is the address checked.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tower_service::Service;

use super::address::is_allowed;
use super::exchange::Used;
use super::proxy::Proxy;
use super::trouble::ConnectError;
use crate::model::policy::Network;

/// For name resolution, connecting and the TLS handshake together.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Name look-ups at once: each holds a thread of the blocking pool until the system's resolver gives up.
const LOOKUPS_MAX: usize = 32;

/// For how long an answer of the resolver is believed.
const LOOKUP_TTL: Duration = Duration::from_secs(60);

/// Names remembered; when full, all are forgotten.
const LOOKUPS_HELD_MAX: usize = 4_096;

/// Addresses of one name that are tried.
const ATTEMPTS_MAX: usize = 8;

/// The least time given to one address while others wait.
const ATTEMPT_MIN: Duration = Duration::from_secs(2);

/// A boxed error, as the client takes them.
pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Whose addresses are looked at before connecting.
#[derive(Clone, Copy, Debug)]
pub(super) enum Check {
    /// A publisher: its addresses must be public or allowed.
    Publisher,
    /// A proxy: the operator has named it.
    Proxy,
}

/// Resolves, checks and connects.
pub(super) struct Dialer {
    allow_networks: Vec<Network>,
    lookups: Arc<Semaphore>,
    held: Mutex<HashMap<String, (Instant, Vec<IpAddr>)>>,
}

impl Dialer {
    pub(super) fn new(allow_networks: Vec<Network>) -> Self {
        Self {
            allow_networks,
            lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)),
            held: Mutex::new(HashMap::new()),
        }
    }

    /// Connects to `host`, a name or a literal address, at the first of its addresses that answers.
    pub(super) async fn dial(
        &self,
        host: &str,
        port: u16,
        check: Check,
    ) -> Result<TcpStream, ConnectError> {
        let addresses = self.checked(host, check).await?;
        let count = addresses.len().min(ATTEMPTS_MAX);
        let mut failure = ConnectError::NoAddress { host: host.to_owned() };
        for address in addresses.into_iter().take(ATTEMPTS_MAX) {
            let share = CONNECT_TIMEOUT / u32::try_from(count).unwrap_or(1);
            let address = SocketAddr::new(address, port);
            match timeout(share.max(ATTEMPT_MIN), TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Without it a request may wait for an acknowledgement; no reason to fail.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(source)) => failure = ConnectError::Connect { address, source },
                Err(_) => {
                    let source = std::io::ErrorKind::TimedOut.into();
                    failure = ConnectError::Connect { address, source };
                }
            }
        }
        Err(failure)
    }

    /// Returns the addresses of `host`, all of them found fit.
    ///
    /// One unfit address spoils the name: a publisher has no reason to mix public and private ones, an attacker has.
    pub(super) async fn checked(
        &self,
        host: &str,
        check: Check,
    ) -> Result<Vec<IpAddr>, ConnectError> {
        let addresses = self.addresses(host).await?;
        let is_unfit = |address: &&IpAddr| match check {
            Check::Publisher => !is_allowed(**address, &self.allow_networks),
            Check::Proxy => false,
        };
        match addresses.iter().find(is_unfit) {
            Some(&address) => Err(ConnectError::Refused { host: host.to_owned(), address }),
            None => Ok(addresses),
        }
    }

    /// Tells whether the operator has named the networks that `host` is in.
    pub(super) async fn is_named(&self, host: &str) -> bool {
        let is_within =
            |address: &IpAddr| self.allow_networks.iter().any(|it| it.contains(*address));
        let found = timeout(CONNECT_TIMEOUT, self.addresses(host)).await;
        found.is_ok_and(|found| found.is_ok_and(|addresses| addresses.iter().all(is_within)))
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ConnectError> {
        let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = literal.unwrap_or(host).parse() {
            return Ok(vec![address]);
        }
        if let Some(addresses) = self.remembered(host) {
            return Ok(addresses);
        }
        let addresses = self.look_up(host).await?;
        if addresses.is_empty() {
            return Err(ConnectError::NoAddress { host: host.to_owned() });
        }
        self.remember(host, &addresses);
        Ok(addresses)
    }

    /// Asks the system's resolver. The permit is kept until it has answered, even when nobody waits any more.
    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, ConnectError> {
        let failed = |source| ConnectError::Resolve { host: host.to_owned(), source };
        let permit = Arc::clone(&self.lookups).acquire_owned().await;
        let name = host.to_owned();
        let asked = tokio::spawn(async move {
            let _permit = permit;
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        });
        asked.await.map_err(|error| failed(std::io::Error::other(error)))?.map_err(failed)
    }

    fn remembered(&self, host: &str) -> Option<Vec<IpAddr>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, addresses) = held.get(host)?;
        (since.elapsed() < LOOKUP_TTL).then(|| addresses.clone())
    }

    fn remember(&self, host: &str, addresses: &[IpAddr]) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= LOOKUPS_HELD_MAX {
            held.clear();
        }
        held.insert(host.to_owned(), (Instant::now(), addresses.to_vec()));
    }
}

/// What any stream below TLS can do.
pub(super) trait Io: hyper::rt::Read + hyper::rt::Write + Send + Unpin {}

impl<T: hyper::rt::Read + hyper::rt::Write + Send + Unpin> Io for T {}

/// A stream to a publisher, straight or through a proxy.
pub(super) struct Wire {
    pub(super) io: Box<dyn Io>,
    /// The other end is an HTTP proxy that wants the whole URL in the request line.
    pub(super) is_relayed: bool,
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_relayed).extra(Used::default())
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// The client's connector, below TLS.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) dialer: Arc<Dialer>,
    pub(super) proxy: Option<Arc<Proxy>>,
}

impl Connector {
    async fn connect(self, uri: Uri) -> Result<Wire, BoxError> {
        let (host, port) = endpoint(&uri);
        match &self.proxy {
            Some(proxy) => proxy.connect(&self.dialer, &uri).await,
            None => {
                let stream = self.dialer.dial(host, port, Check::Publisher).await?;
                Ok(Wire { io: Box::new(TokioIo::new(stream)), is_relayed: false })
            }
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = BoxError;
    type Future = Connecting<Wire>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Returns host and port of a URI that came from a checked URL: both schemes have a known port.
pub(super) fn endpoint(uri: &Uri) -> (&str, u16) {
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(default))
}

/// A connector whose whole work, TLS included, must be done within `CONNECT_TIMEOUT`.
#[derive(Clone)]
pub(super) struct Timed<S>(pub(super) S);

impl<S> Service<Uri> for Timed<S>
where
    S: Service<Uri, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Connecting<S::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.0.call(uri);
        Box::pin(async move {
            let late = ConnectError::TooSlow { seconds: CONNECT_TIMEOUT.as_secs() };
            timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| Err(late.into()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A dialer to which DNS has said something about one name.
    fn told(host: &str, addresses: &[&str]) -> Dialer {
        let network = Network { address: IpAddr::from([10, 1, 0, 0]), prefix: 16 };
        let dialer = Dialer::new(vec![network]);
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        dialer.remember(host, &addresses);
        dialer
    }

    #[tokio::test]
    async fn one_unfit_address_spoils_a_name() {
        let cases: [(&str, &[&str], Option<&str>); 6] = [
            ("public", &["8.8.8.8", "2606:4700::1111"], None),
            ("allowed", &["10.1.2.3"], None),
            ("public and allowed", &["8.8.8.8", "10.1.2.3"], None),
            ("private last", &["8.8.8.8", "10.0.0.1"], Some("10.0.0.1")),
            ("private first", &["127.0.0.1", "8.8.8.8"], Some("127.0.0.1")),
            ("mapped", &["8.8.8.8", "::ffff:127.0.0.1"], Some("::ffff:127.0.0.1")),
        ];
        for (name, addresses, unfit) in cases {
            let dialer = told("a.example", addresses);
            match (dialer.checked("a.example", Check::Publisher).await, unfit) {
                (Ok(found), None) => assert_eq!(found.len(), addresses.len(), "{name}"),
                (Err(ConnectError::Refused { address, .. }), Some(unfit)) => {
                    assert_eq!(address.to_string(), unfit, "{name}");
                }
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_proxy_may_be_anywhere() {
        let dialer = told("proxy.example", &["192.168.0.1"]);
        assert!(dialer.checked("proxy.example", Check::Proxy).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_the_resolver_is_believed_for_a_minute() {
        let dialer = told("a.example", &["8.8.8.8"]);
        tokio::time::advance(LOOKUP_TTL - Duration::from_secs(1)).await;
        assert!(dialer.remembered("a.example").is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(dialer.remembered("a.example").is_none());
    }

    #[tokio::test]
    async fn the_next_address_is_tried() {
        let listener = tokio::net::TcpListener::bind("127.0.0.2:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let dialer = Dialer::new(vec![Network { address: address.ip(), prefix: 8 }]);
        // Nobody listens on that port at 127.0.0.3.
        dialer.remember("a.example", &[IpAddr::from([127, 0, 0, 3]), address.ip()]);
        let stream = dialer.dial("a.example", address.port(), Check::Publisher).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
    }
}
