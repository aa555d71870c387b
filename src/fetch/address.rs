//! Decides which addresses and ports may be polled (P68).
//!
//! An address may be polled when it is public, or when the operator allows its network by name. The tables are those of
//! the IANA special-purpose registries (RFC 6890): whatever is not globally reachable unicast, or carries an IPv4
//! address inside and so may lead anywhere (mapped, NAT64, 6to4, Teredo), is not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::policy::Network;

/// Tells whether `address` is globally reachable unicast that leads to no other address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => !V4_SPECIAL.iter().any(|network| network.contains(address)),
        // Mapped addresses are outside 2000::/3; asked here, for `contains` takes them for IPv4.
        IpAddr::V6(inner) => {
            inner.to_ipv4_mapped().is_none()
                && V6_GLOBAL.contains(address)
                && !V6_SPECIAL.iter().any(|network| network.contains(address))
        }
    }
}

/// Tells whether `address` may be connected to: it is public or within one of `allowed`.
pub(super) fn is_allowed(address: IpAddr, allowed: &[Network]) -> bool {
    is_public(address) || allowed.iter().any(|network| network.contains(address))
}

const V4_SPECIAL: [Network; 15] = [
    v4([0, 0, 0, 0], 8),       // this network
    v4([10, 0, 0, 0], 8),      // private
    v4([100, 64, 0, 0], 10),   // carrier-grade NAT
    v4([127, 0, 0, 0], 8),     // loopback
    v4([169, 254, 0, 0], 16),  // link-local, metadata services
    v4([172, 16, 0, 0], 12),   // private
    v4([192, 0, 0, 0], 24),    // IETF protocols
    v4([192, 0, 2, 0], 24),    // documentation
    v4([192, 88, 99, 0], 24),  // 6to4 relays
    v4([192, 168, 0, 0], 16),  // private
    v4([198, 18, 0, 0], 15),   // benchmarks
    v4([198, 51, 100, 0], 24), // documentation
    v4([203, 0, 113, 0], 24),  // documentation
    v4([224, 0, 0, 0], 4),     // multicast
    v4([240, 0, 0, 0], 4),     // reserved, broadcast
];

/// The only global unicast space assigned so far: everything else (loopback, ULA, link-local, NAT64 …) is outside.
const V6_GLOBAL: Network = v6([0x2000, 0], 3);

const V6_SPECIAL: [Network; 4] = [
    v6([0x2001, 0], 23),     // IETF protocols: Teredo, benchmarks, ORCHID
    v6([0x2001, 0xdb8], 32), // documentation
    v6([0x2002, 0], 16),     // 6to4
    v6([0x3fff, 0], 20),     // documentation
];

const fn v4(octets: [u8; 4], prefix: u8) -> Network {
    let [a, b, c, d] = octets;
    Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

const fn v6(start: [u16; 2], prefix: u8) -> Network {
    let [a, b] = start;
    Network { address: IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), prefix }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_global_unicast_is_public() {
        #[rustfmt::skip]
        let cases = [
            ("1.1.1.1", true), ("8.8.8.8", true), ("100.63.255.255", true), ("100.128.0.0", true),
            ("172.15.255.255", true), ("172.32.0.0", true), ("192.0.1.0", true), ("198.17.255.255", true),
            ("198.20.0.0", true), ("223.255.255.255", true), ("9.255.255.255", true), ("11.0.0.0", true),
            ("0.0.0.0", false), ("0.1.2.3", false), ("10.255.255.1", false), ("100.64.0.1", false),
            ("100.127.255.255", false), ("127.0.0.1", false), ("127.255.255.254", false),
            ("169.254.169.254", false), ("172.16.0.1", false), ("172.31.255.255", false),
            ("192.0.0.8", false), ("192.0.2.1", false), ("192.88.99.1", false), ("192.168.1.1", false),
            ("198.18.0.1", false), ("198.19.255.255", false), ("198.51.100.7", false),
            ("203.0.113.7", false), ("224.0.0.1", false), ("239.255.255.255", false),
            ("240.0.0.1", false), ("255.255.255.255", false),
            ("2606:4700:4700::1111", true), ("2a00:1450::1", true), ("2001:200::1", true),
            ("::", false), ("::1", false), ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", false),
            ("::127.0.0.1", false), ("64:ff9b::7f00:1", false), ("64:ff9b::808:808", false),
            ("64:ff9b:1::1", false), ("100::1", false), ("2001::1", false), ("2001:2::1", false),
            ("2001:10::1", false), ("2001:20::1", false), ("2001:db8::1", false),
            ("2002:7f00:1::", false), ("3fff::1", false), ("5f00::1", false), ("fc00::1", false),
            ("fd00:ec2::254", false), ("fe80::1", false), ("fec0::1", false), ("ff02::1", false),
        ];
        for (address, expected) in cases {
            assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn an_allowed_network_opens_those_addresses_only() {
        let allowed = [v4([127, 0, 0, 2], 32), v6([0xfd00, 0], 8)];
        let cases = [
            ("127.0.0.2", true),
            ("::ffff:127.0.0.2", true),
            ("127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("10.0.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
            ("8.8.8.8", true),
        ];
        for (address, expected) in cases {
            assert_eq!(is_allowed(address.parse().unwrap(), &allowed), expected, "{address}");
        }
    }
}
