//! The metrics, by their names in the contract (design §5).
//!
//! They have their own registry and are shown in the Prometheus text format 0.0.4, in which a
//! counter's family bears the same name as its samples. No label may be a secret, and none may be
//! without number.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text::encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The most sources that have a series of their own.
pub const SOURCE_SERIES_MAX: usize = 500;

/// Bounds of `poll_seconds`: a poll may take its whole time-out and wait its turn.
const POLL_BOUNDS_S: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0];

/// Bounds of `store_commit_seconds`: from memory to a disk that is busy.
const COMMIT_BOUNDS_S: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Bounds of `http_request_seconds`: answers come from a cache, so the first ones are short.
const HTTP_BOUNDS_S: &[f64] = &[0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0];

/// Counters, as registered; the encoder shows their samples with `_total` behind.
const COUNTERS: &[&str] =
    &["polls", "fetched_bytes", "entries", "dedup_rule", "http_requests", "parser_panics"];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VerdictLabel {
    verdict: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RuleLabels {
    rule: &'static str,
    found: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

type Seconds = Gauge<f64, AtomicU64>;

/// How a poll ended, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollOutcome {
    /// A document was held.
    Modified,
    /// 304.
    NotModified,
    /// 410.
    Gone,
    /// Anything else.
    Failed,
    /// It did not take place, or its failure is not the source's.
    Postponed,
}

impl PollOutcome {
    /// Every outcome.
    pub const ALL: [Self; 5] =
        [Self::Modified, Self::NotModified, Self::Gone, Self::Failed, Self::Postponed];

    /// Returns the word used in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Modified => "modified",
            Self::NotModified => "not_modified",
            Self::Gone => "gone",
            Self::Failed => "failed",
            Self::Postponed => "postponed",
        }
    }
}

/// The verdicts that are counted.
const VERDICTS: [&str; 4] = ["new", "updated", "unchanged", "duplicate"];

/// The rules by which copies are found and look-alikes turned down, and what each can find.
const RULES: [(&str, Found); 17] = [
    ("url", Found::Same),
    ("7d", Found::Same),
    ("7e", Found::Same),
    ("8", Found::Same),
    ("10", Found::Same),
    ("1", Found::Apart),
    ("2", Found::Apart),
    ("3", Found::Apart),
    ("4", Found::Apart),
    ("5", Found::Apart),
    ("5b", Found::Apart),
    ("6", Found::Apart),
    ("7a", Found::Apart),
    ("7b", Found::Apart),
    ("7c", Found::Apart),
    ("9", Found::Apart),
    ("10", Found::Apart),
];

/// What a rule found of an entry seen for the first time and the best candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// One article: the entry joined the story.
    Same,
    /// Two: it opened one.
    Apart,
}

impl Found {
    fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Apart => "apart",
        }
    }
}

/// The states of sources, as in `/status.json`.
const STATES: [&str; 4] = ["new", "ok", "failing", "gone"];

/// Every metric of the daemon. Shared by reference; all methods may be called from any thread.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    polls: Family<OutcomeLabel, Counter>,
    poll_seconds: Histogram,
    fetched_bytes: Counter,
    entries: Family<VerdictLabel, Counter>,
    dedup_rules: Family<RuleLabels, Counter>,
    sources: Family<StateLabel, Gauge>,
    store_entries: Gauge,
    store_bytes: Gauge,
    store_commit_seconds: Histogram,
    http_requests: Family<RequestLabels, Counter>,
    http_request_seconds: Histogram,
    parser_panics: Counter,
    source_last_success: Family<SourceLabel, Seconds>,
    sources_seen: Mutex<HashSet<String>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Makes a registry with every series at zero, so that a first failure is seen as an increase.
    pub fn new() -> Self {
        let histogram = |bounds: &[f64]| Histogram::new(bounds.iter().copied());
        let mut metrics = Self {
            registry: Registry::with_prefix("feedmill"),
            polls: Family::default(),
            poll_seconds: histogram(POLL_BOUNDS_S),
            fetched_bytes: Counter::default(),
            entries: Family::default(),
            dedup_rules: Family::default(),
            sources: Family::default(),
            store_entries: Gauge::default(),
            store_bytes: Gauge::default(),
            store_commit_seconds: histogram(COMMIT_BOUNDS_S),
            http_requests: Family::default(),
            http_request_seconds: histogram(HTTP_BOUNDS_S),
            parser_panics: Counter::default(),
            source_last_success: Family::default(),
            sources_seen: Mutex::default(),
        };
        metrics.register();
        metrics.begin_at_zero();
        metrics
    }

    #[rustfmt::skip]
    fn register(&mut self) {
        let to = &mut self.registry;
        to.register("polls", "Polls finished, by outcome", self.polls.clone());
        to.register("poll_seconds", "Time of a poll from request to commit",
            self.poll_seconds.clone());
        to.register("fetched_bytes", "Bytes of bodies received from publishers",
            self.fetched_bytes.clone());
        to.register("entries", "Entries of polled documents, by verdict", self.entries.clone());
        to.register("dedup_rule", "Entries seen first, by the rule that placed them",
            self.dedup_rules.clone());
        to.register("sources", "Configured sources, by state", self.sources.clone());
        to.register("store_entries", "Entries held in the store", self.store_entries.clone());
        to.register("store_bytes", "Size of the store on disk", self.store_bytes.clone());
        to.register("store_commit_seconds", "Time of a commit to the store",
            self.store_commit_seconds.clone());
        to.register("http_requests", "Requests answered, by route and status",
            self.http_requests.clone());
        to.register("http_request_seconds", "Time from a request to its answer",
            self.http_request_seconds.clone());
        to.register("parser_panics", "Contained panics of the feed parser",
            self.parser_panics.clone());
        to.register("source_last_success_seconds", "Age of a source's last successful poll",
            self.source_last_success.clone());
    }

    fn begin_at_zero(&self) {
        for outcome in PollOutcome::ALL {
            drop(self.polls.get_or_create(&OutcomeLabel { outcome: outcome.name() }));
        }
        for verdict in VERDICTS {
            drop(self.entries.get_or_create(&VerdictLabel { verdict }));
        }
        for (rule, found) in RULES {
            let labels = RuleLabels { rule, found: found.name() };
            drop(self.dedup_rules.get_or_create(&labels));
        }
        for state in STATES {
            drop(self.sources.get_or_create(&StateLabel { state }));
        }
    }

    /// Counts a poll with its time and the bytes it received.
    pub fn poll_finished(&self, outcome: PollOutcome, elapsed: Duration, bytes: u64) {
        self.polls.get_or_create(&OutcomeLabel { outcome: outcome.name() }).inc();
        self.poll_seconds.observe(elapsed.as_secs_f64());
        self.fetched_bytes.inc_by(bytes);
    }

    /// Counts entries of one verdict: `new`, `updated`, `unchanged` or `duplicate`; others are not
    /// counted.
    pub fn entries(&self, verdict: &str, count: u64) {
        if let Some(verdict) = VERDICTS.into_iter().find(|known| *known == verdict) {
            self.entries.get_or_create(&VerdictLabel { verdict }).inc_by(count);
        }
    }

    /// Counts an entry that a rule of deduplication placed; a rule without a name here is not counted.
    pub fn dedup_rule(&self, rule: &str, found: Found) {
        let known = RULES.into_iter().find(|known| *known == (rule, found));
        if let Some((rule, found)) = known {
            let labels = RuleLabels { rule, found: found.name() };
            self.dedup_rules.get_or_create(&labels).inc();
        }
    }

    /// Counts a request. `route` is the route's name, never the path: paths are without number.
    pub fn http_request(&self, route: &'static str, status: u16, elapsed: Duration) {
        self.http_requests.get_or_create(&RequestLabels { route, status }).inc();
        self.http_request_seconds.observe(elapsed.as_secs_f64());
    }

    /// Records a commit.
    pub fn store_commit(&self, elapsed: Duration) {
        self.store_commit_seconds.observe(elapsed.as_secs_f64());
    }

    /// Counts a panic of the parser.
    pub fn parser_panic(&self) {
        self.parser_panics.inc();
    }

    /// Sets how many sources are in a state: `new`, `ok`, `failing` or `gone`.
    pub fn set_sources(&self, state: &str, count: usize) {
        if let Some(state) = STATES.into_iter().find(|known| *known == state) {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.sources.get_or_create(&StateLabel { state }).set(count);
        }
    }

    /// Sets the entries held and the bytes on disk.
    pub fn set_store(&self, entries: u64, bytes: u64) {
        self.store_entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.store_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Sets the age of a source's last success; only the first [`SOURCE_SERIES_MAX`] sources have a
    /// series. An age grows by itself, so set it when the metrics are asked for.
    pub fn source_success(&self, source: &str, age: Duration) {
        let mut seen = self.sources_seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !seen.contains(source) {
            if seen.len() >= SOURCE_SERIES_MAX {
                return;
            }
            seen.insert(source.to_owned());
        }
        let label = SourceLabel { source: source.to_owned() };
        self.source_last_success.get_or_create(&label).set(age.as_secs_f64());
    }

    /// Drops the series of a source that is no longer configured.
    pub fn forget_source(&self, source: &str) {
        let mut seen = self.sources_seen.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if seen.remove(source) {
            self.source_last_success.remove(&SourceLabel { source: source.to_owned() });
        }
    }

    /// Returns all metrics in the Prometheus text format; serve it as [`METRICS_TYPE`].
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail; a family that refuses is left out rather than panicking.
        if encode_registry(&mut text, &self.registry).is_err() {
            tracing::warn!("failed to encode the metrics");
        }
        text.lines().map(|line| with_counter_suffix(line) + "\n").collect()
    }
}

/// The media type of [`Metrics::encode`].
pub const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The encoder writes OpenMetrics, whose `# TYPE feedmill_polls counter` Prometheus does not
/// connect with the sample `feedmill_polls_total`: the older format names the samples.
fn with_counter_suffix(line: &str) -> String {
    let mut words = line.splitn(4, ' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("#"), Some(what), Some(name), Some(rest))
            if name.strip_prefix("feedmill_").is_some_and(|name| COUNTERS.contains(&name)) =>
        {
            format!("# {what} {name}_total {rest}")
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of design §5, with a sample of each as Prometheus shows it.
    #[test]
    fn metrics_have_their_names() {
        let metrics = Metrics::new();
        metrics.poll_finished(PollOutcome::Modified, Duration::from_millis(300), 2_048);
        metrics.poll_finished(PollOutcome::Failed, Duration::from_secs(200), 0);
        metrics.entries("new", 7);
        metrics.entries("withheld", 9);
        metrics.dedup_rule("7d", Found::Same);
        metrics.dedup_rule("7a", Found::Apart);
        metrics.dedup_rule("7a", Found::Apart);
        metrics.dedup_rule("no such rule", Found::Apart);
        metrics.http_request("feed", 200, Duration::from_micros(300));
        metrics.store_commit(Duration::from_millis(4));
        metrics.parser_panic();
        metrics.set_sources("ok", 12);
        metrics.set_store(40, 1_000_000);
        metrics.source_success("nhandan", Duration::from_secs(90));
        let text = metrics.encode();
        let expected = [
            "# TYPE feedmill_polls_total counter",
            "feedmill_polls_total{outcome=\"modified\"} 1",
            "feedmill_polls_total{outcome=\"not_modified\"} 0",
            "feedmill_polls_total{outcome=\"failed\"} 1",
            "# TYPE feedmill_poll_seconds histogram",
            "feedmill_poll_seconds_count 2",
            "feedmill_poll_seconds_bucket{le=\"0.25\"} 0",
            "feedmill_poll_seconds_bucket{le=\"0.5\"} 1",
            "feedmill_poll_seconds_bucket{le=\"+Inf\"} 2",
            "# TYPE feedmill_fetched_bytes_total counter",
            "feedmill_fetched_bytes_total 2048",
            "# TYPE feedmill_entries_total counter",
            "feedmill_entries_total{verdict=\"new\"} 7",
            "feedmill_entries_total{verdict=\"updated\"} 0",
            "feedmill_entries_total{verdict=\"unchanged\"} 0",
            "feedmill_entries_total{verdict=\"duplicate\"} 0",
            "# TYPE feedmill_dedup_rule_total counter",
            "feedmill_dedup_rule_total{rule=\"7d\",found=\"same\"} 1",
            "feedmill_dedup_rule_total{rule=\"7a\",found=\"apart\"} 2",
            "feedmill_dedup_rule_total{rule=\"10\",found=\"same\"} 0",
            "# TYPE feedmill_sources gauge",
            "feedmill_sources{state=\"ok\"} 12",
            "feedmill_sources{state=\"failing\"} 0",
            "feedmill_store_entries 40",
            "feedmill_store_bytes 1000000",
            "feedmill_store_commit_seconds_count 1",
            "# TYPE feedmill_http_requests_total counter",
            "feedmill_http_requests_total{route=\"feed\",status=\"200\"} 1",
            "feedmill_http_request_seconds_count 1",
            "# TYPE feedmill_parser_panics_total counter",
            "feedmill_parser_panics_total 1",
            "feedmill_source_last_success_seconds{source=\"nhandan\"} 90.0",
        ];
        let lines: HashSet<_> = text.lines().collect();
        for line in expected {
            assert!(lines.contains(line), "{line} is missing from\n{text}");
        }
        assert!(
            !text.contains("withheld") && !text.contains("no such") && !text.contains("# EOF"),
            "{text}"
        );
    }

    /// Every sample belongs to a family announced before it: the rule of the text format.
    #[test]
    fn every_sample_has_its_type() {
        let metrics = Metrics::new();
        metrics.http_request("feed", 304, Duration::ZERO);
        metrics.source_success("a", Duration::ZERO);
        let text = metrics.encode();
        let mut families = HashSet::new();
        for line in text.lines() {
            if let Some(family) = line.strip_prefix("# TYPE ") {
                families.insert(family.split(' ').next().unwrap().to_owned());
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                let ends = ["", "_sum", "_count", "_bucket"];
                let family = |end: &str| name.strip_suffix(end).map(str::to_owned);
                let mut named = ends.into_iter().filter_map(family);
                assert!(named.any(|family| families.contains(&family)), "{line}");
            }
        }
        assert_eq!(families.len(), 13);
    }

    #[test]
    fn sources_have_at_most_500_series() {
        let metrics = Metrics::new();
        let series = |metrics: &Metrics| {
            metrics.encode().lines().filter(|line| line.contains("{source=")).count()
        };
        for number in 0..=SOURCE_SERIES_MAX {
            metrics.source_success(&format!("s{number}"), Duration::ZERO);
        }
        assert_eq!(series(&metrics), 500);
        metrics.forget_source("s7");
        assert_eq!(series(&metrics), 499);
        metrics.source_success("late", Duration::ZERO);
        assert_eq!(series(&metrics), 500);
    }
}
