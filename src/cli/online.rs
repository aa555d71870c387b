//! `feedmill check --online`: asks every source once and says what is there.

use std::sync::Arc;

use serde_json::{Value, json};

use super::table::{self, Row};
use super::{Exit, Failure, print_line, runtime};
use crate::clock::SystemClock;
use crate::daemon;
use crate::fetch::HttpFetch;
use crate::model::outcome::Clock;
use crate::model::policy::Config;
use crate::model::source::Source;
use crate::probe::{Probe, probe};

/// Asks every source; some that is no feed makes it a failure.
pub(super) fn run(config: &Config, json: bool) -> Result<Exit, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fetch = Arc::new(daemon::fetcher(config, &clock).map_err(super::run::failure)?);
    let runtime = runtime()?;
    let found = runtime.block_on(ask_all(config, &fetch));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    let has_failed = found.iter().any(|(_, probe)| !matches!(probe, Probe::Feed(_)));
    if json {
        found.iter().for_each(|(source, probe)| print_line(&line(source, probe).to_string()));
    } else {
        let rows: Vec<Row> = found.iter().map(|(source, probe)| row(source, probe)).collect();
        table::print(&["source", "is", "entries"], Some("remarks"), &rows);
    }
    Ok(if has_failed { Exit::Failures } else { Exit::Done })
}

/// Asks all at once; the fetcher holds the limits and the gaps between requests to one host.
async fn ask_all(config: &Config, fetch: &Arc<HttpFetch>) -> Vec<(Arc<Source>, Probe)> {
    let ask = |source: &Arc<Source>| {
        let (fetch, source) = (Arc::clone(fetch), Arc::clone(source));
        tokio::spawn(async move {
            let found = probe(fetch.as_ref(), &source).await;
            (source, found)
        })
    };
    let asked: Vec<_> = config.catalog.sources.iter().map(ask).collect();
    let mut found = Vec::with_capacity(asked.len());
    for (task, source) in asked.into_iter().zip(&config.catalog.sources) {
        let failed = |_| (Arc::clone(source), Probe::Failed("the reader panicked".to_owned()));
        found.push(task.await.unwrap_or_else(failed));
    }
    found
}

fn row(source: &Source, probe: &Probe) -> Row {
    let (is, entries) = match probe {
        Probe::Feed(feed) => ("a feed", feed.entries.to_string()),
        Probe::Page(_) => ("a page", "-".to_owned()),
        Probe::Failed(_) => ("failing", "-".to_owned()),
    };
    let note = Some(remarks(probe)).filter(|remarks| remarks != "-");
    Row { cells: vec![source.id.to_string(), is.to_owned(), entries], note }
}

fn remarks(probe: &Probe) -> String {
    match probe {
        Probe::Feed(feed) => {
            let moved = feed.moved_to.as_deref().map(|to| {
                format!("moved for good: write url = {:?}", crate::model::scrub::scrub_url(to))
            });
            let flaws = feed.flaws.iter().map(|(name, count)| format!("{name} {count}"));
            let all: Vec<String> = moved.into_iter().chain(flaws).collect();
            if all.is_empty() { "-".to_owned() } else { all.join("; ") }
        }
        Probe::Page(feeds) => match feeds.first() {
            Some(first) => format!("write its feed: url = {:?}", first.url),
            None => "it names no feed".to_owned(),
        },
        Probe::Failed(error) => error.clone(),
    }
}

fn line(source: &Source, probe: &Probe) -> Value {
    let (is, entries) = match probe {
        Probe::Feed(feed) => ("feed", Some(feed.entries)),
        Probe::Page(_) => ("page", None),
        Probe::Failed(_) => ("failing", None),
    };
    json!({ "source": source.id.as_str(), "is": is, "entries": entries, "remarks": remarks(probe) })
}
