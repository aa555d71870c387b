//! The truth about the corpus, and how a result is measured against it (as `score.py` does).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::seen::Seen;

/// Feed, and the item's guid as written; the link where it has none.
pub(crate) type Key = (String, String);

pub(crate) struct Labels {
    entries: BTreeMap<Key, Label>,
    events: BTreeMap<(String, usize, String), String>,
}

struct Label {
    cluster: String,
    class: String,
    language: String,
    is_origin: bool,
    family: Option<String>,
    group: Option<String>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) precision: f64,
    pub(crate) recall: f64,
    /// False pairs by family: `x:` where the two are not of one group of look-alikes.
    pub(crate) false_families: BTreeMap<String, usize>,
    /// Updates seen, of all there are.
    pub(crate) updates: (usize, usize),
    /// Cosmetic changes taken for updates, of all there are.
    pub(crate) cosmetic: (usize, usize),
    pub(crate) returned_as_new: usize,
    /// Labelled keys that no document gave.
    pub(crate) missing: usize,
    /// By class and by language of the copies: mates found, mates there are.
    pub(crate) recall_by: BTreeMap<String, (usize, usize)>,
}

impl Score {
    pub(crate) fn f1(&self) -> f64 {
        2.0 * self.precision * self.recall / (self.precision + self.recall)
    }
}

impl Labels {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("labels.json");
        let json: Value = serde_json::from_str(&text).expect("JSON");
        let list = |name: &str| json.get(name).and_then(Value::as_array).expect("a list").clone();
        let text =
            |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let must = |value: &Value, name: &str| text(value, name).expect("a text");
        let entries = list("entries").into_iter().map(|entry| {
            let label = Label {
                cluster: must(&entry, "cluster"),
                class: must(&entry, "cls"),
                language: must(&entry, "lang"),
                is_origin: must(&entry, "relation") == "origin",
                family: text(&entry, "family"),
                group: text(&entry, "group"),
            };
            ((must(&entry, "feed"), must(&entry, "guid")), label)
        });
        let events = list("events").into_iter().map(|event| {
            let snapshot = event.get("snapshot").and_then(Value::as_u64).expect("a number");
            let snapshot = usize::try_from(snapshot).expect("small");
            ((must(&event, "feed"), snapshot, must(&event, "guid")), must(&event, "event"))
        });
        Self { entries: entries.collect(), events: events.collect() }
    }

    pub(crate) fn score(&self, clusters: &[BTreeSet<Key>], seen: &[Seen]) -> Score {
        let mut true_pairs = 0;
        let mut found_pairs = 0;
        let mut missing = self.entries.len();
        let mut false_families = BTreeMap::new();
        for cluster in clusters {
            let labels: Vec<&Label> =
                cluster.iter().filter_map(|key| self.entries.get(key)).collect();
            missing -= labels.len();
            found_pairs += pairs(labels.len());
            for (at, a) in labels.iter().enumerate() {
                for b in labels.iter().take(at) {
                    if a.cluster == b.cluster {
                        true_pairs += 1;
                    } else {
                        *false_families.entry(family_of(a, b)).or_default() += 1;
                    }
                }
            }
        }
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        for label in self.entries.values() {
            *sizes.entry(&label.cluster).or_default() += 1;
        }
        let all_pairs: usize = sizes.values().map(|size| pairs(*size)).sum();
        let events = Events::of(self, seen);
        Score {
            precision: ratio(true_pairs, found_pairs),
            recall: ratio(true_pairs, all_pairs),
            false_families,
            updates: (events.count("update", "update"), events.all("update")),
            cosmetic: (events.count("cosmetic", "update"), events.all("cosmetic")),
            returned_as_new: events.count("reident", "new"),
            missing,
            recall_by: self.recall_by(clusters),
        }
    }

    fn recall_by(&self, clusters: &[BTreeSet<Key>]) -> BTreeMap<String, (usize, usize)> {
        let found: BTreeMap<&Key, usize> = clusters
            .iter()
            .enumerate()
            .flat_map(|(at, cluster)| cluster.iter().map(move |key| (key, at)))
            .collect();
        let mut mates: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
        for (key, label) in &self.entries {
            mates.entry(&label.cluster).or_default().push(key);
        }
        let mut shares: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for (key, label) in self.entries.iter().filter(|(_, label)| !label.is_origin) {
            let home = found.get(key);
            let others = mates.get(label.cluster.as_str()).into_iter().flatten();
            let (mut hits, mut all) = (0, 0);
            for other in others.filter(|other| **other != key) {
                all += 1;
                hits += usize::from(home.is_some() && found.get(other) == home);
            }
            for name in [format!("class {}", label.class), format!("language {}", label.language)] {
                let share = shares.entry(name).or_default();
                *share = (share.0 + hits, share.1 + all);
            }
        }
        shares
    }
}

/// Counts of (true event, found event).
struct Events(BTreeMap<(String, &'static str), usize>);

impl Events {
    fn of(labels: &Labels, seen: &[Seen]) -> Self {
        let found: BTreeMap<_, _> = seen
            .iter()
            .map(|seen| ((seen.feed.clone(), seen.snapshot, seen.key.clone()), seen.event))
            .collect();
        let mut counts = BTreeMap::new();
        for (place, truth) in &labels.events {
            let found = found.get(place).copied().unwrap_or("missing");
            *counts.entry((truth.clone(), found)).or_default() += 1;
        }
        Self(counts)
    }

    fn count(&self, truth: &str, found: &str) -> usize {
        self.0.iter().filter(|((t, f), _)| t == truth && *f == found).map(|(_, n)| n).sum()
    }

    fn all(&self, truth: &str) -> usize {
        self.0.iter().filter(|((t, _), _)| t == truth).map(|(_, n)| n).sum()
    }
}

fn family_of(a: &Label, b: &Label) -> String {
    if a.group.is_some() && a.group == b.group {
        return a.family.clone().or_else(|| b.family.clone()).unwrap_or_else(|| "none".into());
    }
    let family = |label: &Label| label.family.clone().unwrap_or_else(|| "plain".into());
    let both: BTreeSet<String> = [family(a), family(b)].into();
    format!("x:{}", both.into_iter().collect::<Vec<_>>().join("+"))
}

fn pairs(of: usize) -> usize {
    of * of.saturating_sub(1) / 2
}

pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).expect("small"));
    number(part) / number(whole.max(1))
}
