//! A scripted HTTP/1.1 origin on loopback, down to the byte: tests can send what no server library would.
//!
//! `Origin::start` takes a function from what was asked to what is sent; it keeps what it has seen. A connection is kept
//! open for the next request unless the reply ends it. Use it as
//! `#[path = "support/origin.rs"] mod origin;` and see `Reply` for what can be sent.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// The request target: path and query, or a whole URL when asked as a proxy.
    pub(crate) target: String,
    /// Names in lower case, values as sent.
    pub(crate) headers: Vec<(String, String)>,
    /// Which connection it came on, from 0.
    pub(crate) connection: usize,
}

impl Seen {
    /// Returns the value of a header that was sent once, or joins those sent more often.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> =
            self.headers.iter().filter(|(found, _)| found == name).map(|(_, v)| &**v).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }
}

/// What is sent back, step by step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Send(Vec<u8>),
    Drip(u8, Duration),
    Hang,
    Close,
    Reset,
}

impl Reply {
    /// Bytes as they are.
    pub(crate) fn raw(bytes: impl AsRef<[u8]>) -> Self {
        Self(vec![Step::Send(bytes.as_ref().to_vec())])
    }

    /// A well-formed answer: `status` is `"200 OK"`, `headers` are lines without their ends.
    pub(crate) fn new(status: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{lines}Content-Length: {length}\r\n\r\n");
        Self::raw([head.as_bytes(), body].concat())
    }

    /// A 200 with a body.
    pub(crate) fn ok(headers: &[&str], body: impl AsRef<[u8]>) -> Self {
        Self::new("200 OK", headers, body)
    }

    /// An answer without a body.
    pub(crate) fn bare(status: &str, headers: &[&str]) -> Self {
        let lines: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = if status.starts_with("304") { "" } else { "Content-Length: 0\r\n" };
        Self::raw(format!("HTTP/1.1 {status}\r\n{lines}{length}\r\n"))
    }

    /// A redirect.
    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::bare(&format!("{status} Moved"), &[&format!("Location: {location}")])
    }

    /// Then the same byte over and over.
    pub(crate) fn then_drip(mut self, byte: u8, every: Duration) -> Self {
        self.0.push(Step::Drip(byte, every));
        self
    }

    /// Then nothing, with the connection open.
    pub(crate) fn then_hang(mut self) -> Self {
        self.0.push(Step::Hang);
        self
    }

    /// Then FIN.
    pub(crate) fn then_close(mut self) -> Self {
        self.0.push(Step::Close);
        self
    }

    /// Then RST.
    pub(crate) fn then_reset(mut self) -> Self {
        self.0.push(Step::Reset);
        self
    }
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

struct Shared {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
}

/// A running origin; it ends when dropped.
pub(crate) struct Origin {
    /// Where it listens: a loopback address and a free port.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Origin {
    /// Starts an origin on 127.0.0.1 that answers by `script`.
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1", script).await
    }

    /// Starts an origin on another loopback address.
    pub(crate) async fn start_at(
        host: &str,
        script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::new(Vec::new()),
            connections: AtomicUsize::new(0),
        });
        let served = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = served.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, number, Arc::clone(&served)));
            }
        });
        Self { address, shared, task }
    }

    /// Returns the URL of a path that begins with `/`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Returns every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Stops listening; returns when the port is free.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Returns how many connections were opened so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let mut buffer = Vec::new();
    while let Some(head) = read_head(&mut stream, &mut buffer).await {
        let seen = parsed(&head, connection);
        let reply = (shared.script)(&seen);
        shared.seen.lock().unwrap().push(seen);
        for step in reply.0 {
            if play(&mut stream, step).await.is_err() {
                return;
            }
        }
    }
}

/// Plays one step; an error ends the connection.
async fn play(stream: &mut TcpStream, step: Step) -> std::io::Result<()> {
    match step {
        Step::Send(bytes) => stream.write_all(&bytes).await,
        Step::Drip(byte, every) => {
            let mut ticks = tokio::time::interval(every);
            loop {
                ticks.tick().await;
                stream.write_all(&[byte]).await?;
            }
        }
        Step::Hang => std::future::pending().await,
        Step::Close => Err(std::io::ErrorKind::ConnectionAborted.into()),
        Step::Reset => {
            stream.set_zero_linger()?;
            Err(std::io::ErrorKind::ConnectionReset.into())
        }
    }
}

async fn read_head(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<String> {
    loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = buffer.drain(..end + 4).collect();
            return String::from_utf8(head).ok();
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
}

/// Takes a request head apart.
pub(crate) fn parsed(head: &str, connection: usize) -> Seen {
    let mut lines = head.trim_end().split("\r\n");
    let target = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    });
    Seen { target: target.to_owned(), headers: headers.collect(), connection }
}
