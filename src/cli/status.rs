//! `feedmill status`: how each source is doing.

use std::io::IsTerminal;

use clap::Args;
use hyper::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::table::{self, Row};
use super::{Exit, Failure, client, print_line, runtime};
use crate::clock::SystemClock;
use crate::daemon;
use crate::model::outcome::Clock;
use crate::model::policy::Config;
use crate::schedule;

/// The mark of a source whose last document had to be mended.
const MENDED: &str = "~";

/// Arguments of `status`.
#[derive(Args)]
pub(super) struct StatusArguments {
    /// Print the JSON of /status.json
    #[arg(long)]
    json: bool,
}

/// Asks the daemon, or the store when none runs, and prints a row per source.
pub(super) fn run(config: Config, arguments: &StatusArguments) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let status = runtime.block_on(status(config))?;
    if arguments.json {
        print_line(&status);
        return Ok(Exit::Done);
    }
    let status: Value = serde_json::from_str(&status)
        .map_err(|error| Failure::new(Exit::Unavailable, format!("bad answer: {error}")))?;
    print(&status);
    Ok(Exit::Done)
}

async fn status(config: Config) -> Result<String, Failure> {
    if let Some(reply) = client::ask(&config, Method::GET, "/status.json").await? {
        return Ok(reply.body);
    }
    let mill = daemon::open(config, None).await.map_err(super::run::failure)?;
    let status = mill
        .status()
        .map_err(|error| Failure::new(super::run::store_exit(&error), super::run::chain(&error)));
    mill.stop().await;
    status
}

/// What stands above the rows where a person reads them.
const HEADING: [&str; 6] = ["source", "state", "last ok", "next", "7 d", "why then"];
/// The same for programs.
const HEADING_WHOLE: [&str; 6] =
    ["source", "state", "last success", "next poll", "new in 7 d", "why then"];

fn print(status: &Value) {
    let sources = status.get("sources").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if std::io::stdout().is_terminal() {
        let now = SystemClock.now();
        let rows: Vec<Row> = sources.iter().map(|source| short_row(source, now)).collect();
        table::print(&HEADING, None, &rows);
    } else {
        let rows: Vec<Row> = sources.iter().map(row).collect();
        table::print(&HEADING_WHOLE, Some("last error"), &rows);
    }
    if let Some(since) = status.get("network_down_since").and_then(Value::as_str) {
        print_line(&format!(
            "nobody can be reached since {}: our network seems down",
            minute(since)
        ));
    }
    if sources.iter().any(is_mended) {
        print_line(&format!(
            "{MENDED} its last document had to be mended: `status --json`, `explain`"
        ));
    }
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    let received = sources.iter().map(|source| number(source.get("bytes"))).sum();
    print_line(&format!(
        "{} entries, {} on disk, {} in memory, {} received",
        number(status.get("entries")),
        mebibytes(number(status.pointer("/store/bytes"))),
        mebibytes(number(status.get("memory_bytes"))),
        mebibytes(received),
    ));
}

/// Returns a value as text; `-` for none.
fn text(source: &Value, key: &str) -> String {
    match source.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

/// Tells whether a source's last document had to be mended.
fn is_mended(source: &Value) -> bool {
    source.get("flaws").and_then(Value::as_array).is_some_and(|flaws| !flaws.is_empty())
}

fn row(source: &Value) -> Row {
    let cells = vec![
        text(source, "id"),
        state(source),
        minute(&text(source, "last_success")),
        minute(&text(source, "next_poll")),
        text(source, "entries_7d"),
        text(source, "next_reason"),
    ];
    Row { cells, note: note(source) }
}

/// Returns a row that fits a terminal: times as distances.
fn short_row(source: &Value, now: Timestamp) -> Row {
    let cells = vec![
        text(source, "id"),
        state(source),
        distance(&text(source, "last_success"), now),
        next(&text(source, "next_poll"), now),
        text(source, "entries_7d"),
        text(source, "next_reason"),
    ];
    Row { cells, note: note(source) }
}

/// Returns what has to be read whole: why a source fails.
fn note(source: &Value) -> Option<String> {
    source.get("last_error").and_then(Value::as_str).map(str::to_owned)
}

/// Returns the state with what else ought to be looked at: `ok, silent`.
fn state(source: &Value) -> String {
    let flags = source.get("flags").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let words = std::iter::once(text(source, "state"));
    let words = words.chain(flags.iter().filter_map(Value::as_str).map(str::to_owned));
    let words = words.collect::<Vec<_>>().join(", ");
    if is_mended(source) { format!("{words} {MENDED}") } else { words }
}

/// Says when something is to come: a time that has passed is due.
fn next(instant: &str, now: Timestamp) -> String {
    match instant.parse::<Timestamp>() {
        Ok(at) if at <= now => "due".to_owned(),
        Ok(_) | Err(_) => distance(instant, now),
    }
}

/// Says how far an instant is from the present: `3 h ago`, `in 20 min`.
fn distance(instant: &str, now: Timestamp) -> String {
    let Ok(at) = instant.parse::<Timestamp>() else { return instant.to_owned() };
    if at >= schedule::NEVER {
        return "never".to_owned();
    }
    let seconds = at.duration_since(now).as_secs();
    let size = match seconds.unsigned_abs() {
        0..60 => "1 min".to_owned(),
        size @ 60..7_200 => format!("{} min", size / 60),
        size @ 7_200..172_800 => format!("{} h", size / 3_600),
        size => format!("{} d", size / 86_400),
    };
    if seconds < 0 { format!("{size} ago") } else { format!("in {size}") }
}

/// Shortens an RFC 3339 instant to minutes: `2026-11-24 21:53Z`.
fn minute(instant: &str) -> String {
    match (instant.get(..10), instant.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}Z"),
        _ => instant.to_owned(),
    }
}

/// Writes bytes for people.
pub(super) fn mebibytes(bytes: u64) -> String {
    format!("{}.{} MiB", bytes >> 20, ((bytes & 0xF_FFFF) * 10) >> 20)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn now() -> Timestamp {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn distances_are_short() {
        let cases = [
            ("-", "-"),
            ("2026-03-01T12:00:20Z", "in 1 min"),
            ("2026-03-01T13:30:00Z", "in 90 min"),
            ("2026-03-01T09:00:00Z", "3 h ago"),
            ("2026-02-01T12:00:00Z", "28 d ago"),
            ("9999-01-01T00:00:00Z", "never"),
        ];
        for (instant, expected) in cases {
            assert_eq!(distance(instant, now()), expected, "{instant}");
        }
    }

    #[test]
    fn a_row_fits_eighty_columns_and_says_what_matters() {
        let source = json!({
            "id": "a-source-with-quite-a-long-name",
            "state": "failing",
            "flags": ["broken"],
            "last_success": "2026-02-01T12:00:00Z",
            "next_poll": "2026-03-05T12:00:00Z",
            "next_reason": "failing for more than 14 days: network",
            "entries_7d": 0,
            "last_error": "failed to connect to 192.0.2.1:443: Connection refused (os error 111)",
        });
        let well = json!({
            "id": "vnexpress",
            "state": "ok",
            "flags": [],
            "last_success": "2026-03-01T11:30:00Z",
            "next_poll": "2026-03-01T12:31:00Z",
            "next_reason": "adaptive: 96 entries a day",
            "entries_7d": 671,
            "last_error": null,
        });
        let rows = [short_row(&source, now()), short_row(&well, now())];
        let drawn = table::drawn(&HEADING, &rows, 80);
        for line in drawn.lines() {
            assert!(line.chars().count() <= 80, "{line}\n{drawn}");
        }
        for word in ["vnexpress", "30 min ago", "in 31 min", "671", "failing, broken", "28 d ago"] {
            assert!(drawn.contains(word), "{word}\n{drawn}");
        }
        let error = "failed to connect to 192.0.2.1:443: Connection refused (os error 111)";
        assert!(drawn.contains(error), "an error is never cut: {drawn}");
        assert_eq!(drawn.lines().count(), 5, "{drawn}");
    }
}
