//! The client of the bench: requests over a plain socket, and how long each took.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// One keep-alive connection.
pub struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 1 << 20] }
    }

    /// Sends `raw` and reads `answer_bytes`; returns the time in nanoseconds.
    pub fn ask(&mut self, raw: &[u8], answer_bytes: usize) -> u64 {
        let began = Instant::now();
        self.stream.write_all(raw).unwrap();
        let mut left = answer_bytes;
        while left > 0 {
            let read = self.stream.read(&mut self.buffer).unwrap();
            assert!(read > 0 && read <= left, "an answer of another length");
            left -= read;
        }
        u64::try_from(began.elapsed().as_nanos()).unwrap()
    }
}

/// One answer as it is on the wire, on a connection that closes.
pub fn once(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    let closing = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    stream.write_all(closing.as_bytes()).unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// Bytes of the answer on a connection that stays: its head and body.
pub fn length(address: SocketAddr, request: &str) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut all = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the connection stays");
        all.extend_from_slice(&buffer[..read]);
        let Some(cut) = all.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&all[..cut]).to_ascii_lowercase();
        let body = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .filter(|_| !head.starts_with("http/1.1 304"))
            .map_or(0, |length| length.trim().parse::<usize>().unwrap());
        if all.len() >= cut + 4 + body {
            return cut + 4 + body;
        }
    }
}
