//! Finds, reads and checks `config.toml`, and cuts it into the policies that modules take.
//!
//! The way is text → tree with places (`tree`) → sections read against one table of keys (`keys`,
//! `section`) → policies (`settings`, `catalog`). Every mistake is collected with its line,
//! column, key and remedy; a configuration with an error is never used. Nobody else makes a
//! [`Config`]. Reading the environment is the caller's: a function is passed in.

mod catalog;
mod difference;
pub mod edit;
pub mod keys;
mod problem;
mod requests;
mod schema;
mod secrets;
mod section;
mod settings;
mod surroundings;
mod tree;
mod units;
mod values;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use difference::Difference;
pub use problem::{Problem, Severity};
pub use schema::json_schema;
pub use secrets::{SECRET_BYTES_MAX, Secret, SecretError, read_secret};

use crate::model::policy::Config;
use crate::model::source::Source;
use problem::{Report, fault};
use section::Section;
use surroundings::{Env, Surroundings};
use tree::{Place, Table};

/// Where a configuration is looked for when none is named.
pub const DEFAULT_PATHS: &[&str] = &["config.toml", "/etc/feedmill/config.toml"];

/// The largest file of a configuration.
pub const CONFIG_BYTES_MAX: u64 = 16 << 20;

/// No configuration was named, and none is where it is looked for.
#[derive(Debug, thiserror::Error)]
#[error(
    "no configuration in ./config.toml or /etc/feedmill/config.toml, and none named with --config or \
     $FEEDMILL_CONFIG. Two lines make one:\n\n    [[source]]\n    url = \"https://example.org/feed.xml\"\n\n\
     `feedmill discover https://example.org > config.toml` writes them; `feedmill demo` needs none"
)]
pub struct NotFound;

/// A configuration without errors.
#[derive(Debug)]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// What the operator should look at.
    pub warnings: Vec<Problem>,
}

/// Returns the path of the main file: the one named, else `$FEEDMILL_CONFIG`, else the first of
/// [`DEFAULT_PATHS`] that is there. A named file is not looked at; [`load`] says if it is missing.
pub fn find(
    explicit: Option<&Path>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<PathBuf, NotFound> {
    if let Some(path) = explicit {
        return Ok(path.to_owned());
    }
    if let Some(path) = env("FEEDMILL_CONFIG").filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    DEFAULT_PATHS.iter().map(PathBuf::from).find(|path| path.exists()).ok_or(NotFound)
}

/// Reads the main file and `config.d/*.toml` beside it, in name order.
///
/// `env` answers for `$STATE_DIRECTORY`, `$RUNTIME_DIRECTORY` and `$CREDENTIALS_DIRECTORY`.
///
/// # Errors
/// All problems, warnings too, if there is at least one error.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Loaded, Vec<Problem>> {
    let report = Report::default();
    match read_file(path, &report) {
        Some(text) => joined(&text, path, env, report),
        None => finish(None, path, env, report),
    }
}

/// Reads a configuration whose main file would hold `text`, with the `config.d` beside it.
///
/// # Errors
/// As for [`load`].
pub fn load_text(
    text: &str,
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Vec<Problem>> {
    joined(text, path, env, Report::default())
}

fn joined(text: &str, path: &Path, env: Env<'_>, report: Report) -> Result<Loaded, Vec<Problem>> {
    let mut root = tree::read(text, path, &report);
    match further_files(path) {
        Ok(files) => {
            for file in files {
                let text = read_file(&file, &report);
                let table = text.and_then(|text| tree::read(&text, &file, &report));
                if let (Some(root), Some(table)) = (root.as_mut(), table) {
                    tree::join(root, table, "", &report);
                }
            }
        }
        Err(problem) => report.push(problem),
    }
    finish(root, path, env, report)
}

/// Reads a configuration from memory, as if it stood at `path`; `config.d` is not looked at.
///
/// # Errors
/// As for [`load`].
pub fn parse(
    text: &str,
    path: &Path,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Loaded, Vec<Problem>> {
    let report = Report::default();
    let root = tree::read(text, path, &report);
    finish(root, path, env, report)
}

/// Makes a source of an address alone, with the limits of `config`; in words why not, if it is none to poll.
pub fn source_at(config: &Config, url: &str) -> Result<Arc<Source>, String> {
    let value = tree::Value::Text(url.to_owned());
    let url =
        values::http_url(&value).map_err(|fault| format!("{}: {}", fault.message, fault.remedy))?;
    let loaded = parse("[[source]]\nurl = \"https://a.invalid/\"\n", &config.path, &|_| None);
    let source = loaded.ok().and_then(|loaded| loaded.config.catalog.sources.first().cloned());
    let source = source.ok_or("the defaults are not valid")?;
    Ok(Arc::new(Source { url, ..Source::clone(&source) }))
}

/// Tells whether a text is a slug, as ids of sources and names of categories are.
pub fn is_slug(text: &str) -> bool {
    values::slug_text(text).is_ok()
}

/// Returns every file a configuration is made of, the main file first: what to watch, and what
/// `--add` may append to.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let further = further_files(path).unwrap_or_default();
    std::iter::once(path.to_owned()).chain(further).collect()
}

fn further_files(path: &Path) -> Result<Vec<PathBuf>, Problem> {
    let directory = path.with_file_name("config.d");
    let failed = |error: std::io::Error| {
        Problem::of_file(&directory, format!("failed to list: {error}"), "make it readable")
    };
    let entries = match std::fs::read_dir(&directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = paths.map_err(failed)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

fn read_file(path: &Path, report: &Report) -> Option<String> {
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(CONFIG_BYTES_MAX + 1).read_to_end(&mut bytes));
    if let Err(error) = read {
        let remedy = "name the file with --config, make it readable, or try `feedmill demo`";
        report.push(Problem::of_file(path, format!("failed to read: {error}"), remedy));
        return None;
    }
    if u64::try_from(bytes.len()).is_ok_and(|bytes| bytes > CONFIG_BYTES_MAX) {
        let message = format!("is larger than {} MiB", CONFIG_BYTES_MAX >> 20);
        report.push(Problem::of_file(path, message, "split it into files of config.d"));
        return None;
    }
    String::from_utf8(bytes)
        .map_err(|error| {
            let valid_up_to = error.utf8_error().valid_up_to();
            report.push(tree::not_utf8(error.as_bytes(), valid_up_to, path));
        })
        .ok()
}

fn finish(
    root: Option<Table>,
    path: &Path,
    env: Env<'_>,
    report: Report,
) -> Result<Loaded, Vec<Problem>> {
    let config = root.map(|root| assemble(&root, path, env, &report));
    let problems = report.into_problems();
    match config {
        Some(config) if problems.iter().all(|it| it.severity == Severity::Warning) => {
            Ok(Loaded { config, warnings: problems })
        }
        _ => Err(problems),
    }
}

fn assemble(root: &Table, path: &Path, env: Env<'_>, report: &Report) -> Config {
    report_unknown_sections(root, report);
    let named = path;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let directory = path.parent().unwrap_or(Path::new("/")).to_owned();
    let around = Surroundings { directory, env };
    let open = |name| match root.get(name) {
        Some(member) => Section::open(name, name, &member.node, report),
        None => Section::absent(name, beginning(named), report),
    };
    let (site, server, websub) = (open("site"), open("server"), open("websub"));
    let poll_section = open("poll");
    let is_zone_given = site.node("timezone").is_some();
    let site = settings::site(&site, &server, &websub);
    let store = settings::store(&open("store"), &around);
    let poll = settings::poll(&poll_section, &around);
    let dedup = settings::dedup(&open("dedup"));
    let server = settings::server(&server, &around, &store.path);
    let defaults = catalog::Defaults {
        site: &site,
        is_zone_given,
        poll: &poll,
        request: &settings::request_limits(&poll_section),
        dedup: dedup.mode,
    };
    let catalog = Arc::new(catalog::catalog(root, &defaults, &around, report));
    let websub_hub = site.hub.clone();
    Config { path, site, server, store, poll, dedup, websub_hub, catalog }
}

fn report_unknown_sections(root: &Table, report: &Report) {
    for member in &root.0 {
        if keys::SECTIONS.contains(&member.key.as_str()) {
            continue;
        }
        let near = keys::nearest(&member.key, keys::SECTIONS.iter().copied());
        let owner = keys::KEYS.iter().find(|key| key.name == member.key);
        let remedy = match (near, owner) {
            (Some(near), _) => format!("did you mean {}?", keys::header(near)),
            (None, Some(key)) => format!("it belongs to {}", keys::header(key.section)),
            (None, None) => format!("known here: {}", keys::SECTIONS.join(", ")),
        };
        report.error(&member.at, &member.key, fault("unknown key", remedy));
    }
}

/// Returns the place of what is not written: the file as a whole.
fn beginning(path: &Path) -> Place {
    Place { file: Arc::from(path), line: 0, column: 0 }
}
