//! Reaches a publisher through the operator's proxy: HTTP or HTTPS (RFC 9110 §9.3.6, §7.6), SOCKS5 (RFC 1928, 1929).
//!
//! The publisher's name is resolved and checked here first, then handed over: a proxy must not open what we would not.
//! Its own address is the operator's word and is not checked.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_rustls::{DefaultServerNameResolver, HttpsConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tower_service::Service;
use url::Url;

use super::connect::{BoxError, Check, Connector, Dialer, Io, Wire, endpoint};
use super::secret;
use super::trouble::ConnectError;

/// Longest head of an answer to CONNECT.
const HEAD_BYTES_MAX: usize = 8 * 1_024;

/// How to talk to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http,
    Https,
    Socks5,
}

/// A proxy of `[poll]` or of a source.
pub(super) struct Proxy {
    protocol: Protocol,
    host: String,
    port: u16,
    user: String,
    password: String,
    tls: Arc<rustls::ClientConfig>,
}

impl Proxy {
    /// Reads a proxy's URL; `None` when its scheme is none we speak. `tls` verifies an https proxy.
    pub(super) fn new(url: &Url, tls: &rustls::ClientConfig) -> Option<Self> {
        let (protocol, port) = match url.scheme() {
            "http" => (Protocol::Http, 80),
            "https" => (Protocol::Https, 443),
            "socks5" | "socks5h" => (Protocol::Socks5, 1080),
            _ => return None,
        };
        let mut tls = tls.clone();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Self {
            protocol,
            host: url.host_str()?.to_owned(),
            port: url.port().unwrap_or(port),
            user: secret::percent_decoded(url.username()),
            password: secret::percent_decoded(url.password().unwrap_or_default()),
            tls: Arc::new(tls),
        })
    }

    /// Returns the `Proxy-Authorization` that relayed requests and CONNECT carry.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        match self.protocol {
            Protocol::Http | Protocol::Https if !self.user.is_empty() => {
                secret::basic(&self.user, &self.password)
            }
            Protocol::Http | Protocol::Https | Protocol::Socks5 => None,
        }
    }

    /// Opens a way to the host of `uri`: a tunnel, or for plain http over an HTTP proxy a relay.
    pub(super) async fn connect(&self, dialer: &Arc<Dialer>, uri: &Uri) -> Result<Wire, BoxError> {
        let (host, port) = endpoint(uri);
        dialer.checked(host, Check::Publisher).await?;
        let mut stream = TokioIo::new(self.open(dialer).await?);
        let is_relayed = self.protocol != Protocol::Socks5 && uri.scheme_str() == Some("http");
        match self.protocol {
            Protocol::Socks5 => self.greet(&mut stream, host, port).await?,
            Protocol::Http | Protocol::Https if is_relayed => {}
            Protocol::Http | Protocol::Https => self.tunnel(&mut stream, host, port).await?,
        }
        Ok(Wire { io: stream.into_inner(), is_relayed })
    }

    async fn open(&self, dialer: &Arc<Dialer>) -> Result<Box<dyn Io>, BoxError> {
        if self.protocol != Protocol::Https {
            let stream = dialer.dial(&self.host, self.port, Check::Proxy).await?;
            return Ok(Box::new(TokioIo::new(stream)));
        }
        let to_proxy = ToProxy(Arc::clone(dialer));
        let names = Arc::new(DefaultServerNameResolver::default());
        let mut secured = HttpsConnector::new(to_proxy, Arc::clone(&self.tls), true, names);
        let uri: Uri = format!("https://{}:{}/", self.host, self.port).parse()?;
        Ok(Box::new(secured.call(uri).await?))
    }

    async fn tunnel<S>(&self, stream: &mut S, host: &str, port: u16) -> Result<(), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut head =
            format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(value) = self.authorization() {
            head.extend_from_slice(b"Proxy-Authorization: ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        stream.write_all(&head).await?;
        let answer = read_head(stream).await?;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let is_http = answer.starts_with("HTTP/1.");
        if is_http && status.len() == 3 && status.starts_with('2') {
            return Ok(());
        }
        Err(refused(format!("refused a tunnel: {}", answer.lines().next().unwrap_or_default())))
    }

    /// Makes the SOCKS5 request with the name, so that the proxy resolves it (ATYP 3).
    async fn greet<S>(&self, stream: &mut S, host: &str, port: u16) -> Result<(), BoxError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        const NO_AUTHENTICATION: u8 = 0;
        const PASSWORD: u8 = 2;
        let offered = if self.user.is_empty() { NO_AUTHENTICATION } else { PASSWORD };
        stream.write_all(&[5, 1, offered]).await?;
        if read_array::<2, _>(stream).await? != [5, offered] {
            return Err(refused("accepts no way of authentication that we have".to_owned()));
        }
        if offered == PASSWORD {
            let mut request = vec![1];
            push_short(&mut request, self.user.as_bytes())?;
            push_short(&mut request, self.password.as_bytes())?;
            stream.write_all(&request).await?;
            if read_array::<2, _>(stream).await?.last() != Some(&0) {
                return Err(refused("refused user and password".to_owned()));
            }
        }
        stream.write_all(&socks_request(host, port)?).await?;
        let [_, reply, _, kind] = read_array::<4, _>(stream).await?;
        if reply != 0 {
            return Err(refused(format!("refused the connection (reply {reply})")));
        }
        skip_bound_address(stream, kind).await
    }
}

fn socks_request(host: &str, port: u16) -> Result<Vec<u8>, BoxError> {
    let mut request = vec![5, 1, 0];
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            request.push(3);
            push_short(&mut request, host.as_bytes())?;
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

async fn skip_bound_address<S: AsyncRead + Unpin>(s: &mut S, kind: u8) -> Result<(), BoxError> {
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(s.read_u8().await?),
        _ => return Err(refused("answered with an unknown kind of address".to_owned())),
    };
    let mut rest = vec![0; length + 2];
    s.read_exact(&mut rest).await?;
    Ok(())
}

/// Reads up to the blank line, a byte at a time: what follows belongs to the publisher.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> Result<String, BoxError> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err(refused("answered with an endless head".to_owned()));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn read_array<const N: usize, S>(stream: &mut S) -> Result<[u8; N], BoxError>
where
    S: AsyncRead + Unpin,
{
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Appends a string of at most 255 bytes with its length.
fn push_short(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), BoxError> {
    let length = u8::try_from(bytes.len());
    to.push(length.map_err(|_| refused("takes no string of more than 255 bytes".to_owned()))?);
    to.extend_from_slice(bytes);
    Ok(())
}

fn refused(what: String) -> BoxError {
    ConnectError::Proxy { what }.into()
}

/// Connects to the proxy itself, for TLS to be put on top.
struct ToProxy(Arc<Dialer>);

impl Service<Uri> for ToProxy {
    type Response = Wire;
    type Error = BoxError;
    type Future = <Connector as Service<Uri>>::Future;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = Arc::clone(&self.0);
        Box::pin(async move {
            let (host, port) = endpoint(&uri);
            let stream = dialer.dial(host, port, Check::Proxy).await?;
            Ok(Wire { io: Box::new(TokioIo::new(stream)), is_relayed: false })
        })
    }
}
