//! What the bench measures against: hyper alone, and nginx, each with the same bytes.

use std::convert::Infallible;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use crate::server::{Server, serve};

/// hyper alone: one answer, with the same header fields and bytes.
pub fn bare(status: StatusCode, headers: HeaderMap, body: Bytes) -> Server {
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

/// nginx with one process, serving files as a careful operator sets it up.
pub struct Nginx {
    child: Child,
    pub address: SocketAddr,
    _dir: tempfile::TempDir,
}

impl Nginx {
    /// Starts it; `None` where it is not installed.
    pub fn start(identity: &[u8], gzip: &[u8], headers: &HeaderMap) -> Option<Self> {
        let program =
            ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|p| Path::new(p).exists())?;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("all.atom"), identity).unwrap();
        fs::write(dir.path().join("all.atom.gz"), gzip).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let path = dir.path().join("nginx.conf");
        fs::write(&path, configuration(dir.path(), port, headers)).unwrap();
        let child = Command::new(program)
            .arg("-c")
            .arg(&path)
            .args(["-p", dir.path().to_str().unwrap(), "-e", "stderr"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { child, address: port, _dir: dir };
        for _ in 0..500 {
            if TcpStream::connect(port).is_ok() {
                return Some(nginx);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nginx did not come up");
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(dir: &Path, address: SocketAddr, headers: &HeaderMap) -> String {
    let dir = dir.display();
    // What nginx makes itself is left to it.
    let own =
        ["etag", "last-modified", "content-type", "content-length", "content-encoding", "vary"];
    let fields: String = headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .map(|(name, value)| format!("add_header {name} '{}';\n", value.to_str().unwrap()))
        .collect();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log stderr crit;\n\
         events {{ worker_connections 256; }}\n\
         http {{ access_log off; default_type application/atom+xml; sendfile on; tcp_nopush on;\n\
         client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;\n\
         uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;\n\
         keepalive_requests 100000000; open_file_cache max=16; gzip_static on; gzip_vary on;\n\
         server {{ listen {address}; root {dir}; {fields} }} }}\n"
    )
}
