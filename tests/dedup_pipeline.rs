//! The labelled corpus through the program itself: `poll --json --at` against a scripted origin,
//! in three poll orders, held to the same gate as the rules alone; and what must not depend on how
//! the program is run.
//!
//! The corpus is read from `../shared/dedup`; without it the suite says so and passes.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at what it does not expect"
)]

mod blackbox;
#[path = "dedup_corpus/gate.rs"]
#[expect(clippy::expect_used, reason = "a test may stop at what it does not expect")]
mod gate;
#[path = "dedup_corpus/labels.rs"]
#[expect(clippy::expect_used, reason = "a test may stop at what it does not expect")]
mod labels;
#[path = "dedup_corpus/seen.rs"]
mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use blackbox::{Answer, Origin, Place};
use labels::Key;
use seen::Seen;
use serde_json::Value;

#[test]
fn the_gate_holds_in_order_1() {
    hold_the_gate("1");
}

#[test]
fn the_gate_holds_in_order_2() {
    hold_the_gate("2");
}

#[test]
fn the_gate_holds_in_order_3() {
    hold_the_gate("3");
}

/// Every poll is a process of its own that opens the store anew: the polls of one snapshot in one
/// process, and each in one of its own, tell the same.
#[test]
fn a_restart_between_polls_changes_no_story() {
    let Some(corpus) = gate::corpus() else { return };
    let order = gate::order(&corpus, "1");
    let instants = gate::instants(&corpus);
    let sources: Vec<&String> = order[0].iter().take(RESTARTED).collect();
    let run = |chunk: usize| {
        let world = World::of(&corpus, sources.iter().map(|source| source.as_str()), as_it_is);
        let mut lines = Vec::new();
        for (snapshot, at) in instants.iter().enumerate().take(2) {
            world.snapshot.store(snapshot, Ordering::SeqCst);
            for polled in sources.chunks(chunk) {
                let polled: Vec<&str> = polled.iter().map(|source| source.as_str()).collect();
                lines.extend(world.poll(&at.to_string(), &polled));
            }
        }
        lines
    };
    let (at_once, one_by_one) = (run(RESTARTED), run(1));
    assert!(at_once.iter().any(|line| line["verdict"] == "duplicate"), "there are copies");
    assert!(at_once.len() > 500, "{}", at_once.len());
    assert_eq!(at_once, one_by_one);
}

/// Tracking parameters, lists of other articles, headings of such lists and credit lines are no part
/// of an article: with them every verdict and every story is the same.
#[test]
fn noise_changes_no_verdict() {
    let Some(corpus) = gate::corpus() else { return };
    let order = gate::order(&corpus, "2");
    let at = gate::instants(&corpus)[0].to_string();
    let sources: Vec<&str> = order[0].iter().take(NOISY).map(String::as_str).collect();
    let run = |edit: fn(String) -> String| {
        let world = World::of(&corpus, sources.iter().copied(), edit);
        let mut numbers = BTreeMap::new();
        let mut number = |story: &Value| {
            let next = numbers.len();
            *numbers.entry(story.as_str().unwrap_or_default().to_owned()).or_insert(next)
        };
        let plain = |line: Value| {
            let stories = [number(&line["entry"]), number(&line["merged"]), number(&line["into"])];
            (line["source"].clone(), line["verdict"].clone(), line["rule"].clone(), stories)
        };
        world.poll(&at, &sources).into_iter().map(plain).collect::<Vec<_>>()
    };
    let (clean, noisy) = (run(as_it_is), run(with_noise));
    assert!(clean.iter().any(|(_, verdict, ..)| verdict == "duplicate"), "there are copies");
    assert_eq!(clean, noisy);
}

/// Sources polled with and without noise.
const NOISY: usize = 24;

/// Adds to each article in HTML what readers see around articles, and parameters to each link.
fn with_noise(document: String) -> String {
    const END: &str = "</p>]]></content:encoded>";
    const NOISE: &str = "</p><p>Tin cùng chuyên mục</p><ul>\
        <li><a href=\"https://www.noise.example/1\">Mười điều nên biết trước mùa mưa</a></li>\
        <li><a href=\"https://www.noise.example/2\">Xem thêm ảnh của bạn đọc</a></li></ul>\
        <p>Theo: nhandan.vn</p>]]></content:encoded>";
    let noisy = document.replace(END, NOISE);
    let mut parts = noisy.split("</link>");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let link = text.rsplit("<link>").next().unwrap_or_default();
        let joint = if link.contains('?') { "&amp;" } else { "?" };
        text.push_str(&format!("{joint}utm_source=rss&amp;utm_campaign=x</link>{part}"));
    }
    assert!(!document.contains(END) || text.contains("noise.example"));
    text
}

/// Sources polled with and without restarts.
const RESTARTED: usize = 12;

fn hold_the_gate(name: &str) {
    let Some(corpus) = gate::corpus() else { return };
    let order = gate::order(&corpus, name);
    let all: BTreeSet<&str> = order.iter().flatten().map(String::as_str).collect();
    let world = World::of(&corpus, all.iter().copied(), as_it_is);
    let mut told = Told::default();
    for (snapshot, (sources, at)) in order.iter().zip(gate::instants(&corpus)).enumerate() {
        world.snapshot.store(snapshot, Ordering::SeqCst);
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        for line in world.poll(&at.to_string(), &sources) {
            told.hear(snapshot, &line);
        }
    }
    gate::hold(&corpus, ("pipeline", name), &told.clusters(), &told.seen);
}

/// What the lines of `poll --json` told.
#[derive(Default)]
struct Told {
    story_of: BTreeMap<Key, String>,
    merged: BTreeMap<String, String>,
    seen: Vec<Seen>,
}

impl Told {
    fn hear(&mut self, snapshot: usize, line: &Value) {
        let text = |name: &str| line[name].as_str().map(str::to_owned);
        if let Some(old) = text("merged") {
            self.merged.insert(old, text("into").unwrap());
            return;
        }
        let feed = text("source").unwrap();
        let key = text("guid").or(text("link")).unwrap();
        let event = match line["verdict"].as_str().unwrap() {
            "new" => "new",
            "updated" => "update",
            "unchanged" | "duplicate" => "same",
            other => panic!("no verdict of the corpus: {other}"),
        };
        self.story_of.insert((feed.clone(), key.clone()), text("entry").unwrap());
        self.seen.push(Seen { feed, snapshot, key, event, why: line.to_string() });
    }

    /// Returns the keys of each story, merges followed.
    fn clusters(&self) -> Vec<BTreeSet<Key>> {
        let mut clusters: BTreeMap<&str, BTreeSet<Key>> = BTreeMap::new();
        for (key, story) in &self.story_of {
            let mut home = story;
            while let Some(into) = self.merged.get(home) {
                home = into;
            }
            clusters.entry(home).or_default().insert(key.clone());
        }
        clusters.into_values().collect()
    }
}

/// The feeds of the corpus behind an origin, and a place to poll them from.
struct World {
    place: Place,
    snapshot: Arc<AtomicUsize>,
}

impl World {
    /// `edit` changes a document before it is served.
    fn of<'s>(
        corpus: &Path,
        sources: impl Iterator<Item = &'s str>,
        edit: fn(String) -> String,
    ) -> Self {
        let origin = Origin::start();
        let snapshot = Arc::new(AtomicUsize::new(0));
        let mut config = String::new();
        for source in sources {
            let path = format!("/{source}");
            let (corpus, id): (PathBuf, String) = (corpus.to_owned(), source.to_owned());
            let at = Arc::clone(&snapshot);
            origin.on(&path, move |_| {
                let document = gate::document(&corpus, &id, at.load(Ordering::SeqCst));
                let found = document.map(|document| Answer::ok(edit(document)));
                let typed = |answer: Answer| answer.header("Content-Type", "application/xml");
                found.map_or(Answer::status(404), typed)
            });
            let url = origin.url(&path);
            config.push_str(&format!("[[source]]\nid = \"{source}\"\nurl = \"{url}\"\n"));
        }
        Self { place: Place::new(&config), snapshot }
    }

    /// Polls `sources` in that order and returns the lines, without the last.
    fn poll(&self, at: &str, sources: &[&str]) -> Vec<Value> {
        let output = self.place.run(&[&["poll", "--json", "--at", at], sources].concat());
        let (out, err) = (blackbox::text(&output.stdout), blackbox::text(&output.stderr));
        let mut lines: Vec<Value> =
            out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = lines.pop().unwrap_or_default();
        assert_eq!(last["polled"], sources.len(), "{err}");
        lines
    }
}

fn as_it_is(document: String) -> String {
    document
}

/// One text under two headlines, and a look-alike with other figures under the second.
fn three_papers() -> (Origin, Place) {
    const TITLES: [&str; 3] = [
        "Vàng miếng lên giá sáng nay",
        "Giá vàng trong nước tiếp tục tăng",
        "Giá vàng trong nước tiếp tục tăng",
    ];
    let text = |day: u32, buy: &str, sell: &str, world: &str| {
        format!(
            "Sáng {day}/11, Công ty Vàng bạc Đá quý Sài Gòn niêm yết vàng miếng ở mức {buy} triệu đồng một lượng \
             mua vào và {sell} triệu đồng bán ra. Giá vàng thế giới giao dịch quanh {world} USD một ounce. Giới \
             phân tích cho rằng nhà đầu tư đang chờ tín hiệu lãi suất của Mỹ, còn người dân vẫn xếp hàng mua nhẫn."
        )
    };
    let texts = [
        text(18, "80,5", "83,5", "2.585"),
        text(18, "80,5", "83,5", "2.585"),
        text(19, "82,1", "84,6", "2.613"),
    ];
    let origin = Origin::start();
    let mut config = String::new();
    for ((id, title), text) in ["a", "b", "c"].into_iter().zip(TITLES).zip(texts) {
        let site = format!("https://{id}.example/");
        let (guid, link) = (format!("guid-{id}"), format!("{site}1.html"));
        let date = "Mon, 18 Nov 2024 06:00:00 GMT";
        let feed = blackbox::rss(id, &site, &[(&guid, title, &link, date, &text)]);
        origin.on(&format!("/{id}"), move |_| Answer::ok(feed.as_bytes()));
        let url = origin.url(&format!("/{id}"));
        config.push_str(&format!("[[source]]\nid = \"{id}\"\nurl = \"{url}\"\n"));
    }
    (origin, Place::new(&config))
}

#[test]
fn explain_tells_the_closest_other() {
    let (_origin, place) = three_papers();
    place.must(&["poll", "--at", "2024-11-18T08:00:00Z", "a", "b", "c"]);
    let copy = place.must(&["explain", "guid-b"]);
    assert!(copy.contains("joined by rule 7d, matched entry 1, c 1"), "{copy}");
    assert!(!copy.contains("closest other"), "nothing was turned down: {copy}");
    let look_alike = place.must(&["explain", "guid-c"]);
    let line = look_alike.lines().find(|line| line.contains("closest other")).unwrap();
    assert!(line.starts_with("  closest other: entry 2, turned down by rule 7a: c 0."), "{line}");
    assert_eq!(line.split(", ").filter(|figure| !figure.contains("entry")).count(), 9, "{line}");
}

#[test]
fn each_rule_has_its_counter() {
    let (_origin, place) = three_papers();
    let daemon = place.daemon();
    for id in ["a", "b", "c"] {
        daemon.wait_for(&format!("/source/{id}.atom"), |body| body.contains("<entry"));
    }
    let metrics = blackbox::unix_get(&place.socket(), "/metrics");
    for sample in [
        "feedmill_dedup_rule_total{rule=\"7d\",found=\"same\"} 1",
        "feedmill_dedup_rule_total{rule=\"7a\",found=\"apart\"} 1",
        "feedmill_dedup_rule_total{rule=\"8\",found=\"same\"} 0",
    ] {
        assert!(metrics.lines().any(|line| line == sample), "{sample}:\n{metrics}");
    }
}
