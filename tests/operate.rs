//! A service that an administrator trusts, seen from outside: reload, corrections, commands with and without the daemon.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use blackbox::{Answer, Daemon, Origin, Place, request, rss, text, unix_ask};
use serde_json::Value;

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

fn one(guid: &str, title: &str, link: &str) -> String {
    let body = format!("Nội dung của bài {title}, viết cho bạn đọc trong tỉnh và cả nước.");
    rss("Báo", "https://bao.example/", &[(guid, title, link, DATE, &body)])
}

/// A publisher with a feed of one entry at each of `/a.xml`, `/b.xml`, `/c.xml`.
fn publisher() -> Origin {
    let origin = Origin::start();
    for (name, title) in [("a", "Bão đổ bộ"), ("b", "Bóng đá nữ"), ("c", "Giá vàng hôm nay")]
    {
        let body = one(&format!("{name}-1"), title, &format!("https://{name}.example/1"));
        origin.feed(&format!("/{name}.xml"), &format!("\"{name}\""), DATE, &body);
    }
    origin
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "never came: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn reload(place: &Place) -> (u16, String) {
    unix_ask(&place.socket(), "POST", "/reload")
}

fn hang_up(daemon: &Daemon) {
    let pid = daemon.child.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
}

const NO_WATCH: &str = "watch = false";

/// `Place` without the watch on its files: what is reloaded is asked for.
fn still(rest: &str) -> Place {
    let place = Place::new("");
    rewrite(&place, rest);
    place
}

fn rewrite(place: &Place, rest: &str) {
    place.configure(rest);
    let text = std::fs::read_to_string(place.config()).unwrap();
    let text = text.replacen("title = \"Mill\"", &format!("title = \"Mill\"\n{NO_WATCH}"), 1);
    std::fs::write(place.config(), text).unwrap();
}

#[test]
fn a_reload_adds_and_removes_sources_and_what_left_comes_back_with_its_id() {
    let origin = publisher();
    let (a, b, c) = (origin.url("/a.xml"), origin.url("/b.xml"), origin.url("/c.xml"));
    let place = still(&(source("a", &a, "categories = [\"x\"]") + &source("b", &b, "")));
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Bão") && body.contains("Bóng"));
    let before = daemon.get("/all.atom").text();

    rewrite(&place, &(source("b", &b, "") + &source("c", &c, "categories = [\"y\"]")));
    let (status, body) = reload(&place);
    assert_eq!(status, 200, "{body}");
    let difference: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(difference["added"], serde_json::json!(["c"]));
    assert_eq!(difference["removed"], serde_json::json!(["a"]));
    assert_eq!(difference["categories"]["removed"], serde_json::json!(["x"]));
    let all = daemon.wait_for("/all.atom", |body| body.contains("Giá vàng"));
    assert!(!all.text().contains("Bão"), "what left is in no output: {}", all.text());
    assert_eq!(daemon.get("/category/x.atom").status, 410, "removed, and remembered");
    assert_eq!(daemon.get("/category/never.atom").status, 404);
    assert_eq!(daemon.get("/source/a.atom").status, 410);

    rewrite(&place, &(source("a", &a, "categories = [\"x\"]") + &source("b", &b, "")));
    hang_up(&daemon);
    daemon.wait_for("/all.atom", |body| body == before);
    assert_eq!(daemon.get("/category/x.atom").status, 200);
    assert_eq!(origin.seen("/a.xml").len(), 1, "its state came back too: it is not due yet");
    assert_eq!(daemon.get("/category/y.atom").status, 410);
    assert!(daemon.terminate().success());
    let daemon = place.daemon();
    assert_eq!(daemon.get("/category/y.atom").status, 410, "remembered over a restart");
}

#[test]
fn a_renamed_category_is_moved_and_a_changed_title_is_shown_at_once() {
    let origin = publisher();
    let url = origin.url("/a.xml");
    let place = still(&source("a", &url, "categories = [\"tin\"]"));
    let daemon = place.daemon();
    daemon.wait_for("/category/tin.atom", |body| body.contains("Bão"));
    let renamed = "[category.thoi-su]\ntitle = \"Thời sự\"\nformer = [\"tin\"]\n";
    rewrite(&place, &(renamed.to_owned() + &source("a", &url, "categories = [\"thoi-su\"]")));
    assert_eq!(reload(&place).0, 200);
    let moved = daemon.get("/category/tin.atom");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("location"), "https://mill.example/category/thoi-su.atom");
    assert!(daemon.get("/category/thoi-su.atom").text().contains("Thời sự"));
}

#[test]
fn a_bad_configuration_keeps_the_old_one_and_says_so() {
    let origin = publisher();
    let place = still(&source("a", &origin.url("/a.xml"), ""));
    let daemon = place.daemon();
    let before = daemon.wait_for("/all.atom", |body| body.contains("Bão")).text();
    let good = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), format!("{good}\nnonsense = 1\n")).unwrap();
    let (status, body) = reload(&place);
    assert_eq!(status, 422);
    assert!(body.contains("config.toml:") && body.contains("nonsense"), "{body}");
    assert_eq!(daemon.get("/all.atom").text(), before);
    let says_so = |line: &String| line.contains("configuration rejected, the old one stays");
    wait_until("an error in the log", || {
        let log = daemon.log();
        let lines: Vec<_> = log.iter().filter(|line| says_so(line)).collect();
        lines.iter().any(|line| line.contains("\"ERROR\""))
    });
    std::fs::write(place.config(), good).unwrap();
    assert_eq!(reload(&place).0, 200, "a mended one is taken");
    assert!(daemon.terminate().success());
}

#[test]
fn a_file_that_changes_is_reloaded_by_itself() {
    let origin = publisher();
    let place = Place::new(&source("a", &origin.url("/a.xml"), ""));
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Bão"));
    std::fs::create_dir(place.dir.path().join("config.d")).unwrap();
    let more = source("b", &origin.url("/b.xml"), "");
    std::fs::write(place.dir.path().join("config.d/more.toml"), more).unwrap();
    daemon.wait_for("/all.atom", |body| body.contains("Bóng"));
}

#[test]
fn fifty_reloads_good_and_broken_fail_no_request_and_lose_no_descriptor() {
    let origin = publisher();
    let (a, b) = (source("a", &origin.url("/a.xml"), ""), source("b", &origin.url("/b.xml"), ""));
    let place = still(&a);
    let daemon = place.daemon();
    daemon.wait_for("/all.json", |body| body.contains("a-1") || body.contains("Bão"));
    let id = first_id(&daemon.get("/all.json").text());
    let descriptors =
        || std::fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    let before = descriptors();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (stop, asked, address) = (Arc::clone(&stop), Arc::clone(&asked), daemon.address);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    for path in ["/all.atom", "/source/a.json", "/"] {
                        assert_eq!(request(address, "GET", path, &[]).status, 200, "{path}");
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for round in 0..50 {
        let (text, expected) = match round % 3 {
            0 => (a.clone() + &b, 200),
            1 => (format!("{a}\nnonsense = 1\n"), 422),
            _ => (a.clone(), 200),
        };
        rewrite(&place, &text);
        let (status, body) = reload(&place);
        assert_eq!(status, expected, "round {round}: {body}");
    }
    stop.store(true, Ordering::Relaxed);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert!(asked.load(Ordering::Relaxed) > 50, "the readers were at it");
    rewrite(&place, &a);
    assert_eq!(reload(&place).0, 200);
    assert_eq!(first_id(&daemon.get("/all.json").text()), id);
    // Connections of the last polls may still be kept for the next.
    wait_until("no descriptor more", || descriptors() <= before + 2);
}

fn first_id(json: &str) -> String {
    let feed: Value = serde_json::from_str(json).unwrap();
    feed["items"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn keys_that_need_a_restart_are_named() {
    let place = still("");
    let _daemon = place.daemon();
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("127.0.0.1:0", "127.0.0.1:1")).unwrap();
    let (status, body) = reload(&place);
    let difference: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(difference["restart"], serde_json::json!(["server.listen"]));
}

/// Sets keys of `[store]`, and reloads.
fn keep(place: &Place, keys: &str) -> Value {
    let text = std::fs::read_to_string(place.config()).unwrap();
    let start = text.find("path = \"data\"").unwrap();
    let end = start + text[start..].find("[poll]").unwrap();
    let text = format!("{}path = \"data\"\n{keys}{}", &text[..start], &text[end..]);
    std::fs::write(place.config(), text).unwrap();
    let (status, body) = reload(place);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn another_retention_and_another_reserve_are_in_force_at_once() {
    let origin = publisher();
    let place = still(&source("a", &origin.url("/a.xml"), ""));
    place.must(&["poll", "--at", "2025-01-02T00:00:00Z"]);
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Bão"));
    let difference = keep(&place, "reserve = \"900000 GiB\"\n");
    assert_eq!(difference["keys"], serde_json::json!(["store.reserve"]));
    daemon.wait_for("/readyz", |body| body.contains("below store.reserve"));
    assert_eq!(daemon.get("/all.atom").status, 200, "serving goes on");
    keep(&place, "reserve = \"1 B\"\n");
    daemon.wait_for("/readyz", |body| body.trim() == "ok");

    // The article was seen first in January 2025.
    let difference = keep(&place, "reserve = \"1 B\"\nretention = \"30d\"\n");
    assert_eq!(difference["keys"], serde_json::json!(["store.retention"]));
    daemon.wait_for("/all.atom", |body| !body.contains("Bão"));
    let polled = unix_ask(&place.socket(), "POST", "/poll?source=a&lines=1").1;
    assert!(!polled.contains("\"new\":1"), "what is still listed is not new: {polled}");
}

/// Two papers with one story under one link.
fn two_papers() -> (Origin, Place) {
    let origin = Origin::start();
    let title = "Bão số 9 đổ bộ miền Trung";
    let link = "https://wire.example/bao-so-9";
    origin.feed("/a.xml", "\"a\"", DATE, &one("a-1", title, link));
    origin.feed("/b.xml", "\"b\"", DATE, &one("b-1", title, link));
    let place = still(&papers(&origin));
    let out = place.must(&["poll", "--json", "a", "b"]);
    assert_eq!(out.matches("\"duplicate\":1").count(), 1, "{out}");
    (origin, place)
}

fn papers(origin: &Origin) -> String {
    source("a", &origin.url("/a.xml"), "categories = [\"x\"]")
        + &source("b", &origin.url("/b.xml"), "")
}

/// Runs `check` with the store opened by each command, then again with a daemon that is asked.
fn with_and_without_daemon(check: impl Fn(&Origin, &Place, Option<&Daemon>)) {
    let (origin, place) = two_papers();
    check(&origin, &place, None);
    let (origin, place) = two_papers();
    let daemon = place.daemon();
    check(&origin, &place, Some(&daemon));
    assert!(daemon.terminate().success());
}

/// Returns what is published, by the daemon at hand or by one that runs for as long.
fn published(place: &Place, daemon: Option<&Daemon>, path: &str) -> (u16, String) {
    match daemon {
        Some(daemon) => {
            let reply = daemon.get(path);
            (reply.status, reply.text())
        }
        None => {
            let daemon = place.daemon();
            let reply = daemon.get(path);
            assert!(daemon.terminate().success());
            (reply.status, reply.text())
        }
    }
}

fn stories(place: &Place, daemon: Option<&Daemon>) -> Vec<String> {
    let (_, json) = published(place, daemon, "/all.json");
    let feed: Value = serde_json::from_str(&json).unwrap();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    feed["items"].as_array().unwrap().iter().map(id).collect()
}

fn told(place: &Place, arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    serde_json::from_str(&place.must(&all)).unwrap()
}

/// Changes what both papers say, so that everything is decided anew.
fn change(origin: &Origin, round: u32) {
    for name in ["a", "b"] {
        let title = format!("Bão số 9 đổ bộ miền Trung, tin lần {round}");
        let body = one(&format!("{name}-1"), &title, "https://wire.example/bao-so-9");
        origin.feed(&format!("/{name}.xml"), &format!("\"{name}{round}\""), DATE, &body);
    }
}

#[test]
fn a_split_is_never_undone_by_a_poll_and_a_merge_joins_again() {
    with_and_without_daemon(|origin, place, daemon| {
        let before = stories(place, daemon);
        assert_eq!(before.len(), 1);
        let answer = told(place, &["split", "b-1"]);
        assert_eq!((&answer["done"], &answer["changed"]), (&"split".into(), &true.into()));
        let apart = stories(place, daemon);
        assert_eq!(apart.len(), 2, "{apart:?}");
        assert!(apart.contains(&before[0]), "the first copy keeps the story's id");
        for round in 0..2 {
            change(origin, round);
            place.must(&["poll", "a", "b"]);
            assert_eq!(stories(place, daemon), apart, "round {round}: never decided again");
        }
        assert_eq!(told(place, &["split", "b-1"])["changed"], false, "twice is no error");
        let answer = told(place, &["merge", "a-1", "b-1"]);
        assert_eq!(answer["entry"], before[0].as_str(), "the story opened first lives on");
        assert_eq!(stories(place, daemon), before);
        assert_eq!(told(place, &["merge", "a-1", "b-1"])["changed"], false);
        assert_eq!(told(place, &["split", &before[0]])["changed"], true, "of two, the other one");
        let mut again = stories(place, daemon);
        let mut expected = apart;
        again.sort();
        expected.sort();
        assert_eq!(again, expected, "the copy has its former story back");
        assert_eq!(place.run(&["split", "no-such"]).status.code(), Some(65));
        assert_eq!(place.run(&["merge", "a-1", "no-such"]).status.code(), Some(65));
        assert_eq!(place.run(&["split"]).status.code(), Some(64));
    });
}

#[test]
fn a_withdrawn_story_leaves_all_outputs_and_comes_back_as_it_was() {
    with_and_without_daemon(|origin, place, daemon| {
        let id = stories(place, daemon).remove(0);
        let explained = place.must(&["explain", "b-1"]);
        let page = explained.split("page: ").nth(1).unwrap().lines().next().unwrap().to_owned();
        let before = published(place, daemon, "/all.atom");
        assert_eq!(published(place, daemon, &page).0, 200);
        assert_eq!(told(place, &["withdraw", &id])["changed"], true);
        assert_eq!(published(place, daemon, &page).0, 410);
        for path in ["/all.atom", "/category/x.atom", "/source/a.atom", "/source/b.rss", "/"] {
            let body = published(place, daemon, path).1;
            assert!(!body.contains("Bão số 9"), "{path}: {body}");
        }
        change(origin, 7);
        place.must(&["poll"]);
        assert!(stories(place, daemon).is_empty(), "an update does not bring it back");
        assert_eq!(
            told(place, &["withdraw", &format!("https://mill.example{page}")])["changed"],
            false
        );
        assert_eq!(place.run(&["merge", &id, "no-such"]).status.code(), Some(65));
        assert_eq!(told(place, &["withdraw", "--undo", "b-1"])["changed"], true);
        assert_eq!(told(place, &["withdraw", "--undo", "b-1"])["changed"], false);
        assert_eq!(stories(place, daemon), [id]);
        assert_eq!(published(place, daemon, &page).0, 200);
        assert_eq!(before.0, 200);
    });
}

#[test]
fn forget_drops_what_is_held_of_a_source_that_left() {
    with_and_without_daemon(|origin, place, daemon| {
        let output = place.run(&["forget", "b"]);
        assert_eq!(output.status.code(), Some(65), "it is configured");
        assert!(text(&output.stderr).contains("take it out of the configuration"));
        rewrite(place, &source("b", &origin.url("/b.xml"), ""));
        if daemon.is_some() {
            assert_eq!(reload(place).0, 200);
        }
        let id = stories(place, daemon);
        assert_eq!(id.len(), 1, "carried by the other");
        let answer = told(place, &["forget", "a"]);
        assert_eq!((&answer["changed"], &answer["entries"]), (&true.into(), &1.into()));
        assert_eq!(stories(place, daemon), id, "the story stays with its other copy");
        assert_eq!(published(place, daemon, "/source/a.atom").0, 410);
        assert_eq!(told(place, &["forget", "a"])["changed"], false, "twice is no error");
        assert_eq!(place.run(&["forget", "never-there"]).status.code(), Some(65));
        assert_eq!(
            place.run(&["explain", "a-1"]).status.code(),
            Some(65),
            "it is not known any more"
        );

        rewrite(place, &papers(origin));
        if let Some(daemon) = daemon {
            assert_eq!(reload(place).0, 200);
            daemon.wait_for("/source/a.atom", |body| body.contains("Bão"));
        } else {
            let out = place.must(&["poll", "--json", "a"]);
            assert!(out.contains("\"verdict\":\"duplicate\""), "it is new again: {out}");
        }
        assert_eq!(stories(place, daemon), id);

        rewrite(place, "");
        if daemon.is_some() {
            assert_eq!(reload(place).0, 200);
        }
        for name in ["a", "b"] {
            assert_eq!(told(place, &["forget", name])["changed"], true, "{name}");
        }
        let status: Value = serde_json::from_str(&place.must(&["status", "--json"])).unwrap();
        assert_eq!((&status["entries"], &status["stories"]), (&0.into(), &0.into()));
        assert_eq!(place.run(&["withdraw", "--undo", &id[0]]).status.code(), Some(65));
    });
}

#[test]
fn the_public_status_tells_what_broke_and_what_came_back() {
    let origin = publisher();
    let sources = source("a", &origin.url("/a.xml"), "title = \"Báo A\"")
        + &source("b", &origin.url("/b.xml"), "title = \"Báo B\"\npublish = false");
    let place = still(&sources);
    place.must(&["poll"]);
    let daemon = place.daemon();
    for path in ["/status", "/status.atom"] {
        assert_eq!(daemon.get(path).status, 404, "{path}: off by default");
    }
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("[server]", "[server]\nstatus_page = true"))
        .unwrap();
    assert_eq!(reload(&place).0, 200);
    assert!(daemon.get("/status").text().contains("Báo A"));
    assert!(!daemon.get("/status").text().contains("Báo B"), "it has no page");
    let quiet = daemon.get("/status.atom");
    assert_eq!((quiet.status, quiet.text().contains("<entry")), (200, false));
    assert!(quiet.header("content-type").starts_with("application/atom+xml"));
    origin.on("/a.xml", |_| Answer::status(500));
    for _ in 0..2 {
        assert_eq!(place.run(&["poll", "a"]).status.code(), Some(1));
    }
    assert!(daemon.get("/status").text().contains("cannot be read since"));
    let broke = daemon.get("/status.atom").text();
    assert!(broke.contains("Báo A: cannot be read") && broke.contains("500"), "{broke}");
    let body = one("a-1", "Bão đổ bộ", "https://a.example/1");
    origin.on("/a.xml", move |_| Answer::ok(body.as_bytes()));
    place.must(&["poll", "a"]);
    let back = daemon.get("/status.atom").text();
    assert_eq!(back.matches("<entry").count(), 2, "{back}");
    assert!(back.contains("can be read again"));
    assert!(daemon.get("/status").text().contains("fine again since"));
    assert!(daemon.terminate().success());
    let daemon = place.daemon();
    assert_eq!(daemon.get("/status.atom").text(), back, "of the store alone");
}

#[test]
fn check_online_asks_each_source_once_and_says_what_is_there() {
    let origin = publisher();
    origin.on("/page", |_| {
        Answer::ok(
            "<!doctype html><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/a.xml\">",
        )
    });
    let place = still(&source("a", &origin.url("/a.xml"), ""));
    assert!(place.must(&["check", "--online"]).contains("a feed\t1"));
    assert!(!place.dir.path().join("data").exists(), "nothing is kept");
    rewrite(
        &place,
        &(source("a", &origin.url("/a.xml"), "")
            + &source("p", &origin.url("/page"), "")
            + &source("n", &origin.url("/none"), "")),
    );
    let output = place.run(&["check", "--online"]);
    assert_eq!(output.status.code(), Some(1), "some source failed");
    let out = text(&output.stdout);
    let line = |id: &str| out.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line("p\t").contains("a page") && line("p\t").contains("/a.xml"), "{out}");
    assert!(line("n\t").contains("404"), "{out}");
    assert_eq!(origin.seen("/a.xml").len(), 2);
}

/// A page with a feed, the same in another format, and one of its comments.
fn newspaper() -> Origin {
    let origin = publisher();
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>Báo A (Atom)</title><id>x</id>\
                <entry><id>1</id><title>t</title><link href=\"https://a.example/1\"/></entry></feed>";
    origin.on("/a.atom", move |_| Answer::ok(atom.as_bytes()));
    origin.on("/", |_| {
        Answer::ok(
            "<!doctype html><head><title>Báo</title>\
             <link rel=alternate type=\"application/rss+xml\" href=\"/a.xml\" title=\"Tin\">\
             <link rel=alternate type=\"application/atom+xml\" href=\"/a.atom\">\
             <link rel=alternate type=\"application/rss+xml\" href=\"/b.xml\"></head>",
        )
    });
    origin
}

#[test]
fn discover_finds_the_feeds_of_a_page_and_adds_them_keeping_comments() {
    let origin = newspaper();
    let place = still("# my own words\n");
    let shown = place.must(&["discover", &origin.url("/")]);
    assert_eq!(
        shown.matches("[[source]]").count(),
        2,
        "a twin in another format is left out: {shown}"
    );
    assert!(shown.contains(&format!("url = \"{}\"", origin.url("/a.xml"))), "{shown}");
    assert_eq!(place.must(&["discover", &origin.url("/b.xml")]).matches("[[source]]").count(), 1);
    place.must(&["discover", &origin.url("/"), "--add"]);
    let text = std::fs::read_to_string(place.config()).unwrap();
    assert!(text.contains("# my own words") && text.contains("/b.xml"), "{text}");
    assert!(place.must(&["check"]).contains("2 sources"));
    place.must(&["discover", &origin.url("/"), "--add"]);
    assert_eq!(std::fs::read_to_string(place.config()).unwrap(), text, "twice changes nothing");
    assert_eq!(place.run(&["discover", &origin.url("/none")]).status.code(), Some(69));
    origin.on("/bare", |_| Answer::ok("<!doctype html><p>nothing"));
    assert_eq!(place.run(&["discover", &origin.url("/bare")]).status.code(), Some(65));
    assert_eq!(place.run(&["discover", "ftp://x.example/"]).status.code(), Some(64));
}

#[test]
fn what_is_exported_is_imported_the_same() {
    let origin = publisher();
    let sources = "[category.thoi-su]\ntitle = \"Thời sự · News\"\n".to_owned()
        + &source(
            "a",
            &origin.url("/a.xml"),
            "title = \"Báo & A\"\ncategories = [\"thoi-su\", \"x\"]",
        )
        + &source("b", &origin.url("/b.xml?token=s3cret"), "title = \"B\"")
        + &source("c", &origin.url("/c.xml"), "title = \"C\"\ncategories = [\"thoi-su\"]");
    let place = still(&sources);
    // The feeds then say what their pages are.
    place.run(&["poll"]);
    let open = place.must(&["export", "--opml"]);
    assert!(!open.contains("s3cret") && open.matches("xmlUrl").count() >= 2, "{open}");
    let whole = place.must(&["export", "--opml", "--with-secrets"]);
    assert!(whole.contains("s3cret"));
    let daemon = place.daemon();
    assert_eq!(place.must(&["export", "--opml"]), open, "a daemon says the same");
    assert_eq!(place.must(&["export", "--opml", "--with-secrets"]), whole);
    assert_eq!(unix_ask(&place.socket(), "GET", "/export.opml").1.trim(), open.trim());
    drop(daemon);

    let other = still("");
    let file = other.dir.path().join("list.opml");
    std::fs::write(&file, &whole).unwrap();
    other.must(&["import", file.to_str().unwrap(), "--add"]);
    other.run(&["poll"]);
    assert_eq!(other.must(&["export", "--opml", "--with-secrets"]), whole, "R106");
    let before = std::fs::read_to_string(other.config()).unwrap();
    other.must(&["import", file.to_str().unwrap(), "--add"]);
    assert_eq!(std::fs::read_to_string(other.config()).unwrap(), before, "twice changes nothing");

    std::fs::write(
        &file,
        "<opml><body><outline text=\"x\"/><outline xmlUrl=\"https://d.example/\"/>",
    )
    .unwrap();
    let output = other.run(&["import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "a line was left out");
    assert!(text(&output.stderr).contains("list.opml:1:"), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("https://d.example/"));
    std::fs::write(&file, "no list").unwrap();
    assert_eq!(other.run(&["import", file.to_str().unwrap()]).status.code(), Some(65));
    assert_eq!(other.run(&["import", "/no/such/file"]).status.code(), Some(74));
}

#[test]
fn help_for_editors_shells_and_readers_is_printed() {
    let place = still("");
    let schema: Value = serde_json::from_str(&place.must(&["config-schema"])).unwrap();
    assert_eq!(schema["type"], "object");
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.must(&["completions", shell]).contains("feedmill"), "{shell}");
    }
    assert_eq!(place.run(&["completions", "cmd"]).status.code(), Some(64));
    let page = place.must(&["man"]);
    for word in [".TH feedmill", "withdraw", "EXIT STATUS", "SIGHUP"] {
        assert!(page.contains(word), "{word}");
    }
}

#[test]
fn root_leaves_every_file_with_the_owner_and_others_are_turned_away() {
    use std::os::unix::fs::{MetadataExt, chown};
    use std::os::unix::process::CommandExt;
    const OWNER: u32 = 64_321;
    const OTHER: u32 = 64_322;
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        println!("skipped: only root can work on the store of another user");
        return;
    }
    let origin = publisher();
    let place = still(&source("a", &origin.url("/a.xml"), ""));
    let store = place.dir.path().join("data");
    std::fs::create_dir(&store).unwrap();
    chown(&store, Some(OWNER), Some(OWNER)).unwrap();
    chown(place.dir.path(), Some(OWNER), Some(OWNER)).unwrap();
    place.must(&["poll"]);
    place.must(&["withdraw", "a-1"]);
    let mut folders = vec![store.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let facts = entry.metadata().unwrap();
            assert_eq!((facts.uid(), facts.gid()), (OWNER, OWNER), "{}", entry.path().display());
            files += 1;
            if facts.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    assert!(files > 3, "there are files of the store");
    // The binary and the configuration must be within the reach of those users.
    let program = place.dir.path().join("feedmill");
    std::fs::copy(env!("CARGO_BIN_EXE_feedmill"), &program).unwrap();
    let run = |user: u32| {
        let mut command = Command::new(&program);
        command.arg("--config").arg(place.config()).arg("poll").uid(user).gid(user);
        command.output().unwrap()
    };
    let owners = run(OWNER);
    assert_eq!(owners.status.code(), Some(0), "{}", text(&owners.stderr));
    std::fs::set_permissions(place.dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    let others = run(OTHER);
    assert_eq!(others.status.code(), Some(69), "{}", text(&others.stderr));
    assert!(text(&others.stderr).contains("run it as root"), "{}", text(&others.stderr));
}

#[test]
fn the_packaged_configuration_is_valid_and_polls_nothing() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = Command::new("sh").arg(root.join("contrib/packaged-config.sh")).output().unwrap();
    assert!(made.status.success());
    let place = still("");
    std::fs::write(place.config(), &made.stdout).unwrap();
    assert!(place.must(&["check"]).contains("ok, 0 sources in 0 categories, 0 warnings"));
    let packaged = text(&made.stdout);
    for line in ["path = \"/var/lib/feedmill\"", "admin = \"unix:/run/feedmill/control.sock\""] {
        assert!(packaged.lines().any(|found| found == line), "{line}");
    }
    // Its examples are those of the documented file: uncommented they are valid again.
    let whole = std::fs::read_to_string(root.join("config.toml")).unwrap();
    assert_eq!(packaged.matches("[[source]]").count(), whole.matches("[[source]]").count());
}
