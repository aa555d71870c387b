//! The dashboard and the alert rules name only what `/metrics` has, labels included; and nothing there is left unseen.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at the first surprise, and waits by the real clock"
)]

mod blackbox;

use std::collections::{BTreeMap, BTreeSet};

use blackbox::{Origin, Place, rss, unix_get};

/// Returns every metric that a text names, with the labels that it asks of it.
fn named(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, _) in text.match_indices("feedmill_") {
        let rest = &text[at..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let labels = found.entry(rest[..end].to_owned()).or_default();
        let Some(inner) = rest[end..].strip_prefix('{') else { continue };
        let inner = inner.split('}').next().unwrap();
        for matcher in inner.split(',') {
            labels.insert(matcher.chars().take_while(|c| is_word(*c)).collect());
        }
    }
    found
}

/// Returns the samples of `/metrics` after a poll, with the labels of each.
fn samples() -> BTreeMap<String, BTreeSet<String>> {
    let origin = Origin::start();
    let item =
        ("g1", "Bão", "https://bao.example/1", "Fri, 22 Nov 2024 18:11:00 +0700", "Nội dung.");
    origin.feed("/a.xml", "\"a\"", "x", &rss("Báo", "https://bao.example/", &[item]));
    let url = origin.url("/a.xml");
    let place = Place::new(&format!("[[source]]\nid = \"a\"\nurl = \"{url}\"\n"));
    let daemon = place.daemon();
    daemon.wait_for("/all.atom", |body| body.contains("Bão"));
    let text = unix_get(&place.socket(), "/metrics");
    let mut samples: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let end = line.find(['{', ' ']).unwrap();
        let labels = samples.entry(line[..end].to_owned()).or_default();
        if let Some(inner) = line[end..].strip_prefix('{') {
            let inner = inner.split('}').next().unwrap();
            labels.extend(inner.split("\",").map(|it| it.split('=').next().unwrap().to_owned()));
        }
    }
    samples
}

#[test]
fn dashboard_and_alerts_name_what_the_metrics_have_and_all_of_it() {
    let samples = samples();
    let read = |name: &str| {
        std::fs::read_to_string(format!("{}/contrib/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let (dashboard, alerts) = (read("grafana.json"), read("alerts.yml"));
    // Those that Prometheus adds when it scrapes.
    let added = ["instance", "job"];
    for (file, text) in [("grafana.json", &dashboard), ("alerts.yml", &alerts)] {
        for (metric, labels) in named(text) {
            let has = samples.get(&metric);
            assert!(has.is_some(), "{file} names {metric}; there are {:?}", samples.keys());
            for label in labels.iter().filter(|label| !added.contains(&label.as_str())) {
                assert!(has.unwrap().contains(label), "{file}: {metric} has no label {label}");
            }
        }
    }
    let seen = named(&dashboard);
    for sample in samples.keys().filter(|it| !it.ends_with("_sum") && !it.ends_with("_count")) {
        assert!(seen.contains_key(sample), "no panel shows {sample}");
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_reads() {
    let path = format!("{}/contrib/grafana.json", env!("CARGO_MANIFEST_DIR"));
    let dashboard: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(dashboard["title"].is_string() && dashboard["schemaVersion"].is_u64());
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "ids are told apart");
    let mut cells = BTreeSet::new();
    for panel in panels {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for (x, y) in (0..at("w")).flat_map(|x| (0..at("h")).map(move |y| (x, y))) {
            assert!(cells.insert((at("x") + x, at("y") + y)), "{} lies on another", panel["title"]);
        }
        assert!(!panel["targets"].as_array().unwrap().is_empty());
    }
}
