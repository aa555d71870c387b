//! What serving costs beside a bare hyper server and nginx that return the same bytes.
//!
//! Servers on one core, the client on the other, one keep-alive connection, one request after the
//! other. CPU time is that of the serving thread alone, by the kernel's count. All take turns, and
//! the best round of each counts, so that a neighbour on the machine does not decide. Behind that:
//! the first request after a change, the memory of the cache, and commits while a reader hammers.
//! `cargo bench --bench serve`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    clippy::disallowed_methods,
    unreachable_pub,
    dead_code,
    reason = "a bench prints, stops at the first surprise, waits by the real clock, and uses a part of the fake"
)]

#[path = "serve/client.rs"]
mod client;
#[path = "../tests/serve/fake.rs"]
mod fake;
#[path = "serve/load.rs"]
mod load;
#[path = "serve/rivals.rs"]
mod rivals;
#[path = "serve/server.rs"]
mod server;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use client::{Client, length, once};
use fake::{FakeStore, Shelves, Standing, at, held, settings, story};
use feedmill::model::policy::Listen;
use feedmill::serve::listener::{Bound, Limits, run};
use feedmill::serve::{Settings, Site};
use feedmill::store::Store;
use feedmill::telemetry::Metrics;
use http::{HeaderMap, StatusCode};
use rivals::{Nginx, bare};
use server::{Server, serve};

const ENTRIES: u64 = 100;
const ROUNDS: usize = 10;
const REQUESTS: usize = 3_000;

fn main() {
    server::pin(None, server::CLIENT);
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
    beside_others();
    load::first_request_after_a_change();
    load::memory_of_the_cache();
    load::commits_while_a_reader_hammers();
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap().trim());
}

fn world() -> FakeStore {
    let start = at("2024-11-20T00:00:00Z");
    let entries: Vec<_> = (1..=ENTRIES)
        .map(|no| {
            let date = start + jiff::SignedDuration::from_mins(no as i64);
            let mut held = held(no, no, "nhandan", &date.to_string(), &format!("Tin số {no}"));
            held.entry.content = Some(prose(no));
            held
        })
        .collect();
    let stories = entries.iter().map(|held| story(held.no.0, &[held])).collect();
    FakeStore(Mutex::new(Shelves { entries, stories, ..Shelves::default() }))
}

fn prose(no: u64) -> String {
    let words = (0..200).map(|word| format!("chữ{} ", (no * 31 + word * 17) % 997));
    format!("<p>{}</p>", words.collect::<String>())
}

/// The service over a store, with the metrics that the daemon keeps.
fn site(store: Arc<dyn Store>, settings: Settings) -> Arc<Site> {
    let clock = Arc::new(Standing(at("2024-11-23T00:00:00Z")));
    let metrics = Metrics::new();
    let hook = Box::new(move |route, status, elapsed| metrics.http_request(route, status, elapsed));
    Site::new(Some(store), settings, clock, hook)
}

/// Serves a site as the daemon does.
fn ours(site: &Arc<Site>) -> Server {
    let site = Arc::clone(site);
    serve(|ready| async move {
        let limits = Limits::from(&settings().server);
        let bound = Bound::bind(&Listen::Tcp("127.0.0.1:0".parse().unwrap()), 0).await.unwrap();
        ready.send(bound.address().unwrap()).unwrap();
        let warm = Arc::clone(&site);
        tokio::spawn(async move { warm.keep_warm().await });
        let respond = move |request: http::Request<hyper::body::Incoming>, peer| {
            let site = Arc::clone(&site);
            async move { site.respond(&request, peer).await }
        };
        run(vec![bound], respond, limits, std::future::pending()).await;
    })
}

/// Status, fields and body of an answer on the wire.
fn read(raw: &[u8]) -> (StatusCode, HeaderMap, Bytes) {
    let cut = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&raw[..cut]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap()[9..12].parse().unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        if !matches!(name.to_ascii_lowercase().as_str(), "date" | "connection") {
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
    }
    (status, headers, Bytes::copy_from_slice(&raw[cut + 4..]))
}

/// One of those that are measured.
struct Runner<'a> {
    name: &'static str,
    address: SocketAddr,
    request: String,
    cpu_ns: Box<dyn Fn() -> u64 + 'a>,
    /// CPU ns a request, and the 99th percentile of the time it took: the best round.
    best: (f64, u64),
}

impl<'a> Runner<'a> {
    fn new(
        name: &'static str,
        address: SocketAddr,
        request: &str,
        cpu_ns: impl Fn() -> u64 + 'a,
    ) -> Self {
        let best = (f64::MAX, u64::MAX);
        Self { name, address, request: request.to_owned(), cpu_ns: Box::new(cpu_ns), best }
    }

    fn round(&mut self) {
        let answer_bytes = length(self.address, &self.request);
        let mut client = Client::connect(self.address);
        let before = (self.cpu_ns)();
        let raw = self.request.as_bytes();
        let mut took: Vec<u64> = (0..REQUESTS).map(|_| client.ask(raw, answer_bytes)).collect();
        let cpu = ((self.cpu_ns)() - before) as f64 / REQUESTS as f64;
        took.sort_unstable();
        let p99 = took[REQUESTS * 99 / 100];
        self.best = (self.best.0.min(cpu), self.best.1.min(p99));
    }
}

fn beside_others() {
    let site = site(Arc::new(world()), settings());
    let ours = ours(&site);
    let get = |fields: &str| format!("GET /all.atom HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let gzip = "Accept-Encoding: gzip\r\n";
    let (_, headers, identity) = read(&once(ours.address, &get("")));
    let (_, _, packed) = read(&once(ours.address, &get(gzip)));
    let etag = headers["etag"].to_str().unwrap().to_owned();
    let nginx = Nginx::start(&identity, &packed, &headers);
    if let Some(nginx) = &nginx {
        server::pin(Some(nginx.pid()), server::SERVER);
    } else {
        println!("nginx is not installed: it is left out");
    }
    println!("/all.atom, {ENTRIES} entries, {REQUESTS} requests a round, best of {ROUNDS} rounds");
    println!("| answer | bytes | server | CPU s / 100,000 | p99 µs | to bare hyper |");
    for (name, fields) in [
        ("identity", String::new()),
        ("gzip", gzip.to_owned()),
        ("304", format!("If-None-Match: {etag}\r\n")),
    ] {
        let request = get(&fields);
        let (status, headers, body) = read(&once(ours.address, &request));
        let bytes = body.len();
        let bare = bare(status, headers, body);
        let mut runners = vec![
            Runner::new("bare hyper", bare.address, &request, || bare.cpu_ns()),
            Runner::new("feedmill", ours.address, &request, || ours.cpu_ns()),
        ];
        if let Some(nginx) = &nginx {
            let theirs = read(&once(nginx.address, &get(&fields))).1;
            let own = theirs["etag"].to_str().unwrap().to_owned();
            let request = request.replace(&etag, &own);
            let who = nginx.pid().to_string();
            let cpu = move || server::cpu_ns_of(&who);
            runners.push(Runner::new("nginx", nginx.address, &request, cpu));
        }
        for _ in 0..ROUNDS {
            runners.iter_mut().for_each(Runner::round);
        }
        let base = runners[0].best.0;
        for Runner { name: server, best: (cpu, p99), .. } in &runners {
            let (seconds, micros) = (cpu / 1e4, *p99 as f64 / 1e3);
            println!(
                "| {name} | {bytes} | {server} | {seconds:.3} | {micros:.0} | {:.2} |",
                cpu / base
            );
        }
    }
}
