//! `feedmill poll`: polls now, and says what was found.

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
use crate::model::outcome::Detail;
use crate::model::policy::Config;
use crate::model::source::SourceId;

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
    if arguments.at.is_none() {
        if let Some(exit) = by_daemon(&config, &arguments).await? {
            return Ok(exit);
        }
    } else if client::ask(&config, Method::GET, "/status.json").await?.is_some() {
        return Err(Failure::new(
            Exit::TryLater,
            "the daemon has the store; stop it first: --at needs the store to itself",
        ));
    }
    here(config, &arguments).await
}

fn unknown_source(name: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("no source `{name}` in the configuration; `feedmill status` lists them"),
    )
}

/// Polls by the daemon; `None` when none is running.
async fn by_daemon(config: &Config, arguments: &PollArguments) -> Result<Option<Exit>, Failure> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for source in &arguments.sources {
        query.append_pair("source", source);
    }
    let flags = [
        (arguments.due, "due"),
        (arguments.dry_run, "dry_run"),
        (arguments.json, "lines"),
        (true, "progress"),
    ];
    for (_, name) in flags.into_iter().filter(|(flag, _)| *flag) {
        query.append_pair(name, "1");
    }
    let path = format!("/poll?{}", query.finish());
    let mut told = Told { bar: progress(0), ..Told::default() };
    let mut on_piece = |piece: &[u8]| {
        told.piece(piece);
        Ok(())
    };
    let asked = client::follow(config, Method::POST, &path, &mut on_piece).await;
    told.bar.finish_and_clear();
    if asked?.is_none() {
        return Ok(None);
    }
    let Some(totals) = told.totals else {
        return Err(Failure::new(Exit::Unavailable, "the daemon went away; try again"));
    };
    if arguments.json {
        print_line(&totals.to_string());
    } else {
        print_polls(&told.polls);
        print_totals(&totals);
    }
    let failed = totals.get("failed").and_then(Value::as_u64).unwrap_or(0);
    Ok(Some(if failed == 0 { Exit::Done } else { Exit::Failures }))
}

/// What a daemon has told of its polls.
struct Told {
    bar: ProgressBar,
    /// The beginning of a line whose end is to come.
    begun: Vec<u8>,
    polls: Vec<Polled>,
    totals: Option<Value>,
}

impl Default for Told {
    fn default() -> Self {
        Self { bar: ProgressBar::hidden(), begun: Vec::new(), polls: Vec::new(), totals: None }
    }
}

impl Told {
    fn piece(&mut self, piece: &[u8]) {
        self.begun.extend_from_slice(piece);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.begun.drain(..=end).collect();
            self.line(String::from_utf8_lossy(&line).trim_end());
        }
    }

    fn line(&mut self, text: &str) {
        let line: Value = serde_json::from_str(text).unwrap_or_default();
        let number = |key: &str| line.get(key).and_then(Value::as_u64);
        if let (Some(done), Some(of)) = (number("done"), number("of")) {
            self.bar.set_length(of);
            self.bar.set_position(done);
            self.polls.push(polled(&line));
        } else if number("polled").is_some() {
            self.totals = Some(line);
        } else {
            self.bar.suspend(|| print_line(text));
        }
    }
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

/// Reads how far a poll is: what became of one source.
fn polled(line: &Value) -> Polled {
    let word = |key: &str| line.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| line.get(key).and_then(Value::as_u64);
    Polled {
        source: word("source").unwrap_or_default(),
        outcome: word("outcome").unwrap_or_default(),
        http_status: number("http_status").map_or("-".to_owned(), |status| status.to_string()),
        counts: VERDICTS.map(|verdict| number(verdict).unwrap_or(0)),
        error: word("error"),
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
    if let Some(refusal) = daemon::standstill(&config).filter(|_| !arguments.dry_run) {
        return Err(Failure::new(Exit::TryLater, refusal));
    }
    let mill = daemon::open(config, arguments.at).await.map_err(super::run::failure)?;
    let request = PollRequest {
        sources: arguments.sources.iter().map(|name| SourceId::new(name)).collect(),
        only_due: arguments.due,
        is_dry_run: arguments.dry_run,
        detail: if arguments.json { Detail::Lines } else { Detail::Counts },
    };
    let total = mill.sources_of(&request).map_err(|error| failure(&error))?.len();
    let bar = progress(total);
    let mut on_report = |report: &Report| {
        bar.inc(1);
        if arguments.json {
            bar.suspend(|| control::lines(report).iter().for_each(|line| print_line(line)));
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
