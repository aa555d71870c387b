//! Documents made to hurt, from publishers on loopback to the daemon as it runs: it stays alive and
//! small, says what it thinks of them, and polls the others meanwhile (P79–P81).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, reports what it measures, and waits by the real clock"
)]

mod blackbox;

use std::io::Write;
use std::time::{Duration, Instant};

use blackbox::{Answer, Daemon, Origin, Place};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

/// Peak of resident memory that the daemon may reach, in KiB.
const PEAK_KIB_MAX: u64 = 300 * 1024;
/// Unpacked size of the bomb: 25 times what one body may have.
const BOMB_MIB: usize = 256;
const GOOD: usize = 5;

fn rss(items: &str) -> Vec<u8> {
    format!(
        "<rss version=\"2.0\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>T</title>\
         <item><guid isPermaLink=\"false\">first</guid><title>first</title></item>{items}</channel></rss>"
    )
    .into_bytes()
}

fn with_text(markup: &str) -> Vec<u8> {
    rss(&format!(
        "<item><guid isPermaLink=\"false\">1</guid><title>t</title><description><![CDATA[{markup}]]></description></item>"
    ))
}

fn bomb() -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&rss("")).unwrap();
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..BOMB_MIB {
        packed.write_all(&zeros).unwrap();
    }
    packed.finish().unwrap()
}

/// A document, whether it is packed, and whether its first entry is to be had.
struct Hostile {
    name: &'static str,
    body: Vec<u8>,
    is_packed: bool,
    is_read: bool,
}

fn hostile() -> Vec<Hostile> {
    let plain = |name, body| Hostile { name, body, is_packed: false, is_read: true };
    let attributes: String = (0..40_000).map(|n| format!(" a{n}='1'")).collect();
    let values = "[0],".repeat(2_500_000);
    let json = format!(
        "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"T\",\"items\":[{values}0]}}"
    );
    let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\
                  <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>";
    vec![
        plain("empty-items", rss(&"<item>      </item>\n".repeat(500_000))),
        plain("nested", rss(&format!("<item><description>{}", "<a>".repeat(100_000)))),
        plain("nested-groups", rss(&format!("<item>{}", "<media:group>".repeat(100_000)))),
        plain("nested-html", with_text(&"<div>".repeat(100_000))),
        plain("formatting", with_text(&"<b><i><a href=x><p>".repeat(100_000))),
        plain("tables", with_text(&"<table><tr><td>x<b>".repeat(100_000))),
        plain("attributes", rss(&format!("<item{attributes}><x{attributes}/></item>"))),
        plain("ampersands", with_text(&"&".repeat(9_000_000))),
        plain("one-element-more", rss(&"<item><x/><x/><x/></item>".repeat(400_000))),
        plain("laughs", [laughs.as_bytes(), &rss(&"&c;".repeat(100_000))].concat()),
        Hostile { name: "bomb", body: bomb(), is_packed: true, is_read: false },
        Hostile { name: "json", body: json.into_bytes(), is_packed: false, is_read: false },
    ]
}

fn peak_kib(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Waits until each source was polled; returns the milliseconds that each poll took.
fn polled(daemon: &Daemon, sources: usize) -> Vec<(String, u64)> {
    let end = Instant::now() + Duration::from_secs(240);
    loop {
        let lines = daemon.log();
        let events = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let polls: Vec<(String, u64)> = events
            .filter_map(|event| {
                Some((event["source.id"].as_str()?.to_owned(), event["elapsed_ms"].as_u64()?))
            })
            .collect();
        if polls.len() >= sources {
            return polls;
        }
        assert!(Instant::now() < end, "only {} of {sources} polled: {lines:?}", polls.len());
        assert_eq!(daemon.get("/healthz").status, 200);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn p80_hostile_documents_cost_little_and_others_are_polled() {
    let origin = Origin::start();
    let mut config = String::new();
    let mut add = |id: &str, path: &str| {
        let url = origin.url(path);
        config.push_str(&format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\ndedup = \"off\"\n"));
    };
    let documents = hostile();
    for Hostile { name, .. } in &documents {
        add(name, &format!("/{name}"));
    }
    for n in 0..GOOD {
        add(&format!("good-{n}"), &format!("/good-{n}"));
        let body = rss(&format!("<item><title>Tin {n}</title></item>"));
        origin.on(&format!("/good-{n}"), move |_| Answer::ok(body.as_slice()));
    }
    let mut expected: Vec<(&str, bool)> = Vec::new();
    for Hostile { name, body, is_packed, is_read } in documents {
        expected.push((name, is_read));
        origin.on(&format!("/{name}"), move |_| {
            let answer = Answer::ok(body.as_slice());
            if is_packed { answer.header("Content-Encoding", "gzip") } else { answer }
        });
    }
    let place = Place::new(&config);
    let daemon = place.daemon();
    let polls = polled(&daemon, expected.len() + GOOD);
    for n in 0..GOOD {
        let feed = daemon.get(&format!("/source/good-{n}.atom")).text();
        assert!(feed.contains(&format!("Tin {n}")), "{feed}");
    }
    for (name, is_read) in expected {
        let feed = daemon.get(&format!("/source/{name}.atom")).text();
        assert_eq!(
            feed.contains("<title type=\"text\">first</title>"),
            is_read,
            "{name}: {feed:.900}"
        );
    }
    let peak = peak_kib(&daemon);
    for (name, ms) in polls {
        eprintln!("{name}: {ms} ms");
    }
    eprintln!("peak of resident memory: {} MiB", peak / 1024);
    assert!(peak < PEAK_KIB_MAX, "{peak} KiB");
    let status = place.must(&["status", "--json"]);
    assert!(!status.contains("panicked"), "{status}");
    assert!(daemon.terminate().success());
}
