//! What polling again costs inside a running daemon, beside a bare client that makes the same requests in the same run.
//!
//! 1,000 sources of 30 entries on one host, kept connections, no gaps. CPU is that of the daemon's process alone, measured
//! from outside over whole rounds: nothing changed (304), one new entry in every source, and the time until every new entry
//! is in `/all.atom`. `cargo bench --bench repoll`; `ROUNDS=3` for a short look.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a benchmark stops at the first surprise, prints, and measures by the real clock"
)]

#[path = "../tests/blackbox/mod.rs"]
mod blackbox;
mod papers;

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use blackbox::{Daemon, Place, text, unix_ask};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use papers::{article, document};

const SOURCES: usize = 1_000;
/// Requests at once, of the daemon and of the bare client.
const AT_ONCE: usize = 64;
/// Set for the bare client, which is this program again: where to ask, how often, and with which edition known.
const CLIENT: &str = "REPOLL_CLIENT";

/// A publisher that costs little: answers made beforehand, one write each, a thread for each connection.
#[derive(Clone)]
struct Papers {
    address: SocketAddr,
    edition: Arc<RwLock<Arc<Edition>>>,
}

struct Edition {
    number: usize,
    answers: Vec<Vec<u8>>,
}

impl Edition {
    fn new(number: usize) -> Arc<Self> {
        let answer = |source| {
            let body = document(source, number);
            format!(
                "HTTP/1.1 200 OK\r\nETag: \"{number}\"\r\nLast-Modified: Tue, 24 Nov 2026 10:00:00 GMT\r\n\
                 Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
            .into_bytes()
        };
        Arc::new(Self { number, answers: (0..SOURCES).map(answer).collect() })
    }
}

impl Papers {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let papers = Self {
            address: listener.local_addr().unwrap(),
            edition: Arc::new(RwLock::new(Edition::new(0))),
        };
        let serving = papers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let papers = serving.clone();
                std::thread::spawn(move || papers.serve(stream));
            }
        });
        papers
    }

    fn publish(&self, number: usize) {
        *self.edition.write().unwrap() = Edition::new(number);
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        loop {
            let first = lines.next()?.ok()?;
            let source: usize = first.split(' ').nth(1)?.trim_start_matches('/').parse().ok()?;
            let mut known = String::new();
            for line in lines.by_ref() {
                let line = line.ok()?;
                if line.is_empty() {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("if-none-match: ") {
                    value.clone_into(&mut known);
                }
            }
            let edition = Arc::clone(&self.edition.read().unwrap());
            let tag = format!("\"{}\"", edition.number);
            if known == tag {
                let head = format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n");
                stream.write_all(head.as_bytes()).ok()?;
            } else {
                stream.write_all(&edition.answers[source]).ok()?;
            }
        }
    }
}

/// CPU seconds of a process so far, ended threads included (ticks of 10 ms).
fn cpu_s(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let rest = stat.rsplit(')').next().unwrap();
    let fields: Vec<f64> = rest.split_whitespace().map(|it| it.parse().unwrap_or(0.0)).collect();
    (fields[11] + fields[12]) / 100.0
}

/// Bytes that a process has had written to the disk so far.
fn written(pid: u32) -> f64 {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")).unwrap();
    line.parse().unwrap()
}

fn peak_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1_024.0
}

fn poll_all(place: &Place) {
    let (status, answer) = unix_ask(&place.socket(), "POST", "/poll");
    assert!(status == 200 && answer.contains("\"failed\":0"), "{status} {answer}");
}

/// Rounds of the same requests by a bare client in a process of its own; returns CPU ms a request.
fn bare_ms(papers: &Papers, rounds: usize, known: &str) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .env(CLIENT, format!("{} {rounds} {known}", papers.address))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    text(&output.stdout).trim().parse().unwrap()
}

/// The bare client: one thread, kept connections, every body read and dropped.
fn client(order: &str) {
    let parts: Vec<&str> = order.split(' ').collect();
    let (address, rounds, known) =
        (parts[0].to_owned(), parts[1].parse::<usize>().unwrap(), parts[2]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client: Client<HttpConnector, Empty<Bytes>> =
            Client::builder(TokioExecutor::new()).build_http();
        let round = async || {
            let next = std::cell::Cell::new(0);
            let worker = async || {
                while next.get() < SOURCES {
                    let source = next.replace(next.get() + 1);
                    let request = http::Request::get(format!("http://{address}/{source}"))
                        .header("if-none-match", known)
                        .body(Empty::new());
                    let answer = client.request(request.unwrap()).await.unwrap();
                    answer.into_body().collect().await.unwrap();
                }
            };
            let mut workers: Vec<_> = (0..AT_ONCE).map(|_| Box::pin(worker())).collect();
            std::future::poll_fn(|context| {
                workers.retain_mut(|worker| worker.as_mut().poll(context).is_pending());
                if workers.is_empty() {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
        };
        round().await;
        let before = cpu_s(std::process::id());
        for _ in 0..rounds {
            round().await;
        }
        let requests = (rounds * SOURCES) as f64;
        println!("{:.4}", (cpu_s(std::process::id()) - before) * 1_000.0 / requests);
    });
}

fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap();
    load.split(' ').next().unwrap().to_owned()
}

/// Polls until every new entry is in `/all.atom`; returns the seconds that took.
fn freshness_s(place: &Place, daemon: &Daemon, edition: usize) -> f64 {
    let newest = edition + papers::ENTRIES - 1;
    let titles: Vec<String> = (0..SOURCES).map(|source| article(source, newest).1).collect();
    let _ = daemon.get("/all.atom");
    let began = Instant::now();
    let socket = place.socket();
    let polling = std::thread::spawn(move || unix_ask(&socket, "POST", "/poll"));
    loop {
        let page = daemon.get("/all.atom").text();
        // One pass over the page: this runs beside the daemon, on the same cores.
        let shown: HashSet<&str> =
            page.split("</title>").filter_map(|part| part.rsplit('>').next()).collect();
        let missing = titles.iter().filter(|title| !shown.contains(title.as_str())).count();
        if missing == 0 {
            let took = began.elapsed().as_secs_f64();
            polling.join().unwrap();
            return took;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{missing} titles never came");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn measure(papers: &Papers, mode: &str, rounds: usize) {
    papers.publish(0);
    let mut config = format!("[dedup]\nmode = \"{mode}\"\n",);
    for source in 0..SOURCES {
        config += &format!(
            "[[source]]\nid = \"s{source}\"\nurl = \"http://{}/{source}\"\n",
            papers.address
        );
    }
    let place = Place::new(&config);
    let shown = fs::read_to_string(place.config()).unwrap();
    let shown = shown.replace("rate_limit", "entries_per_feed = 1000\nrate_limit");
    fs::write(place.config(), shown).unwrap();
    place.must(&["poll"]);
    let daemon = place.daemon();
    let pid = daemon.child.id();
    poll_all(&place);

    let (cpu, disk, began) = (cpu_s(pid), written(pid), Instant::now());
    for _ in 0..rounds {
        poll_all(&place);
    }
    let requests = (rounds * SOURCES) as f64;
    let ms = (cpu_s(pid) - cpu) * 1_000.0 / requests;
    let bytes = (written(pid) - disk) / requests;
    let rate = requests / began.elapsed().as_secs_f64();
    let bare = bare_ms(papers, rounds, "\"0\"");
    println!(
        "{mode:9} unchanged: {ms:.3} CPU ms a feed, bare client {bare:.3}; {bytes:.0} B written a feed, {rate:.0} feeds/s, load {}",
        load()
    );

    let mut edition = 0;
    let rounds = rounds.div_ceil(4);
    let mut ms = Vec::new();
    for _ in 0..rounds {
        edition += 1;
        papers.publish(edition);
        let cpu = cpu_s(pid);
        poll_all(&place);
        ms.push((cpu_s(pid) - cpu) * 1_000.0 / SOURCES as f64);
    }
    let mean = ms.iter().sum::<f64>() / ms.len() as f64;
    let bare = bare_ms(papers, rounds, "\"none\"");
    println!(
        "{mode:9} +1 entry: {mean:.3} CPU ms a feed {ms:.2?}, bare client {bare:.3}; load {}",
        load()
    );

    let mut seconds = Vec::new();
    for _ in 0..3 {
        edition += 1;
        while (edition + papers::ENTRIES - 1).is_multiple_of(5) {
            edition += 1;
        }
        papers.publish(edition);
        seconds.push(freshness_s(&place, &daemon, edition));
    }
    println!(
        "{mode:9} every new entry in /all.atom after {seconds:.2?} s; peak {:.0} MiB, load {}",
        peak_mib(pid),
        load()
    );
}

fn main() {
    if let Ok(order) = std::env::var(CLIENT) {
        return client(&order);
    }
    let rounds = std::env::var("ROUNDS").map_or(20, |rounds| rounds.parse().unwrap());
    let papers = Papers::start();
    for mode in ["identity", "full"] {
        measure(&papers, mode, rounds);
    }
}
