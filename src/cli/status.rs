//! `feedmill status`: how each source is doing.

use clap::Args;
use hyper::Method;
use serde_json::Value;

use super::{Exit, Failure, client, print_line, runtime, table};
use crate::daemon;
use crate::model::policy::Config;

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
    let rows: Vec<Vec<String>> = status
        .get("sources")
        .and_then(Value::as_array)
        .map(|sources| sources.iter().map(row).collect())
        .unwrap_or_default();
    table::print(
        &["source", "state", "last success", "next poll", "why then", "new in 7 d", "last error"],
        &rows,
    );
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
        text("state"),
        minute(&text("last_success")),
        minute(&text("next_poll")),
        text("next_reason"),
        text("entries_7d"),
        text("last_error"),
    ]
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
