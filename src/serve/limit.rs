//! Requests a second and client: a token bucket for each address.
//!
//! The client is the peer's address, a /64 for IPv6; behind a trusted proxy it is the last address
//! in X-Forwarded-For, or without that field in Forwarded (RFC 7239), that is no trusted proxy
//! itself. A trusted proxy that names nobody is not limited.

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
            let hops = hops(headers, "x-forwarded-for");
            let hops = if hops.is_empty() { hops_of_7239(headers) } else { hops };
            // A name that is no address was put there by a proxy we trust, or leads no further.
            let mut addresses = hops.iter().rev().map_while(|name| address(name));
            addresses.find(|address| !is_trusted(*address)).map(shared)
        }
    }
}

/// Returns the members of a list field, over all its lines.
fn hops<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim).collect()
}

/// Returns who each member of Forwarded says it is for (RFC 7239 §5.2); "" where it does not say.
///
/// Quotes are not looked at in splitting: what a client left open would swallow what the proxy
/// wrote behind it, and no address holds a comma or semicolon.
fn hops_of_7239(headers: &HeaderMap) -> Vec<&str> {
    let is_for = |pair: &&str| pair.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("for="));
    let members = hops(headers, "forwarded").into_iter();
    members
        .map(|member| {
            let named = member.split(';').map(str::trim).find(is_for);
            named.and_then(|pair| pair.get(4..)).unwrap_or_default().trim_matches('"')
        })
        .collect()
}

/// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map(|(bare, _)| bare);
    let plain = bare.unwrap_or(text);
    let with_port = || text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()).ok();
    plain.parse().ok().or_else(with_port)
}

/// One customer has a whole /64.
pub(super) fn shared(address: IpAddr) -> IpAddr {
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
        let (direct, proxy) = ("192.0.2.1", "127.0.0.1");
        let cases = [
            ("direct", direct, "", "", Some("192.0.2.1")),
            ("direct, lies", direct, "198.51.100.1", "for=198.51.100.1", Some("192.0.2.1")),
            ("proxy", proxy, "198.51.100.1", "", Some("198.51.100.1")),
            ("proxy, client lies", proxy, "1.1.1.1, 198.51.100.1", "", Some("198.51.100.1")),
            ("in the other field", proxy, "198.51.100.1", "for=1.1.1.1", Some("198.51.100.1")),
            ("two proxies", proxy, "198.51.100.1, 10.0.0.7", "", Some("198.51.100.1")),
            ("proxy names nobody", proxy, "", "", None),
            ("nonsense", proxy, "unknown", "", None),
            ("nothing is a name", proxy, ",", "", None),
            ("unix socket", "", "198.51.100.1", "", Some("198.51.100.1")),
            ("unix socket, nobody", "", "", "", None),
            ("a /64 is one", "2001:db8:1:2:3:4:5:6", "", "", Some("2001:db8:1:2::")),
            ("mapped", "::ffff:192.0.2.1", "", "", Some("192.0.2.1")),
            ("with ports", "", "[2001:db8::1]:80", "", Some("2001:db8::")),
            ("v4 with port", "", "192.0.2.1:99", "", Some("192.0.2.1")),
            ("7239", proxy, "", "for=192.0.2.9;proto=http", Some("192.0.2.9")),
            ("7239, quoted", proxy, "", "By=x; For=\"[2001:db8::1]:80\"", Some("2001:db8::")),
            ("7239, lies", proxy, "", "for=1.1.1.1, for=192.0.2.9", Some("192.0.2.9")),
            ("7239, open quote", proxy, "", "for=\"1.1.1.1, for=192.0.2.9", Some("192.0.2.9")),
            ("7239, two proxies", proxy, "", "for=192.0.2.9, for=10.0.0.7", Some("192.0.2.9")),
            ("7239, hidden", proxy, "", "for=192.0.2.9, for=_hidden", None),
            ("7239, nobody", proxy, "", "for=192.0.2.9, proto=https", None),
        ];
        for (name, peer, list, forwarded, expected) in cases {
            let peer = match peer {
                "" => Peer::Local,
                address => Peer::Address(ip(address)),
            };
            let mut headers = HeaderMap::new();
            for (field, value) in [("x-forwarded-for", list), ("forwarded", forwarded)] {
                if !value.is_empty() {
                    headers.insert(field, value.parse().unwrap());
                }
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
