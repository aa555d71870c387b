//! One conditional GET, seen from the other end of the socket.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

#[path = "support/fetching.rs"]
mod fetching;
#[path = "support/origin.rs"]
mod origin;
#[path = "support/secure.rs"]
mod secure;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use feedmill::fetch::{FetchSetupError, HttpFetch};
use feedmill::model::outcome::{BoxFuture, Clock, FailureKind, FetchOutcome};
use feedmill::model::policy::PollPolicy;
use feedmill::model::source::Source;
use fetching::{
    RSS, failed, fetch, fetch_with, fetcher, get, held, modified, network, policy, source,
};
use jiff::Timestamp;
use origin::{Origin, Reply};
use secure::{Authority, Ending, in_front_of};
use tokio::time::Instant;

// Answers

#[tokio::test]
async fn a_document_comes_with_what_the_transport_said_of_it() {
    let lines = [
        "Content-Type: application/rss+xml; charset=utf-8",
        "Content-Language: vi",
        "Content-Location: /rss/home.xml",
    ];
    let origin = Origin::start(move |_| Reply::ok(&lines, RSS)).await;
    let (document, _, answer) = modified(get(&origin.url("/f#part")).await);
    assert_eq!(document.body, RSS);
    assert_eq!(document.url, origin.url("/f"));
    assert_eq!(document.content_type.as_deref(), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(document.content_language.as_deref(), Some("vi"));
    assert_eq!(document.content_location.as_deref(), Some("/rss/home.xml"));
    assert_eq!(answer.wire_bytes, u64::try_from(RSS.len()).unwrap());
    assert!(answer.hops.is_empty());
}

#[tokio::test]
async fn statuses_become_outcomes() {
    let cases = [
        ("401 Unauthorized", FailureKind::Forbidden),
        ("403 Forbidden", FailureKind::Forbidden),
        ("404 Not Found", FailureKind::NotFound),
        ("429 Too Many Requests", FailureKind::Busy),
        ("503 Service Unavailable", FailureKind::Busy),
        ("500 Internal Server Error", FailureKind::Status),
        ("206 Partial Content", FailureKind::Status),
        ("999 Denied", FailureKind::Status),
    ];
    for (status, expected) in cases {
        let origin = Origin::start(move |_| Reply::new(status, &[], "no")).await;
        let (kind, error, answer) = failed(get(&origin.url("/")).await);
        assert_eq!(kind, expected, "{status}");
        assert!(error.contains(&status[..3]), "{error}");
        assert_eq!(answer.unwrap().status.to_string(), status[..3]);
    }
    let origin = Origin::start(|_| Reply::new("410 Gone", &[], "no")).await;
    assert!(matches!(get(&origin.url("/")).await, FetchOutcome::Gone { .. }));
    let origin =
        Origin::start(|_| Reply::new("226 IM Used", &["IM: feed", "ETag: \"n\""], RSS)).await;
    let (_, validators, answer) = modified(get(&origin.url("/")).await);
    assert_eq!(answer.status, 226, "P50");
    assert_eq!(validators.unwrap().etag.as_deref(), Some("\"n\""), "P50");
}

#[tokio::test]
async fn p25_a_retry_after_pauses_everything_of_the_host() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/busy" => Reply::new("429 Too Many", &["Retry-After: 3600"], "no"),
        _ => Reply::ok(&[], RSS),
    })
    .await;
    let fetcher = fetcher(&policy());
    let busy = source(&origin.url("/busy"));
    let url = busy.url.clone();
    assert_eq!(fetcher.paused_until(&url), None);
    let (_, _, answer) = failed(fetch(&fetcher, busy).await);
    let until = answer.unwrap().freshness.retry_at.unwrap();
    assert!(until >= "2026-03-01T13:00:00Z".parse().unwrap());
    let outcome = fetch(&fetcher, source(&origin.url("/other"))).await;
    let FetchOutcome::Postponed { until: postponed, reason } = outcome else {
        panic!("P25: {outcome:?}");
    };
    assert!(reason.contains("has asked for no request before 2026-03-01T13:00"), "{reason}");
    assert_eq!(postponed, until);
    assert_eq!(fetcher.paused_until(&url), Some(until));
    assert_eq!(origin.seen().len(), 1, "nothing was asked");
}

// Redirects

#[tokio::test]
async fn p53_redirects_are_resolved_and_a_fragment_is_inherited() {
    for status in [301, 302, 303, 307, 308] {
        let origin = Origin::start(move |seen| match seen.target.as_str() {
            "/dir/a?x=1" => Reply::redirect(status, "../b?y=2"),
            _ => Reply::ok(&["ETag: \"b\""], RSS),
        })
        .await;
        let (document, validators, answer) = modified(get(&origin.url("/dir/a?x=1#part")).await);
        assert_eq!(document.url, origin.url("/b?y=2"), "P53 relative");
        assert_eq!(answer.hops.len(), 1);
        assert_eq!(answer.hops[0].status, status);
        assert_eq!(answer.hops[0].location, origin.url("/b?y=2#part"), "P53 the fragment stays");
        assert_eq!(validators.unwrap().url, origin.url("/b?y=2"), "P12");
    }
}

#[tokio::test]
async fn p60_validators_are_sent_only_to_the_hop_they_came_from() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a" => Reply::redirect(301, "/b"),
        _ => Reply::bare("304 Not Modified", &[]),
    })
    .await;
    let sent = held(Some("\"b\""), None, &origin.url("/b"));
    let outcome =
        fetch_with(&fetcher(&policy()), source(&origin.url("/a")), Some(sent.clone())).await;
    match outcome {
        FetchOutcome::NotModified { validators, answer } => {
            assert_eq!(validators, sent);
            assert_eq!(answer.hops.len(), 1);
        }
        other => panic!("{other:?}"),
    }
    let seen = origin.seen();
    assert_eq!(seen[0].header("if-none-match"), None, "P60");
    assert_eq!(seen[1].header("if-none-match").as_deref(), Some("\"b\""));
    assert_eq!(seen[1].header("referer"), None, "P45");
}

#[tokio::test]
async fn p54_ten_redirects_are_followed_and_no_more() {
    let origin = Origin::start(|seen| {
        let left: u32 = seen.target[1..].parse().unwrap();
        match left {
            0 => Reply::ok(&[], RSS),
            _ => Reply::redirect(302, &format!("/{}", left - 1)),
        }
    })
    .await;
    let (_, _, answer) = modified(get(&origin.url("/10")).await);
    assert_eq!(answer.hops.len(), 10, "P54");
    let (kind, error, _) = failed(get(&origin.url("/11")).await);
    assert_eq!(kind, FailureKind::Status);
    assert!(error.starts_with("more than 10 redirects"), "{error}");
}

#[tokio::test]
async fn p54_loops_and_bad_redirects_end_at_once() {
    let cases = [
        ("to itself", "/loop", "the redirects lead back to", FailureKind::Status, 1),
        ("to and fro", "/ping", "the redirects lead back to", FailureKind::Status, 2),
        ("nowhere", "/nowhere", "answered 302 without a Location", FailureKind::Status, 1),
        ("no URL", "/no-url", "a Location that is no URL", FailureKind::Status, 1),
        ("a file", "/file", "is neither http nor https", FailureKind::Refused, 1),
        ("gopher", "/gopher", "is neither http nor https", FailureKind::Refused, 1),
        ("data", "/data", "is neither http nor https", FailureKind::Refused, 1),
    ];
    for (name, path, words, expected, requests) in cases {
        let origin = Origin::start(|seen| {
            let location = match seen.target.as_str() {
                "/loop" => "/loop",
                "/ping" => "/pong",
                "/pong" => "/ping",
                "/no-url" => "http://[",
                "/file" => "file:///etc/passwd",
                "/gopher" => "gopher://127.0.0.1:70/_x",
                "/data" => "data:application/rss+xml,<rss/>",
                _ => return Reply::bare("302 Found", &[]),
            };
            Reply::redirect(302, location)
        })
        .await;
        let (kind, error, _) = failed(get(&origin.url(path)).await);
        assert_eq!(kind, expected, "{name}: {error}");
        assert!(error.contains(words), "{name}: {error}");
        assert_eq!(origin.seen().len(), requests, "{name}");
    }
}

#[tokio::test]
async fn p25_a_redirect_may_ask_for_a_wait() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a" => Reply::bare("302 Found", &["Location: /b", "Retry-After: 7200"]),
        _ => Reply::ok(&[], RSS),
    })
    .await;
    let (_, _, answer) = modified(get(&origin.url("/a")).await);
    assert!(answer.freshness.retry_at.unwrap() >= "2026-03-01T14:00:00Z".parse().unwrap(), "P25");
}

// Secrets

#[tokio::test]
async fn p60_credentials_stay_with_the_sources_origin() {
    let other = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let elsewhere = other.url("/c").replace("//", "//thief:s3cret@");
    let origin = Origin::start(move |seen| match seen.target.as_str() {
        "/a" => Reply::redirect(302, "/b"),
        _ => Reply::redirect(302, &elsewhere),
    })
    .await;
    let url = origin.url("/a").replace("//", "//ali:open%20sesame@");
    let source = Source {
        headers: vec![
            ("x-api-key".to_owned(), "k".to_owned()),
            ("accept-language".to_owned(), "vi".to_owned()),
        ],
        ..source(&url)
    };
    let validators = held(Some("\"a\""), None, &origin.url("/a"));
    let (document, _, answer) =
        modified(fetch_with(&fetcher(&policy()), source, Some(validators)).await);
    // RFC 7617: base64 of "ali:open sesame".
    let basic = Some("Basic YWxpOm9wZW4gc2VzYW1l".to_owned());
    for seen in origin.seen() {
        assert_eq!(seen.header("authorization"), basic, "{}", seen.target);
        assert_eq!(seen.header("x-api-key").as_deref(), Some("k"));
    }
    assert!(origin.seen()[0].header("if-none-match").is_some(), "user info is no part of the URL");
    let seen = &other.seen()[0];
    for name in ["authorization", "x-api-key", "if-none-match", "cookie", "referer"] {
        assert_eq!(seen.header(name), None, "P60 {name}");
    }
    assert_eq!(seen.header("accept-language").as_deref(), Some("vi"));
    assert_eq!(document.url, other.url("/c"));
    assert!(answer.hops.iter().all(|hop| !hop.location.contains('@')), "{:?}", answer.hops);
}

#[tokio::test]
async fn a_secret_file_is_read_at_each_fetch() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"Bearer one\n").unwrap();
    let fetcher = fetcher(&policy());
    let with_secret =
        || Source { secret_file: Some(file.path().to_owned()), ..source(&origin.url("/")) };
    modified(fetch(&fetcher, with_secret()).await);
    std::fs::write(file.path(), "Aladdin:open sesame").unwrap();
    modified(fetch(&fetcher, with_secret()).await);
    let sent: Vec<_> = origin.seen().iter().map(|seen| seen.header("authorization")).collect();
    let expected = ["Bearer one", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="];
    assert_eq!(sent, expected.map(|value| Some(value.to_owned())));
    std::fs::write(file.path(), "s3cret without a form").unwrap();
    let (_, error, _) = failed(fetch(&fetcher, with_secret()).await);
    assert!(error.starts_with("failed to use secret_file"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    assert_eq!(origin.seen().len(), 2, "nothing is asked without the secret");
}

#[tokio::test]
async fn credentials_are_not_sent_in_the_clear_unless_the_network_is_named() {
    // Nothing leaves this machine: it is refused before there is a connection.
    let (kind, error, answer) = failed(get("http://u:s3cret@8.8.8.8/feed").await);
    assert_eq!((kind, answer.is_none()), (FailureKind::Refused, true), "{error}");
    assert!(error.starts_with("credentials are not sent over http"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[tokio::test]
async fn errors_hold_no_secret() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a" => Reply::redirect(302, "/b?token=s3cret"),
        _ => Reply::new("404 Not Found", &[], ""),
    })
    .await;
    let url = origin.url("/a").replace("//", "//u:s3cret@");
    let (_, error, _) = failed(get(&url).await);
    assert!(error.starts_with("answered 404 Not Found (at http://127.0.0.1"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

// Addresses

#[tokio::test]
async fn p68_loopback_is_refused_by_default_in_every_form() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let policy = PollPolicy { allow_networks: Vec::new(), ..policy() };
    let fetcher = fetcher(&policy);
    let hosts = [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.255.255.1",
        "user@127.0.0.1",
        "\u{ff11}\u{ff12}\u{ff17}.0.0.1",
    ];
    for host in hosts {
        let url = format!("http://{host}:{}/internal", origin.address.port());
        let (kind, error, _) = failed(fetch(&fetcher, source(&url)).await);
        assert_eq!(kind, FailureKind::Refused, "{host}: {error}");
    }
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn p68_a_redirect_to_a_forbidden_address_opens_no_connection() {
    // 127.0.0.1 may not be polled, 127.0.0.2 may: the permission is for those addresses only.
    let forbidden = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let port = forbidden.address.port();
    let locations = [
        format!("http://127.0.0.1:{port}/internal"),
        format!("http://localhost:{port}/internal"),
        format!("http://2130706433:{port}/internal"),
        format!("http://[::ffff:127.0.0.1]:{port}/internal"),
        format!("http://0.0.0.0:{port}/internal"),
        format!("http://127.0.0.2@127.0.0.1:{port}/internal"),
        format!("https://127.0.0.1:{port}/internal"),
    ];
    let policy = PollPolicy { allow_networks: vec![network("127.0.0.2/32")], ..policy() };
    for location in locations {
        let led = location.clone();
        let origin = Origin::start_at("127.0.0.2", move |_| Reply::redirect(302, &led)).await;
        let (kind, error, answer) =
            failed(fetch(&fetcher(&policy), source(&origin.url("/"))).await);
        assert_eq!(kind, FailureKind::Refused, "{location}: {error}");
        assert!(error.contains("is not public"), "{location}: {error}");
        assert_eq!(answer.unwrap().hops.len(), 1, "{location}: what was answered is told");
        assert_eq!(origin.seen().len(), 1, "{location}");
    }
    assert_eq!(forbidden.connections(), 0);
}

#[tokio::test]
async fn p68_other_ports_are_refused() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let policy = PollPolicy { allow_ports: Some(BTreeSet::from([80, 443])), ..policy() };
    let (kind, error, _) = failed(fetch(&fetcher(&policy), source(&origin.url("/"))).await);
    assert_eq!(kind, FailureKind::Refused);
    assert!(error.contains("is not in poll.allow_ports"), "{error}");
    assert_eq!(origin.connections(), 0);
    let port = origin.address.port();
    let policy = PollPolicy { allow_ports: Some(BTreeSet::from([port])), ..policy };
    modified(fetch(&fetcher(&policy), source(&origin.url("/"))).await);
}

#[tokio::test]
async fn a_name_is_resolved() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let policy =
        PollPolicy { allow_networks: vec![network("127.0.0.0/8"), network("::1/128")], ..policy() };
    let url = format!("http://localhost:{}/", origin.address.port());
    modified(fetch(&fetcher(&policy), source(&url)).await);
    // RFC 6761: `invalid` never resolves.
    let (kind, error, _) = failed(get("http://feeds.invalid/").await);
    assert_eq!(kind, FailureKind::Network);
    assert!(error.starts_with("failed to resolve `feeds.invalid`"), "{error}");
}

// Bodies

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn p48_content_codings_are_undone_whatever_the_header_says() {
    let mut br = Vec::new();
    brotli::CompressorWriter::new(&mut br, 4_096, 5, 22).write_all(RSS).unwrap();
    let cases = [
        ("gzip", gzip(RSS), "gzip"),
        ("deflate", zlib(RSS), "deflate"),
        ("brotli", br, "br"),
        ("P48 gzip without the header", gzip(RSS), "identity"),
        ("P48 plain with the header", RSS.to_vec(), "gzip"),
        ("P48 gzip twice", gzip(&gzip(RSS)), "gzip"),
    ];
    for (name, body, coding) in cases {
        let wire_bytes = u64::try_from(body.len()).unwrap();
        let line = format!("Content-Encoding: {coding}");
        let origin = Origin::start(move |_| Reply::ok(&[&line], &body)).await;
        let (document, _, answer) = modified(get(&origin.url("/")).await);
        assert_eq!(document.body, RSS, "{name}");
        assert_eq!(answer.wire_bytes, wire_bytes, "{name}");
    }
}

#[tokio::test]
async fn a_body_may_be_just_as_long_as_the_limit() {
    let plain = vec![b'a'; 50_000];
    for (name, body, coding, limit) in [
        ("wire", plain.clone(), "identity", 50_000),
        ("gzip", gzip(&plain), "gzip", 50_000),
        ("gzip without the header", gzip(&plain), "identity", 50_000),
    ] {
        let line = format!("Content-Encoding: {coding}");
        let origin = Origin::start(move |_| Reply::ok(&[&line], &body)).await;
        let under = Source { body_bytes_max: limit, ..source(&origin.url("/")) };
        let over = Source { body_bytes_max: limit - 1, ..source(&origin.url("/")) };
        let fetcher = fetcher(&policy());
        assert_eq!(modified(fetch(&fetcher, under).await).0.body.len(), 50_000, "{name}");
        let (kind, error, _) = failed(fetch(&fetcher, over).await);
        assert_eq!(kind, FailureKind::Body, "{name}: {error}");
        assert!(error.contains("longer than 49999 bytes"), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_bomb_is_a_failure() {
    let bomb = gzip(&vec![0; 32 << 20]);
    let origin = Origin::start(move |_| Reply::ok(&["Content-Encoding: gzip"], &bomb)).await;
    let source = Source { body_bytes_max: 1 << 20, ..source(&origin.url("/")) };
    let (kind, error, answer) = failed(fetch(&fetcher(&policy()), source).await);
    assert_eq!(kind, FailureKind::Body);
    assert_eq!(error, "the body is longer than 1048576 bytes once decoded");
    assert!(answer.unwrap().wire_bytes < 100_000);
}

#[tokio::test]
async fn an_endless_body_stops_at_the_limit() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let origin = Origin::start(move |_| {
        Reply::raw([head.as_bytes(), &vec![b'x'; 3 << 20]].concat()).then_hang()
    })
    .await;
    let source = Source { body_bytes_max: 1 << 20, ..source(&origin.url("/")) };
    let (kind, error, answer) = failed(fetch(&fetcher(&policy()), source).await);
    assert_eq!(
        (kind, error.as_str()),
        (FailureKind::Body, "the body is longer than 1048576 bytes")
    );
    assert!(answer.unwrap().wire_bytes < 2 << 20);
}

#[tokio::test]
async fn a_body_cut_short_is_a_failure() {
    let gzipped = gzip(&RSS.repeat(50));
    let half = gzipped[..gzipped.len() / 2].to_vec();
    let raw = |bytes: &[u8]| Reply::raw(bytes).then_close();
    let cases = [
        (
            "fewer bytes than Content-Length",
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss"),
        ),
        (
            "a chunk that ends early",
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n<rss"),
        ),
        (
            "no last chunk",
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<rss\r\n"),
        ),
        (
            "a chunk size that is no number",
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ),
        ("a reset", Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss").then_reset()),
        ("half of a gzip body", Reply::ok(&["Content-Encoding: gzip"], half)),
        (
            "a length of 8 EiB",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n<rss")
                .then_hang(),
        ),
    ];
    for (name, reply) in cases {
        let origin = Origin::start(move |_| reply.clone()).await;
        let (kind, error, answer) = failed(get(&origin.url("/")).await);
        assert_eq!(kind, FailureKind::Body, "{name}: {error}");
        assert_eq!(answer.unwrap().status, 200, "{name}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let reply = Reply::raw([b"HTTP/1.0 200 OK\r\n\r\n", RSS].concat()).then_close();
    let origin = Origin::start(move |_| reply.clone()).await;
    assert_eq!(modified(get(&origin.url("/")).await).0.body, RSS);
}

#[tokio::test]
async fn bytes_after_the_body_do_not_answer_the_next_request() {
    let poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let origin = Origin::start(move |_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
        Reply::raw(format!("{head}{poison}"))
    })
    .await;
    let fetcher = fetcher(&policy());
    for _ in 0..20 {
        let (document, _, _) = modified(fetch(&fetcher, source(&origin.url("/"))).await);
        assert_eq!(document.body, b"good");
    }
}

// Broken and slow origins

#[tokio::test]
async fn what_is_no_answer_is_a_failure() {
    let many: String = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    let cases = [
        ("a close", Reply::default().then_close()),
        ("a reset", Reply::default().then_reset()),
        ("HTTP/0.9", Reply::raw(RSS).then_close()),
        ("a junk status line", Reply::raw("HTTP/1.1 abc OK\r\n\r\n").then_close()),
        ("a negative length", Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")),
        (
            "two lengths",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ),
        ("a header of a mebibyte", Reply::ok(&[&format!("X: {}", "a".repeat(1 << 20))], RSS)),
        ("two hundred headers", Reply::raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n")).then_close()),
        (
            "endless headers",
            Reply::raw("HTTP/1.1 200 OK\r\nX: ").then_drip(b'a', Duration::from_millis(1)),
        ),
    ];
    for (name, reply) in cases {
        let origin = Origin::start(move |_| reply.clone()).await;
        let source = Source { timeout: Duration::from_millis(500), ..source(&origin.url("/")) };
        let (kind, error, answer) = failed(fetch(&fetcher(&policy()), source).await);
        assert_eq!(kind, FailureKind::Network, "{name}: {error}");
        assert!(answer.is_none(), "{name}");
        assert!(!error.is_empty() && !error.contains('\n'), "{name}: {error}");
    }
}

#[tokio::test]
async fn p67_a_slow_origin_is_left_in_time() {
    let every = Duration::from_millis(5);
    let cases = [
        ("no answer", Reply::default().then_hang()),
        ("half a head", Reply::raw("HTTP/1.1 200 OK\r\n").then_hang()),
        (
            "half a body",
            Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss").then_hang(),
        ),
        ("a drip", Reply::raw("HTTP/1.1 200 OK\r\n\r\n").then_drip(b'x', every)),
    ];
    for (name, reply) in cases {
        let origin = Origin::start(move |_| reply.clone()).await;
        let source = Source { timeout: Duration::from_millis(200), ..source(&origin.url("/")) };
        let begun = Instant::now();
        let (kind, error, _) = failed(fetch(&fetcher(&policy()), source).await);
        assert_eq!(kind, FailureKind::Network, "{name}");
        assert_eq!(error, "the request took longer than 0.2 s", "{name}");
        assert!(begun.elapsed() < Duration::from_secs(3), "{name}");
    }
}

#[tokio::test]
async fn p67_one_time_limit_holds_for_the_whole_chain() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a" => Reply::redirect(302, "/b"),
        _ => Reply::default().then_hang(),
    })
    .await;
    let source = Source { timeout: Duration::from_millis(200), ..source(&origin.url("/a")) };
    let (_, error, _) = failed(fetch(&fetcher(&policy()), source).await);
    assert_eq!(error, format!("the request took longer than 0.2 s (at {})", origin.url("/b")));
}

#[tokio::test]
async fn nobody_listening_is_a_failure() {
    let address = {
        let origin = Origin::start(|_| Reply::default()).await;
        let address = origin.address;
        origin.stop().await;
        address
    };
    let (kind, error, _) = failed(get(&format!("http://{address}/")).await);
    assert_eq!(kind, FailureKind::Network);
    assert!(error.starts_with(&format!("failed to connect to {address}: ")), "{error}");
}

// Pace

#[tokio::test]
async fn p37_requests_to_one_host_keep_their_distance() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a" => Reply::redirect(302, "/b"),
        _ => Reply::ok(&[], RSS),
    })
    .await;
    let gap = Duration::from_millis(100);
    let policy = PollPolicy { host_gap: gap, ..policy() };
    let fetcher = fetcher(&policy);
    let begun = Instant::now();
    let (first, second) = tokio::join!(
        fetch(&fetcher, source(&origin.url("/a"))),
        fetch(&fetcher, source(&origin.url("/c")))
    );
    modified(first);
    modified(second);
    assert_eq!(origin.seen().len(), 3);
    assert!(begun.elapsed() >= 2 * gap, "P37: a redirect takes a turn of its own");
}

// TLS

/// Writes an authority's certificate where a policy can name it.
fn ca_file(authority: &Authority) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(authority.pem.as_bytes()).unwrap();
    file
}

fn trusting(file: &tempfile::NamedTempFile) -> PollPolicy {
    PollPolicy { ca_file: Some(file.path().to_owned()), ..policy() }
}

#[tokio::test]
async fn a_certificate_must_be_good() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let file = ca_file(&ours);
    let policy = trusting(&file);
    let cases = [
        ("good", ours.server("127.0.0.1", 2090, &[]), None),
        ("expired", ours.server("127.0.0.1", 2001, &[]), Some("expired")),
        ("another host", ours.server("other.example", 2090, &[]), Some("not valid for name")),
        ("another authority", theirs.server("127.0.0.1", 2090, &[]), Some("UnknownIssuer")),
    ];
    for (name, config, words) in cases {
        let before = origin.seen().len();
        let address = in_front_of(origin.address, config, Ending::Proper);
        let outcome = fetch(&fetcher(&policy), source(&format!("https://{address}/"))).await;
        let Some(words) = words else {
            assert_eq!(modified(outcome).0.body, RSS, "{name}");
            continue;
        };
        let (kind, error, _) = failed(outcome);
        assert_eq!(kind, FailureKind::Network, "{name}");
        assert!(error.contains(words), "{name}: {error}");
        assert_eq!(origin.seen().len(), before, "{name}: nothing was asked");
    }
}

#[tokio::test]
async fn an_authority_is_trusted_only_when_named() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let config = Authority::new("ours").server("127.0.0.1", 2090, &[]);
    let address = in_front_of(origin.address, config, Ending::Proper);
    let (kind, error, _) = failed(get(&format!("https://{address}/")).await);
    assert_eq!(kind, FailureKind::Network, "{error}");
    assert!(error.contains("UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn an_end_without_close_notify_is_a_body_cut_short() {
    let reply = Reply::raw([b"HTTP/1.1 200 OK\r\n\r\n", RSS].concat()).then_close();
    let origin = Origin::start(move |_| reply.clone()).await;
    let authority = Authority::new("ours");
    let file = ca_file(&authority);
    let fetcher = fetcher(&trusting(&file));
    let through = |ending| {
        let config = authority.server("127.0.0.1", 2090, &[]);
        source(&format!("https://{}/", in_front_of(origin.address, config, ending)))
    };
    assert_eq!(modified(fetch(&fetcher, through(Ending::Proper)).await).0.body, RSS);
    let (kind, error, _) = failed(fetch(&fetcher, through(Ending::Bare)).await);
    assert_eq!(kind, FailureKind::Body, "{error}");
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_is_a_failure() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await
    });
    let (kind, error, _) = failed(get(&format!("https://{address}/")).await);
    plain.await.unwrap().unwrap();
    assert_eq!(kind, FailureKind::Network, "{error}");
    assert!(origin.seen().is_empty());
}

#[tokio::test]
async fn http_2_is_spoken_where_offered() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let io = hyper_util::rt::TokioIo::new(stream);
            let service = hyper::service::service_fn(second_version);
            let executor = hyper_util::rt::TokioExecutor::new();
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(executor).serve_connection(io, service),
            );
        }
    });
    let authority = Authority::new("ours");
    let file = ca_file(&authority);
    let config = authority.server("127.0.0.1", 2090, &["h2", "http/1.1"]);
    let url = format!("https://{}/f", in_front_of(target, config, Ending::Proper));
    let fetcher = fetcher(&trusting(&file));
    let (document, validators, _) = modified(fetch(&fetcher, source(&url)).await);
    assert_eq!(document.body, b"HTTP/2.0 None");
    let (document, _, _) = modified(fetch_with(&fetcher, source(&url), validators).await);
    assert_eq!(document.body, b"HTTP/2.0 Some(\"\\\"two\\\"\")");
    assert_eq!(connections.load(Ordering::SeqCst), 1, "kept alive");
}

/// Answers with the version and the condition of the request.
async fn second_version(
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<http_body_util::Full<bytes::Bytes>>, std::convert::Infallible> {
    let condition = request.headers().get("if-none-match");
    let text = format!("{:?} {condition:?}", request.version());
    let mut response = http::Response::new(http_body_util::Full::from(text));
    response.headers_mut().insert("etag", http::HeaderValue::from_static("\"two\""));
    Ok(response)
}

#[tokio::test]
async fn p59_a_redirect_down_to_http_is_followed_without_credentials() {
    let plain = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let location = plain.url("/plain");
    let origin = Origin::start(move |_| Reply::redirect(301, &location)).await;
    let authority = Authority::new("ours");
    let file = ca_file(&authority);
    let config = authority.server("127.0.0.1", 2090, &[]);
    let address = in_front_of(origin.address, config, Ending::Proper);
    let source = source(&format!("https://u:p@{address}/"));
    let (document, _, _) = modified(fetch(&fetcher(&trusting(&file)), source).await);
    assert_eq!(document.url, plain.url("/plain"), "P59");
    assert!(origin.seen()[0].header("authorization").is_some());
    assert_eq!(plain.seen()[0].header("authorization"), None, "P60");
}

// Proxies

fn through(proxy: &str, url: &str) -> Source {
    Source { proxy: Some(proxy.parse().unwrap()), ..source(url) }
}

#[tokio::test]
async fn an_http_proxy_is_given_the_whole_url() {
    let proxy = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let proxy_url = proxy.url("").replace("//", "//ali:open%20sesame@");
    // Nobody listens at the publisher's port: only the proxy answers.
    let fetcher = fetcher(&policy());
    modified(fetch(&fetcher, through(&proxy_url, "http://127.0.0.1:9/f?x=1")).await);
    let seen = &proxy.seen()[0];
    assert_eq!(seen.target, "http://127.0.0.1:9/f?x=1");
    let basic = "Basic YWxpOm9wZW4gc2VzYW1l";
    assert_eq!(seen.header("proxy-authorization").as_deref(), Some(basic));
    assert_eq!(seen.header("authorization"), None);
    let outcome = fetch(&fetcher, through(&proxy_url, "http://169.254.169.254/")).await;
    assert_eq!(failed(outcome).0, FailureKind::Refused, "checked here, not there");
    assert_eq!(proxy.seen().len(), 1);
}

#[tokio::test]
async fn an_http_proxy_makes_a_tunnel_for_https() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let authority = Authority::new("ours");
    let file = ca_file(&authority);
    let config = authority.server("127.0.0.1", 2090, &[]);
    let target = in_front_of(origin.address, config, Ending::Proper);
    let proxy = tunnel(Tunnel::Connect, target).await;
    let fetcher = fetcher(&trusting(&file));
    let source = through(&format!("http://{}", proxy.address), &format!("https://{target}/f"));
    assert_eq!(modified(fetch(&fetcher, source).await).0.body, RSS);
    let asked = proxy.asked.await.unwrap();
    let expected = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    assert_eq!(String::from_utf8(asked).unwrap(), expected);
    assert_eq!(origin.seen()[0].target, "/f");
}

#[tokio::test]
async fn a_proxy_that_refuses_a_tunnel_is_named() {
    let proxy = Origin::start(|_| Reply::bare("403 Forbidden", &[])).await;
    let source = through(&proxy.url(""), "https://127.0.0.1:9/f");
    let (kind, error, _) = failed(fetch(&fetcher(&policy()), source).await);
    assert_eq!(kind, FailureKind::Network);
    assert_eq!(error, "the proxy refused a tunnel: HTTP/1.1 403 Forbidden");
}

#[tokio::test]
async fn an_https_proxy_is_spoken_to_in_tls() {
    let proxy = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let file = ca_file(&ours);
    let fetcher = fetcher(&trusting(&file));
    let behind = |authority: &Authority| {
        let config = authority.server("127.0.0.1", 2090, &[]);
        let address = in_front_of(proxy.address, config, Ending::Proper);
        through(&format!("https://{address}"), "http://127.0.0.1:9/f")
    };
    assert_eq!(modified(fetch(&fetcher, behind(&ours)).await).0.body, RSS);
    assert_eq!(proxy.seen()[0].target, "http://127.0.0.1:9/f");
    let (kind, error, _) = failed(fetch(&fetcher, behind(&theirs)).await);
    assert_eq!((kind, proxy.seen().len()), (FailureKind::Network, 1), "{error}");
}

#[tokio::test]
async fn a_socks_proxy_is_handed_the_name() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let proxy = tunnel(Tunnel::Socks, origin.address).await;
    let policy =
        PollPolicy { allow_networks: vec![network("127.0.0.0/8"), network("::1/128")], ..policy() };
    let port = origin.address.port();
    let url = format!("http://localhost:{port}/f");
    let source = through(&format!("socks5://ali:sesame@{}", proxy.address), &url);
    assert_eq!(modified(fetch(&fetcher(&policy), source).await).0.body, RSS);
    // RFC 1928 §3, RFC 1929 §2, RFC 1928 §4: version, methods; user, password; connect to a name.
    let mut expected = b"\x05\x01\x02\x01\x03ali\x06sesame\x05\x01\x00\x03\x09localhost".to_vec();
    expected.extend(port.to_be_bytes());
    assert_eq!(proxy.asked.await.unwrap(), expected);
    assert_eq!(origin.seen()[0].target, "/f");
}

/// Which greeting a scripted proxy expects.
#[derive(Clone, Copy)]
enum Tunnel {
    Connect,
    Socks,
}

struct TunnelProxy {
    address: std::net::SocketAddr,
    /// Everything that came before the tunnel.
    asked: tokio::sync::oneshot::Receiver<Vec<u8>>,
}

/// Starts a proxy for one connection, which leads to `target` whatever is asked for.
async fn tunnel(kind: Tunnel, target: std::net::SocketAddr) -> TunnelProxy {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (send, asked) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        // Lengths of the messages of a SOCKS5 client with user and password, and the answers to them.
        let script: &[(usize, &[u8])] = match kind {
            Tunnel::Connect => &[(0, b"HTTP/1.1 200 Connection established\r\nVia: a\r\n\r\n")],
            Tunnel::Socks => &[
                (3, b"\x05\x02"),
                (12, b"\x01\x00"),
                (16, b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09"),
            ],
        };
        for (length, answer) in script {
            hear(&mut stream, &mut heard, *length).await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
        }
        send.send(heard).unwrap();
        let mut onward = tokio::net::TcpStream::connect(target).await.unwrap();
        // Ends when either side does; nothing is left to check then.
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
    });
    TunnelProxy { address, asked }
}

/// Reads `length` bytes more, or with 0 up to a blank line.
async fn hear(stream: &mut tokio::net::TcpStream, heard: &mut Vec<u8>, length: usize) {
    let end = heard.len() + length;
    while if length > 0 { heard.len() < end } else { !heard.ends_with(b"\r\n\r\n") } {
        heard.push(tokio::io::AsyncReadExt::read_u8(stream).await.unwrap());
    }
}

// Setup

#[test]
fn a_bad_setup_is_told_at_the_start() {
    let start = |policy: &PollPolicy| HttpFetch::new(policy, "1", Arc::new(FixedClock)).err();
    let missing = PollPolicy { ca_file: Some("/nonexistent/ca.pem".into()), ..policy() };
    assert!(matches!(start(&missing), Some(FetchSetupError::CaFile { .. })));
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = PollPolicy { ca_file: Some(empty.path().to_owned()), ..policy() };
    assert!(matches!(start(&empty), Some(FetchSetupError::CaFile { .. })));
    let contact = PollPolicy { contact: "a\r\nX: b".to_owned(), ..policy() };
    assert!(matches!(start(&contact), Some(FetchSetupError::Contact { .. })));
}

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
