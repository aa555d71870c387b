//! What is asked of a publisher, and what goes back to it (P1–P12, P42–P51), seen from the other end of the socket.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/fetching.rs"]
mod fetching;
#[path = "support/origin.rs"]
mod origin;

use feedmill::model::outcome::{FailureKind, FetchOutcome};
use feedmill::model::policy::PollPolicy;
use feedmill::model::source::{Source, Validators};
use fetching::{RSS, failed, fetch, fetch_with, fetcher, get, held, modified, policy, source};
use origin::{Origin, Reply, Seen};

/// Fetches once, with validators if there are any, and returns the request as it arrived.
async fn asked(path: &str, validators: impl FnOnce(&str) -> Option<Validators>) -> Seen {
    let origin = Origin::start(|_| Reply::ok(&["Set-Cookie: a=b"], RSS)).await;
    let url = origin.url(path);
    let validators = validators(&url);
    modified(fetch_with(&fetcher(&policy()), source(&url), validators).await);
    origin.seen().remove(0)
}

async fn first_request() -> Seen {
    asked("/", |_| None).await
}

/// Fetches from an origin that answers with these lines; returns the validators held then, and the request made with
/// them.
async fn and_again(lines: &[String]) -> (Option<Validators>, Seen) {
    let lines = lines.to_vec();
    let origin = Origin::start(move |_| {
        Reply::ok(&lines.iter().map(String::as_str).collect::<Vec<_>>(), RSS)
    })
    .await;
    let fetcher = fetcher(&policy());
    let url = origin.url("/f");
    let (_, validators, _) = modified(fetch(&fetcher, source(&url)).await);
    modified(fetch_with(&fetcher, source(&url), validators.clone()).await);
    (validators, origin.seen().pop().unwrap())
}

// Validators

#[tokio::test]
async fn p1_an_etag_goes_back_byte_for_byte() {
    let cases = ["\"abc\"", "W/\"abc\"", "abc-gzip", "\"a, b;é\"", "\"\""];
    for etag in cases {
        let (_, seen) = and_again(&[format!("ETag: {etag}")]).await;
        assert_eq!(seen.header("if-none-match").as_deref(), Some(etag));
        assert_eq!(seen.header("if-modified-since"), None, "{etag}");
    }
}

#[tokio::test]
async fn p2_last_modified_goes_back_byte_for_byte() {
    let cases = [
        ("a date", "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("wrong weekday", "Thu, 1 Jan 2020 00:00:00 GMT"),
        ("no date at all", "yesterday"),
    ];
    for (name, date) in cases {
        let (_, seen) = and_again(&[format!("Last-Modified: {date}")]).await;
        assert_eq!(seen.header("if-modified-since").as_deref(), Some(date), "{name}");
        assert_eq!(seen.header("if-none-match"), None, "{name}");
    }
}

#[tokio::test]
async fn p3_both_validators_are_sent() {
    let lines = ["ETag: \"abc\"".to_owned(), "Last-Modified: yesterday".to_owned()];
    let (_, seen) = and_again(&lines).await;
    assert_eq!(seen.header("if-none-match").as_deref(), Some("\"abc\""));
    assert_eq!(seen.header("if-modified-since").as_deref(), Some("yesterday"));
}

#[tokio::test]
async fn p4_no_date_is_made_up() {
    let lines = [
        "ETag: \"abc\"".to_owned(),
        "Date: Sun, 01 Mar 2026 12:00:00 GMT".to_owned(),
        "Expires: Sun, 01 Mar 2026 13:00:00 GMT".to_owned(),
    ];
    assert_eq!(and_again(&lines).await.1.header("if-modified-since"), None, "an ETag");
    let (validators, seen) = and_again(&lines[1..]).await;
    assert_eq!(seen.header("if-modified-since"), None, "nothing but a Date");
    assert_eq!(validators, None);
}

#[tokio::test]
async fn p5_a_first_request_carries_no_condition() {
    let seen = first_request().await;
    for name in ["if-none-match", "if-modified-since", "a-im"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn p7_an_answer_without_validators_leaves_none() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let url = origin.url("/");
    let sent = held(Some("\"a\""), Some("yesterday"), &url);
    let outcome = fetch_with(&fetcher(&policy()), source(&url), Some(sent)).await;
    assert_eq!(modified(outcome).1, None);
    assert_eq!(origin.seen()[0].header("if-none-match").as_deref(), Some("\"a\""));
}

#[tokio::test]
async fn p9_a_304_keeps_what_it_does_not_carry() {
    let lines = ["ETag: \"new\"", "Cache-Control: max-age=600"];
    let origin = Origin::start(move |_| Reply::bare("304 Not Modified", &lines)).await;
    let url = origin.url("/");
    let sent = held(Some("\"old\""), Some("yesterday"), &url);
    match fetch_with(&fetcher(&policy()), source(&url), Some(sent)).await {
        FetchOutcome::NotModified { validators, answer } => {
            assert_eq!(validators, held(Some("\"new\""), Some("yesterday"), &url));
            assert_eq!(answer.status, 304);
            assert!(answer.freshness.fresh_until.is_some(), "P21");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn p11_a_304_that_nobody_asked_for_is_a_failure() {
    let origin = Origin::start(|_| Reply::bare("304 Not Modified", &[])).await;
    let elsewhere = held(Some("\"a\""), None, "http://other.example/");
    for validators in [None, Some(elsewhere), Some(held(None, None, &origin.url("/")))] {
        let outcome = fetch_with(&fetcher(&policy()), source(&origin.url("/")), validators).await;
        assert_eq!(failed(outcome).0, FailureKind::Status);
    }
}

#[tokio::test]
async fn p12_validators_of_another_url_stay_here() {
    let elsewhere = |url: &str| Some(held(Some("\"a\""), Some("yesterday"), &format!("{url}old")));
    let seen = asked("/new", elsewhere).await;
    assert_eq!(seen.header("if-none-match"), None);
    assert_eq!(seen.header("if-modified-since"), None);
}

// Who asks, and for what

#[tokio::test]
async fn p42_the_user_agent_names_us_and_the_operator_and_nobody_else() {
    let agent = first_request().await.header("user-agent").unwrap();
    assert_eq!(agent, "feedmill/1.2.3 (+https://news.example/bot)");
    assert!(!agent.contains("Mozilla") && agent.matches('/').count() == 4, "one product token");
}

#[tokio::test]
async fn p43_from_is_sent_only_where_the_operator_gives_a_mail_address() {
    assert_eq!(first_request().await.header("from"), None);
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let policy = PollPolicy { contact: "ops@news.example".to_owned(), ..policy() };
    modified(fetch(&fetcher(&policy), source(&origin.url("/"))).await);
    assert_eq!(origin.seen()[0].header("from").as_deref(), Some("ops@news.example"));
}

#[tokio::test]
async fn p44_feeds_are_preferred_to_what_may_hold_one_and_that_to_anything() {
    let accept = first_request().await.header("accept").unwrap();
    let weighed = |item: &str| {
        let (kind, q) = item.split_once(";q=").unwrap_or((item, "1"));
        (kind.trim().to_owned(), q.parse::<f32>().unwrap())
    };
    let items: Vec<(String, f32)> = accept.split(',').map(weighed).collect();
    let first = [
        "application/atom+xml",
        "application/rss+xml",
        "application/feed+json",
        "application/rdf+xml",
    ];
    let names: Vec<&str> = items.iter().map(|(kind, _)| &**kind).collect();
    assert_eq!(names[..4], first);
    assert_eq!(names[4..], ["application/xml", "text/xml", "application/json", "*/*"]);
    assert!(items.windows(2).all(|pair| pair[0].1 >= pair[1].1), "{accept}");
    assert!(items[3].1 > items[4].1 && items[6].1 > items[7].1, "{accept}");
}

#[tokio::test]
async fn p45_no_cookie_no_referrer_and_nothing_added_to_the_url() {
    let origin = Origin::start(|seen| match seen.target.as_str() {
        "/a?x=1" => Reply::bare("302 Found", &["Location: /b", "Set-Cookie: a=b"]),
        _ => Reply::ok(&["Set-Cookie: c=d"], RSS),
    })
    .await;
    let fetcher = fetcher(&policy());
    for _ in 0..2 {
        modified(fetch(&fetcher, source(&origin.url("/a?x=1"))).await);
    }
    let targets: Vec<String> = origin.seen().iter().map(|seen| seen.target.clone()).collect();
    assert_eq!(targets, ["/a?x=1", "/b", "/a?x=1", "/b"]);
    for seen in origin.seen() {
        let mut names: Vec<&str> = seen.headers.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"], "and nothing else");
    }
}

#[tokio::test]
async fn p46_path_and_query_go_out_as_subscribed() {
    let cases = [
        ("/a%2Fb/?q=%C3%A9&b=1&a=2#part", "/a%2Fb/?q=%C3%A9&b=1&a=2"),
        ("/no-slash", "/no-slash"),
        ("/?", "/?"),
        ("/x;y=1,2?a=+&&b", "/x;y=1,2?a=+&&b"),
        ("/T%c3%a9", "/T%c3%a9"),
    ];
    for (path, target) in cases {
        assert_eq!(asked(path, |_| None).await.target, target);
    }
}

#[tokio::test]
async fn p47_gzip_and_brotli_are_offered() {
    let offered = first_request().await.header("accept-encoding").unwrap();
    assert_eq!(offered, "gzip, deflate, br");
    assert_eq!(
        modified(get(&Origin::start(|_| Reply::ok(&[], RSS)).await.url("/")).await).0.body,
        RSS
    );
}

#[tokio::test]
async fn p49_deltas_are_asked_for_only_beside_an_entity_tag() {
    let dated = asked("/", |url| Some(held(None, Some("yesterday"), url))).await;
    assert_eq!(dated.header("a-im"), None);
    let tagged = asked("/", |url| Some(held(Some("\"a\""), None, url))).await;
    assert_eq!(tagged.header("a-im").as_deref(), Some("feed"));
}

#[tokio::test]
async fn p50_a_226_is_a_document_with_a_new_entity_tag() {
    let lines = ["IM: feed", "ETag: \"n\""];
    let origin = Origin::start(move |_| Reply::new("226 IM Used", &lines, RSS)).await;
    let url = origin.url("/");
    let sent = Some(held(Some("\"o\""), None, &url));
    let (_, validators, answer) =
        modified(fetch_with(&fetcher(&policy()), source(&url), sent).await);
    assert_eq!(answer.status, 226);
    assert_eq!(validators.unwrap().etag.as_deref(), Some("\"n\""));
}

#[tokio::test]
async fn p51_no_number_of_subscribers_is_told() {
    let agent = first_request().await.header("user-agent").unwrap();
    assert!(!agent.to_lowercase().contains("subscriber"), "{agent}");
}

#[tokio::test]
async fn the_sources_own_headers_are_sent() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let source = Source {
        headers: vec![
            pair("accept-language", "vi"),
            pair("x-api-key", "k"),
            pair("host", "evil.example"),
            pair("content-length", "7"),
        ],
        user_agent: Some("other/1".to_owned()),
        ..source(&origin.url("/"))
    };
    modified(fetch(&fetcher(&policy()), source).await);
    let seen = &origin.seen()[0];
    assert_eq!(seen.header("accept-language").as_deref(), Some("vi"));
    assert_eq!(seen.header("x-api-key").as_deref(), Some("k"));
    assert_eq!(seen.header("user-agent").as_deref(), Some("other/1"));
    assert_eq!(seen.header("host"), Some(origin.address.to_string()));
    assert_eq!(seen.header("content-length"), None);
}

#[tokio::test]
async fn connections_are_kept_alive() {
    let origin = Origin::start(|_| Reply::ok(&[], RSS)).await;
    let fetcher = fetcher(&policy());
    for _ in 0..5 {
        modified(fetch(&fetcher, source(&origin.url("/"))).await);
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_nobodys_failure() {
    let cases: [(&str, Reply); 3] = [
        ("closed", Reply::default().then_close()),
        ("reset", Reply::default().then_reset()),
        ("closed within the head", Reply::raw("HTTP/1.1 20").then_close()),
    ];
    for (name, end) in cases {
        let asked = std::sync::atomic::AtomicUsize::new(0);
        // The second request of the first connection meets its end.
        let origin =
            Origin::start(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                1 => end.clone(),
                _ => Reply::ok(&[], RSS),
            })
            .await;
        let fetcher = fetcher(&policy());
        for _ in 0..2 {
            modified(fetch(&fetcher, source(&origin.url("/"))).await);
        }
        let connections: Vec<usize> = origin.seen().iter().map(|seen| seen.connection).collect();
        assert_eq!(connections, [0, 0, 1], "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_any_answer_is_not_tried_again() {
    let origin = Origin::start(|_| Reply::default().then_close()).await;
    let (kind, _, _) = failed(get(&origin.url("/")).await);
    assert_eq!((kind, origin.seen().len()), (FailureKind::Network, 1));
}
