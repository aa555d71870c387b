//! What a service manager hears and hands over: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3), with the manager
//! played by the test. `tests/service.sh` has a real one.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use blackbox::{Origin, Place, request, rss, unix_ask};

const DATE: &str = "Fri, 22 Nov 2024 18:11:00 +0700";

/// A manager: its notification socket, and the public listener that outlives the service.
struct Manager {
    dir: tempfile::TempDir,
    socket: UnixDatagram,
    listener: TcpListener,
}

/// The service under a manager; killed when dropped.
struct Service(Child);

impl Manager {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::io::fcntl_setfd(&listener, rustix::io::FdFlags::empty()).unwrap();
        Self { dir, socket, listener }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// Starts the service with the listener as descriptor 3, as systemd would.
    fn start(&self, place: &Place, watchdog: Option<Duration>) -> Service {
        let line = "exec 3<&\"$FD\"; export LISTEN_PID=$$ WATCHDOG_PID=$$; exec \"$@\"";
        let mut command = Command::new("bash");
        command.args(["-c", line, "bash", env!("CARGO_BIN_EXE_feedmill"), "--config"]);
        command.arg(place.config()).args(["run"]);
        command.env("FD", self.listener.as_raw_fd().to_string());
        command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "http");
        command.env("NOTIFY_SOCKET", self.dir.path().join("notify"));
        if let Some(watchdog) = watchdog {
            command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
        }
        Service(command.stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap())
    }

    /// Returns the next message; `None` when none came in time.
    fn hear_within(&self, wait: Duration) -> Option<Vec<String>> {
        self.socket.set_read_timeout(Some(wait)).unwrap();
        let mut bytes = [0; 4_096];
        let length = self.socket.recv(&mut bytes).ok()?;
        let text = String::from_utf8_lossy(bytes.get(..length)?).into_owned();
        Some(text.lines().map(str::to_owned).collect())
    }

    /// Hears messages until one holds a line of that beginning; returns all of them.
    fn hear_until(&self, beginning: &str) -> Vec<Vec<String>> {
        let end = Instant::now() + Duration::from_secs(60);
        let mut heard: Vec<Vec<String>> = Vec::new();
        while Instant::now() < end {
            let Some(message) = self.hear_within(Duration::from_secs(30)) else { break };
            let is_it = message.iter().any(|line| line.starts_with(beginning));
            heard.push(message);
            if is_it {
                return heard;
            }
        }
        panic!("{beginning} never came: {heard:?}");
    }
}

impl Service {
    fn send(&self, signal: &str) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    fn end(&mut self) -> ExitStatus {
        self.send("-TERM");
        self.0.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn status(messages: &[Vec<String>]) -> String {
    let last = messages.last().unwrap();
    last.iter().find(|line| line.starts_with("STATUS=")).cloned().unwrap_or_default()
}

/// A publisher of one article, and a place that polls it.
fn one_article() -> (Origin, Place) {
    let origin = Origin::start();
    let body = rss(
        "Báo",
        "https://bao.example/",
        &[("g1", "Bão đổ bộ", "https://bao.example/1", DATE, "Nội dung của bài.")],
    );
    origin.feed("/a.xml", "\"a\"", DATE, &body);
    let url = origin.url("/a.xml");
    let place = Place::new(&format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\n"));
    (origin, place)
}

/// Makes a pipe with a name: who opens it waits until the other side is there.
fn pipe(path: &std::path::Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn the_manager_hears_of_start_reload_and_stop_with_a_line_worth_reading() {
    let (_origin, place) = one_article();
    let manager = Manager::new();
    let mut service = manager.start(&place, None);
    let start = manager.hear_until("READY=1");
    assert!(status(&start).starts_with("STATUS=1 source, "), "{start:?}");
    assert_eq!(request(manager.address(), "GET", "/healthz", &[]).status, 200);

    service.send("-HUP");
    let heard = manager.hear_until("RELOADING=1");
    let reloading = heard.last().unwrap();
    assert!(reloading.iter().any(|line| line.starts_with("MONOTONIC_USEC=")), "{heard:?}");
    manager.hear_until("READY=1");

    // A broken file; whether the watch or the signal finds it first is the same.
    std::fs::write(place.config(), "nonsense = 1\n").unwrap();
    service.send("-HUP");
    manager.hear_until("RELOADING=1");
    let ready = manager.hear_until("READY=1");
    assert!(status(&ready).contains("configuration rejected, the old one stays"), "{ready:?}");

    service.send("-TERM");
    manager.hear_until("STOPPING=1");
    assert!(service.0.wait().unwrap().success());
}

#[test]
fn more_time_is_asked_for_while_a_store_opens_and_readers_are_told() {
    let (_origin, place) = one_article();
    place.must(&["poll"]);
    let manifest = place.dir.path().join("data/MANIFEST");
    let text = std::fs::read(&manifest).unwrap();
    std::fs::remove_file(&manifest).unwrap();
    pipe(&manifest);
    let manager = Manager::new();
    let mut service = manager.start(&place, None);
    let heard = manager.hear_until("EXTEND_TIMEOUT_USEC=");
    assert!(!heard.concat().contains(&"READY=1".to_owned()), "{heard:?}");
    manager.hear_until("STATUS=opening the store");
    let reply = request(manager.address(), "GET", "/readyz", &[]);
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(request(manager.address(), "GET", "/healthz", &[]).status, 200, "it is alive");
    std::fs::write(&manifest, text).unwrap();
    let ready = manager.hear_until("READY=1");
    assert!(status(&ready).starts_with("STATUS=1 source, 1 story"), "{ready:?}");
    assert!(request(manager.address(), "GET", "/all.atom", &[]).text().contains("Bão"));
    assert!(service.end().success());
}

#[test]
fn signs_of_life_end_when_the_writer_hangs_and_go_on_when_it_does() {
    let (_origin, place) = one_article();
    place.must(&["poll"]);
    let watchdog = Duration::from_millis(1_200);
    let manager = Manager::new();
    let mut service = manager.start(&place, Some(watchdog));
    manager.hear_until("READY=1");
    for _ in 0..4 {
        manager.hear_until("WATCHDOG=1");
    }
    // The writer brings its manifest up to date every so many commits: there it hangs.
    let aside = place.dir.path().join("data/MANIFEST.tmp");
    pipe(&aside);
    let socket = place.socket();
    let stuck = std::thread::spawn(move || {
        let orders = ["/withdraw?entry=g1", "/withdraw?entry=g1&undo=1"];
        orders.iter().cycle().take(400).all(|order| unix_ask(&socket, "POST", order).0 == 200)
    });
    let end = Instant::now() + Duration::from_secs(60);
    while manager
        .hear_within(watchdog)
        .is_some_and(|heard| heard.iter().any(|line| line == "WATCHDOG=1"))
    {
        assert!(Instant::now() < end, "the writer never hung");
    }
    assert_eq!(request(manager.address(), "GET", "/all.atom", &[]).status, 200, "serving goes on");
    // It goes on as soon as somebody reads the pipe; what it wrote there is no file, and tried again later.
    let mut reader = std::fs::File::open(&aside).unwrap();
    std::fs::remove_file(&aside).unwrap();
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    manager.hear_until("WATCHDOG=1");
    assert!(stuck.join().unwrap(), "no order was lost");
    assert!(service.end().success());
}

#[test]
fn a_listener_that_is_passed_on_refuses_nobody_over_restarts() {
    let (_origin, place) = one_article();
    place.must(&["poll"]);
    let manager = Manager::new();
    let mut service = manager.start(&place, None);
    manager.hear_until("READY=1");
    let before = request(manager.address(), "GET", "/all.atom", &[]).text();
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (stop, address, before) = (Arc::clone(&stop), manager.address(), before.clone());
            std::thread::spawn(move || {
                let mut asked = 0;
                while !stop.load(Ordering::Relaxed) {
                    let reply = request(address, "GET", "/all.atom", &[]);
                    assert_eq!((reply.status, reply.text()), (200, before.clone()));
                    asked += 1;
                }
                asked
            })
        })
        .collect();
    for _ in 0..5 {
        assert!(service.end().success());
        service = manager.start(&place, None);
        manager.hear_until("READY=1");
    }
    stop.store(true, Ordering::Relaxed);
    let asked: u32 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
    assert!(asked > 10, "{asked}");
    assert!(service.end().success());
}

/// The secret of a source as `LoadCredential=` hands it over, and the state where `StateDirectory=` puts it.
#[test]
fn credentials_and_directories_of_the_manager_are_used() {
    let origin = Origin::start();
    let body =
        rss("Báo", "https://bao.example/", &[("g1", "Kín", "https://bao.example/1", DATE, "x")]);
    origin.on("/locked.xml", move |seen| {
        // RFC 7617: "user:pass" in base64.
        let is_known =
            seen.headers.get("authorization").is_some_and(|it| it == "Basic dXNlcjpwYXNz");
        if is_known { blackbox::Answer::ok(body.as_bytes()) } else { blackbox::Answer::status(401) }
    });
    let url = origin.url("/locked.xml");
    let place = Place::new(&format!(
        "[[source]]\nid = \"locked\"\nurl = \"{url}\"\nsecret_file = \"locked.secret\"\n"
    ));
    let text = std::fs::read_to_string(place.config()).unwrap();
    std::fs::write(place.config(), text.replace("path = \"data\"\n", "")).unwrap();
    let given: PathBuf = place.dir.path().join("given");
    for name in ["state", "run", "credentials"] {
        std::fs::create_dir_all(given.join(name)).unwrap();
    }
    std::fs::write(given.join("credentials/locked.secret"), "user:pass\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_feedmill"))
        .arg("--config")
        .arg(place.config())
        .arg("poll")
        .env("STATE_DIRECTORY", given.join("state"))
        .env("RUNTIME_DIRECTORY", given.join("run"))
        .env("CREDENTIALS_DIRECTORY", given.join("credentials"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", blackbox::text(&output.stderr));
    assert!(given.join("state/MANIFEST").exists(), "the store is where the manager wants it");
    assert_eq!(origin.seen("/locked.xml").len(), 1);
}
