//! Requests a second and client: a token bucket for each address.
//!
//! The client is the peer's address, a /64 for IPv6; behind a trusted proxy it is the last address
//! in X-Forwarded-For that is no trusted proxy itself. A trusted proxy that names nobody is not
//! limited.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use tokio::time::{Duration, Instant};

use crate::model::policy::Network;

/// Clients remembered.
const CLIENTS_MAX: usize = 65_536;

/// Who sent a request: an address of the network, or a peer on a unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Over TCP.
    Address(IpAddr),
    /// Over a unix socket: trusted.
    Local,
}

/// Returns whom a request is counted against; `None`: nobody.
pub fn client(peer: Peer, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    match peer {
        Peer::Address(address) if !is_trusted(address) => Some(shared(address)),
        Peer::Address(_) | Peer::Local => {
            let lines = headers.get_all("x-forwarded-for").into_iter();
            let lines: Vec<&str> = lines.filter_map(|value| value.to_str().ok()).collect();
            let named = lines.iter().rev().flat_map(|line| line.rsplit(','));
            // A name that is no address was put there by a proxy we trust, or leads no further.
            let addresses = named.map_while(|name| address(name.trim()));
            addresses.into_iter().find(|address| !is_trusted(*address)).map(shared)
        }
    }
}

/// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map(|(bare, _)| bare);
    let plain = bare.unwrap_or(text);
    let with_port = || text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()).ok();
    plain.parse().ok().or_else(with_port)
}

/// One customer has a whole /64.
fn shared(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !0 << 64)),
    }
}

struct Bucket {
    /// Thousandths of a request.
    tokens: u64,
    filled: Instant,
}

/// The buckets of all clients.
#[derive(Default)]
pub struct Limiter {
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

impl Limiter {
    /// Takes a request of a client into account; false: too many. A client may save up one second's
    /// worth.
    pub fn admits(&self, client: IpAddr, per_s: u32, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CLIENTS_MAX && !buckets.contains_key(&client) {
            // Who has been quiet for a second starts full again: forgetting costs nothing.
            buckets.retain(|_, b| now.saturating_duration_since(b.filled) < Duration::from_secs(1));
            if buckets.len() >= CLIENTS_MAX {
                buckets.clear();
            }
        }
        let full = u64::from(per_s).saturating_mul(1_000);
        let bucket = buckets.entry(client).or_insert(Bucket { tokens: full, filled: now });
        let elapsed_ms = now.saturating_duration_since(bucket.filled).as_millis();
        let elapsed_ms = u64::try_from(elapsed_ms).unwrap_or(u64::MAX);
        if elapsed_ms > 0 {
            let earned = elapsed_ms.saturating_mul(u64::from(per_s));
            bucket.tokens = bucket.tokens.saturating_add(earned).min(full);
            bucket.filled += Duration::from_millis(elapsed_ms);
        }
        if bucket.tokens < 1_000 {
            return false;
        }
        bucket.tokens -= 1_000;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_not_trusted() {
        let trusted = [
            Network { address: ip("127.0.0.0"), prefix: 8 },
            Network { address: ip("10.0.0.0"), prefix: 8 },
        ];
        let cases = [
            ("direct", Peer::Address(ip("192.0.2.1")), "", Some("192.0.2.1")),
            ("direct, lies", Peer::Address(ip("192.0.2.1")), "198.51.100.1", Some("192.0.2.1")),
            ("proxy", Peer::Address(ip("127.0.0.1")), "198.51.100.1", Some("198.51.100.1")),
            (
                "proxy, client lies",
                Peer::Address(ip("127.0.0.1")),
                "1.1.1.1, 198.51.100.1",
                Some("198.51.100.1"),
            ),
            (
                "two proxies",
                Peer::Address(ip("127.0.0.1")),
                "198.51.100.1, 10.0.0.7",
                Some("198.51.100.1"),
            ),
            ("proxy names nobody", Peer::Address(ip("127.0.0.1")), "", None),
            ("nonsense", Peer::Address(ip("127.0.0.1")), "unknown", None),
            ("unix socket", Peer::Local, "198.51.100.1", Some("198.51.100.1")),
            ("unix socket, nobody", Peer::Local, "", None),
            ("a /64 is one", Peer::Address(ip("2001:db8:1:2:3:4:5:6")), "", Some("2001:db8:1:2::")),
            ("mapped", Peer::Address(ip("::ffff:192.0.2.1")), "", Some("192.0.2.1")),
            ("with ports", Peer::Local, "[2001:db8::1]:80", Some("2001:db8::")),
            ("v4 with port", Peer::Local, "192.0.2.1:99", Some("192.0.2.1")),
        ];
        for (name, peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            if !forwarded.is_empty() {
                headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            }
            assert_eq!(client(peer, &headers, &trusted), expected.map(ip), "{name}");
        }
    }

    #[tokio::test]
    async fn a_bucket_fills_at_its_rate_and_holds_one_second() {
        let limiter = Limiter::default();
        let (one, other) = (ip("192.0.2.1"), ip("192.0.2.2"));
        let start = Instant::now();
        let admitted = |client, at: u64, tries: usize| {
            let now = start + Duration::from_millis(at);
            (0..tries).filter(|_| limiter.admits(client, 10, now)).count()
        };
        assert_eq!(admitted(one, 0, 50), 10);
        assert_eq!(admitted(other, 0, 50), 10, "each client has its own");
        assert_eq!(admitted(one, 99, 50), 0);
        assert_eq!(admitted(one, 100, 50), 1);
        assert_eq!(admitted(one, 60_000, 50), 10);
    }

    #[tokio::test]
    async fn the_clients_remembered_are_bounded() {
        let limiter = Limiter::default();
        let now = Instant::now();
        for n in 0..u32::try_from(CLIENTS_MAX).unwrap() + 10 {
            limiter.admits(IpAddr::V4(n.into()), 10, now);
        }
        assert!(limiter.buckets.lock().unwrap().len() <= CLIENTS_MAX);
    }
}
