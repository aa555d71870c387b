//! A disk that is really full: a tmpfs of some megabytes in a mount namespace of the daemon's own. Needs root.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use blackbox::{Answer, Origin, Place, request, unix_ask};
use serde_json::Value;

/// Runs a command in a mount namespace with a small disk at `$1`; its process keeps the pid.
const SMALL_DISK: &str = "mount -t tmpfs -o size=24M,mode=755 small \"$1\" && shift && exec \"$@\"";

/// The daemon on its small disk; killed when dropped.
struct Cramped(Child);

impl Drop for Cramped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Cramped {
    /// Runs something beside the daemon, on the same disk.
    fn beside(&self, command: &[&str]) -> bool {
        let pid = self.0.id().to_string();
        let status = Command::new("nsenter").args(["-t", &pid, "-m"]).args(command).status();
        status.is_ok_and(|status| status.success())
    }
}

fn can_mount(disk: &Path) -> bool {
    let shell = ["--mount", "sh", "-c", SMALL_DISK, "sh"];
    let tried = Command::new("unshare").args(shell).arg(disk).arg("true").output();
    tried.is_ok_and(|output| output.status.success())
}

/// A feed whose ten items are new at each request, of text that cannot be packed.
fn flood(origin: &Origin) {
    let round = AtomicU32::new(0);
    origin.on("/flood.xml", move |_| {
        let round = round.fetch_add(1, Ordering::Relaxed);
        let mut noise = 0x9E37_79B9_7F4A_7C15_u64 ^ u64::from(round);
        let mut text = String::new();
        let items: String = (0..10)
            .map(|item| {
                text.clear();
                while text.len() < 12_000 {
                    noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    text.push_str(&format!("{:x} ", noise >> 8));
                }
                format!(
                    "<item><guid isPermaLink=\"false\">{round}-{item}</guid><title>{round} {item}\
                     </title><description>{text}</description></item>"
                )
            })
            .collect();
        Answer::ok(format!(
            "<rss version=\"2.0\"><channel><title>Flood</title><link>https://a.example/</link>\
             <description>x</description>{items}</channel></rss>"
        ))
    });
}

fn free_address() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(90);
    while !is_so() {
        assert!(Instant::now() < end, "never came: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

struct World {
    _origin: Origin,
    place: Place,
    socket: PathBuf,
    address: std::net::SocketAddr,
}

impl World {
    fn new() -> Self {
        let origin = Origin::start();
        flood(&origin);
        let url = origin.url("/flood.xml");
        let place = Place::new(&format!(
            "[dedup]\nmode = \"off\"\n[[source]]\nid = \"flood\"\nurl = \"{url}\"\n"
        ));
        let socket = place.dir.path().join("admin.sock");
        let address = free_address();
        let admin = format!("listen = [\"{address}\"]\nadmin = \"unix:{}\"", socket.display());
        let text = std::fs::read_to_string(place.config()).unwrap();
        let text = text.replace("listen = [\"127.0.0.1:0\"]", &admin);
        let text = text.replace("path = \"data\"", "path = \"data\"\nreserve = \"0 B\"");
        std::fs::write(place.config(), text).unwrap();
        std::fs::create_dir(place.dir.path().join("data")).unwrap();
        Self { _origin: origin, place, socket, address }
    }

    fn start(&self) -> Cramped {
        let daemon = Command::new("unshare")
            .args(["--mount", "sh", "-c", SMALL_DISK, "sh"])
            .arg(self.place.dir.path().join("data"))
            .args([env!("CARGO_BIN_EXE_feedmill"), "--config"])
            .arg(self.place.config())
            .arg("run")
            .stderr(std::fs::File::create(self.place.dir.path().join("log")).unwrap())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Cramped(daemon);
        wait_until("the control socket", || {
            std::os::unix::net::UnixStream::connect(&self.socket).is_ok()
        });
        daemon
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.place.dir.path().join("log")).unwrap()
    }

    fn status(&self) -> Value {
        serde_json::from_str(&unix_ask(&self.socket, "GET", "/status.json").1).unwrap()
    }
}

#[test]
fn a_full_disk_stops_polling_and_nothing_else_and_room_brings_it_back() {
    let world = World::new();
    let data = world.place.dir.path().join("data");
    if !can_mount(&data) {
        eprintln!("skipped: a small disk needs root and `unshare`; a full one was not tried");
        return;
    }
    let daemon = world.start();
    let ballast = data.join("ballast");
    let ballast = ballast.to_str().unwrap();
    assert!(daemon.beside(&["fallocate", "-l", "19M", ballast]));
    let mut acknowledged = 0;
    let refused = (0..400).find_map(|_| {
        let (status, body) = unix_ask(&world.socket, "POST", "/poll");
        match status {
            200 => {
                let totals: Value = serde_json::from_str(body.trim()).unwrap();
                acknowledged += totals["new"].as_u64().unwrap();
                None
            }
            _ => Some((status, body)),
        }
    });
    let (status, body) = refused.expect("what is left is full some time");
    assert_eq!(status, 500, "{body}");
    assert!(acknowledged >= 10, "{acknowledged}");
    assert_eq!(world.status()["store"]["state"], "read-only", "{}", world.log());
    let feed = request(world.address, "GET", "/all.atom", &[]);
    assert_eq!(feed.status, 200, "serving goes on");
    wait_until("what /readyz says", || {
        let ready = request(world.address, "GET", "/readyz", &[]);
        ready.status == 200 && ready.text().contains("a write to the store failed")
    });
    assert!(world.log().contains("ERROR"), "an operator must act: {}", world.log());

    assert!(daemon.beside(&["mount", "-o", "remount,size=400M", data.to_str().unwrap()]));
    assert!(daemon.beside(&["rm", ballast]));
    wait_until("the store opened again", || world.status()["store"]["state"] == "ok");
    wait_until("a poll that is stored", || {
        let (status, body) = unix_ask(&world.socket, "POST", "/poll");
        if status == 200 {
            let totals: Value = serde_json::from_str(body.trim()).unwrap();
            acknowledged += totals["new"].as_u64().unwrap();
        }
        status == 200
    });
    let entries = world.status()["entries"].as_u64().unwrap();
    assert!(entries >= acknowledged, "{entries} of {acknowledged}: nothing acknowledged is lost");
    let (_, found) = unix_ask(&world.socket, "GET", "/verify");
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["findings"], serde_json::json!([]), "{}", world.log());
    wait_until("what /readyz says", || {
        request(world.address, "GET", "/readyz", &[]).text().trim() == "ok"
    });
}
