//! The program seen from outside: a scripted origin, the binary, and a plain HTTP client, all on loopback.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each test file uses a part"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as the origin saw it: header names in lower case.
#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What the origin answers.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

type Script = Box<dyn Fn(&Seen) -> Answer + Send>;

/// A publisher on loopback: a script for each path, and a log of requests.
#[derive(Clone)]
pub struct Origin {
    pub address: SocketAddr,
    scripts: Arc<Mutex<BTreeMap<String, Script>>>,
    log: Arc<Mutex<Vec<Seen>>>,
}

impl Origin {
    pub fn start() -> Self {
        Self::start_at("127.0.0.1")
    }

    /// Starts one at another loopback address.
    pub fn start_at(host: &str) -> Self {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let origin = Self { address, scripts: Arc::default(), log: Arc::default() };
        let serving = origin.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let origin = serving.clone();
                std::thread::spawn(move || origin.serve(stream));
            }
        });
        origin
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers `path` by `script` from now on.
    pub fn on(&self, path: &str, script: impl Fn(&Seen) -> Answer + Send + 'static) {
        self.scripts.lock().unwrap().insert(path.to_owned(), Box::new(script));
    }

    /// Answers `path` with a feed and validators, and 304 when they come back.
    pub fn feed(&self, path: &str, etag: &str, modified: &str, body: &str) {
        let (etag, modified, body) = (etag.to_owned(), modified.to_owned(), body.to_owned());
        self.on(path, move |seen| {
            let is_known = seen.headers.get("if-none-match") == Some(&etag);
            let answer = if is_known { Answer::status(304) } else { Answer::ok(body.as_bytes()) };
            answer
                .header("ETag", &etag)
                .header("Last-Modified", &modified)
                .header("Content-Type", "application/xml")
        });
    }

    /// Returns the requests for `path` so far.
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        self.log.lock().unwrap().iter().filter(|seen| seen.path == path).cloned().collect()
    }

    fn serve(&self, stream: TcpStream) {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(seen) = read_request(&mut reader) {
            self.log.lock().unwrap().push(seen.clone());
            let answer = match self.scripts.lock().unwrap().get(&seen.path) {
                Some(script) => script(&seen),
                None => Answer::status(404),
            };
            let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
            for (name, value) in &answer.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            if answer.status != 304 {
                head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
            }
            head.push_str("\r\n");
            let sent = stream.write_all(head.as_bytes()).and_then(|()| {
                if answer.status == 304 { Ok(()) } else { stream.write_all(&answer.body) }
            });
            if sent.is_err() {
                return;
            }
        }
    }
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            let length = headers.get("content-length").and_then(|length| length.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).ok()?;
            return Some(Seen { path, headers, body });
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
}

/// A working directory with a configuration, removed at the end.
pub struct Place {
    pub dir: tempfile::TempDir,
}

impl Place {
    /// Writes `config.toml`: loopback allowed, any port, no waiting between requests; `rest` is appended.
    pub fn new(rest: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.configure(rest);
        place
    }

    pub fn configure(&self, rest: &str) {
        let config = format!(
            r#"
[site]
title = "Mill"
base_url = "https://mill.example"
timezone = "Asia/Ho_Chi_Minh"
id_authority = "mill.example,2026"
[server]
listen = ["127.0.0.1:0"]
rate_limit = "off"
[store]
path = "data"
[poll]
allow_networks = ["127.0.0.0/8"]
allow_ports = "any"
host_gap = "0s"
domain_gap = "0s"
per_host = 64
{rest}"#
        );
        fs::write(self.config(), config).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    /// Returns where the daemon's admin listener is.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("data/control.sock")
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_feedmill"))
            .arg("--config")
            .arg(self.config())
            .args(arguments)
            .env_remove("FEEDMILL_CONFIG")
            .output()
            .unwrap()
    }

    /// Runs a command that must exit 0 and returns its stdout.
    pub fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {}\n{out}\n{err}", output.status);
        out
    }

    /// Starts the daemon and waits until it is ready.
    pub fn daemon(&self) -> Daemon {
        Daemon::start(&self.config())
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A running daemon; killed when dropped.
pub struct Daemon {
    pub child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    pub fn start(config: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_feedmill"))
            .arg("--config")
            .arg(config)
            .args(["--log", "info", "--log-format", "json", "run"])
            .stderr(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (ready, address) = std::sync::mpsc::channel();
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(address) = ready_address(&line) {
                    let _ = ready.send(address);
                }
                lines.lock().unwrap().push(line);
            }
        });
        let Ok(address) = address.recv_timeout(Duration::from_secs(30)) else {
            let _ = child.kill();
            panic!("the daemon did not become ready: {:?}", log.lock().unwrap());
        };
        Self { child, address, log }
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Reply {
        request(self.address, "GET", path, &[])
    }

    /// Gets `path` until `is_there` holds of the body.
    pub fn wait_for(&self, path: &str, is_there: impl Fn(&str) -> bool) -> Reply {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let reply = self.get(path);
            if is_there(&reply.text()) {
                return reply;
            }
            assert!(Instant::now() < end, "{path} never came: {}\n{:?}", reply.text(), self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap()
    }

    /// Sends SIGKILL and waits for the end.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ready_address(line: &str) -> Option<SocketAddr> {
    let event: serde_json::Value = serde_json::from_str(line).ok()?;
    if event.get("message")?.as_str()? != "feedmill is ready" {
        return None;
    }
    event.get("listen")?.as_str()?.split(' ').next()?.parse().ok()
}

/// An answer to the plain client.
pub struct Reply {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        text(&self.body)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// One request over a connection of its own.
pub fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    exchange(stream, method, path, headers)
}

/// Sends a request, and reads its answer to the end of the connection.
pub fn exchange(
    mut stream: impl Read + Write,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Reply {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = text(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        body = unchunk(&body);
    }
    Reply { status, headers, body }
}

fn unchunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(text(&bytes[..end]).trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
    body
}

/// An RSS document of items (guid, title, link, RFC 822 date, text).
pub fn rss(title: &str, site: &str, items: &[(&str, &str, &str, &str, &str)]) -> String {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><rss version=\"2.0\"><channel>\
         <title>{title}</title><link>{site}</link><description>{title}</description>"
    );
    for (guid, title, link, date, text) in items {
        xml.push_str(&format!(
            "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title>\
             <link>{link}</link><pubDate>{date}</pubDate><description>{text}</description></item>"
        ));
    }
    xml.push_str("</channel></rss>");
    xml
}

/// One request to the admin socket; returns the body.
pub fn unix_get(socket: &Path, path: &str) -> String {
    unix_ask(socket, "GET", path).1
}

/// One request to the admin socket; returns status and body.
pub fn unix_ask(socket: &Path, method: &str, path: &str) -> (u16, String) {
    let reply = unix_request(socket, method, path, &[]);
    (reply.status, reply.text())
}

/// One request to the admin socket.
pub fn unix_request(socket: &Path, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let stream = std::os::unix::net::UnixStream::connect(socket).unwrap();
    exchange(stream, method, path, headers)
}
