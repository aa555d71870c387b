//! Clients that mean it ill, against the daemon as it runs, over real sockets: thousands that say nothing, that speak or
//! listen by drops, that come and go, that ask without end, and that send what is no request. A reader beside them is
//! answered all the time, and what they held comes back.
//!
//! `FEEDMILL_CLIENTS=10000` makes it the long form: so many connections an attack, held for 20 s, and the reader's p99 is
//! held to its goal. `cargo test --release --test clients -- --nocapture` shows the figures.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

#[path = "clients/attacks.rs"]
mod attacks;
mod blackbox;
#[path = "clients/malformed.rs"]
mod malformed;
#[path = "clients/reader.rs"]
mod reader;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use attacks::{Attack, Plan};
use blackbox::{Answer, Daemon, Origin, Place, Reply, rss, text, unix_ask};
use reader::Reader;

/// Connections of an attack in the short form.
const SHORT: usize = 300;
/// How long they are held, in the short and in the long form.
const HELD_SHORT: Duration = Duration::from_millis(1_500);
const HELD_LONG: Duration = Duration::from_secs(20);
/// The long form's goal for the reader beside them.
const P99_MAX: Duration = Duration::from_millis(100);
/// What may stay behind of an attack: what the allocator keeps, and descriptors of polls meanwhile.
const MEMORY_KIB_KEPT_MAX: u64 = 48 << 10;
const DESCRIPTORS_KEPT_MAX: usize = 8;

/// Articles of the big feed, and words of each: together some megabytes.
const ARTICLES: usize = 1_000;
const WORDS: usize = 900;

/// Returns a daemon with one small source, and one of so many long articles.
fn daemon(server: &str, count: usize) -> (Place, Daemon) {
    let origin = Origin::start();
    let date = "Tue, 24 Nov 2026 10:00:00 GMT";
    let small =
        rss("Nhỏ", "https://s.example/", &[("1", "Bài", "https://s.example/1", date, "Chữ.")]);
    origin.feed("/small", "\"1\"", date, &small);
    // Words that are not the same in any two articles, so that none is a copy.
    let word = |article: usize, n: usize| format!("từ{:x}", article * 7_919 + n * n * 31);
    let articles: Vec<[String; 3]> = (0..count)
        .map(|article| {
            let words: Vec<String> = (0..WORDS).map(|n| word(article, n)).collect();
            [format!("{article}"), format!("https://b.example/{article}"), words.join(" ")]
        })
        .collect();
    let items: Vec<_> = articles
        .iter()
        .map(|[guid, link, text]| (&**guid, &**guid, &**link, date, &**text))
        .collect();
    let big = rss("To", "https://b.example/", &items);
    origin.on("/big", move |_| Answer::ok(big.as_bytes()));
    let source = |id: &str| {
        let url = origin.url(&format!("/{id}"));
        format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ndedup = \"off\"\n")
    };
    let place = Place::new(&format!("max_body = \"32 MiB\"\n{}{}", source("small"), source("big")));
    let config = std::fs::read_to_string(place.config()).unwrap();
    let config =
        config.replace("rate_limit = \"off\"\n", &format!("{server}\nentries_per_feed = 1000\n"));
    std::fs::write(place.config(), config).unwrap();
    let daemon = place.daemon();
    daemon.wait_for("/source/small.atom", |body| body.contains("Bài"));
    if count > 0 {
        daemon.wait_for("/source/big.json", |body| body.contains("https://b.example/0"));
    }
    (place, daemon)
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
struct Held {
    memory_kib: u64,
    descriptors: usize,
    /// What the kernel holds for all TCP connections of this network namespace's machine.
    kernel_kib: u64,
}

fn held(daemon: &Daemon) -> Held {
    let process = format!("/proc/{}", daemon.child.id());
    let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    Held {
        memory_kib: memory.split_whitespace().next().unwrap().parse().unwrap(),
        descriptors: std::fs::read_dir(format!("{process}/fd")).unwrap().count(),
        kernel_kib: kernel_kib(),
    }
}

fn kernel_kib() -> u64 {
    let sockets = std::fs::read_to_string("/proc/net/sockstat").unwrap_or_default();
    let tcp = sockets.lines().find_map(|line| line.strip_prefix("TCP:")).unwrap_or_default();
    let pages = tcp.split_whitespace().last().and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4
}

/// Waits until what is held is back to `before`, nearly.
fn comes_back(daemon: &Daemon, before: Held, attack: &str) -> Held {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let now = held(daemon);
        let is_back = now.descriptors <= before.descriptors + DESCRIPTORS_KEPT_MAX
            && now.memory_kib <= before.memory_kib + MEMORY_KIB_KEPT_MAX;
        if is_back {
            return now;
        }
        assert!(Instant::now() < end, "{attack}: {before:?} before, {now:?} long after");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn plan(address: SocketAddr) -> Plan {
    let long = std::env::var("FEEDMILL_CLIENTS").ok().and_then(|count| count.parse().ok());
    let held = if long.is_some() { HELD_LONG } else { HELD_SHORT };
    Plan { address, count: long.unwrap_or(SHORT), held, is_long: long.is_some() }
}

#[test]
fn a_reader_is_answered_whatever_others_do_and_what_they_held_comes_back() {
    rustix::process::setrlimit(rustix::process::Resource::Nofile, most_descriptors()).unwrap();
    let patience = if std::env::var_os("FEEDMILL_CLIENTS").is_some() { "10s" } else { "1s" };
    let (_place, daemon) =
        daemon(&format!("rate_limit = \"off\"\nheader_timeout = \"{patience}\""), ARTICLES);
    let plan = plan(daemon.address);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let at_first = held(&daemon);
    // The first of all makes the buffers and arenas that stay.
    runtime.block_on(attacks::churn(plan));
    let before = Held { memory_kib: held(&daemon).memory_kib, ..at_first };
    println!(
        "{} connections, {} s: rss and descriptors before, during, after; the reader beside it",
        plan.count,
        plan.held.as_secs_f64()
    );
    for (name, attack) in attacks::ALL {
        let reader = Reader::start(daemon.address, "/source/small.atom");
        let (seen, during) = runtime.block_on(run(attack, plan, &daemon));
        let read = reader.stop_after(5);
        let after = comes_back(&daemon, before, name);
        println!(
            "{name:13} {:3} → {:3} → {:3} MiB, {:3} → {:5} → {:3} fds, sockets {:4} MiB, {read}, {seen}",
            before.memory_kib >> 10,
            during.memory_kib >> 10,
            after.memory_kib >> 10,
            before.descriptors,
            during.descriptors,
            after.descriptors,
            during.kernel_kib >> 10
        );
        assert!(read.failed.is_empty(), "{name}: {:?}", read.failed);
        assert!(!plan.is_long || read.p99() <= P99_MAX, "{name}: {read}");
    }
    let log = daemon.log().join("\n");
    assert!(!log.contains("panicked") && !log.contains("\"level\":\"ERROR\""), "{log}");
    assert!(daemon.terminate().success(), "it stops in order");
}

/// Runs an attack; returns what it saw, and what the daemon held at its height.
async fn run(attack: &Attack, plan: Plan, daemon: &Daemon) -> (String, Held) {
    let mut height = held(daemon);
    let mut going = std::pin::pin!(attack(plan));
    loop {
        tokio::select! {
            seen = &mut going => return (seen, height),
            () = tokio::time::sleep(Duration::from_millis(100)) => {
                let now = held(daemon);
                height.memory_kib = height.memory_kib.max(now.memory_kib);
                height.descriptors = height.descriptors.max(now.descriptors);
                height.kernel_kib = height.kernel_kib.max(now.kernel_kib);
            }
        }
    }
}

fn most_descriptors() -> rustix::process::Rlimit {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    rustix::process::Rlimit { current: limit.maximum, ..limit }
}

#[test]
fn what_is_no_request_gets_4xx_or_a_close() {
    let (_place, daemon) = daemon("rate_limit = \"off\"\nheader_timeout = \"2s\"", 0);
    for (name, raw, wanted) in malformed::requests() {
        let statuses = malformed::answers(daemon.address, &raw);
        let is_refused = statuses.iter().all(|status| (400..500).contains(status));
        assert!(is_refused && statuses.len() <= 1, "{name}: {statuses:?}");
        assert!(wanted == 0 || statuses == [wanted], "{name}: {statuses:?}, not {wanted}");
    }
    for (name, raw, wanted) in malformed::odd_but_good() {
        let statuses = malformed::answers(daemon.address, &raw);
        assert_eq!(statuses, wanted, "{name}");
    }
    assert_eq!(daemon.get("/healthz").status, 200);
}

#[test]
fn http_2_is_not_spoken() {
    let (_place, daemon) = daemon("rate_limit = \"off\"\nheader_timeout = \"2s\"", 0);
    let before = held(&daemon);
    for (name, raw) in malformed::http_2() {
        let mut stream = TcpStream::connect(daemon.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // What comes behind the first bytes may find the connection closed.
        let _ = stream.write_all(&raw);
        let mut all = Vec::new();
        let end = stream.read_to_end(&mut all);
        let is_closed = end.is_ok()
            || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset);
        assert!(is_closed, "{name}: still open");
        let said = text(&all);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{name}: {said}");
    }
    let upgrade = [
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABk"),
    ];
    let reply = blackbox::request(daemon.address, "GET", "/healthz", &upgrade);
    assert_eq!((reply.status, &*reply.text()), (200, "ok\n"), "an upgrade is not taken up");
    comes_back(&daemon, before, "http/2");
}

/// One request from a loopback address of choice.
fn ask_from(source: &str, to: SocketAddr, fields: &[(&str, &str)]) -> Reply {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    blackbox::exchange(stream, "GET", "/healthz", fields)
}

#[test]
fn each_client_has_its_own_limit_and_only_a_trusted_proxy_says_who_it_is() {
    let (_place, daemon) = daemon("rate_limit = \"3/s\"\ntrusted_proxies = [\"127.0.0.1/32\"]", 0);
    let (proxy, stranger, other) = ("127.0.0.1", "127.0.0.7", "127.0.0.8");
    fn listed(address: &str) -> [(&str, &str); 1] {
        [("X-Forwarded-For", address)]
    }
    let to = daemon.address;
    let ask = |from: &str, fields: &[(&str, &str)]| ask_from(from, to, fields);
    // However slow the machine is: far more than three a second.
    let is_limited = |from: &str, fields: &[(&str, &str)]| {
        (0..200).map(|_| ask(from, fields)).find(|reply| reply.status == 429)
    };
    let refused = is_limited(stranger, &[]).unwrap();
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(ask(other, &[]).status, 200, "another address");
    // A stranger who names others is still himself, and uses up nobody else's.
    let names: Vec<String> = (0..200).map(|n| format!("198.51.100.{n}")).collect();
    assert!(names.iter().any(|name| ask(stranger, &listed(name)).status == 429));
    assert!(
        names
            .iter()
            .any(|name| ask(stranger, &[("Forwarded", &format!("for={name}"))]).status == 429)
    );
    assert!(is_limited(stranger, &listed("198.51.100.77")).is_some());
    assert_eq!(ask(proxy, &listed("198.51.100.77")).status, 200);
    // Behind the proxy: a /64 is one client, the next is another.
    assert!(is_limited(proxy, &listed("2001:db8:0:1::1")).is_some());
    assert_eq!(ask(proxy, &listed("2001:db8:0:2::1")).status, 200, "the next /64");
    let neighbours: Vec<String> = (2..200).map(|n| format!("2001:db8:0:1:{n}::1")).collect();
    assert!(neighbours.iter().any(|name| ask(proxy, &listed(name)).status == 429), "all of a /64");
    // The client's own word stands before the proxy's, and is not believed.
    let spoofed: Vec<String> = (0..200).map(|n| format!("192.0.2.{n}, 203.0.113.9")).collect();
    assert!(spoofed.iter().any(|names| ask(proxy, &listed(names)).status == 429));
    let forwarded = [("Forwarded", "for=\"[2001:db8:0:3::1]:4711\";proto=https")];
    assert!(is_limited(proxy, &forwarded).is_some(), "RFC 7239");
    assert!(is_limited(proxy, &[]).is_none(), "a proxy that names nobody is not limited");
}

#[test]
fn the_public_listener_knows_no_order() {
    let (place, daemon) = daemon("rate_limit = \"off\"", 0);
    let orders = [
        "/metrics",
        "/status.json",
        "/explain?entry=1",
        "/export.opml",
        "/export.opml?with_secrets=1",
        "/verify",
        "/backup",
        "/poll",
        "/reload",
        "/split?entry=1",
        "/merge?entry=1&entry=2",
        "/withdraw?entry=1",
        "/forget?source=small",
        "//metrics",
        "/%6detrics",
        "/./metrics",
        "/metrics/",
        "/admin/metrics",
    ];
    for path in orders {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
            let absolute = format!("http://admin{path}");
            for target in [path, &absolute] {
                let status = blackbox::request(daemon.address, method, target, &[]).status;
                assert!([301, 404, 405].contains(&status), "{method} {target}: {status}");
            }
        }
    }
    for path in ["/metrics", "/status.json"] {
        let moved = daemon.get(&format!("/{path}"));
        assert_ne!(moved.status, 200, "{path}");
    }
    // On its own socket an order is carried out, unless a page of the browser sent it.
    assert_eq!(unix_ask(&place.socket(), "GET", "/metrics").0, 200);
    let page = [("Origin", "https://evil.example")];
    let refused = blackbox::unix_request(&place.socket(), "POST", "/reload", &page);
    assert_eq!(refused.status, 403, "{}", refused.text());
}

#[test]
fn a_server_full_of_readers_who_do_not_read_takes_newcomers() {
    let (_place, daemon) = daemon("rate_limit = \"off\"\nmax_connections = 32", ARTICLES);
    let mut held = Vec::new();
    for _ in 0..64 {
        let mut stream = TcpStream::connect(daemon.address).unwrap();
        stream.write_all(b"GET /source/big.json HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        held.push(stream);
        // Whoever comes is answered, however many do not read.
        assert_eq!(daemon.get("/healthz").status, 200);
    }
    let reader = Reader::start(daemon.address, "/source/small.atom");
    let read = reader.stop_after(20);
    assert!(read.failed.is_empty(), "{:?}", read.failed);
}
