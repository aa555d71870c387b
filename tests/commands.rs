//! The contract of the command line and of the control routes, clause by clause: JSON with its keys, exit codes, methods,
//! bad input, messages that name what is wrong and the next step; with a daemon and without one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use blackbox::{Answer, Daemon, Origin, Place, rss, text, unix_request};
use serde_json::Value;

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

/// Two papers with one story, a page that names a feed, and a source that left with what is held of it.
fn papers() -> (Origin, Place) {
    let origin = Origin::start();
    for (name, link) in [
        ("a", "https://wire.example/1"),
        ("b", "https://wire.example/1"),
        ("c", "https://c.example/1"),
    ] {
        let guid = format!("{name}-1");
        let title =
            if name == "c" { "Giá vàng hôm nay" } else { "Bão số 9 đổ bộ miền Trung" };
        let body = format!("Nội dung của bài {title}, viết cho bạn đọc trong tỉnh và cả nước.");
        let feed = rss("Báo", "https://bao.example/", &[(&guid, title, link, DATE, &body)]);
        origin.feed(&format!("/{name}.xml"), &format!("\"{name}\""), DATE, &feed);
    }
    origin.on("/page", |_| {
        Answer::ok(
            "<!doctype html><link rel=alternate type=\"application/rss+xml\" href=\"/c.xml\">",
        )
    });
    let place = Place::new(&(both(&origin) + &source("gone", &origin.url("/c.xml"), "")));
    place.must(&["poll"]);
    place.configure(&both(&origin));
    (origin, place)
}

fn both(origin: &Origin) -> String {
    // The category without a source is what `check` warns of.
    "[category.empty]\n".to_owned()
        + &source("a", &origin.url("/a.xml"), "")
        + &source("b", &origin.url("/b.xml"), "")
}

const PROBLEM: &str = "severity file line column key message remedy";
const ASKED: &str = "source is entries remarks";
const SEEN: &str = "source guid link verdict entry rule";
const TOTALS: &str = "polled not_modified failed new updated duplicate";
const STATUS: &str = "config sources network_down_since entries stories memory_bytes store";
const EXPLAINED: &str = "stories withheld";
const ORDERED: &str = "done changed message entry";

/// Commands in an order in which each has something to do, and the keys of the lines that each prints.
fn spoken(origin: &Origin, place: &Place) -> Vec<(Vec<String>, Vec<&'static str>)> {
    let list = place.dir.path().join("list.opml");
    std::fs::write(
        &list,
        "<opml><body><outline xmlUrl=\"https://d.example/f\" text=\"D\"/></body></opml>",
    )
    .unwrap();
    let file = place.dir.path().join("all.backup");
    let (list, file) = (list.to_str().unwrap(), file.to_str().unwrap());
    let page = origin.url("/page");
    let commands: Vec<(Vec<&str>, Vec<&'static str>)> = vec![
        (vec!["check"], vec![PROBLEM]),
        (vec!["check", "--online"], vec![PROBLEM, ASKED, ASKED]),
        (vec!["poll", "a", "b"], vec![TOTALS]),
        (vec!["poll", "--dry-run"], vec![TOTALS]),
        (vec!["poll", "--due"], vec![TOTALS]),
        (vec!["status"], vec![STATUS]),
        (vec!["explain", "a-1"], vec![EXPLAINED]),
        (vec!["split", "b-1"], vec![ORDERED]),
        (vec!["merge", "a-1", "b-1"], vec![ORDERED]),
        (vec!["withdraw", "a-1"], vec![ORDERED]),
        (vec!["withdraw", "a-1", "--undo"], vec![ORDERED]),
        (vec!["forget", "gone"], vec!["done changed message entries"]),
        (vec!["verify"], vec!["entries findings"]),
        (vec!["backup", file], vec!["file bytes"]),
        (vec!["discover", &page], vec!["url title entries"]),
        (vec!["import", list], vec!["id url title categories"]),
        (vec!["discover", &page, "--add"], vec!["url title entries", "added file"]),
        (vec!["import", list, "--add"], vec!["id url title categories", "added file"]),
    ];
    let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
    commands.into_iter().map(|(words, keys)| (owned(words), keys)).collect()
}

fn keys(line: &Value) -> String {
    line.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ")
}

fn spoken_lines(output: &Output, command: &[String]) -> Vec<Value> {
    let out = text(&output.stdout);
    let parsed = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(object)) => Value::Object(object),
        _ => panic!("{command:?} printed what is no JSON object: {line:?}"),
    };
    out.lines().map(parsed).collect()
}

#[test]
fn every_command_speaks_json_with_the_same_keys_with_a_daemon_and_without() {
    for with_daemon in [false, true] {
        let (origin, place) = papers();
        let daemon = with_daemon.then(|| place.daemon());
        for (command, expected) in spoken(&origin, &place) {
            let mut words: Vec<&str> = command.iter().map(String::as_str).collect();
            words.push("--json");
            let output = place.run(&words);
            let lines = spoken_lines(&output, &command);
            assert!(output.status.success(), "{command:?}: {}", text(&output.stderr));
            let found: Vec<String> = lines.iter().map(keys).collect();
            assert_eq!(found, expected, "{command:?}, daemon: {with_daemon}");
        }
        drop(daemon);
    }
}

#[test]
fn what_stands_within_a_line_of_json_has_its_keys_too() {
    let (origin, place) = papers();
    let json = |words: &[&str]| -> Value {
        serde_json::from_str(place.must(words).lines().last().unwrap()).unwrap()
    };
    let status = json(&["status", "--json"]);
    assert!(
        keys(&status["sources"][0]).starts_with(
            "id url state last_success next_poll next_reason http_status entries entries_7d redirect_pending last_error"
        ),
        "{status}"
    );
    assert_eq!(keys(&status["store"]), "bytes state");
    assert_eq!(status["config"], place.config().canonicalize().unwrap().to_str().unwrap());
    let told = json(&["explain", "b-1", "--json"]);
    let story = &told["stories"][0];
    assert_eq!(keys(story), "entry page date merged_into withdrawn expired copies");
    let copies = story["copies"].as_array().unwrap();
    let named: Vec<&str> = copies.iter().map(|copy| copy["source"].as_str().unwrap()).collect();
    assert_eq!(named, ["a", "b"]);
    assert_eq!(
        keys(&copies[1]),
        "number source shown title link guid published first_seen filed updated credit joined closest flaws"
    );
    assert_eq!(copies[1]["joined"]["with"], copies[0]["number"]);
    assert_eq!(keys(&copies[1]["joined"]), "rule with numbers");
    origin.feed(
        "/a.xml",
        "\"new\"",
        DATE,
        &rss(
            "Báo",
            "https://bao.example/",
            &[("a-2", "Bóng đá", "https://a.example/2", DATE, "Trận đấu.")],
        ),
    );
    let lines = place.must(&["poll", "--json", "a"]);
    let found: Vec<String> =
        lines.lines().map(|line| keys(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(found, [SEEN, TOTALS]);

    // What needs the store to itself.
    let file = place.dir.path().join("all.backup");
    let file = file.to_str().unwrap();
    place.must(&["backup", file]);
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "a backup holds everything");
    assert_eq!(keys(&json(&["verify", "--repair", "--json"])), "entries stories lost quarantine");
    let other = Place::new("");
    let restored: Value = serde_json::from_str(&other.must(&["restore", file, "--json"])).unwrap();
    assert_eq!(keys(&restored), "path entries stories");
    assert_eq!(restored["entries"], 4);
}

#[test]
fn the_demo_and_the_schema_speak_json_as_well() {
    let place = Place::new("");
    let out = place.must(&["demo", "--once", "--json"]);
    let found: Vec<String> =
        out.lines().map(|line| keys(&serde_json::from_str(line).unwrap())).collect();
    assert_eq!(found.last().map(String::as_str), Some(TOTALS));
    assert!(found.len() > 30 && found.contains(&SEEN.to_owned()), "{out}");
    assert_eq!(place.run(&["demo", "--json"]).status.code(), Some(64), "it belongs to --once");
    let schema: Value = serde_json::from_str(&place.must(&["config-schema"])).unwrap();
    assert_eq!(schema["type"], "object");
}

/// Sends one request to the admin socket; returns status, head and body.
fn control(socket: &Path, method: &str, path: &str) -> (u16, String, String) {
    let reply = unix_request(socket, method, path, &[]);
    let field = |(name, value): (&String, &String)| format!("{name}: {value}\n");
    let head: String = reply.headers.iter().map(field).collect();
    (reply.status, head.to_ascii_lowercase(), reply.text())
}

/// Method, address, status, what the head and the body hold.
const ROUTES: &[(&str, &str, u16, &str, &str)] = &[
    ("GET", "/metrics", 200, "content-type: text/plain; version=0.0.4", "feedmill_polls_total"),
    ("GET", "/status.json", 200, "content-type: application/json", "\"store\":{\"bytes\":"),
    ("GET", "/healthz", 200, "content-type: text/plain", "ok"),
    ("POST", "/poll", 200, "content-type: application/x-ndjson", "\"polled\":2"),
    ("POST", "/poll?source=b", 200, "", "\"polled\":1"),
    ("POST", "/poll?source=b&source=a&lines=1", 200, "", "\"polled\":2"),
    ("POST", "/poll?source=a,b&due=1", 200, "", "\"polled\":0"),
    ("POST", "/poll?source=a&dry_run=1", 200, "", "\"polled\":1"),
    (
        "POST",
        "/poll?progress=1",
        200,
        "transfer-encoding: chunked",
        "\"done\":2,\"of\":2,\"source\":\"b\"",
    ),
    ("POST", "/poll?source=never", 404, "", "no source `never` in the configuration"),
    ("POST", "/poll?source=never&progress=1", 404, "", "no source `never` in the configuration"),
    ("POST", "/poll?source=", 422, "", "`source` has no value"),
    ("POST", "/poll?due=yes", 422, "", "`due` is 1 or 0, not `yes`"),
    ("POST", "/poll?sauce=a", 422, "", "unknown parameter `sauce`; known here: source, due"),
    ("GET", "/poll", 405, "allow: post", ""),
    ("PUT", "/poll", 405, "allow: post", ""),
    ("POST", "/reload", 200, "content-type: application/json", "\"restart\":[]"),
    ("POST", "/reload?dry_run=1", 422, "", "/reload takes no parameters"),
    ("GET", "/reload", 405, "allow: post", ""),
    ("GET", "/explain?entry=a-1", 200, "content-type: text/plain", "joined by rule"),
    ("GET", "/explain?entry=a-1&json=1", 200, "content-type: application/json", "\"stories\":[{"),
    (
        "GET",
        "/explain?entry=never",
        404,
        "",
        "give a public id, a page's address, a link or a guid",
    ),
    ("GET", "/explain", 422, "", "/explain?entry="),
    ("POST", "/explain?entry=a-1", 405, "allow: get, head", ""),
    ("GET", "/verify", 200, "content-type: application/json", "\"findings\":[]"),
    ("GET", "/export.opml", 200, "content-type: text/x-opml", "<outline"),
    ("GET", "/export.opml?with_secrets=yes", 422, "", "with_secrets=1"),
    ("GET", "/backup", 200, "content-type: application/zstd", ""),
    ("POST", "/backup", 405, "allow: get, head", ""),
    ("POST", "/split?entry=b-1", 200, "content-type: application/json", "\"done\":\"split\""),
    ("POST", "/split?entry=never", 404, "", "no entry `never`"),
    ("POST", "/split", 422, "", "/split?entry="),
    ("GET", "/split?entry=b-1", 405, "allow: post", ""),
    ("POST", "/merge?entry=a-1&entry=b-1", 200, "", "\"done\":\"merge\""),
    ("POST", "/merge?entry=a-1", 422, "", "name two entries"),
    ("POST", "/merge?entry=a-1&entry=never", 404, "", "no entry `never`"),
    ("POST", "/withdraw?entry=a-1", 200, "", "\"changed\":true"),
    ("POST", "/withdraw?entry=a-1&undoo=1", 422, "", "known here: entry, undo"),
    ("POST", "/withdraw?entry=a-1&undo=1", 200, "", "\"changed\":true"),
    ("DELETE", "/withdraw?entry=a-1", 405, "allow: post", ""),
    ("POST", "/forget?source=a", 422, "", "take it out of the configuration first"),
    ("POST", "/forget?source=never", 404, "", "no source `never` is held"),
    ("POST", "/forget", 422, "", "/forget?source="),
    ("POST", "/forget?source=gone", 200, "", "\"entries\":1"),
    ("HEAD", "/status.json", 200, "content-length: ", ""),
    ("GET", "/all.atom", 404, "", "not found"),
    ("GET", "/", 404, "", "not found"),
];

#[test]
fn each_control_route_answers_each_method_and_bad_input_as_it_says() {
    let (_origin, place) = papers();
    let _daemon = place.daemon();
    let socket = place.socket();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    for (method, path, status, head, body) in ROUTES {
        let (found, heads, said) = control(&socket, method, path);
        assert_eq!(found, *status, "{method} {path}: {said}");
        assert!(heads.contains(head), "{method} {path}: no {head:?} in {heads}");
        assert!(said.contains(body), "{method} {path}: no {body:?} in {said}");
        if found >= 400 {
            assert_eq!(said.trim_end().lines().count(), 1, "{method} {path}: {said}");
        }
        assert!(*method != "HEAD" || said.is_empty(), "{said}");
    }
}

#[test]
fn orders_are_not_to_be_had_from_the_public_listener() {
    let (_origin, place) = papers();
    let daemon = place.daemon();
    for (method, path, ..) in ROUTES {
        if ["/healthz", "/all.atom", "/"].contains(path) {
            continue;
        }
        let status = blackbox::request(daemon.address, method, path, &[]).status;
        assert!([404, 405].contains(&status), "{method} {path}: {status}");
    }
}

/// Runs a command in a directory where there is nothing.
fn bare(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedmill"));
    command.args(arguments).current_dir(dir).env_remove("FEEDMILL_CONFIG");
    command.output().unwrap()
}

#[test]
fn a_first_start_without_a_configuration_says_what_to_do() {
    if Path::new("/etc/feedmill/config.toml").exists() {
        println!("skipped: this machine has a configuration");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for command in [
        &["run"][..],
        &[],
        &["check"],
        &["status"],
        &["poll"],
        &["discover", "--add", "http://127.0.0.1:9/"],
    ] {
        let output = bare(dir.path(), command);
        let said = text(&output.stderr);
        if command.first() == Some(&"discover") {
            assert_ne!(output.status.code(), Some(0), "{said}");
            continue;
        }
        assert_eq!(output.status.code(), Some(78), "{command:?}: {said}");
        for word in [
            "./config.toml",
            "/etc/feedmill/config.toml",
            "--config",
            "[[source]]",
            "feedmill discover",
            "feedmill demo",
        ] {
            assert!(said.contains(word), "{command:?}: no {word:?} in {said}");
        }
    }
    // The two lines that it shows are a configuration.
    let said = text(&bare(dir.path(), &["check"]).stderr);
    let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    std::fs::write(dir.path().join("config.toml"), lines.join("\n")).unwrap();
    let output = bare(dir.path(), &["check"]);
    assert!(text(&output.stdout).contains("ok, 1 source"), "{}", text(&output.stdout));
}

/// Arguments, exit code, and what the message names: the thing, and the next step.
type Failing<'a> = (&'a [&'a str], i32, &'a [&'a str]);

fn hold(place: &Place, what: &str, cases: &[Failing<'_>]) {
    for (arguments, code, words) in cases {
        let output = place.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{what}: {arguments:?}: {said}");
        for word in *words {
            assert!(said.contains(word), "{what}: {arguments:?}: no {word:?} in {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn failures_have_their_exit_code_and_name_the_next_step() {
    let (_origin, place) = papers();
    let both: &[Failing<'_>] = &[
        (&["nonsense"], 64, &["nonsense", "--help"]),
        (&["poll", "--nonsense"], 64, &["--nonsense"]),
        (&["poll", "--at", "yesterday"], 64, &["yesterday", "--at"]),
        (&["--log", "loud", "status"], 64, &["loud", "write error, warn"]),
        (&["poll", "never"], 64, &["`never`", "feedmill status"]),
        (&["explain", "never"], 65, &["`never`", "give a public id"]),
        (&["explain", "never", "--json"], 65, &["`never`"]),
        (&["split", "never"], 65, &["`never`", "give a public id"]),
        (&["withdraw", "never"], 65, &["`never`"]),
        (&["merge", "a-1", "never"], 65, &["`never`"]),
        (&["forget", "a"], 65, &["`a`", "take it out of the configuration"]),
        (&["forget", "never"], 65, &["`never`"]),
        (&["import", "/no/such.opml"], 74, &["/no/such.opml"]),
        (&["import", "/dev/null"], 65, &["/dev/null"]),
        (&["discover", "ftp://x.example/"], 64, &["ftp", "https://"]),
        (&["backup", "/no/such/folder/file"], 74, &["/no/such/folder/file"]),
    ];
    hold(&place, "no daemon", both);
    hold(
        &place,
        "no daemon",
        &[
            (&["restore", "/no/such.backup"], 74, &["/no/such.backup"]),
            (&["restore", "/dev/null"], 65, &["nothing was restored"]),
        ],
    );
    let daemon = place.daemon();
    hold(&place, "daemon", both);
    hold(
        &place,
        "daemon",
        &[
            (&["restore", "/dev/null"], 75, &["daemon", "stop it first"]),
            (&["verify", "--repair"], 75, &["daemon", "stop it first"]),
            (&["poll", "--at", "2025-01-01T00:00:00Z"], 75, &["daemon", "stop it first"]),
            (&["run"], 75, &["in use by another process"]),
        ],
    );
    another_configuration_is_refused(&place);
    a_source_the_daemon_does_not_know_yet(&place, &daemon);
}

/// A daemon that runs with another file answers about other sources.
fn another_configuration_is_refused(place: &Place) {
    let other = place.dir.path().join("other.toml");
    std::fs::copy(place.config(), &other).unwrap();
    let other = other.to_str().unwrap();
    for command in [
        &["status"][..],
        &["poll"],
        &["explain", "a-1"],
        &["verify"],
        &["export", "--opml"],
        &["withdraw", "a-1"],
    ] {
        let mut arguments = vec!["--config", other];
        arguments.extend(command);
        let output = bare(place.dir.path(), &arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(69), "{command:?}: {said}");
        for word in ["another configuration", "config.toml", "other.toml", "--config"] {
            assert!(said.contains(word), "{command:?}: {said}");
        }
    }
}

fn a_source_the_daemon_does_not_know_yet(place: &Place, daemon: &Daemon) {
    let before = std::fs::read_to_string(place.config()).unwrap();
    // No watch: what is written is not in force.
    std::fs::write(place.config(), before.replacen("[site]", "[site]\nwatch = false", 1)).unwrap();
    assert_eq!(control(&place.socket(), "POST", "/reload").0, 200);
    let text_now = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text_now + &source("late", "http://127.0.0.1:9/f", "")).unwrap();
    let output = place.run(&["poll", "late"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(65), "{said}");
    assert!(said.contains("`late`"), "{said}");
    assert!(daemon.get("/healthz").status == 200);
}

#[test]
fn a_bad_configuration_is_refused_with_file_line_key_and_remedy_by_every_command() {
    let place = Place::new("");
    let good = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), format!("{good}\n[poll2]\nintervall = 1\n")).unwrap();
    for command in [
        &["run"][..],
        &["check"],
        &["poll"],
        &["status"],
        &["explain", "x"],
        &["backup", "x"],
        &["restore", "x"],
        &["verify"],
        &["split", "x"],
        &["merge", "x", "y"],
        &["withdraw", "x"],
        &["forget", "x"],
        &["export", "--opml"],
        &["discover", "http://127.0.0.1:9/"],
    ] {
        let output = place.run(command);
        let said = text(&output.stderr) + &text(&output.stdout);
        assert_eq!(output.status.code(), Some(78), "{command:?}: {said}");
        for word in ["config.toml:", ": error: poll2: unknown key", "did you mean [poll]?"] {
            assert!(said.contains(word), "{command:?}: no {word:?} in {said}");
        }
    }
    assert!(!place.dir.path().join("data").exists(), "nothing was started");
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    // An address that is taken.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = Place::new("");
    let good = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), good.replace("127.0.0.1:0", &address)).unwrap();
    hold(&place, "address in use", &[(&["run"], 69, &[&address, "is another process using it?"])]);
    // A store that is a file, and one where nothing can be kept.
    let file = place.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for (path, code) in [(file.to_str().unwrap(), 74), ("/proc/feedmill", 74)] {
        std::fs::write(place.config(), good.replace("\"data\"", &format!("\"{path}\""))).unwrap();
        hold(&place, path, &[(&["status"], code, &[path]), (&["poll"], code, &[path])]);
        let warned = place.must(&["check"]);
        assert!(
            warned.contains("warning: store.path") && warned.contains("set [store] path"),
            "{warned}"
        );
    }
}

#[test]
fn a_disk_below_the_reserve_stops_polls_by_hand_too() {
    for with_daemon in [false, true] {
        let (origin, place) = papers();
        let text = std::fs::read_to_string(place.config()).unwrap();
        let text = text.replacen("path = \"data\"", "path = \"data\"\nreserve = \"900000 GiB\"", 1);
        std::fs::write(place.config(), text).unwrap();
        let daemon = with_daemon.then(|| place.daemon());
        let before = origin.seen("/a.xml").len();
        hold(
            &place,
            "full",
            &[
                (&["poll"], 75, &["MiB free at", "store.reserve", "free some disk"]),
                (&["poll", "a", "--json"], 75, &["store.reserve"]),
            ],
        );
        assert_eq!(origin.seen("/a.xml").len(), before, "nobody was asked, daemon: {with_daemon}");
        assert_eq!(
            place.run(&["poll", "--dry-run", "a"]).status.code(),
            Some(0),
            "it keeps nothing"
        );
        if daemon.is_some() {
            let (status, head, _) = control(&place.socket(), "POST", "/poll");
            assert_eq!(status, 503);
            assert!(head.contains("retry-after: "), "{head}");
        }
    }
}

#[test]
fn an_authority_that_came_too_late_is_told_by_check_start_and_reload() {
    let (_origin, place) = papers();
    let text_before = std::fs::read_to_string(place.config()).unwrap();
    let daemon = place.daemon();
    let changed = text_before.replace("mill.example,2026", "other.example,2026").replacen(
        "[site]",
        "[site]\nwatch = false",
        1,
    );
    std::fs::write(place.config(), changed).unwrap();
    let words = ["\"other.example,2026\" has no effect", "\"mill.example,2026\""];
    let (status, _, body) = control(&place.socket(), "POST", "/reload");
    let difference: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &difference["restart"]), (200, &serde_json::json!([])), "no restart helps");
    let told = difference["warnings"].to_string().replace("\\\"", "\"");
    assert!(words.iter().all(|word| told.contains(word)), "{told}");
    assert!(daemon.terminate().success());
    let checked = place.must(&["check"]);
    assert!(words.iter().all(|word| checked.contains(word)), "{checked}");
    assert!(checked.contains("config.toml: warning: site.id_authority: "), "{checked}");
    let daemon = place.daemon();
    let warned = |line: &String| line.contains("has no effect") && line.contains("\"WARN\"");
    assert!(daemon.log().iter().any(warned), "{:?}", daemon.log());
    assert!(daemon.get("/all.atom").text().contains("mill.example,2026"), "ids stay");
    drop(daemon);
    std::fs::write(place.config(), text_before).unwrap();
    assert!(!place.must(&["check"]).contains("id_authority"), "the same again is no news");
}

#[test]
fn a_new_priority_is_said_to_count_from_now_on() {
    let (origin, place) = papers();
    let daemon = place.daemon();
    let before = daemon.get("/all.atom").text();
    let text = std::fs::read_to_string(place.config()).unwrap();
    let url = origin.url("/b.xml");
    let text = text
        .replace(&format!("url = \"{url}\""), &format!("url = \"{url}\"\npriority = 9"))
        .replacen("[site]", "[site]\nwatch = false", 1);
    std::fs::write(place.config(), text).unwrap();
    let (_, _, body) = control(&place.socket(), "POST", "/reload");
    let difference: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(difference["changed"], serde_json::json!(["b"]));
    assert!(
        difference["warnings"].to_string().contains("source.priority of b counts when"),
        "{body}"
    );
    assert_eq!(
        daemon.get("/all.atom").text(),
        before,
        "stories that are merged already keep their copy"
    );
}

/// design.md §3: one that was removed is 410 while it is remembered, one that never was is 404.
#[test]
fn a_source_that_is_no_longer_published_is_gone_and_one_that_never_was_is_unknown() {
    let (origin, place) = papers();
    let still = |a: &str, b: &str| {
        place.configure(
            &(source("a", &origin.url("/a.xml"), a) + &source("b", &origin.url("/b.xml"), b)),
        );
        let text = std::fs::read_to_string(place.config()).unwrap();
        std::fs::write(place.config(), text.replacen("[site]", "[site]\nwatch = false", 1))
            .unwrap();
    };
    still("", "publish = false");
    let daemon = place.daemon();
    for (path, status) in
        [("/source/a.atom", 200), ("/source/b.atom", 404), ("/source/never.atom", 404)]
    {
        assert_eq!(daemon.get(path).status, status, "{path}");
    }
    still("publish = false", "");
    assert_eq!(control(&place.socket(), "POST", "/reload").0, 200);
    for path in ["/source/a.atom", "/source/a.json", "/source/a", "/source/a/archive/1.atom"] {
        assert_eq!(daemon.get(path).status, 410, "{path}");
    }
    assert_eq!(daemon.get("/source/b.atom").status, 200);
    assert!(daemon.get("/all.atom").text().contains("Bão"), "it is polled and merged all the same");
    drop(daemon);
    let daemon = place.daemon();
    assert_eq!(daemon.get("/source/a.atom").status, 410, "remembered over a restart");
    still("", "");
    assert_eq!(control(&place.socket(), "POST", "/reload").0, 200);
    assert_eq!(daemon.get("/source/a.atom").status, 200);
}

#[test]
fn the_public_status_has_sources_with_secrets_and_no_secret() {
    let origin = Origin::start();
    origin.on("/a.xml?token=s3cr3t-word", |_| Answer::status(500));
    let url = origin.url("/a.xml?token=s3cr3t-word");
    let place = Place::new(&source("a", &url, "title = \"Báo A\""));
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("[server]", "[server]\nstatus_page = true"))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(place.run(&["poll"]).status.code(), Some(1));
    }
    let daemon = place.daemon();
    let page = daemon.get("/status").text();
    assert!(page.contains("Báo A") && page.contains("cannot be read since"), "{page}");
    let feed = daemon.get("/status.atom").text();
    assert!(feed.contains("Báo A: cannot be read"), "{feed}");
    assert!(!page.contains("s3cr3t-word") && !feed.contains("s3cr3t-word"));
}

#[test]
fn a_socket_that_was_announced_but_not_passed_ends_the_start_with_a_word() {
    let place = Place::new("");
    let line = "exec 3<&-; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", line, "bash", env!("CARGO_BIN_EXE_feedmill"), "--config"]);
    let output = command.arg(place.config()).arg("run").output().unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("systemd") && said.contains("descriptor 3"), "{said}");
}
