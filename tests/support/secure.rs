//! TLS in front of a plain origin on loopback, and the authorities and certificates for it.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate authority of our own.
pub(crate) struct Authority {
    /// Its certificate, PEM.
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new one of that name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Makes server settings with a certificate for `name` that ends with `last_year`.
    pub(crate) fn server(&self, name: &str, last_year: i32, alpn: &[&str]) -> ServerConfig {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }
}

/// How the TLS side ends when the origin has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With close_notify, as it should.
    Proper,
    /// With a bare FIN, as an attacker would.
    Bare,
}

/// Listens with TLS and hands the plain bytes to and from `target`. Returns where.
pub(crate) fn in_front_of(target: SocketAddr, config: ServerConfig, ending: Ending) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(stream), Ok(plain)) = (stream, TcpStream::connect(target)) else { return };
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            std::thread::spawn(move || pump(StreamOwned::new(tls, stream), plain, ending));
        }
    });
    address
}

/// Moves bytes both ways until one side ends.
fn pump(mut tls: StreamOwned<ServerConnection, TcpStream>, mut plain: TcpStream, ending: Ending) {
    let pause = Some(Duration::from_millis(1));
    plain.set_read_timeout(pause).unwrap();
    tls.sock.set_read_timeout(pause).unwrap();
    let mut buffer = [0; 16 * 1_024];
    loop {
        match tls.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) if plain.write_all(&buffer[..length]).is_err() => return,
            Ok(_) => {}
            Err(error) if is_pause(&error) => {}
            Err(_) => return,
        }
        match plain.read(&mut buffer) {
            Ok(0) => {
                if ending == Ending::Proper {
                    tls.conn.send_close_notify();
                    let _ = tls.flush();
                }
                return;
            }
            Ok(length) if tls.write_all(&buffer[..length]).is_err() => return,
            Ok(_) => {}
            Err(error) if is_pause(&error) => {}
            Err(_) => return,
        }
    }
}

fn is_pause(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
