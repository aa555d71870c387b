//! The reader beside an attack: asks for a feed again and again, and notes what it got and when.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(25);
/// An answer that comes later is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// A thread that reads until it is told to stop.
pub struct Reader {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    thread: JoinHandle<Reading>,
}

/// What a reader met.
#[derive(Debug, Default)]
pub struct Reading {
    pub times: Vec<Duration>,
    pub failed: Vec<String>,
}

impl Reader {
    pub fn start(address: SocketAddr, path: &str) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&count));
        let thread = std::thread::spawn(move || {
            let mut read = Reading::default();
            while !stopped.load(Ordering::SeqCst) {
                let begun = Instant::now();
                match ask(address, &request) {
                    Ok(head) if head.starts_with("HTTP/1.1 200 ") => {
                        read.times.push(begun.elapsed())
                    }
                    Ok(head) => {
                        read.failed.push(format!("{:.60} after {:?}", head, begun.elapsed()))
                    }
                    Err(error) => read.failed.push(format!("{error} after {:?}", begun.elapsed())),
                }
                counted.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(PAUSE);
            }
            read
        });
        Self { stop, count, thread }
    }

    /// Lets it ask so often at least, and stops it.
    pub fn stop_after(self, count: usize) -> Reading {
        while self.count.load(Ordering::SeqCst) < count {
            std::thread::sleep(PAUSE);
        }
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().unwrap()
    }
}

fn ask(address: SocketAddr, request: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request.as_bytes())?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all)?;
    Ok(String::from_utf8_lossy(&all).into_owned())
}

impl Reading {
    fn at(&self, share: f64) -> Duration {
        let mut sorted = self.times.clone();
        sorted.sort();
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "the rank of a share among few"
        )]
        let rank = (sorted.len() as f64 * share) as usize;
        sorted.get(rank.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    pub fn p99(&self) -> Duration {
        self.at(0.99)
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let (p50, p99, most) = (ms(self.at(0.5)), ms(self.p99()), ms(self.at(1.0)));
        let (good, failed) = (self.times.len(), self.failed.len());
        write!(f, "{good} answers, {failed} failed, p50 {p50:.1} p99 {p99:.1} max {most:.1} ms")
    }
}
