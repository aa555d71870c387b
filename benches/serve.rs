//! What serving costs beside a bare hyper server that returns the same bytes.
//!
//! CPU time of the serving thread alone, by the kernel's count; the client is another thread over
//! loopback. Both servers take turns and the best round of each counts, so that a neighbour on the
//! machine does not decide. `cargo bench --bench serve`
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    reason = "a bench prints, stops at the first surprise, and uses a part of the fake"
)]

#[path = "../tests/serve/fake.rs"]
mod fake;

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use fake::{FakeStore, Shelves, Standing, at, held, settings, story};
use feedmill::model::policy::Listen;
use feedmill::serve::Site;
use feedmill::serve::listener::{Bound, Limits, run};
use feedmill::store::Store;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

const ENTRIES: u64 = 100;
const ROUNDS: usize = 12;
const REQUESTS: usize = 2_000;
/// Requests on the way at once.
const PIPELINE: usize = 16;

fn world() -> FakeStore {
    let start = at("2024-11-20T00:00:00Z");
    let entries: Vec<_> = (1..=ENTRIES)
        .map(|no| {
            let date = start + jiff::SignedDuration::from_mins(no as i64);
            let mut held = held(no, no, "nhandan", &date.to_string(), &format!("Tin số {no}"));
            let words = (0..200).map(|w| format!("chữ{} ", (no * 31 + w * 17) % 997));
            held.entry.content = Some(format!("<p>{}</p>", words.collect::<String>()));
            held
        })
        .collect();
    let stories = entries.iter().map(|held| story(held.no.0, &[held])).collect();
    FakeStore(Mutex::new(Shelves { entries, stories, ..Shelves::default() }))
}

/// CPU time of this thread in nanoseconds.
fn thread_cpu_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// A server on a thread of its own, which answers how much CPU it has used.
struct Server {
    address: SocketAddr,
    ask: tokio::sync::mpsc::UnboundedSender<mpsc::Sender<u64>>,
}

fn serve<F, Fut>(start: F) -> Server
where
    F: FnOnce(mpsc::Sender<SocketAddr>) -> Fut + Send + 'static,
    Fut: Future<Output = ()>,
{
    let (ready, address) = mpsc::channel();
    let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel::<mpsc::Sender<u64>>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let tell = async {
                while let Some(reply) = asked.recv().await {
                    reply.send(thread_cpu_ns()).unwrap();
                }
            };
            tokio::join!(start(ready), tell);
        });
    });
    Server { address: address.recv().unwrap(), ask }
}

impl Server {
    fn cpu_ns(&self) -> u64 {
        let (reply, answer) = mpsc::channel();
        self.ask.send(reply).unwrap();
        answer.recv().unwrap()
    }

    /// CPU nanoseconds a request.
    fn round(&self, request: &str, answer_bytes: usize) -> f64 {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_nodelay(true).unwrap();
        let raw = request.repeat(PIPELINE);
        let mut buffer = vec![0; 1 << 20];
        let before = self.cpu_ns();
        for _ in 0..REQUESTS / PIPELINE {
            stream.write_all(raw.as_bytes()).unwrap();
            let mut left = answer_bytes * PIPELINE;
            while left > 0 {
                let read = stream.read(&mut buffer).unwrap();
                assert!(read > 0 && read <= left, "an answer of another length");
                left -= read;
            }
        }
        (self.cpu_ns() - before) as f64 / REQUESTS as f64
    }

    /// One answer as it is on the wire.
    fn once(&self, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        stream.write_all(closing.as_bytes()).unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all
    }
}

fn ours() -> Server {
    serve(|ready| async move {
        let settings = settings();
        let limits = Limits::from(&settings.server);
        let store: Arc<dyn Store> = Arc::new(world());
        let clock = Arc::new(Standing(at("2024-11-23T00:00:00Z")));
        let site = Site::new(Some(store), settings, clock, Box::new(|_, _, _| {}));
        let bound = Bound::bind(&Listen::Tcp("127.0.0.1:0".parse().unwrap()), 0).await.unwrap();
        ready.send(bound.address().unwrap()).unwrap();
        let respond = move |request: http::Request<hyper::body::Incoming>, peer| {
            let site = Arc::clone(&site);
            async move { site.respond(&request, peer).await }
        };
        run(vec![bound], respond, limits, std::future::pending()).await;
    })
}

/// hyper alone: one answer, with the same header fields and bytes.
fn bare(status: StatusCode, headers: HeaderMap, body: Bytes) -> Server {
    serve(move |ready| async move {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        ready.send(listener.local_addr().unwrap()).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (headers, body) = (headers.clone(), body.clone());
            let answer = service_fn(move |_| {
                let mut response = Response::new(Full::new(body.clone()));
                *response.status_mut() = status;
                *response.headers_mut() = headers.clone();
                std::future::ready(Ok::<_, Infallible>(response))
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer);
            tokio::spawn(async move { drop(connection.await) });
        }
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

fn main() {
    let ours = ours();
    let get = |fields: &str| format!("GET /all.atom HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let (_, headers, _) = read(&ours.once(&get("")));
    let etag = headers["etag"].to_str().unwrap().to_owned();
    let cases = [
        ("304", get(&format!("If-None-Match: {etag}\r\n"))),
        ("200 gzip", get("Accept-Encoding: gzip\r\n")),
        ("200 br", get("Accept-Encoding: br\r\n")),
        ("200 identity", get("")),
    ];
    println!("CPU ns a request of /all.atom, {ENTRIES} entries, best of {ROUNDS} rounds");
    println!("| answer | bytes | feedmill | bare hyper | ratio |");
    for (name, request) in cases {
        let raw = ours.once(&request);
        let (status, headers, body) = read(&raw);
        let bytes = body.len();
        let bare = bare(status, headers, body);
        let length = raw.len() - "connection: close\r\n".len();
        assert_eq!(bare.once(&request).len(), raw.len(), "the same bytes");
        let (mut own, mut other) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            own = own.min(ours.round(&request, length));
            other = other.min(bare.round(&request, length));
        }
        println!("| {name} | {bytes} | {own:.0} | {other:.0} | {:.2} |", own / other);
    }
}
