//! Where the corpus is, and what a result must reach on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::labels::{Key, Labels, Score, ratio};
use super::seen::Seen;

/// Families of look-alikes of which not one pair may be merged.
const NEVER_MERGED: [&str; 9] = [
    "weather",
    "market",
    "lottery",
    "goldprice",
    "quake",
    "release",
    "podcast",
    "series",
    "shorttitle",
];

/// Returns the corpus' folder; says so where there is none.
#[expect(clippy::print_stdout, reason = "a suite that is skipped says so")]
pub(crate) fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/dedup/public");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: the labelled corpus is not at {}", path.display());
    None
}

/// Returns which sources are polled at each snapshot, in order.
pub(crate) fn order(corpus: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(corpus.join("orders.json")).expect("orders.json");
    let mut orders: BTreeMap<String, Vec<Vec<String>>> = serde_json::from_str(&text).expect("JSON");
    orders.remove(name).expect("an order of that name")
}

/// Returns the instants of the snapshots.
pub(crate) fn instants(corpus: &Path) -> Vec<Timestamp> {
    let text = std::fs::read_to_string(corpus.join("MANIFEST.json")).expect("MANIFEST.json");
    let manifest: Value = serde_json::from_str(&text).expect("JSON");
    let polls = manifest.get("polls").and_then(Value::as_array).expect("a list");
    polls.iter().map(|at| at.as_str().expect("a text").parse().expect("an instant")).collect()
}

/// Returns what a source served at a snapshot; `None` where it was not fetched then.
pub(crate) fn document(corpus: &Path, source: &str, snapshot: usize) -> Option<String> {
    std::fs::read_to_string(corpus.join(format!("feeds/{source}/{snapshot:03}.xml"))).ok()
}

/// Measures a result, leaves it where `score.py --errors` can read it, and holds it to the gate.
///
/// `from` names the way it was got by, `order` the poll order.
#[expect(clippy::print_stdout, reason = "the figures are to be seen")]
pub(crate) fn hold(
    corpus: &Path,
    (from, order): (&str, &str),
    clusters: &[BTreeSet<Key>],
    seen: &[Seen],
) {
    write_prediction(&format!("{from}-order-{order}"), clusters, seen);
    let score = Labels::read(&corpus.join("labels.json")).score(clusters, seen);
    println!("{}", table(&format!("{from}, order {order}"), &score));
    assert!(score.precision >= 0.985, "precision {}", score.precision);
    assert!(score.recall >= 0.94, "recall {}", score.recall);
    assert!(score.f1() >= 0.96, "F1 {}", score.f1());
    assert!(score.updates.0 >= 54, "updates seen: {:?}", score.updates);
    assert_eq!(score.updates.1, 55, "updates there are");
    assert_eq!(score.cosmetic, (0, 55), "cosmetic changes taken for updates");
    // Of 91; the measured recall of changed guids is .96.
    assert!(score.returned_as_new <= 3, "old entries under a new key reported as new");
    let merged: Vec<_> =
        NEVER_MERGED.iter().filter(|family| score.false_families.contains_key(**family)).collect();
    assert!(merged.is_empty(), "look-alikes merged: {merged:?} in {:?}", score.false_families);
    assert_eq!(score.missing, 0, "keys of the labels that were never seen");
}

fn table(name: &str, score: &Score) -> String {
    let mut text = format!(
        "{name}: P {:.4} R {:.4} F1 {:.4}, updates {:?}, cosmetic {:?}, returned as new {}\n",
        score.precision,
        score.recall,
        score.f1(),
        score.updates,
        score.cosmetic,
        score.returned_as_new
    );
    for (group, (found, all)) in &score.recall_by {
        let _ = writeln!(text, "  {group:20} recall {:.3} of {all}", ratio(*found, *all));
    }
    for (family, pairs) in &score.false_families {
        let _ = writeln!(text, "  false pairs {family:30} {pairs}");
    }
    text
}

fn write_prediction(name: &str, clusters: &[BTreeSet<Key>], seen: &[Seen]) {
    let events: Vec<Value> = seen
        .iter()
        .map(|seen| {
            json!({"feed": seen.feed, "snapshot": seen.snapshot, "guid": seen.key,
                   "event": seen.event, "why": seen.why})
        })
        .collect();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("dedup-{name}.json"));
    let text = json!({"clusters": clusters, "events": events}).to_string();
    std::fs::write(path, text).expect("the folder for temporary files can be written to");
}
