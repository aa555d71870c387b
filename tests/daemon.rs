//! The daemon and the `poll` command, seen from outside, over real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::time::Duration;

use blackbox::{Answer, Daemon, Origin, Place, request, rss, text};
use serde_json::Value;

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

fn one(guid: &str, title: &str, link: &str) -> String {
    let body = format!("Nội dung của bài {title}, viết cho bạn đọc trong tỉnh và cả nước.");
    rss("Báo", "https://bao.example/", &[(guid, title, link, DATE, &body)])
}

/// Two papers, one story under one link: the second carries it with tracking parameters.
fn two_papers() -> (Origin, Place) {
    let origin = Origin::start();
    let first = one("a-1", "Bão số 9 đổ bộ miền Trung", "https://wire.example/bao-so-9");
    let second =
        one("b-1", "Bão số 9 đổ bộ miền Trung", "https://www.wire.example/bao-so-9?utm_source=rss");
    origin.feed("/a.xml", "\"a1\"", "Thu, 1 Jan 2020 00:00:00 GMT", &first);
    origin.feed("/b.xml", "W/\"b1\"", "Fri, 22 Nov 2024 11:11:00 GMT", &second);
    let place = Place::new(
        &(source("a", &origin.url("/a.xml"), "categories = [\"thoi-su\"]\ntitle = \"Báo A\"")
            + &source(
                "b",
                &origin.url("/b.xml"),
                "categories = [\"the-gioi\"]\ntitle = \"Báo B\"",
            )),
    );
    (origin, place)
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verdicts(out: &str) -> Vec<String> {
    let verdict = |line: &Value| line.get("verdict").and_then(Value::as_str).map(str::to_owned);
    lines(out).iter().filter_map(verdict).collect()
}

const DOCUMENTS: [&str; 12] = [
    "/all.atom",
    "/all.rss",
    "/all.json",
    "/",
    "/category/thoi-su.atom",
    "/category/the-gioi.json",
    "/date/2024-11-22.atom",
    "/date/2024-11-22",
    "/category/thoi-su/date/2024-11-22.rss",
    "/source/a.atom",
    "/source/b.rss",
    "/feeds.opml",
];

fn documents(daemon: &Daemon) -> Vec<(String, String, String)> {
    let one = |path: &&str| {
        let reply = daemon.get(path);
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let etag = reply.header("etag").to_owned();
        ((*path).to_owned(), reply.text(), etag)
    };
    DOCUMENTS.iter().map(one).collect()
}

#[test]
fn a_story_of_two_papers_is_shown_once_in_the_union_of_their_categories() {
    let (_origin, place) = two_papers();
    let daemon = place.daemon();
    let all = daemon.wait_for("/all.atom", |body| body.contains("Báo A") && body.contains("Báo B"));
    assert_eq!(all.text().matches("<entry").count(), 1);
    for path in ["/category/thoi-su.atom", "/category/the-gioi.atom", "/date/2024-11-22.atom"] {
        let body = daemon.get(path).text();
        assert_eq!(body.matches("<entry").count(), 1, "{path}: {body}");
    }
    // 18:11 +07:00 is on the 22nd in Asia/Ho_Chi_Minh; the 21st is a valid empty feed.
    let empty = daemon.get("/date/2024-11-21.atom");
    assert_eq!((empty.status, empty.text().contains("<entry")), (200, false));
    assert_eq!(daemon.get("/category/no-such.atom").status, 404);
    assert!(daemon.terminate().success());
}

#[test]
fn validators_go_back_byte_for_byte_and_304s_and_restarts_change_no_byte() {
    let (origin, place) = two_papers();
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Báo A") && body.contains("Báo B"));
    let before = documents(&daemon);
    let out = place.must(&["poll", "--json"]);
    let totals = lines(&out).pop().unwrap();
    assert_eq!(totals["not_modified"], 2, "{out}");
    for (path, etag, modified) in [
        ("/a.xml", "\"a1\"", "Thu, 1 Jan 2020 00:00:00 GMT"),
        ("/b.xml", "W/\"b1\"", "Fri, 22 Nov 2024 11:11:00 GMT"),
    ] {
        let seen = origin.seen(path);
        let first = &seen[0].headers;
        assert!(!first.contains_key("if-none-match"), "P5: the first request is unconditional");
        let last = &seen.last().unwrap().headers;
        assert_eq!(last.get("if-none-match").unwrap(), etag, "P1");
        assert_eq!(last.get("if-modified-since").unwrap(), modified, "P2, P3");
        assert!(!last.contains_key("cookie") && !last.contains_key("referer"), "P45");
    }
    assert_eq!(documents(&daemon), before, "after 304s");
    assert!(daemon.terminate().success());
    let daemon = place.daemon();
    assert_eq!(documents(&daemon), before, "after a restart");
    let (path, _, etag) = &before[0];
    let again = request(daemon.address, "GET", path, &[("If-None-Match", etag)]);
    assert_eq!((again.status, again.body.len()), (304, 0), "R86: the ETag outlives a restart");
}

#[test]
fn polling_the_same_document_twice_changes_nothing() {
    let origin = Origin::start();
    let body = one("x-1", "Một bài", "https://bao.example/1");
    origin.on("/x.xml", move |_| Answer::ok(body.as_bytes()));
    let place = Place::new(&source("x", &origin.url("/x.xml"), ""));
    assert_eq!(verdicts(&place.must(&["poll", "--json"])), ["new"]);
    assert_eq!(verdicts(&place.must(&["poll", "--json"])), ["unchanged"]);
}

#[test]
fn poll_json_speaks_as_the_contract_says() {
    let (_origin, place) = two_papers();
    let out = place.must(&["poll", "--json", "b", "a"]);
    let lines = lines(&out);
    assert_eq!(lines.len(), 3, "{out}");
    assert_eq!(lines[0]["source"], "b", "in the order named");
    assert_eq!(lines[0]["verdict"], "new");
    assert_eq!(lines[0]["guid"], "b-1");
    assert_eq!(lines[0]["link"], "https://www.wire.example/bao-so-9?utm_source=rss");
    assert_eq!(lines[0]["rule"], Value::Null);
    assert_eq!(lines[1]["verdict"], "duplicate");
    assert_eq!(lines[1]["rule"], "url");
    assert_eq!(lines[1]["entry"], lines[0]["entry"], "one story, one id");
    let totals = serde_json::json!({
        "polled": 2, "not_modified": 0, "failed": 0, "new": 1, "updated": 0, "duplicate": 1
    });
    assert_eq!(lines[2], totals);
}

#[test]
fn a_dry_run_commits_nothing_and_sees_its_own_earlier_sources() {
    let (_origin, place) = two_papers();
    for _ in 0..2 {
        assert_eq!(verdicts(&place.must(&["poll", "--json", "--dry-run"])), ["new", "duplicate"]);
    }
    assert_eq!(verdicts(&place.must(&["poll", "--json"])), ["new", "duplicate"]);
}

#[test]
fn due_polls_only_what_is_due_at_the_instant_given() {
    let (origin, place) = two_papers();
    place.must(&["poll", "--at", "2024-11-22T12:00:00Z"]);
    let out = place.must(&["poll", "--json", "--due", "--at", "2024-11-22T12:10:00Z"]);
    assert_eq!(lines(&out).pop().unwrap()["polled"], 0, "nothing is due after ten minutes");
    let out = place.must(&["poll", "--json", "--due", "--at", "2024-11-24T13:00:00Z"]);
    assert_eq!(lines(&out).pop().unwrap()["polled"], 2, "both are due two days later");
    assert_eq!(origin.seen("/a.xml").len(), 2);
}

#[test]
fn changed_text_is_updated_in_place_and_keeps_its_dates() {
    let origin = Origin::start();
    let item = |title: &str, date: &str, words: &str| {
        rss("Báo", "https://bao.example/", &[("g", title, "https://bao.example/1", date, words)])
    };
    let place = Place::new(&source("x", &origin.url("/x.xml"), ""));
    let steps = [
        (item("Tựa đề", DATE, "Chữ đầu tiên của bài."), "new"),
        (item("Tựa đề", DATE, "Chữ đã sửa lại của bài."), "updated"),
        (item("Tựa đề", "Sat, 23 Nov 2024 09:00:00 +0700", "Chữ đã sửa lại của bài."), "unchanged"),
    ];
    for (body, verdict) in steps {
        origin.on("/x.xml", move |_| Answer::ok(body.as_bytes()));
        let out = place.must(&["poll", "--json"]);
        assert_eq!(verdicts(&out), [verdict], "{out}");
    }
    let daemon = place.daemon();
    let atom = daemon.get("/all.atom").text();
    assert!(atom.contains("<published>2024-11-22T11:11:00Z</published>"), "P90, R16: {atom}");
    assert!(atom.contains("đã sửa"), "P91: {atom}");
}

#[test]
fn what_fails_keeps_the_entries_and_says_why() {
    let origin = Origin::start();
    let good = one("x-1", "Còn lại", "https://bao.example/1");
    origin.on("/x.xml", move |_| Answer::ok(good.as_bytes()));
    let place = Place::new(&source("x", &origin.url("/x.xml"), ""));
    place.must(&["poll"]);
    let bad: [(&str, Answer); 4] = [
        ("500", Answer::status(500)),
        ("HTML", Answer::ok("<!doctype html><html><body><p>Bảo trì</p></body></html>")),
        ("empty", Answer::ok("")),
        ("garbage", Answer::ok(vec![0xFF_u8, 0xD8, 0xFF, 0xE0, 0, 1, 2, 3])),
    ];
    for (name, answer) in bad {
        origin.on("/x.xml", move |_| answer.clone());
        let output = place.run(&["poll"]);
        assert_eq!(output.status.code(), Some(1), "{name}: done with failures");
        let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
        let source = &status["sources"][0];
        assert_eq!(source["state"], "failing", "{name}: {status}");
        assert_eq!(source["entries"], 1, "{name}");
        assert!(source["last_error"].as_str().is_some_and(|error| !error.is_empty()), "{name}");
    }
}

#[test]
fn redirects_are_followed_and_a_permanent_one_is_shown() {
    let origin = Origin::start();
    let body = one("x-1", "Dời nhà", "https://bao.example/1");
    origin.on("/old.xml", |_| Answer::status(301).header("Location", "new.xml"));
    origin.on("/new.xml", move |_| Answer::ok(body.as_bytes()));
    let place = Place::new(&source("x", &origin.url("/old.xml"), ""));
    assert_eq!(verdicts(&place.must(&["poll", "--json"])), ["new"]);
    let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
    assert_eq!(status["sources"][0]["redirect_pending"], origin.url("/new.xml"));
}

#[test]
fn loopback_is_refused_unless_allowed() {
    let origin = Origin::start();
    origin.on("/x.xml", |_| Answer::ok("<rss/>"));
    let place = Place::new(&source("x", &origin.url("/x.xml"), ""));
    let config = std::fs::read_to_string(place.config()).unwrap();
    let strict = config.replace("allow_networks = [\"127.0.0.0/8\"]", "allow_networks = []");
    std::fs::write(place.config(), strict).unwrap();
    assert_eq!(place.run(&["poll"]).status.code(), Some(1));
    assert!(origin.seen("/x.xml").is_empty(), "P68: nothing was asked");
}

#[test]
fn on_add_withholds_what_was_there_before() {
    let origin = Origin::start();
    let item = |n: u32| {
        let link = format!("https://bao.example/{n}");
        (
            format!("g{n}"),
            format!("Bài số {n} trong ngày"),
            link,
            format!("Fri, 22 Nov 2024 1{n}:00:00 +0700"),
        )
    };
    let document = |numbers: &[u32]| {
        let items: Vec<_> = numbers.iter().map(|n| item(*n)).collect();
        let items: Vec<_> = items
            .iter()
            .map(|(g, t, l, d)| (g.as_str(), t.as_str(), l.as_str(), d.as_str(), "Chữ."))
            .collect();
        rss("Báo", "https://bao.example/", &items)
    };
    let place = Place::new(&source("x", &origin.url("/x.xml"), "on_add = \"newest:1\""));
    let first = document(&[3, 2, 1]);
    origin.on("/x.xml", move |_| Answer::ok(first.as_bytes()));
    let out = place.must(&["poll", "--json"]);
    assert_eq!(verdicts(&out), ["withheld", "withheld", "new"], "last to first: {out}");
    let second = document(&[4, 3, 2, 1]);
    origin.on("/x.xml", move |_| Answer::ok(second.as_bytes()));
    let out = place.must(&["poll", "--json"]);
    assert_eq!(verdicts(&out), ["withheld", "withheld", "unchanged", "new"], "{out}");
}

#[test]
fn filters_withhold_by_title() {
    let origin = Origin::start();
    let body = rss(
        "Báo",
        "https://bao.example/",
        &[
            ("1", "Bão lớn", "https://bao.example/1", DATE, "Chữ."),
            ("2", "Quảng cáo bão", "https://bao.example/2", DATE, "Chữ."),
            ("3", "Bóng đá", "https://bao.example/3", DATE, "Chữ."),
        ],
    );
    origin.on("/x.xml", move |_| Answer::ok(body.as_bytes()));
    let rules = "include = [\"title: (?i)bão\"]\nexclude = [\"(?i)quảng cáo\"]";
    let place = Place::new(&source("x", &origin.url("/x.xml"), rules));
    assert_eq!(verdicts(&place.must(&["poll", "--json"])), ["withheld", "withheld", "new"]);
}

#[test]
fn check_names_every_mistake_with_line_column_and_remedy() {
    let place = Place::new("");
    std::fs::write(
        place.config(),
        "[site]\ntimezone = \"Asia/Hanoi\"\n\n[poll]\ninterval = \"1x\"\nconcurency = 3\n",
    )
    .unwrap();
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(78));
    let out = text(&output.stdout);
    for (line, key) in [(2, "timezone"), (5, "interval"), (6, "concurency")] {
        let named =
            |found: &&str| found.contains(&format!("config.toml:{line}:")) && found.contains(key);
        assert_eq!(out.lines().filter(named).count(), 1, "{key}:\n{out}");
    }
}

#[test]
fn commands_work_while_the_daemon_runs_and_refuse_another_configuration() {
    let (_origin, place) = two_papers();
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("<entry"));
    let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
    assert_eq!(status["sources"].as_array().unwrap().len(), 2);
    let story = place.must(&["explain", "https://wire.example/bao-so-9"]);
    assert!(story.contains("rule url") || story.contains("rule opened"), "{story}");
    assert_eq!(place.run(&["poll", "no-such"]).status.code(), Some(64));
    assert_eq!(place.run(&["poll", "--at", "2024-11-22T12:00:00Z"]).status.code(), Some(75));
    let other = place.dir.path().join("other.toml");
    std::fs::copy(place.config(), &other).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .args(["--config", other.to_str().unwrap(), "status"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69), "{}", text(&output.stderr));
}

#[test]
fn metrics_and_health_are_served() {
    let (_origin, place) = two_papers();
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("<entry"));
    assert_eq!(daemon.get("/healthz").text().trim(), "ok");
    assert_eq!(daemon.get("/readyz").status, 200);
    let entries = place.dir.path().join("data/control.sock");
    let metrics = blackbox::unix_get(&entries, "/metrics");
    for name in ["feedmill_polls_total{", "feedmill_entries_total{", "feedmill_store_entries"] {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
}

#[test]
fn kill_9_in_the_middle_of_polling_loses_and_doubles_nothing() {
    const SOURCES: usize = 6;
    const ITEMS: usize = 12;
    let origin = Origin::start();
    let mut config = String::new();
    for n in 0..SOURCES {
        let path = format!("/{n}.xml");
        let items: Vec<(String, String, String)> = (0..ITEMS)
            .map(|i| {
                let title = format!("Nguồn {n} bài {i}: chuyện riêng thứ {}", n * 100 + i);
                (format!("{n}-{i}"), title, format!("https://n{n}.example/{i}"))
            })
            .collect();
        let items: Vec<_> = items
            .iter()
            .map(|(g, t, l)| (g.as_str(), t.as_str(), l.as_str(), DATE, t.as_str()))
            .collect();
        let body = rss(&format!("Báo {n}"), &format!("https://n{n}.example/"), &items);
        origin.on(&path, move |_| Answer::ok(body.as_bytes()));
        config += &source(
            &format!("s{n}"),
            &origin.url(&path),
            "dedup = \"identity\"\ninterval = \"1s\"",
        );
    }
    let place = Place::new(&config);
    let mut seen: Vec<String> = Vec::new();
    for round in 0..20_u64 {
        let daemon = place.daemon();
        std::thread::sleep(Duration::from_millis(5 + (round * 37) % 160));
        let ids = ids(&daemon.get("/all.json").text());
        for id in &seen {
            assert!(ids.contains(id), "round {round}: {id} was visible and is lost");
        }
        seen = ids;
        daemon.kill();
    }
    let daemon = place.daemon();
    let total = SOURCES * ITEMS;
    let all = daemon.wait_for("/all.json", |body| ids(body).len() >= total);
    let mut ids = ids(&all.text());
    assert_eq!(ids.len(), total, "nothing is doubled");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), total, "R8: ids are unique");
}

fn ids(json: &str) -> Vec<String> {
    let feed: Value = serde_json::from_str(json).unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    feed["items"].as_array().unwrap().iter().map(id).collect()
}
