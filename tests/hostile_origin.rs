//! The daemon among publishers and readers that mean it ill: every path, certificate and name of the hostile origin, beside
//! five good sources; then attacks on its own listener.
//!
//! The scripts are read from `../shared/hostile`; without them, Python or a namespace of our own (the names need a resolver
//! of ours, and the ports are fixed) the suite says so and passes. All of it stays in that namespace.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test stops at the first surprise, waits by the real clock, and shows its figures"
)]

mod blackbox;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackbox::{Daemon, Origin, Place, request, rss, text, unix_ask, unix_get};
use serde_json::Value;

/// Set inside of the namespace.
const INSIDE: &str = "FEEDMILL_HOSTILE";
/// Where the hostile origin is, what may not be asked for at any price, and where the good sources are.
const EVIL: &str = "127.0.0.2";
const FORBIDDEN: &str = "127.0.0.1";
const GOOD: &str = "127.0.0.3";
const PORT: u16 = 8_999;
const TLS_PORT: u16 = 9_100;
/// The limit of a whole request, and of what a hostile origin may have sent by then, with what the kernel buffers.
const TIMEOUT_S: f64 = 6.0;
const BODY_BYTES_MAX: u64 = 10 << 20;
const BUFFERED_MAX: u64 = 10 << 20;
const MEMORY_KIB_MAX: u64 = 300 << 10;

#[test]
fn a_hostile_origin_harms_nobody() {
    if std::env::var_os(INSIDE).is_some() {
        return among_hostile_publishers();
    }
    inside("a_hostile_origin_harms_nobody");
}

#[test]
fn hostile_readers_are_borne() {
    if std::env::var_os(INSIDE).is_some() {
        return among_hostile_readers();
    }
    inside("hostile_readers_are_borne");
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/hostile")
}

/// Runs a test of this file again, in a namespace of its own.
fn inside(test: &str) {
    let script = "ip link set lo up && echo nameserver 127.0.0.2 > \"$1\" && \
         mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"";
    let namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "--mount", "--fork"]);
        command.args(["--kill-child", "sh", "-c", script, "sh"]);
        command
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let is_there =
        |done: std::io::Result<std::process::Output>| done.is_ok_and(|it| it.status.success());
    let missing = [
        ("../shared/hostile is not there", scripts().join("evil_origin.py").exists()),
        ("python3 is missing", is_there(Command::new("python3").arg("--version").output())),
        ("openssl is missing", is_there(Command::new("openssl").arg("version").output())),
        (
            "no namespace can be made",
            is_there(namespace(script).arg(file.path()).arg("true").output()),
        ),
    ];
    if let Some((reason, _)) = missing.iter().find(|(_, is_there)| !is_there) {
        eprintln!("skipped: {test}: {reason}");
        return;
    }
    let status = namespace(script)
        .arg(file.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status();
    assert!(status.unwrap().success(), "{test} failed inside of its namespace");
}

/// A running script; killed when dropped.
struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a hostile origin and waits until it listens.
fn evil(bind: &str, log: &Path, more: &[&str]) -> Script {
    let child = Command::new("python3")
        .arg(scripts().join("evil_origin.py"))
        .args(["--bind", bind, "--port", &PORT.to_string(), "--lifetime", "300"])
        .args(["--max-seconds", "60", "--log"])
        .arg(log)
        .args(more)
        .stdout(Stdio::null())
        .spawn();
    let script = Script(child.unwrap());
    wait_until("the hostile origin listens", || TcpStream::connect((bind, PORT)).is_ok());
    script
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < end, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The paths that the origin names, and some more statuses.
fn paths() -> Vec<String> {
    let address = std::net::SocketAddr::new(EVIL.parse().unwrap(), PORT);
    let reply = request(address, "GET", "/_paths", &[]);
    let named: BTreeMap<String, String> = serde_json::from_slice(&reply.body).unwrap();
    let statuses = [201, 204, 206, 300, 305, 400, 401, 403, 404, 410, 418, 500, 502, 504, 511, 599];
    let statuses = statuses.map(|status| format!("/status/{status}"));
    // These are what nobody may ask for.
    let traps = ["/internal", "/xxe-hit"];
    named.into_keys().filter(|path| !traps.contains(&path.as_str())).chain(statuses).collect()
}

/// Tells whether a path asks for a pause: that would keep everyone off its server, so each of these has one of its own.
fn asks_for_a_pause(path: &str) -> bool {
    ["/retry/", "/ratelimit", "/storm"].iter().any(|start| path.starts_with(start))
}

/// Redirects to a name whose first address may be polled and whose later ones may not.
const REBIND: &str = "/ssrf/rebind";

const TLS: [&str; 16] = [
    "ok",
    "expired",
    "notyet",
    "wronghost",
    "untrusted",
    "selfsigned",
    "nosan",
    "rsa1024",
    "caleaf",
    "tls10",
    "plaintext",
    "silent",
    "rst",
    "garbage",
    "noclose",
    "drip",
];

const NAMES: [&str; 14] = [
    "ok", "rebind", "multi", "cname", "nx", "servfail", "hang", "slow", "v6only", "mapped",
    "nat64", "zero", "lan", "big",
];

fn source(id: &str, url: &str, more: &str) -> String {
    format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n{more}\n")
}

fn slug(path: &str) -> String {
    let letters =
        path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    format!("evil{}", letters.collect::<String>().to_lowercase())
}

fn configure(place: &Place, ca: &Path, sources: &str) {
    let config = format!(
        "[site]\ntitle = \"Mill\"\nbase_url = \"https://mill.example\"\n\
         [server]\nlisten = [\"127.0.0.1:0\"]\nrate_limit = \"off\"\n\
         [store]\npath = \"data\"\n\
         [poll]\nallow_ports = \"any\"\nper_host = 64\nhost_gap = \"0s\"\ndomain_gap = \"0s\"\n\
         allow_networks = [\"{EVIL}/32\", \"{GOOD}/32\", \"127.0.0.128/25\"]\n\
         timeout = \"{TIMEOUT_S}s\"\nca_file = \"{}\"\n{sources}",
        ca.display()
    );
    fs::write(place.config(), config).unwrap();
}

/// Five good sources, each with a new article at every request.
fn good_sources(origin: &Origin) -> String {
    let mut config = String::new();
    for number in 0..5 {
        let path = format!("/good{number}");
        let count = std::sync::atomic::AtomicU32::new(0);
        origin.on(&path, move |_| {
            let edition = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let (guid, title) =
                (format!("{number}-{edition}"), format!("Tin {number} số {edition}"));
            let link = format!("https://good{number}.example/{edition}");
            let date = "Tue, 24 Nov 2026 10:00:00 GMT";
            let body =
                rss("Good", "https://good.example/", &[(&guid, &title, &link, date, "Chữ.")]);
            blackbox::Answer::ok(body).header("ETag", &format!("\"{edition}\""))
        });
        config += &source(&format!("good{number}"), &origin.url(&path), "interval = \"2s\"");
    }
    config
}

struct Stage {
    place: Place,
    logs: PathBuf,
    _scripts: Vec<Script>,
    good: Origin,
}

fn stage() -> Stage {
    let place = Place::new("");
    let logs = place.dir.path().join("logs");
    fs::create_dir(&logs).unwrap();
    let tls = place.dir.path().join("tls");
    let tls_dir = tls.display().to_string();
    let tls_port = TLS_PORT.to_string();
    let more = ["--tls-dir", &tls_dir, "--tls-port", &tls_port, "--dns-port", "53"];
    let mut scripts = vec![
        evil(EVIL, &logs.join("evil.jsonl"), &more),
        evil(FORBIDDEN, &logs.join("forbidden.jsonl"), &[]),
    ];
    let good = Origin::start_at(GOOD);
    let mut sources = good_sources(&good);
    let mut server = 128;
    for path in paths() {
        let host = if asks_for_a_pause(&path) {
            server += 1;
            let host = format!("127.0.0.{server}");
            scripts.push(evil(&host, &logs.join(format!("{server}.jsonl")), &[]));
            host
        } else {
            EVIL.to_owned()
        };
        // The first answer for this name is an address that may be polled: what is there is nobody's secret.
        let more = if path == REBIND { "exclude = [\"INTERNAL\"]" } else { "" };
        let query = if path == "/slow-ok" { "?ms=500" } else { "" };
        sources += &source(&slug(&path), &format!("http://{host}:{PORT}{path}{query}"), more);
    }
    for (port, name) in (TLS_PORT..).zip(TLS) {
        sources += &source(&format!("tls-{name}"), &format!("https://{EVIL}:{port}/ok.rss"), "");
    }
    for name in NAMES {
        sources +=
            &source(&format!("name-{name}"), &format!("http://{name}.test:{PORT}/ok.rss"), "");
    }
    configure(&place, &tls.join("ca.pem"), &sources);
    Stage { place, logs, _scripts: scripts, good }
}

fn statuses(place: &Place) -> BTreeMap<String, Value> {
    let status: Value = serde_json::from_str(&unix_get(&place.socket(), "/status.json")).unwrap();
    let sources = status["sources"].as_array().unwrap().iter();
    sources.map(|it| (it["id"].as_str().unwrap().to_owned(), it.clone())).collect()
}

fn peak_kib(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn good_requests(stage: &Stage) -> Vec<usize> {
    (0..5).map(|number| stage.good.seen(&format!("/good{number}")).len()).collect()
}

fn among_hostile_publishers() {
    let stage = stage();
    let daemon = stage.place.daemon();
    let begun = Instant::now();
    let all = || statuses(&stage.place);
    wait_until("every source was asked", || all().values().all(|it| !it["last_attempt"].is_null()));
    // Once more, all at once and by hand: known validators, names answered otherwise, and the stored redirects.
    let (status, _) = unix_ask(&stage.place.socket(), "POST", "/poll");
    assert_eq!(status, 200);
    let elapsed = begun.elapsed();
    let requests = good_requests(&stage);
    let asked = all();
    println!(
        "{} hostile sources twice in {:.0} s: peak {} MiB, good sources asked {requests:?} times",
        asked.len() - 5,
        elapsed.as_secs_f64(),
        peak_kib(&daemon) >> 10
    );
    assert!(peak_kib(&daemon) < MEMORY_KIB_MAX, "{} KiB", peak_kib(&daemon));
    // Every 2 s and a tenth more at most; a third of that leaves room for a machine that is busy otherwise.
    let least = usize::try_from(elapsed.as_secs() / 6).unwrap();
    assert!(requests.iter().all(|count| *count >= least), "{requests:?} in {elapsed:?}");
    check_outcomes(&asked);
    check_logs(&stage.logs);
    check_published(&daemon);
    assert!(daemon.terminate().success(), "it stops in order");
}

/// Good ones are well, and those that lie are not, each with its reason.
fn check_outcomes(asked: &BTreeMap<String, Value>) {
    let well = [
        "good0",
        "good1",
        "good2",
        "good3",
        "good4",
        "evil-ok-rss",
        "evil-ok-atom",
        "evil-ok-json",
        "evil-ok-gz",
        "evil-slow-ok",
        "evil-moved",
        "evil-moved-308",
        "evil-gzip-concat",
        "evil-gzip-lie",
        "tls-ok",
        "name-ok",
    ];
    for id in well {
        assert!(asked[id]["last_success"].is_string(), "{}", asked[id]);
    }
    for (id, state) in asked {
        let is_lie = (id.starts_with("tls-") && id != "tls-ok")
            || (id.starts_with("name-")
                && !["name-ok", "name-slow", "name-rebind"].contains(&&**id))
            || (id.starts_with("evil-ssrf-") && *id != slug(REBIND))
            || id.starts_with("evil-status-4")
            || id.starts_with("evil-status-5");
        if is_lie {
            assert!(state["state"] == "failing" || state["state"] == "gone", "{state}");
            assert!(state["last_error"].is_string(), "{state}");
        }
    }
}

/// Nothing internal was asked for; nobody held us for longer, or sent us more, than the limits.
fn check_logs(logs: &Path) {
    let forbidden = fs::read_to_string(logs.join("forbidden.jsonl")).unwrap_or_default();
    // The first line is ours: it was waited for.
    let reached: Vec<&str> = forbidden.lines().filter(|line| line.contains("\"path\"")).collect();
    assert!(reached.is_empty(), "{reached:#?}");
    let mut requests = 0;
    for log in fs::read_dir(logs).unwrap() {
        let path = log.unwrap().path();
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let Some(asked) = line["path"].as_str() else { continue };
            requests += 1;
            let is_allowed = line["host"].as_str().is_some_and(|it| it.starts_with("rebind.test"));
            let is_trap = asked.contains("/internal") || asked.contains("/xxe-hit");
            assert!(!is_trap || is_allowed, "{line}");
            let (sent, took) = (line["sent"].as_u64().unwrap(), line["dur"].as_f64().unwrap());
            assert!(sent <= BODY_BYTES_MAX + BUFFERED_MAX, "{line}");
            assert!(took <= TIMEOUT_S + 6.0, "{line}");
            for name in ["cookie", "referer", "authorization"] {
                assert!(line["headers"][name].is_null(), "{name}: {line}");
            }
        }
    }
    assert!(requests > 200, "{requests}");
}

/// What is published of all that is harmless, and the good news is among it.
fn check_published(daemon: &Daemon) {
    for path in ["/all.atom", "/all.rss", "/all.json", "/", "/sources"] {
        let reply = daemon.get(path);
        assert_eq!(reply.status, 200, "{path}");
        let body = reply.text();
        assert!(!body.contains("INTERNAL SECRET") && !body.contains("root:x:"), "{path}");
    }
    let feed = daemon.get("/all.atom").text();
    let html: Vec<String> = feed.split("type=\"html\"").skip(1).map(markup).collect();
    assert!(html.len() > 10, "{}", html.len());
    let harms = ["<script", "javascript:top", "<img src=x", "onload=", "<iframe", "<form", "<meta"];
    for text in html.iter().map(|text| text.to_lowercase()) {
        for harm in harms {
            assert!(!text.contains(harm), "{harm} in {text}");
        }
    }
    // A title is text: on a page its markup is escaped.
    let page = daemon.get("/").text().to_lowercase();
    for harm in ["<script>top", "href=\"javascript", "<img src=x", "<iframe", "<form action=//"] {
        assert!(!page.contains(harm), "{harm} in {page}");
    }
    assert!(feed.contains("Tin 0 số 0") && feed.contains("Tin 4 số 1"));
}

/// The markup within an element of type html, which is escaped once.
fn markup(rest: &str) -> String {
    let text = rest.split('<').next().unwrap_or_default();
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn among_hostile_readers() {
    let origin = Origin::start();
    origin.feed(
        "/x",
        "\"1\"",
        "Tue, 24 Nov 2026 10:00:00 GMT",
        &rss(
            "x",
            "https://x.example/",
            &[("g", "Bài", "https://x.example/1", "Tue, 24 Nov 2026 10:00:00 GMT", "Chữ.")],
        ),
    );
    let place = Place::new(&source("x", &origin.url("/x"), ""));
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Bài"));
    for test in [
        "idle",
        "slowloris",
        "slow-body",
        "churn",
        "pipeline",
        "huge-headers",
        "huge-body",
        "bad-http",
    ] {
        let output = Command::new("python3")
            .arg(scripts().join("attack.py"))
            .args([test, "--port", &daemon.address.port().to_string(), "--n", "150", "--secs", "2"])
            .args(["--path", "/all.atom", "--health", "/all.atom", "--max-p99", "10000"])
            .output()
            .unwrap();
        let last = text(&output.stdout).lines().last().unwrap_or_default().to_owned();
        println!("{last}");
        assert!(output.status.success(), "{test}: {last} {}", text(&output.stderr));
        assert!(!last.contains("\"server_errors\": 1"), "{test}: {last}");
    }
    assert!(peak_kib(&daemon) < MEMORY_KIB_MAX, "{} KiB", peak_kib(&daemon));
    assert!(daemon.terminate().success());
}
