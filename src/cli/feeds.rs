//! `feedmill discover`, `import` and `export`: feeds come in and go out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use hyper::Method;
use serde_json::json;

use super::{Exit, Failure, client, environment, eprint_line, print_line, runtime};
use crate::clock::SystemClock;
use crate::config::edit::{Addition, EditError, NewSource, Wanted};
use crate::config::{self};
use crate::daemon;
use crate::model::outcome::{Clock, Fetch};
use crate::model::policy::Config;
use crate::model::source::Source;
use crate::parse::discover::usual_places;
use crate::parse::opml::{self, Outline};
use crate::probe::{Feed, Probe, probe};
use crate::serve::select::Secrets;

/// Feeds of a page that are looked at.
const LOOKED_AT_MAX: usize = 20;
/// A list of subscriptions is no larger.
const OPML_BYTES_MAX: u64 = 32 << 20;

/// Arguments of `discover`.
#[derive(Args)]
pub(super) struct DiscoverArguments {
    /// A page, or a feed
    url: String,
    /// Append what was found to the configuration, keeping its comments
    #[arg(long)]
    add: bool,
    /// Print a JSON object for each feed found, and with --add one of what was added
    #[arg(long)]
    json: bool,
}

/// Arguments of `import`.
#[derive(Args)]
pub(super) struct ImportArguments {
    /// A list of subscriptions (OPML)
    file: PathBuf,
    /// Append them to the configuration, keeping its comments
    #[arg(long)]
    add: bool,
    /// Print a JSON object for each subscription, and with --add one of what was added
    #[arg(long)]
    json: bool,
}

/// Arguments of `export`.
#[derive(Args)]
pub(super) struct ExportArguments {
    /// As a list of subscriptions (OPML 2.0)
    #[arg(long, required = true)]
    opml: bool,
    /// With the sources whose address holds a secret
    #[arg(long)]
    with_secrets: bool,
}

/// Finds the feeds of a page and prints them as `[[source]]` blocks.
pub(super) fn discover(
    explicit: Option<&Path>,
    arguments: &DiscoverArguments,
) -> Result<Exit, Failure> {
    let (path, config) = configured(explicit)?;
    let found = runtime()?.block_on(find(&config, &arguments.url))?;
    let mut wanted = Vec::new();
    let mut kept: Vec<(String, Feed)> = Vec::new();
    for (url, feed) in found {
        if let Some((twin, _)) = kept.iter().find(|(_, known)| feed.is_twin_of(known)) {
            eprint_line(&format!("{url} lists the same entries as {twin}: left out"));
            continue;
        }
        wanted.push(Wanted { url: url.clone(), title: feed.title.clone(), categories: Vec::new() });
        kept.push((url, feed));
    }
    if kept.is_empty() {
        return Err(Failure::new(
            Exit::Data,
            format!(
                "no feed at {}: give the address of one, or of a page that names it",
                arguments.url
            ),
        ));
    }
    if arguments.json {
        for (url, feed) in &kept {
            let line = json!({ "url": url, "title": feed.title, "entries": feed.entries });
            print_line(&line.to_string());
        }
    }
    let addition = Addition::plan(&config, wanted);
    offer(&addition, path.as_deref(), arguments.add, arguments.json)
}

/// Prints the subscriptions of a list as `[[source]]` blocks.
pub(super) fn import(
    explicit: Option<&Path>,
    arguments: &ImportArguments,
) -> Result<Exit, Failure> {
    let file = &arguments.file;
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Io, format!("failed to read {}: {error}", file.display()))
    };
    if std::fs::metadata(file).map_err(unreadable)?.len() > OPML_BYTES_MAX {
        let message = format!("{} is larger than {} MiB", file.display(), OPML_BYTES_MAX >> 20);
        return Err(Failure::new(Exit::Data, message));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let list = opml::parse(&bytes).map_err(|error| {
        Failure::new(Exit::Data, format!("{} is no list of subscriptions: {error}", file.display()))
    })?;
    let (path, config) = configured(explicit)?;
    let mut has_failed = false;
    for rejected in list.rejected.iter().filter(|rejected| rejected.reason != "listed twice") {
        has_failed = true;
        eprint_line(&format!(
            "{}:{}: {:?} was left out: {}",
            file.display(),
            rejected.line,
            rejected.text,
            rejected.reason
        ));
    }
    let titles: Vec<(String, String)> = list.outlines.iter().flat_map(titles).collect();
    let wanted = list.outlines.into_iter().map(|outline| Wanted {
        categories: if is_filed(&outline) { outline.filed } else { outline.categories },
        url: outline.xml_url,
        title: outline.title,
    });
    let mut addition = Addition::plan(&config, wanted.collect());
    for (slug, title) in &titles {
        let is_used = addition.sources.iter().any(|source| source.categories.contains(slug));
        if is_used {
            addition.entitle(&config, slug, title);
        }
    }
    if arguments.json {
        for NewSource { id, url, title, categories } in &addition.sources {
            let line = json!({ "id": id, "url": url, "title": title, "categories": categories });
            print_line(&line.to_string());
        }
    }
    let exit = offer(&addition, path.as_deref(), arguments.add, arguments.json)?;
    Ok(if has_failed { Exit::Failures } else { exit })
}

/// Tells whether a list names slugs, as our own export does: then its folders are only their titles.
fn is_filed(outline: &Outline) -> bool {
    !outline.filed.is_empty() && outline.filed.iter().all(|name| config::is_slug(name))
}

/// Pairs slugs with the folders that stand for them.
fn titles(outline: &Outline) -> Vec<(String, String)> {
    let folders: Vec<&String> =
        outline.categories.iter().filter(|name| !outline.filed.contains(name)).collect();
    let is_paired = is_filed(outline) && folders.len() == outline.filed.len();
    let first = is_filed(outline) && !folders.is_empty();
    let pairs = outline.filed.iter().zip(folders);
    let pairs = pairs.map(|(slug, title)| (slug.clone(), title.clone()));
    match (is_paired, first) {
        (true, _) => pairs.collect(),
        (false, true) => pairs.take(1).collect(),
        (false, false) => Vec::new(),
    }
}

/// Prints what is polled as OPML.
pub(super) fn export(config: Config, arguments: &ExportArguments) -> Result<Exit, Failure> {
    let secrets = if arguments.with_secrets { Secrets::Kept } else { Secrets::LeftOut };
    let text = runtime()?.block_on(exported(config, secrets))?;
    print_line(text.trim_end());
    Ok(Exit::Done)
}

async fn exported(config: Config, secrets: Secrets) -> Result<String, Failure> {
    let path = match secrets {
        Secrets::LeftOut => "/export.opml",
        Secrets::Kept => "/export.opml?with_secrets=1",
    };
    if let Some(reply) = client::ask(&config, Method::GET, path).await? {
        return client::told(reply);
    }
    let mill = daemon::open(config.clone(), None).await.map_err(super::run::failure)?;
    let text = daemon::sources_opml(&mill, &config, secrets);
    mill.stop().await;
    text.map_err(|error| Failure::new(super::run::store_exit(&error), super::run::chain(&error)))
}

/// Loads the configuration; where there is none, the defaults stand in.
fn configured(explicit: Option<&Path>) -> Result<(Option<PathBuf>, Config), Failure> {
    if let Ok(path) = config::find(explicit, &environment) {
        return Ok((Some(path), super::load(explicit)?.config));
    }
    let defaults = config::parse("", Path::new("config.toml"), &environment);
    let loaded = defaults.map_err(|_| Failure::new(Exit::Config, "the defaults are not valid"))?;
    Ok((None, loaded.config))
}

/// Shows what would be added, or adds it.
fn offer(
    addition: &Addition,
    path: Option<&Path>,
    is_added: bool,
    is_json: bool,
) -> Result<Exit, Failure> {
    for url in &addition.known {
        let url = crate::model::scrub::scrub_url(url);
        eprint_line(&format!("{url} is configured already"));
    }
    if !is_added {
        if !addition.sources.is_empty() && !is_json {
            print_line(addition.to_toml().trim_end());
        }
        return Ok(Exit::Done);
    }
    let Some(path) = path else {
        return Err(Failure::new(Exit::Config, config::NotFound.to_string()));
    };
    if !addition.sources.is_empty() {
        addition.write(path, &environment).map_err(|error| edit_failure(&error))?;
    }
    let count = addition.sources.len();
    if is_json {
        print_line(&json!({ "added": count, "file": path.display().to_string() }).to_string());
    } else {
        let noun = if count == 1 { "source" } else { "sources" };
        print_line(&format!("added {count} {noun} to {}", path.display()));
    }
    Ok(Exit::Done)
}

fn edit_failure(error: &EditError) -> Failure {
    let exit = match error {
        EditError::Io { .. } => Exit::Io,
        EditError::Shape { .. } => Exit::Config,
        EditError::Invalid(problems) => {
            problems.iter().for_each(|problem| eprint_line(&problem.to_string()));
            Exit::Config
        }
    };
    Failure::new(exit, super::run::chain(error))
}

/// Returns the feeds at an address: itself, or those that the page there names and that are feeds.
async fn find(config: &Config, url: &str) -> Result<Vec<(String, Feed)>, Failure> {
    let url = if url.contains("://") { url.to_owned() } else { format!("https://{url}") };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let fetch = daemon::fetcher(config, &clock).map_err(super::run::failure)?;
    let source = source_at(config, &url)?;
    let named = match probe(&fetch, &source).await {
        Probe::Feed(feed) => return Ok(vec![(feed.moved_to.clone().unwrap_or(url), *feed)]),
        Probe::Failed(error) => {
            return Err(Failure::new(Exit::Unavailable, format!("{url}: {error}")));
        }
        Probe::Page(named) => named,
    };
    if named.is_empty() {
        return usual(config, &fetch, &url).await;
    }
    let mut found = Vec::new();
    for feed in named.into_iter().take(LOOKED_AT_MAX) {
        let Ok(source) = source_at(config, &feed.url) else { continue };
        match probe(&fetch, &source).await {
            Probe::Feed(shown) => {
                let shown = Feed { title: shown.title.clone().or(feed.title), ..*shown };
                found.push((feed.url, shown));
            }
            Probe::Page(_) => eprint_line(&format!("{} is named, but is a page", feed.url)),
            Probe::Failed(error) => eprint_line(&format!("{}: {error}", feed.url)),
        }
    }
    Ok(found)
}

/// Returns the feed that lies where most sites have theirs, for a page that names none.
async fn usual(
    config: &Config,
    fetch: &dyn Fetch,
    page: &str,
) -> Result<Vec<(String, Feed)>, Failure> {
    let page = source_at(config, page)?;
    for place in usual_places(&page.url) {
        let source = source_at(config, place.as_str())?;
        if let Probe::Feed(feed) = probe(fetch, &source).await {
            eprint_line(&format!("the page names no feed, but there is one at {place}"));
            return Ok(vec![(feed.moved_to.clone().unwrap_or(place.into()), *feed)]);
        }
    }
    Ok(Vec::new())
}

/// Makes a source of an address, with the limits of the configuration.
fn source_at(config: &Config, url: &str) -> Result<Arc<Source>, Failure> {
    config::source_at(config, url).map_err(|reason| {
        Failure::new(Exit::Usage, format!("{}: {reason}", crate::model::scrub::scrub_url(url)))
    })
}
