//! `feedmill demo`: the whole system with sample publishers, for a first look.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::table::Row;
use super::{Exit, Failure, print_line, runtime};
use crate::clock::SystemClock;
use crate::control::{self, PollRequest};
use crate::daemon;
use crate::ingest::{Event, Report};
use crate::model::outcome::{Clock, Detail};
use crate::model::policy::Config;

/// Arguments of `demo`.
#[derive(Args)]
pub(super) struct DemoArguments {
    /// Where to serve
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where to keep the store [default: a directory of its own under the system's temporary one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Poll everything once, print what was merged, and end
    #[arg(long)]
    once: bool,
    /// With --once: print the JSON lines of `poll --json`
    #[arg(long, requires = "once")]
    json: bool,
}

/// Starts the publishers, and the daemon (or one poll) against them.
pub(super) fn run(arguments: &DemoArguments) -> Result<Exit, Failure> {
    let (dir, is_ours) = match &arguments.dir {
        Some(dir) => (dir.clone(), false),
        None => (temporary(), true),
    };
    std::fs::create_dir_all(&dir).map_err(|error| {
        Failure::new(Exit::Io, format!("failed to make {}: {error}", dir.display()))
    })?;
    let runtime = runtime()?;
    let ended = runtime.block_on(demo(arguments, &dir));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    if is_ours {
        let _ = std::fs::remove_dir_all(&dir);
    }
    ended
}

fn temporary() -> PathBuf {
    std::env::temp_dir().join(format!("feedmill-demo-{}", std::process::id()))
}

async fn demo(arguments: &DemoArguments, dir: &Path) -> Result<Exit, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let publishers = crate::demo::start(Arc::clone(&clock)).await.map_err(|error| {
        Failure::new(Exit::Unavailable, format!("failed to start the sample publishers: {error}"))
    })?;
    let path = dir.join("config.toml");
    std::fs::write(&path, publishers.config_toml(&arguments.listen, dir)).map_err(|error| {
        Failure::new(Exit::Io, format!("failed to write {}: {error}", path.display()))
    })?;
    let config = super::load(Some(&path))?.config;
    if arguments.once { once(config, arguments.json).await } else { serve(config, dir).await }
}

async fn once(config: Config, is_json: bool) -> Result<Exit, Failure> {
    let mill = daemon::open(config, None).await.map_err(super::run::failure)?;
    let request = PollRequest { detail: Detail::Lines, ..PollRequest::default() };
    let reports = mill.poll(&request, &mut |_| {}).await;
    mill.stop().await;
    let reports = reports.map_err(|error| Failure::new(Exit::Io, super::run::chain(&error)))?;
    if is_json {
        reports.iter().flat_map(control::lines).for_each(|line| print_line(&line));
        print_line(&control::last_line(&reports));
        return Ok(Exit::Done);
    }
    super::poll::print_reports(&reports);
    print_merged(&reports);
    Ok(Exit::Done)
}

/// Prints the stories that several sources carry, and the totals.
fn print_merged(reports: &[Report]) {
    let lines: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.events)
        .filter_map(|event| match event {
            Event::Entry(line) => Some(line),
            Event::Merged { .. } => None,
        })
        .collect();
    let stories: BTreeSet<_> = lines.iter().filter_map(|line| line.public_id.as_ref()).collect();
    let mut rows = Vec::new();
    for story in &stories {
        let copies: Vec<_> =
            lines.iter().filter(|line| line.public_id.as_ref() == Some(*story)).collect();
        if copies.len() > 1 {
            let carriers: Vec<String> = copies
                .iter()
                .map(|line| match &line.rule {
                    Some(rule) => format!("{} (rule {rule})", line.source),
                    None => line.source.to_string(),
                })
                .collect();
            rows.push(Row {
                cells: vec![copies.len().to_string(), story.to_string()],
                note: Some(carriers.join(", ")),
            });
        }
    }
    print_line("");
    super::table::print(&["copies", "merged story"], Some("carried by"), &rows);
    print_line(&format!(
        "\n{} entries polled from {} sources; {} stories published, {} of them merged",
        lines.len(),
        reports.iter().filter(|report| report.error.is_none()).count(),
        stories.len(),
        rows.len()
    ));
}

async fn serve(config: Config, dir: &Path) -> Result<Exit, Failure> {
    let day = SystemClock.now().to_zoned(config.site.timezone.clone()).date();
    let config_path = config.path.clone();
    let ended = daemon::run_with(config, daemon::signals(), |addresses| {
        let base = addresses.first().map(|address| format!("http://{address}")).unwrap_or_default();
        print_line(&format!("feedmill runs, with sample publishers. Open:\n\n  {base}/\n"));
        print_line("or subscribe to:\n");
        for feed in ["/all.atom", "/all.rss", "/all.json", "/category/thoi-su.atom"] {
            print_line(&format!("  {base}{feed}"));
        }
        print_line(&format!("  {base}/date/{day}.atom        today"));
        print_line(&format!("\nthe store is in {}", dir.display()));
        print_line(&format!(
            "how the sources do:  feedmill --config {} status",
            config_path.display()
        ));
        print_line("stop with Ctrl-C");
    });
    ended.await.map_err(super::run::failure)?;
    Ok(Exit::Done)
}
