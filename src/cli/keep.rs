//! `feedmill backup`, `restore`, `verify`, and the hidden `compact`.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use hyper::Method;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::run::{chain, failure, store_exit};
use super::{Exit, Failure, client, eprint_line, print_line, runtime};
use crate::daemon;
use crate::model::policy::Config;
use crate::store::{BackupError, Progress, StoreError};

/// Findings printed; the rest is counted.
const FINDINGS_SHOWN: usize = 50;

/// Arguments of `backup` and `restore`.
#[derive(Args)]
pub(super) struct FileArguments {
    /// The backup: one zstd stream of JSON lines
    file: PathBuf,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Arguments of `verify`.
#[derive(Args)]
pub(super) struct VerifyArguments {
    /// Save what is readable into a new database; the damaged one is moved to quarantine/. Needs the daemon stopped
    #[arg(long)]
    repair: bool,
    /// Print a JSON object
    #[arg(long)]
    json: bool,
}

/// Writes the whole store to a file: by the daemon, or with the store opened here when none runs.
pub(super) fn backup(config: Config, arguments: &FileArguments) -> Result<Exit, Failure> {
    let file = &arguments.file;
    let aside = aside(file);
    let runtime = runtime()?;
    let made = runtime.block_on(backup_to(config, &aside));
    let done = made.and_then(|()| {
        std::fs::rename(&aside, file).map_err(|error| file_failure("write", file, &error))
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&aside);
    }
    done?;
    let bytes = std::fs::metadata(file).map_or(0, |facts| facts.len());
    if arguments.json {
        print_line(&json!({ "file": file.display().to_string(), "bytes": bytes }).to_string());
    } else {
        print_line(&format!("{}: {}", file.display(), super::status::mebibytes(bytes)));
    }
    Ok(Exit::Done)
}

async fn backup_to(config: Config, aside: &Path) -> Result<(), Failure> {
    let mut file = create(aside).map_err(|error| file_failure("write", aside, &error))?;
    let bar = bar("bytes");
    let mut on_piece = |piece: &[u8]| {
        bar.inc(u64::try_from(piece.len()).unwrap_or(0));
        file.write_all(piece)
    };
    if client::follow(&config, Method::GET, "/backup", &mut on_piece).await?.is_none() {
        let mill = daemon::open(config, None).await.map_err(failure)?;
        let bar = self::bar("entries");
        let made = mill.backup(&mut file, &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        mill.stop().await;
        made.map_err(|error| backup_failure(&error))?;
    }
    bar.finish_and_clear();
    file.sync_all().map_err(|error| file_failure("write", aside, &error))
}

/// Creates a file that only its owner may read: a backup holds everything.
fn create(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn aside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

/// Makes the store of a backup.
pub(super) fn restore(config: &Config, arguments: &FileArguments) -> Result<Exit, Failure> {
    refuse_beside_daemon(config, "restore")?;
    let file = &arguments.file;
    let from = File::open(file).map_err(|error| file_failure("read", file, &error))?;
    let bar = bar("entries");
    let restored = daemon::restore(config, from, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let totals = restored.map_err(|error| backup_failure(&error))?;
    let path = config.store.path.display();
    if arguments.json {
        let (entries, stories) = (totals.entries, totals.stories);
        let told = json!({ "path": path.to_string(), "entries": entries, "stories": stories });
        print_line(&told.to_string());
    } else {
        print_line(&format!(
            "{path}: {} entries in {} stories restored",
            totals.entries, totals.stories
        ));
    }
    Ok(Exit::Done)
}

/// Reads every record, and mends if asked to.
pub(super) fn verify(config: Config, arguments: &VerifyArguments) -> Result<Exit, Failure> {
    if arguments.repair {
        return repair(&config, arguments);
    }
    let told = runtime()?.block_on(verification(config))?;
    let value: Value = serde_json::from_str(&told).unwrap_or_default();
    let findings: Vec<&str> = value
        .get("findings")
        .and_then(Value::as_array)
        .map(|findings| findings.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if arguments.json {
        print_line(told.trim_end());
    } else {
        print_findings(&findings, value.get("entries").and_then(Value::as_u64).unwrap_or(0));
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Io })
}

async fn verification(config: Config) -> Result<String, Failure> {
    if let Some(reply) = client::ask(&config, Method::GET, "/verify").await? {
        return client::told(reply);
    }
    let mill = daemon::open(config, None).await.map_err(|error| with_remedy(failure(error)))?;
    let bar = bar("records");
    let told = mill.verify(&mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    mill.stop().await;
    Ok(told)
}

/// Adds what to do to the failure of a store that does not open.
fn with_remedy(failure: Failure) -> Failure {
    if failure.exit != Exit::Io {
        return failure;
    }
    let message = format!(
        "{}; `feedmill verify --repair` saves what is readable and deletes nothing",
        failure.message
    );
    Failure::new(Exit::Io, message)
}

fn print_findings(findings: &[&str], entries: u64) {
    if findings.is_empty() {
        print_line(&format!("the store is whole: {entries} entries"));
        return;
    }
    findings.iter().take(FINDINGS_SHOWN).for_each(|finding| print_line(finding));
    if findings.len() > FINDINGS_SHOWN {
        print_line(&format!("and {} more (all of them: --json)", findings.len() - FINDINGS_SHOWN));
    }
    eprint_line(
        "feedmill: the store is damaged; stop the daemon and run `feedmill verify --repair`",
    );
}

fn repair(config: &Config, arguments: &VerifyArguments) -> Result<Exit, Failure> {
    refuse_beside_daemon(config, "verify --repair")?;
    let repaired = daemon::repair(config).map_err(|error| {
        let path = config.store.path.display();
        Failure::new(store_exit(&error), format!("{path}: {}", chain(&error)))
    })?;
    if arguments.json {
        let told = json!({
            "entries": repaired.entries,
            "stories": repaired.stories,
            "lost": repaired.lost,
            "quarantine": repaired.quarantine.display().to_string(),
        });
        print_line(&told.to_string());
        return Ok(Exit::Done);
    }
    for lost in repaired.lost.iter().take(FINDINGS_SHOWN) {
        print_line(&format!("lost: {lost}"));
    }
    if repaired.lost.len() > FINDINGS_SHOWN {
        print_line(&format!("and {} more", repaired.lost.len() - FINDINGS_SHOWN));
    }
    print_line(&format!(
        "{} entries in {} stories saved; the database as it was is in {}",
        repaired.entries,
        repaired.stories,
        repaired.quarantine.display()
    ));
    Ok(Exit::Done)
}

/// Rewrites the store of a stopped daemon so that it takes no more disk than it needs.
pub(super) fn compact(config: Config) -> Result<Exit, Failure> {
    refuse_beside_daemon(&config, "compact")?;
    let retention = config.store.retention.and_then(|age| age.try_into().ok());
    let compacted = runtime()?.block_on(async {
        let mill = std::sync::Arc::new(daemon::open(config, None).await.map_err(failure)?);
        let failed = |error: std::sync::Arc<StoreError>| store_failure(&error);
        if let Some(age) = retention {
            let kept = mill.keep(Some(age)).await.map_err(failed)?;
            print_line(&format!("{} stories are older than store.retention", kept.faded));
        }
        let bar = bar("records");
        let compacted = mill.compact(move |progress| show(&bar, progress)).await.map_err(failed);
        mill.stop().await;
        compacted
    })?;
    print_line(&format!(
        "{} on disk before, {} after",
        super::status::mebibytes(compacted.bytes_before),
        super::status::mebibytes(compacted.bytes_after)
    ));
    Ok(Exit::Done)
}

fn refuse_beside_daemon(config: &Config, command: &str) -> Result<(), Failure> {
    let asked = runtime()?.block_on(client::ask(config, Method::GET, "/status.json"))?;
    match asked {
        Some(_) => Err(Failure::new(
            Exit::TryLater,
            format!("the daemon has the store; stop it first: {command} needs the store to itself"),
        )),
        None => Ok(()),
    }
}

fn store_failure(error: &StoreError) -> Failure {
    Failure::new(store_exit(error), chain(error))
}

fn file_failure(operation: &str, file: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Io, format!("failed to {operation} {}: {error}", file.display()))
}

fn backup_failure(error: &BackupError) -> Failure {
    match error {
        BackupError::Store(error) => store_failure(error),
        BackupError::Io { .. } => Failure::new(Exit::Io, chain(error)),
        BackupError::Data { .. } => {
            Failure::new(Exit::Data, format!("{}; nothing was restored", chain(error)))
        }
        BackupError::Newer { .. } => Failure::new(Exit::Unavailable, chain(error)),
        BackupError::NotEmpty { path, .. } => Failure::new(
            Exit::Data,
            format!("{error}; move {path} away, or name another store.path, and restore again"),
        ),
    }
}

fn bar(what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    let template = format!("{{bar:40}} {{pos}}/{{len}} {what}  {{elapsed}}");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, Progress { done, total }: Progress) {
    bar.set_length(total.max(done));
    bar.set_position(done);
}
