//! Keeps web pages from giving orders through the operator's browser.
//!
//! A listener on a loopback address is in reach of every page that the browser of the same machine
//! shows: by a form or a `fetch` (which says its `Origin`), or, to read the answer, under a name of
//! the page's own that is made to lead to 127.0.0.1 (DNS rebinding, which says that name as `Host`).

use http::header::{self, HeaderMap};

use crate::serve::limit::Peer;

/// Tells whether a request was sent by a page of somebody else's.
pub(super) fn is_from_a_page(headers: &HeaderMap, peer: Peer) -> bool {
    let is_reachable = match peer {
        Peer::Local => false,
        Peer::Address(address) => address.to_canonical().is_loopback(),
    };
    headers.contains_key(header::ORIGIN) || (is_reachable && is_public_name(headers))
}

/// A name with a dot is one that anybody may own; `localhost`, an address and `feedmill` are not.
fn is_public_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let is_address = name.starts_with('[') || name.parse::<std::net::Ipv4Addr>().is_ok();
    name.contains('.') && !is_address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_programs() {
        let (loopback, other) = ("127.0.0.1", "192.0.2.1");
        let cases = [
            ("curl", loopback, "127.0.0.1:9180", "", false),
            ("a short name", loopback, "localhost:9180", "", false),
            ("of its own", loopback, "feedmill", "", false),
            ("six", loopback, "[::1]:9180", "", false),
            ("a form", loopback, "127.0.0.1:9180", "https://evil.example", true),
            ("a file", loopback, "127.0.0.1:9180", "null", true),
            ("rebound", loopback, "evil.example:9180", "", true),
            ("rebound, six", "::1", "evil.example", "", true),
            ("mapped", "::ffff:127.0.0.1", "evil.example", "", true),
            ("by its name in the network", other, "mill.example:9180", "", false),
            ("a form from the network", other, "mill.example:9180", "https://evil.example", true),
        ];
        for (name, peer, host, origin, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, host.parse().unwrap());
            if !origin.is_empty() {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            let peer = Peer::Address(peer.parse().unwrap());
            assert_eq!(is_from_a_page(&headers, peer), expected, "{name}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "evil.example".parse().unwrap());
        assert!(!is_from_a_page(&headers, Peer::Local), "no page reaches a unix socket");
    }
}
