//! `feedmill poll`: polls now, and says what was found.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use clap::Args;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::Value;

use super::table::{self, Row};
use super::{Exit, Failure, client, eprint_line, print_line, runtime};
use crate::control::{self, PollError, PollRequest};
use crate::daemon;
use crate::ingest::Report;
use crate::model::policy::Config;
use crate::model::source::SourceId;

/// How often a sign of life moves.
const TICK: std::time::Duration = std::time::Duration::from_millis(120);

/// Arguments of `poll`.
#[derive(Args)]
pub(super) struct PollArguments {
    /// Sources to poll, in this order; all when none is named
    sources: Vec<String>,
    /// Only those that are due
    #[arg(long)]
    due: bool,
    /// Commit nothing; say what would be new, updated or merged
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON object for each entry seen, and one of totals
    #[arg(long)]
    json: bool,
    /// Take this instant (RFC 3339) for the present; needs the store to itself
    #[arg(long, value_name = "INSTANT")]
    at: Option<Timestamp>,
}

/// Polls by the daemon, or with the store opened here when none runs.
pub(super) fn run(config: Config, arguments: PollArguments) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let exit = runtime.block_on(poll(config, arguments));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit
}

async fn poll(config: Config, arguments: PollArguments) -> Result<Exit, Failure> {
    let known = |name: &&String| config.catalog.source(&SourceId::new(name)).is_none();
    if let Some(unknown) = arguments.sources.iter().find(known) {
        return Err(unknown_source(unknown));
    }
    let daemon = client::ask(&config, Method::GET, "/status.json").await?;
    match (daemon, arguments.at) {
        (Some(_), Some(_)) => Err(Failure::new(
            Exit::TryLater,
            "the daemon has the store; stop it first: --at needs the store to itself",
        )),
        (Some(before), None) => by_daemon(&config, &arguments, &before.body).await,
        (None, _) => here(config, &arguments).await,
    }
}

fn unknown_source(name: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("no source `{name}` in the configuration; `feedmill status` lists them"),
    )
}

async fn by_daemon(
    config: &Config,
    arguments: &PollArguments,
    before: &str,
) -> Result<Exit, Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for source in &arguments.sources {
        query.append_pair("source", source);
    }
    for (flag, name) in [(arguments.due, "due"), (arguments.dry_run, "dry_run"), (true, "lines")] {
        if flag {
            query.append_pair(name, "1");
        }
    }
    let path = format!("/poll?{}", query.finish());
    let bar = waiting();
    let reply = client::ask(config, Method::POST, &path).await;
    bar.finish_and_clear();
    let reply = reply?;
    let Some(reply) = reply.filter(|reply| reply.status == 200) else {
        return Err(Failure::new(Exit::Unavailable, "the daemon went away; try again"));
    };
    let last = reply.body.lines().last().unwrap_or_default();
    let totals: Value = serde_json::from_str(last).unwrap_or_default();
    if arguments.json {
        print_line(reply.body.trim_end());
    } else {
        let after = client::ask(config, Method::GET, "/status.json").await?;
        let after = after.map(|status| status.body).unwrap_or_default();
        print_polls(&polls(&reply.body, before, &after, arguments));
        print_totals(&totals);
    }
    let failed = totals.get("failed").and_then(Value::as_u64).unwrap_or(0);
    Ok(if failed == 0 { Exit::Done } else { Exit::Failures })
}

/// What is told of one poll.
#[derive(Default)]
struct Polled {
    source: String,
    outcome: String,
    http_status: String,
    /// By verdict, in the order of `VERDICTS`.
    counts: [u64; VERDICTS.len()],
    error: Option<String>,
}

const VERDICTS: [&str; 5] = ["new", "duplicate", "updated", "unchanged", "withheld"];

/// Puts together what the daemon's lines and its status tell. A dry run leaves no trace in the status.
fn polls(lines: &str, before: &str, after: &str, arguments: &PollArguments) -> Vec<Polled> {
    let mut counts: BTreeMap<String, [u64; VERDICTS.len()]> = BTreeMap::new();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let text = |key: &str| line.get(key).and_then(Value::as_str);
        let (Some(source), Some(verdict)) = (text("source"), text("verdict")) else { continue };
        let of_source = counts.entry(source.to_owned()).or_default();
        let named = VERDICTS.iter().zip(of_source.iter_mut()).find(|(name, _)| **name == verdict);
        if let Some((_, count)) = named {
            *count += 1;
        }
    }
    let ((_, before), (order, after)) = (states(before), states(after));
    let was_polled = |id: &String| {
        let attempt = |states: &BTreeMap<String, Value>| {
            states.get(id).and_then(|source| source.get("last_attempt")).cloned()
        };
        counts.contains_key(id) || attempt(&before) != attempt(&after)
    };
    let ids = if arguments.sources.is_empty() { &order } else { &arguments.sources };
    ids.iter()
        .filter(|id| was_polled(id))
        .map(|id| Polled {
            source: id.clone(),
            counts: counts.get(id).copied().unwrap_or_default(),
            ..polled(after.get(id), arguments.dry_run)
        })
        .collect()
}

/// Returns the ids of a status in its order, and what it says of each.
fn states(status: &str) -> (Vec<String>, BTreeMap<String, Value>) {
    let status: Value = serde_json::from_str(status).unwrap_or_default();
    let sources = status.get("sources").and_then(Value::as_array).cloned().unwrap_or_default();
    let id = |source: &Value| source.get("id").and_then(Value::as_str).map(str::to_owned);
    let known: Vec<_> = sources.into_iter().filter_map(|it| Some((id(&it)?, it))).collect();
    (known.iter().map(|(id, _)| id.clone()).collect(), known.into_iter().collect())
}

/// Says how a poll ended, from the state of its source afterwards.
fn polled(state: Option<&Value>, is_dry_run: bool) -> Polled {
    let word = |key: &str| state.and_then(|state| state.get(key)).and_then(Value::as_str);
    let status = state.and_then(|state| state.get("http_status")).and_then(Value::as_u64);
    let outcome = match (word("state"), status) {
        _ if is_dry_run => "-",
        (Some("failing"), _) => "failed",
        (Some("gone"), _) => "gone",
        (_, Some(304)) => "not_modified",
        _ => "modified",
    };
    Polled {
        outcome: outcome.to_owned(),
        http_status: status.filter(|_| !is_dry_run).map_or("-".to_owned(), |it| it.to_string()),
        error: word("last_error").filter(|_| !is_dry_run).map(str::to_owned),
        ..Polled::default()
    }
}

fn print_polls(polls: &[Polled]) {
    let row = |polled: &Polled| Row {
        cells: [&polled.source, &polled.outcome, &polled.http_status]
            .into_iter()
            .cloned()
            .chain(polled.counts.iter().map(ToString::to_string))
            .collect(),
        note: polled.error.clone(),
    };
    let rows: Vec<Row> = polls.iter().map(row).collect();
    let heading: Vec<&str> = ["source", "outcome", "http"].into_iter().chain(VERDICTS).collect();
    table::print(&heading, Some("error"), &rows);
}

fn print_totals(totals: &Value) {
    let number = |key: &str| totals.get(key).and_then(Value::as_u64).unwrap_or(0);
    print_line(&format!(
        "{} polled, {} not modified, {} failed; {} new, {} updated, {} duplicates",
        number("polled"),
        number("not_modified"),
        number("failed"),
        number("new"),
        number("updated"),
        number("duplicate"),
    ));
}

async fn here(config: Config, arguments: &PollArguments) -> Result<Exit, Failure> {
    let mill = daemon::open(config, arguments.at).await.map_err(super::run::failure)?;
    let request = PollRequest {
        sources: arguments.sources.iter().map(|name| SourceId::new(name)).collect(),
        only_due: arguments.due,
        is_dry_run: arguments.dry_run,
    };
    let total = mill.sources_of(&request).map_err(|error| failure(&error))?.len();
    let bar = progress(total);
    let mut on_report = |report: &Report| {
        bar.inc(1);
        if arguments.json {
            control::lines(report).iter().for_each(|line| print_line(line));
        }
    };
    let reports = mill.poll(&request, &mut on_report).await;
    bar.finish_and_clear();
    mill.stop().await;
    let reports = reports.map_err(|error| failure(&error))?;
    let last = control::last_line(&reports);
    if arguments.json {
        print_line(&last);
    } else {
        print_reports(&reports);
        print_totals(&serde_json::from_str(&last).unwrap_or_default());
    }
    let has_failed = reports.iter().any(|report| report.error.is_some());
    Ok(if has_failed { Exit::Failures } else { Exit::Done })
}

/// Shows that the daemon is at work; how far it is, it says at the end.
fn waiting() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} the daemon polls  {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

fn progress(total: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(total).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} sources  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// Prints a row for each source polled.
pub(super) fn print_reports(reports: &[Report]) {
    let polled = |report: &Report| {
        let counts = &report.counts;
        Polled {
            source: report.source.to_string(),
            outcome: report.outcome.name().to_owned(),
            http_status: report.http_status.map_or("-".to_owned(), |status| status.to_string()),
            counts: [
                counts.new,
                counts.duplicate,
                counts.updated,
                counts.unchanged,
                counts.withheld,
            ],
            error: report.error.clone(),
        }
    };
    print_polls(&reports.iter().map(polled).collect::<Vec<_>>());
}

fn failure(error: &PollError) -> Failure {
    let exit = match error {
        PollError::UnknownSource(_) => Exit::Usage,
        PollError::Store(error) => super::run::store_exit(error),
        PollError::Writer(error) => super::run::store_exit(error),
        PollError::Stopping => Exit::TryLater,
    };
    if exit == Exit::Io {
        eprint_line("nothing that was not stored is lost: it is polled again");
    }
    Failure::new(exit, super::run::chain(error))
}
