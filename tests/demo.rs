//! The sample publishers, asked as any feed reader would ask them.
#![expect(clippy::unwrap_used, reason = "a test may fail by panic")]

use std::path::Path;
use std::sync::Arc;

use feedmill::demo::start;
use feedmill::model::outcome::{BoxFuture, Clock};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn start_instant() -> Timestamp {
    "2024-11-22T11:11:00Z".parse().unwrap()
}

/// Stands at the start; waits are over at once.
#[derive(Debug)]
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        start_instant()
    }

    fn sleep(&self, _: std::time::Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn sound_documents_are_read_by_a_feed_parser() {
    let publishers = start(Arc::new(Standing)).await.unwrap();
    for publisher in publishers.list() {
        let document = publishers.document(publisher, publishers.complete_at());
        let feed = feed_rs::parser::parse(document.as_slice());
        match publisher.id {
            "cau-cu" | "tram-loi" => assert!(feed.is_err(), "{}", publisher.id),
            _ => assert!(feed.unwrap().entries.len() >= 5, "{}", publisher.id),
        }
    }
}

#[tokio::test]
async fn publishers_serve_over_http() {
    let publishers = start(Arc::new(Standing)).await.unwrap();
    assert!(publishers.list().len() >= 12);
    for publisher in publishers.list().iter().filter(|publisher| publisher.id != "tram-loi") {
        let url = publisher.url.strip_prefix("http://").unwrap();
        let (host, path) = url.split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).await.unwrap();
        let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let document = publishers.document(publisher, start_instant());
        assert!(bytes.starts_with(b"HTTP/1.1 200 OK\r\n") && bytes.ends_with(&document));
        assert!(!document.is_empty(), "{}", publisher.id);
    }
}

#[tokio::test]
async fn the_configuration_names_every_publisher() {
    let publishers = start(Arc::new(Standing)).await.unwrap();
    let text = publishers.config_toml("127.0.0.1:8080", Path::new("/srv/a \"b\\c"));
    let config: toml::Table = text.parse().unwrap();
    assert_eq!(config["site"]["base_url"].as_str(), Some("http://127.0.0.1:8080"));
    assert_eq!(config["store"]["path"].as_str(), Some("/srv/a \"b\\c/data"));
    let sources = config["source"].as_array().unwrap();
    let urls: Vec<_> = sources.iter().map(|source| source["url"].as_str().unwrap()).collect();
    let expected: Vec<_> = publishers.list().iter().map(|one| one.url.as_str()).collect();
    assert_eq!(urls, expected);
    for category in sources.iter().flat_map(|source| source["categories"].as_array().unwrap()) {
        assert!(config["category"].get(category.as_str().unwrap()).is_some(), "{category}");
    }
}
