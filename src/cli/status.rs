//! `feedmill status`: how each source is doing.

use std::io::IsTerminal;

use clap::Args;
use hyper::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Exit, Failure, client, print_line, runtime, table};
use crate::clock::SystemClock;
use crate::daemon;
use crate::model::outcome::Clock;
use crate::model::policy::Config;

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

fn print(status: &Value) {
    let sources = status.get("sources").and_then(Value::as_array).cloned().unwrap_or_default();
    if std::io::stdout().is_terminal() {
        let now = SystemClock.now();
        let rows: Vec<Vec<String>> = sources.iter().map(|source| brief(source, now)).collect();
        table::print(&["source", "state", "read", "next", "7 d", "remarks"], &rows);
    } else {
        let rows: Vec<Vec<String>> = sources.iter().map(row).collect();
        table::print(
            &[
                "source",
                "state",
                "last success",
                "next poll",
                "why then",
                "new in 7 d",
                "last error",
            ],
            &rows,
        );
    }
    let is_mended = |source: &Value| state(source, String::new()).ends_with(MENDED);
    if sources.iter().any(is_mended) {
        print_line(&format!(
            "{MENDED} its last document had to be mended: `status --json`, `explain`"
        ));
    }
    let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    print_line(&format!(
        "{} entries, {} on disk, {} in memory",
        number(status.get("entries")),
        mebibytes(number(status.pointer("/store/bytes"))),
        mebibytes(number(status.get("memory_bytes"))),
    ));
}

fn row(source: &Value) -> Vec<String> {
    let text = |key: &str| match source.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    };
    vec![
        text("id"),
        state(source, text("state")),
        minute(&text("last_success")),
        minute(&text("next_poll")),
        text("next_reason"),
        text("entries_7d"),
        text("last_error"),
    ]
}

/// A row that is read at a glance, on a terminal of 80 columns.
fn brief(source: &Value, now: Timestamp) -> Vec<String> {
    let text = |key: &str| source.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let instant = |key: &str| text(key).parse::<Timestamp>().ok();
    let read = instant("last_success").map(|at| format!("{} ago", span(now.duration_since(at))));
    let next = instant("next_poll").map(|at| match at.duration_since(now) {
        wait if wait.is_negative() => "due".to_owned(),
        wait => format!("in {}", span(wait)),
    });
    let moved = Some(text("redirect_pending")).filter(|to| !to.is_empty());
    let error = Some(text("last_error")).filter(|error| !error.is_empty());
    let remarks = error.or_else(|| moved.map(|to| format!("moved to {to}")));
    let week = source.get("entries_7d").and_then(Value::as_u64).unwrap_or(0);
    vec![
        text("id"),
        state(source, text("state")),
        read.unwrap_or_else(|| "never".to_owned()),
        next.unwrap_or_else(|| "-".to_owned()),
        week.to_string(),
        remarks.unwrap_or_else(|| text("next_reason")),
    ]
}

/// Writes a time in its largest unit.
fn span(span: SignedDuration) -> String {
    match span.as_secs().max(0) {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Marks a source whose last document had to be mended.
fn state(source: &Value, word: String) -> String {
    let is_mended = source.get("flaws").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    if is_mended { format!("{word} {MENDED}") } else { word }
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
