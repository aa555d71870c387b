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

use blackbox::{Daemon, Origin, Place, request, rss, unix_ask};
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
