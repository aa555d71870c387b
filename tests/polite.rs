//! A month of one feed, over real sockets: what a publisher sees of us (P116), and what a restart forgets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use blackbox::{Answer, Origin, Place, rss};
use feedmill::control::{Mill, PollRequest};
use feedmill::dedup::Names;
use feedmill::fetch::HttpFetch;
use feedmill::ingest::{Report, Settings, Writer};
use feedmill::model::outcome::{BoxFuture, Clock};
use feedmill::model::policy::{Catalog, Network, PollPolicy};
use feedmill::model::source::Source;
use feedmill::poll::Poller;
use feedmill::store::{Birth, SledOptions, SledStore, Store};
use feedmill::telemetry::Metrics;
use jiff::Timestamp;

/// 2026-03-01T12:00:00Z.
const START: i64 = 1_772_366_400;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const PATH: &str = "/feed.xml?b=2&a=1&utm_source=x";
/// When the publisher touches its feed without changing it.
const TOUCHED: i64 = 10 * DAY;
/// When it answers 429, once, and for how long it wants to be left alone.
const BUSY: i64 = 15 * DAY;
const BUSY_FOR: i64 = 7 * HOUR;

/// A clock that shows what it is set to.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<i64>>);

impl Shown {
    fn seconds(&self) -> i64 {
        *self.0.lock().unwrap()
    }
}

impl Clock for Shown {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(START + self.seconds()).unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

fn policy() -> PollPolicy {
    PollPolicy {
        interval: Duration::from_secs(3_600),
        interval_min: Duration::from_secs(3_600),
        interval_max: Duration::from_secs(24 * 3_600),
        concurrency: 4,
        per_host: 1,
        host_gap: Duration::ZERO,
        domain_gap: Duration::ZERO,
        contact: String::new(),
        allow_networks: vec![Network { address: [127, 0, 0, 0].into(), prefix: 8 }],
        allow_ports: None,
        ca_file: None,
    }
}

/// The program as `poll --due` starts it, with a clock of ours.
fn open(path: &std::path::Path, catalog: &Arc<Catalog>, clock: &Shown) -> Mill {
    let birth = Birth { now: clock.now(), id_authority: "mill.example,2026".to_owned() };
    let store = SledStore::open(path, &birth, SledOptions::default()).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let names = Arc::new(ArcSwap::from_pointee(Names::new(std::iter::empty::<&str>())));
    let settings = Settings {
        catalog: Arc::clone(catalog),
        poll: policy(),
        window: Duration::from_secs(4 * 86_400),
        names: Arc::clone(&names),
    };
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let metrics = Arc::new(Metrics::new());
    let on_change = Arc::new(|_| {});
    let writer =
        Writer::start(Arc::clone(&store), settings, Arc::clone(&metrics), on_change, 8).unwrap();
    let fetch = Arc::new(HttpFetch::new(&policy(), "1.0", Arc::clone(&clock)).unwrap());
    let jobs = writer.jobs();
    let poller = Poller::new(fetch, clock, Arc::clone(&store), jobs, Arc::clone(catalog), names, 1);
    let poller = Arc::new(poller);
    Mill::new("config.toml".into(), Arc::clone(catalog), store, poller, writer, metrics)
}

/// What the publisher serves at a time: entity tag, date and document.
fn served(seconds: i64) -> (String, String, String) {
    let edition = seconds / (9 * HOUR);
    let touches = i64::from(seconds >= TOUCHED);
    let etag = format!("W/\"{edition}-{touches}\"");
    // P2: the weekday is wrong, and goes back as it came.
    let modified = format!("Thu, {} Jan 2020 00:00:{:02} GMT", 1 + edition % 28, touches);
    let (guid, title) = (format!("g{edition}"), format!("Bài số {edition} của ngày"));
    let link = format!("https://bao.example/{edition}");
    let date = Timestamp::from_second(START + edition * 9 * HOUR).unwrap();
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    (etag, modified, rss("Báo", "https://bao.example/", &[(&guid, &title, &link, &date, "Chữ.")]))
}

fn max_age(seconds: i64) -> i64 {
    if (20 * DAY..25 * DAY).contains(&seconds) { 5 * HOUR } else { 0 }
}

/// A request, and what was answered.
#[derive(Clone)]
struct Asked {
    at: i64,
    known: (Option<String>, Option<String>),
    status: u16,
    served: (String, String),
}

fn publisher(clock: &Shown) -> (Origin, Arc<Mutex<Vec<Asked>>>) {
    let origin = Origin::start();
    let log: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let (asked, clock) = (Arc::clone(&log), clock.clone());
    origin.on(PATH, move |seen| {
        let at = clock.seconds();
        let header = |name: &str| seen.headers.get(name).cloned();
        let known = (header("if-none-match"), header("if-modified-since"));
        let (etag, modified, body) = served(at);
        let mut log = asked.lock().unwrap();
        let was_busy = log.iter().any(|asked| asked.status == 429);
        let answer = if at >= BUSY && !was_busy {
            Answer::status(429).header("Retry-After", &BUSY_FOR.to_string())
        } else if known.0.as_deref() == Some(&etag) {
            Answer::status(304).header("ETag", &etag)
        } else {
            Answer::ok(body).header("ETag", &etag).header("Last-Modified", &modified)
        };
        log.push(Asked { at, known, status: answer.status, served: (etag, modified) });
        answer
            .header("Set-Cookie", "id=1")
            .header("Cache-Control", &format!("max-age={}", max_age(at)))
    });
    (origin, log)
}

#[tokio::test]
async fn p116_thirty_days_of_one_feed() {
    let clock = Shown::default();
    let (origin, log) = publisher(&clock);
    let source = Source::plain("x", origin.url(PATH).parse().unwrap());
    let catalog = Arc::new(Catalog { sources: vec![Arc::new(source)], ..Catalog::default() });
    let dir = tempfile::tempdir().unwrap();
    let due = PollRequest { only_due: true, ..PollRequest::default() };
    let mut mill = open(dir.path(), &catalog, &clock);
    let mut restarts = 0;
    for step in 0..30 * 24 * 4 {
        *clock.0.lock().unwrap() = step * HOUR / 4;
        if step % 250 == 249 {
            mill.stop().await;
            drop(mill);
            mill = open(dir.path(), &catalog, &clock);
            restarts += 1;
        }
        mill.poll(&due, &mut |_: &Report| {}).await.unwrap();
    }
    mill.stop().await;

    let log = log.lock().unwrap().clone();
    let unconditional = log.iter().filter(|asked| asked.known == (None, None)).count();
    assert_eq!(unconditional, 1, "P5: the first request only");
    let mut held = None;
    for pair in log.windows(2) {
        let (before, now) = (&pair[0], &pair[1]);
        if before.status == 200 {
            held = Some((Some(before.served.0.clone()), Some(before.served.1.clone())));
        }
        assert_eq!(Some(now.known.clone()), held, "P1, P2, P3, P6 at {}", now.at);
        let least = match before.status {
            429 => BUSY_FOR,
            _ => HOUR.max(max_age(before.at)),
        };
        assert!(now.at - before.at >= least, "P15, P25, P27: {} after {}", now.at, before.at);
    }
    assert!(log.iter().any(|asked| asked.status == 429) && log.last().unwrap().at > 29 * DAY);
    for seen in origin.seen(PATH) {
        for name in ["cookie", "referer", "origin"] {
            assert!(!seen.headers.contains_key(name), "P45: {name}");
        }
    }
    assert_eq!(origin.seen(PATH).len(), log.len(), "P46: the query goes out as subscribed");
    let not_modified = log.iter().filter(|asked| asked.status == 304).count();
    println!("30 days, {restarts} restarts: {} requests, {not_modified} x 304", log.len());
}

// What outlives a process, seen through the program itself

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

fn one() -> String {
    let date = "Fri, 22 Nov 2024 18:11:00 +0700";
    rss("Báo", "https://bao.example/", &[("g", "Bài", "https://bao.example/1", date, "Chữ.")])
}

fn at(day: u32, time: &str) -> String {
    format!("2026-03-{day:02}T{time}Z")
}

fn status(place: &Place) -> serde_json::Value {
    let status: serde_json::Value =
        serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
    status["sources"].clone()
}

#[test]
fn p38_sources_with_one_url_are_one_request_and_both_commit() {
    let origin = Origin::start();
    origin.feed("/x.xml", "\"1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &one());
    let url = origin.url("/x.xml");
    let both = source("a", &url, "") + &source("b", &url, "timezone = \"Asia/Tokyo\"");
    let place = Place::new(&both);
    place.must(&["poll", "--at", &at(1, "12:00:00")]);
    assert_eq!(origin.seen("/x.xml").len(), 1);
    for source in status(&place).as_array().unwrap() {
        assert_eq!((&source["state"], &source["entries"]), (&"ok".into(), &1.into()), "{source}");
    }
    place.must(&["poll", "--due", "--at", &at(2, "13:00:00")]);
    let seen = origin.seen("/x.xml");
    assert_eq!(seen.len(), 2, "together again");
    assert_eq!(seen[1].headers.get("if-none-match").unwrap(), "\"1\"");
    // One that joins later has no document yet: it waits for the others' time, and then everyone reads anew.
    place.configure(&(both + &source("c", &url, "")));
    place.must(&["poll", "--due", "--at", &at(2, "13:30:00")]);
    assert_eq!(origin.seen("/x.xml").len(), 2, "P15");
    place.must(&["poll", "--due", "--at", &at(4, "13:30:00")]);
    let seen = origin.seen("/x.xml");
    assert_eq!((seen.len(), seen[2].headers.get("if-none-match")), (3, None));
    assert_eq!(status(&place)[2]["entries"], 1);
}

#[test]
fn p57_a_permanent_redirect_is_adopted_after_a_day_and_given_up_when_it_breaks() {
    let origin = Origin::start();
    origin.on("/old.xml", |_| Answer::status(308).header("Location", "/new.xml"));
    origin.feed("/new.xml", "\"1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &one());
    let place = Place::new(&source("x", &origin.url("/old.xml"), ""));
    place.must(&["poll", "--at", &at(1, "12:00:00")]);
    place.must(&["poll", "--at", &at(2, "11:00:00")]);
    let new = origin.url("/new.xml");
    let state = status(&place)[0].clone();
    assert_eq!(
        (&state["redirect_pending"], &state["adopted_url"]),
        (&new.clone().into(), &().into())
    );
    place.must(&["poll", "--at", &at(2, "12:00:00")]);
    assert_eq!(origin.seen("/old.xml").len(), 3);
    place.must(&["poll", "--at", &at(3, "12:00:00")]);
    assert_eq!(origin.seen("/old.xml").len(), 3, "the new URL is polled first");
    assert_eq!(origin.seen("/new.xml").last().unwrap().headers["if-none-match"], "\"1\"", "P12");
    let state = status(&place)[0].clone();
    assert_eq!((&state["redirect_pending"], &state["adopted_url"]), (&().into(), &new.into()));
    assert_eq!(state["flags"], serde_json::json!(["moved"]));

    origin.on("/new.xml", |_| Answer::status(404));
    let body = one();
    origin.on("/old.xml", move |_| Answer::ok(body.as_bytes()));
    assert_eq!(place.run(&["poll", "--at", &at(4, "12:00:00")]).status.code(), Some(1));
    assert_eq!(origin.seen("/old.xml").len(), 3);
    place.must(&["poll", "--at", &at(5, "12:00:00")]);
    assert_eq!(origin.seen("/old.xml").len(), 4, "the configured URL is the way back");
    assert_eq!(status(&place)[0]["adopted_url"], serde_json::Value::Null);
}

#[test]
fn p25_a_domain_is_left_alone_until_retry_after_by_everyone_and_over_restarts() {
    let origin = Origin::start();
    origin.on("/busy.xml", |_| Answer::status(429).header("Retry-After", "21600"));
    origin.feed("/calm.xml", "\"1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &one());
    let (busy, calm) = (origin.url("/busy.xml"), origin.url("/calm.xml"));
    let place = Place::new(&(source("calm", &calm, "") + &source("busy", &busy, "")));
    place.must(&["poll", "calm", "--at", &at(1, "12:00:00")]);
    place.run(&["poll", "busy", "--at", &at(1, "12:30:00")]);
    for time in ["14:00:00", "18:29:00"] {
        let output = place.run(&["poll", "calm", "--at", &at(1, time)]);
        assert_eq!(output.status.code(), Some(1), "nothing was polled");
        place.must(&["poll", "--due", "--at", &at(1, time)]);
    }
    assert_eq!((origin.seen("/calm.xml").len(), origin.seen("/busy.xml").len()), (1, 1));
    let state = status(&place)[0].clone();
    assert_eq!((&state["state"], &state["failures"]), (&"ok".into(), &0.into()), "{state}");
    assert_eq!(
        state["next_reason"].as_str().unwrap().split(' ').next(),
        Some(&*origin.address.to_string())
    );
    place.run(&["poll", "--due", "--at", &at(2, "13:00:00")]);
    assert_eq!(origin.seen("/busy.xml").len(), 2);
}

#[test]
fn requests_go_through_the_proxy_of_the_configuration() {
    // Nobody listens where the feed is said to be: only the proxy can have answered.
    let url = "http://127.0.0.1:9/feed.xml";
    let proxy = Origin::start();
    let body = one();
    proxy.on(url, move |_| Answer::ok(body.as_bytes()));
    let key = format!("proxy = \"http://{}\"", proxy.address);
    let place = Place::new(&source("x", url, &key));
    place.must(&["poll"]);
    assert_eq!(proxy.seen(url).len(), 1, "its own");
    let place = Place::new(&format!("{key}\n{}", source("x", url, "")));
    place.must(&["poll"]);
    assert_eq!(proxy.seen(url).len(), 2, "that of [poll]");
    let check = place.run(&["check"]);
    assert!(check.status.success() && !blackbox::text(&check.stdout).contains("no effect"));
}
