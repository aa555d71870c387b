//! What is refused before anybody looks at what a request asks for.
//!
//! A proxy in front may read an ambiguous message otherwise than we do, and what one of the two
//! takes for a body is a request to the other. So what RFC 9112 lets a server bear is not borne:
//! lines that end without CR (§2.2), a host that is none (§3.2), and content where it means nothing
//! (RFC 9110 §9.3.1: "might lead some implementations to reject the request and close the
//! connection because of its potential as a request smuggling attack").

use http::header::{self, HeaderMap};
use http::{Method, Request, Version};

/// Stands in for a line end that is none: no head may hold it, and so the parser refuses it.
const REFUSED: u8 = 0;

/// Looks for line feeds without a carriage return before them, in what comes over a connection.
/// Bodies are looked at like heads: nobody reads them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The last byte so far.
    last: u8,
}

impl Lines {
    /// Makes bare line feeds something that is refused.
    pub(super) fn refuse_bare(&mut self, bytes: &mut [u8]) {
        let mut last = self.last;
        for byte in &mut *bytes {
            if *byte == b'\n' && last != b'\r' {
                *byte = REFUSED;
            }
            last = *byte;
        }
        self.last = last;
    }
}

/// Tells whether a request can be understood in one way only.
pub(super) fn is_clear<B>(request: &Request<B>) -> bool {
    let is_safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    has_one_host(request) && has_target(request) && !(is_safe && has_content(request.headers()))
}

/// RFC 9112 §3.2.3: only CONNECT names no more than an authority.
fn has_target<B>(request: &Request<B>) -> bool {
    !request.uri().path().is_empty() || request.method() == Method::CONNECT
}

/// RFC 9112 §3.2: a request of HTTP/1.1 names its host, and none names two or what cannot be one.
fn has_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.as_bytes().iter().all(|byte| may_stand_in_host(*byte)),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

/// RFC 3986 §3.2.2 and a port; characters beyond ASCII are let pass, since browsers of old sent
/// them.
fn may_stand_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80 || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

fn has_content(headers: &HeaderMap) -> bool {
    let is_long = headers
        .get(header::CONTENT_LENGTH)
        .is_some_and(|length| length.as_bytes().iter().any(|digit| *digit != b'0'));
    is_long || headers.contains_key(header::TRANSFER_ENCODING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_needs_its_carriage_return_over_reads_too() {
        let cases: [(&[&str], &str); 6] = [
            (&["GET / HTTP/1.1\r\nHost: x\r\n\r\n"], "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
            (&["GET / HTTP/1.1\nHost: x\n\n"], "GET / HTTP/1.1\0Host: x\0\0"),
            (&["a\r", "\nb"], "a\r\nb"),
            (&["a", "\nb"], "a\0b"),
            (&["\n"], "\0"),
            (&["a\r\n\n"], "a\r\n\0"),
        ];
        for (pieces, expected) in cases {
            let mut lines = Lines::default();
            let mut read = Vec::new();
            for piece in pieces {
                let mut bytes = piece.as_bytes().to_vec();
                lines.refuse_bare(&mut bytes);
                read.extend(bytes);
            }
            assert_eq!(read, expected.as_bytes(), "{pieces:?}");
        }
    }

    #[test]
    fn what_can_be_understood_in_two_ways_is_refused() {
        let cases = [
            ("plain", Method::GET, "host=mill.example", true),
            ("port", Method::HEAD, "host=[::1]:8080", true),
            ("empty", Method::GET, "host=", true),
            ("none", Method::GET, "", false),
            ("two", Method::GET, "host=a|host=a", false),
            ("user info", Method::GET, "host=a@b", false),
            ("a path", Method::GET, "host=a/b", false),
            ("two words", Method::GET, "host=a b", false),
            ("content", Method::GET, "host=a|content-length=5", false),
            ("no content", Method::GET, "host=a|content-length=0", true),
            ("chunks", Method::HEAD, "host=a|transfer-encoding=chunked", false),
            ("options", Method::OPTIONS, "host=a|content-length=1", false),
            ("to be told 405", Method::POST, "host=a|content-length=5", true),
            ("an order", Method::POST, "host=a", true),
        ];
        for (name, method, fields, expected) in cases {
            let mut request = Request::builder().method(method);
            for field in fields.split('|').filter(|field| !field.is_empty()) {
                let (field, value) = field.split_once('=').unwrap();
                request = request.header(field, value);
            }
            assert_eq!(is_clear(&request.body(()).unwrap()), expected, "{name}");
        }
        let named = |method, target| Request::builder().method(method).uri(target);
        for (method, target, expected) in [
            (Method::GET, "mill.example", false),
            (Method::GET, "http://mill.example", true),
            (Method::CONNECT, "mill.example:80", true),
            (Method::OPTIONS, "*", true),
        ] {
            let request = named(method, target).header("host", "a").body(()).unwrap();
            assert_eq!(is_clear(&request), expected, "{target}");
        }
        let old = Request::builder().version(Version::HTTP_10).body(()).unwrap();
        assert!(is_clear(&old), "HTTP/1.0 knows no Host");
    }
}
