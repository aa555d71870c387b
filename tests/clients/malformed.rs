//! What comes over a connection and is no request, or not only one; and what is odd and yet a good one.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// Sends bytes and returns the statuses of all answers, read until the server closes.
pub fn answers(address: SocketAddr, raw: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    // A server that has enough closes while we write.
    let _ = stream.write_all(raw);
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => {
            let _ = stream.shutdown(Shutdown::Both);
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "still open: {raw:.60?}");
        }
    }
    let text = String::from_utf8_lossy(&all);
    // "HTTP/1.1 200 OK": the version may be 1.0, too.
    text.split("HTTP/1.").skip(1).map(|rest| rest[2..5].parse().unwrap()).collect()
}

const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// What is sent, and the status wanted; 0 is any of 4xx, or none.
pub type Case = (&'static str, Vec<u8>, u16);

fn head(line: &str, fields: &str) -> Vec<u8> {
    format!("{line}\r\nHost: x\r\n{fields}\r\n").into_bytes()
}

fn get(fields: &str) -> Vec<u8> {
    head("GET /healthz HTTP/1.1", fields)
}

fn with(fields: &str, body: &str) -> Vec<u8> {
    [&get(fields)[..], body.as_bytes()].concat()
}

fn post(fields: &str, body: &str) -> Vec<u8> {
    [&head("POST /healthz HTTP/1.1", fields)[..], body.as_bytes()].concat()
}

/// Requests that are none.
pub fn requests() -> Vec<Case> {
    [lines(), fields(), lengths(), chunks(), beyond()].concat()
}

fn lines() -> Vec<Case> {
    vec![
        ("empty lines", b"\r\n\r\n\r\n\r\n".to_vec(), 0),
        ("a word", b"GET\r\n\r\n".to_vec(), 400),
        ("no version", b"GET /\r\n\r\n".to_vec(), 400),
        ("no target", head("GET  HTTP/1.1", ""), 400),
        ("two spaces", head("GET  /healthz HTTP/1.1", ""), 400),
        ("a tab", head("GET\t/healthz HTTP/1.1", ""), 400),
        ("words behind the version", head("GET /healthz HTTP/1.1 x", ""), 400),
        ("a space in the target", head("GET /heal thz HTTP/1.1", ""), 400),
        ("version 9.9", head("GET /healthz HTTP/9.9", ""), 400),
        ("version 2", head("GET /healthz HTTP/2", ""), 400),
        ("a small http", head("GET /healthz http/1.1", ""), 400),
        ("brackets in the method", head("GE[T /healthz HTTP/1.1", ""), 400),
        ("a small method", head("get /healthz HTTP/1.1", ""), 405),
        ("no method of ours", head("FEED /healthz HTTP/1.1", ""), 405),
        ("a tunnel", head("CONNECT a:1 HTTP/1.1", ""), 405),
        ("a trace", head("TRACE /healthz HTTP/1.1", ""), 405),
        ("a half address", head("GET http://[::1 HTTP/1.1", ""), 400),
        ("a relative target", head("GET healthz HTTP/1.1", ""), 400),
        ("NUL in the target", head("GET /heal\0thz HTTP/1.1", ""), 400),
        ("bytes in the target", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 0),
        (
            "dots in the target",
            head("GET /%00%ff/../../etc/passwd HTTP/1.1", "Connection: close\r\n"),
            404,
        ),
    ]
}

fn fields() -> Vec<Case> {
    vec![
        ("no host", b"GET /healthz HTTP/1.1\r\n\r\n".to_vec(), 400),
        ("two hosts", get("Host: y\r\n"), 400),
        ("the same host twice", get("Host: x\r\n"), 400),
        ("a host with a path", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_vec(), 400),
        ("a host with a user", b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".to_vec(), 400),
        ("two hosts in one", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_vec(), 400),
        ("a folded line", get("X-A: a\r\n b\r\n"), 400),
        ("a line folded at once", b"GET / HTTP/1.1\r\n Host: x\r\n\r\n".to_vec(), 400),
        ("a space before the colon", get("X-A : a\r\n"), 400),
        ("no colon", get("X-A\r\n"), 400),
        ("no name", get(": a\r\n"), 400),
        ("a name of two words", get("X A: a\r\n"), 400),
        ("NUL in a value", get("X-A: a\0b\r\n"), 400),
        ("CR in a value", get("X-A: a\rb\r\n"), 400),
        ("bell in a value", get("X-A: a\x07b\r\n"), 400),
        ("bare line feeds", b"GET /healthz HTTP/1.1\nHost: x\n\n".to_vec(), 400),
        ("one bare line feed", b"GET /healthz HTTP/1.1\r\nHost: x\nX: y\r\n\r\n".to_vec(), 400),
        ("bare at the end", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n".to_vec(), 400),
        ("bare carriage returns", b"GET /healthz HTTP/1.1\rHost: x\r\r".to_vec(), 0),
    ]
}

/// Where a message ends, in more than one way.
fn lengths() -> Vec<Case> {
    vec![
        (
            "both lengths",
            with(
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                &format!("0\r\n\r\n{NEXT}"),
            ),
            400,
        ),
        (
            "both, the other way",
            with(
                "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                &format!("0\r\n\r\n{NEXT}"),
            ),
            400,
        ),
        (
            "both, posted",
            post(
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                &format!("0\r\n\r\n{NEXT}"),
            ),
            405,
        ),
        ("two lengths", with("Content-Length: 0\r\nContent-Length: 44\r\n", NEXT), 400),
        ("a list of lengths", with("Content-Length: 0, 44\r\n", NEXT), 400),
        ("a signed length", with("Content-Length: +0\r\n", ""), 400),
        ("a negative length", with("Content-Length: -1\r\n", ""), 400),
        ("a length in hex", with("Content-Length: 0x5\r\n", "abcde"), 400),
        ("a length beyond all", with("Content-Length: 99999999999999999999\r\n", ""), 400),
        ("an empty length", with("Content-Length: \r\n", ""), 400),
        ("content of a GET", with("Content-Length: 35\r\n", NEXT), 400),
    ]
}

fn chunks() -> Vec<Case> {
    vec![
        (
            "chunks of a GET",
            with("Transfer-Encoding: chunked\r\n", &format!("0\r\n\r\n{NEXT}")),
            400,
        ),
        ("an unknown coding", with("Transfer-Encoding: xchunked\r\n", ""), 400),
        ("chunked not last", with("Transfer-Encoding: chunked, identity\r\n", ""), 400),
        ("chunked twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", ""), 400),
        ("chunked behind a tab", with("Transfer-Encoding:\x0bchunked\r\n", ""), 400),
        (
            "chunks of 1.0",
            b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
            400,
        ),
        ("a bad chunk", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff1\r\nx"), 405),
        (
            "a chunk of words",
            post("Transfer-Encoding: chunked\r\n", "five\r\nhello\r\n0\r\n\r\n"),
            405,
        ),
        (
            "chunks and a request",
            post("Transfer-Encoding: chunked\r\n", &format!("5\r\nhello\r\n0\r\n\r\n{NEXT}")),
            405,
        ),
        ("a body nobody reads", post("Content-Length: 1073741824\r\n", "x"), 405),
        ("shall I go on", with("Expect: 100-continue\r\nContent-Length: 10\r\n", ""), 400),
    ]
}

/// Too much, or of another protocol.
fn beyond() -> Vec<Case> {
    let many: String = (0..20_000).map(|n| format!("X{n}: 1\r\n")).collect();
    vec![
        ("many fields", get(&many), 431),
        ("a field of 64 KiB", get(&format!("X: {}\r\n", "a".repeat(64 << 10))), 431),
        ("a field of 1 MiB", get(&format!("X: {}\r\n", "a".repeat(1 << 20))), 0),
        ("a target of 100 KB", head(&format!("GET /{} HTTP/1.1", "u".repeat(102_400)), ""), 0),
        ("the beginning of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(8), 0),
        ("SSH", b"SSH-2.0-OpenSSH_9.9\r\n\r\n".to_vec(), 0),
        ("SMTP", b"EHLO mill.example\r\n\r\n".to_vec(), 0),
        ("PROXY", format!("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n{NEXT}").into_bytes(), 0),
        ("noise", (0..=255).cycle().take(4_096).collect(), 0),
        ("only NUL", vec![0; 64 << 10], 0),
    ]
}

/// Requests that one may take for malformed, with the statuses of all their answers.
pub fn odd_but_good() -> Vec<(&'static str, Vec<u8>, Vec<u16>)> {
    let last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let get = |fields: &str| {
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n")
            .into_bytes()
    };
    vec![
        ("an empty line before", format!("\r\n{last}").into_bytes(), vec![200]),
        ("no content", get("Content-Length: 0\r\n"), vec![200]),
        ("an empty host", last.replace(": x", ":").into_bytes(), vec![200]),
        (
            "an absolute target",
            last.replace("/healthz", "http://evil.example/healthz").into_bytes(),
            vec![200],
        ),
        ("1.0", b"GET /healthz HTTP/1.0\r\n\r\n".to_vec(), vec![200]),
        (
            "bytes in a value",
            [&get("X: ")[..last.len() + 1], b"\xff\xfe\r\n\r\n"].concat(),
            vec![200],
        ),
        (
            "ranges without end",
            get(&format!("Range: bytes={}\r\n", "0-1,".repeat(2_000))),
            vec![200],
        ),
        (
            "two in one",
            format!("{}{last}", last.replace("Connection: close\r\n", "")).into_bytes(),
            vec![200, 200],
        ),
    ]
}

/// Bytes of HTTP/2 (RFC 9113): known beforehand, with floods behind.
pub fn http_2() -> Vec<(&'static str, Vec<u8>)> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let frame = |kind: u8, flags: u8, stream: u32, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes()[..], payload].concat()
    };
    let settings = frame(4, 0, 0, &[]);
    // ":method GET, :path /, :scheme http" of HPACK's static table.
    let headers = |stream, flags| frame(1, flags, stream, &[0x82, 0x84, 0x86]);
    let begun = || [PREFACE, &settings].concat();
    let resets: Vec<u8> = (0..2_000_u32)
        .flat_map(|n| {
            [headers(2 * n + 1, 5), frame(3, 0, 2 * n + 1, &8_u32.to_be_bytes())].concat()
        })
        .collect();
    let continued = frame(9, 0, 1, &[b'a'; 1_024]).repeat(2_000);
    vec![
        ("the preface", PREFACE.to_vec()),
        ("the preface and settings", begun()),
        ("rapid reset", [begun(), resets].concat()),
        ("settings without end", [begun(), settings.repeat(10_000)].concat()),
        ("pings without end", [begun(), frame(6, 0, 0, &[0; 8]).repeat(10_000)].concat()),
        ("continuation without end", [begun(), headers(1, 0), continued].concat()),
        ("a frame of 16 MiB", [begun(), vec![0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat()),
    ]
}
