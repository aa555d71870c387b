//! The command line: a file a command. It prints and never decides.
//!
//! Exit codes are those of sysexits(3), as an administrator's scripts expect them.

mod check;
mod client;
mod demo;
mod explain;
mod feeds;
mod help;
mod keep;
mod online;
mod order;
mod poll;
mod run;
mod status;
mod table;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Loaded, Problem, Severity};
use crate::telemetry::{self, LogFormat};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Done, with failures: some source failed.
    Failures,
    /// The command line is wrong.
    Usage,
    /// The input is wrong.
    Data,
    /// The daemon or the store is not available.
    Unavailable,
    /// Reading or writing failed.
    Io,
    /// Try again later: the store is busy.
    TryLater,
    /// The configuration is wrong.
    Config,
}

impl Exit {
    /// Returns the code of sysexits(3).
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failures => 1,
            Self::Usage => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Io => 74,
            Self::TryLater => 75,
            Self::Config => 78,
        }
    }
}

/// A command that cannot go on: one line with the remedy, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The code.
    pub exit: Exit,
    /// What went wrong and what to do, without a full stop.
    pub message: String,
}

impl Failure {
    /// Makes a failure.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

#[derive(Parser)]
#[command(
    name = "feedmill",
    version,
    about = "Polls RSS, Atom and JSON feeds, recognises the same article wherever it turns up, \
             and republishes category and date feeds"
)]
struct Arguments {
    /// The configuration file [default: $FEEDMILL_CONFIG, ./config.toml, /etc/feedmill/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, trace, or a filter like feedmill=debug
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// How to log
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value = "text")]
    log_format: LogFormatArgument,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LogFormatArgument {
    Text,
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon in the foreground (also without a command)
    Run,
    /// Run a whole working system with sample publishers; needs no network
    Demo(demo::DemoArguments),
    /// Read the configuration and print every problem with its place and remedy
    Check(check::CheckArguments),
    /// Poll now: all sources or those named
    Poll(poll::PollArguments),
    /// Show how each source is doing
    Status(status::StatusArguments),
    /// Say why an entry looks as it does
    Explain(explain::ExplainArguments),
    /// Write the whole store to a file, while the daemon runs or not
    Backup(keep::FileArguments),
    /// Make the store of a backup; there must be nothing in it
    Restore(keep::FileArguments),
    /// Read every record of the store and say what is damaged
    Verify(keep::VerifyArguments),
    /// Rewrite the store so that it takes no more disk than it needs
    #[command(hide = true)]
    Compact,
    /// Take a copy out of its story, for good
    Split(order::SplitArguments),
    /// Make one story of two, for good
    Merge(order::MergeArguments),
    /// Take a story out of all outputs, or put it back
    Withdraw(order::WithdrawArguments),
    /// Drop state and entries of a source that is no longer configured
    Forget(order::ForgetArguments),
    /// Find the feeds of a page
    Discover(feeds::DiscoverArguments),
    /// Read a list of subscriptions
    Import(feeds::ImportArguments),
    /// Write what is polled as a list of subscriptions
    Export(feeds::ExportArguments),
    /// Print the JSON Schema of the configuration, for editors
    ConfigSchema,
    /// Print completions for a shell
    Completions(help::CompletionsArguments),
    /// Print the manual page
    Man,
}

/// Runs the program and returns its exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(
                if error.use_stderr() { Exit::Usage } else { Exit::Done }.code(),
            );
        }
    };
    let exit = match dispatch(arguments) {
        Ok(exit) => exit,
        Err(failure) => {
            eprint_line(&format!("feedmill: {}", failure.message));
            failure.exit
        }
    };
    ExitCode::from(exit.code())
}

fn dispatch(arguments: Arguments) -> Result<Exit, Failure> {
    let Arguments { config, log, log_format, command } = arguments;
    let format = match log_format {
        LogFormatArgument::Text => LogFormat::Text,
        LogFormatArgument::Json => LogFormat::Json,
    };
    let command = command.unwrap_or(Command::Run);
    let default_level = match &command {
        Command::Run => "info",
        Command::Demo(_)
        | Command::Check(_)
        | Command::Poll(_)
        | Command::Status(_)
        | Command::Explain(_)
        | Command::Backup(_)
        | Command::Restore(_)
        | Command::Verify(_)
        | Command::Compact
        | Command::Split(_)
        | Command::Merge(_)
        | Command::Withdraw(_)
        | Command::Forget(_)
        | Command::Discover(_)
        | Command::Import(_)
        | Command::Export(_)
        | Command::ConfigSchema
        | Command::Completions(_)
        | Command::Man => "warn",
    };
    telemetry::init(Some(log.as_deref().unwrap_or(default_level)), format)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let load = || load(config.as_deref());
    match command {
        Command::Run => run::run(load()?.config),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check(arguments) => check::run(config.as_deref(), &arguments),
        Command::Poll(arguments) => poll::run(load()?.config, arguments),
        Command::Status(arguments) => status::run(load()?.config, &arguments),
        Command::Explain(arguments) => explain::run(load()?.config, &arguments),
        Command::Backup(arguments) => keep::backup(load()?.config, &arguments),
        Command::Restore(arguments) => keep::restore(&load()?.config, &arguments),
        Command::Verify(arguments) => keep::verify(load()?.config, &arguments),
        Command::Compact => keep::compact(load()?.config),
        Command::Split(arguments) => order::run(load()?.config, arguments.into()),
        Command::Merge(arguments) => order::run(load()?.config, arguments.into()),
        Command::Withdraw(arguments) => order::run(load()?.config, arguments.into()),
        Command::Forget(arguments) => order::run(load()?.config, arguments.into()),
        Command::Discover(arguments) => feeds::discover(config.as_deref(), &arguments),
        Command::Import(arguments) => feeds::import(config.as_deref(), &arguments),
        Command::Export(arguments) => feeds::export(load()?.config, &arguments),
        Command::ConfigSchema => Ok(help::config_schema()),
        Command::Completions(arguments) => Ok(help::completions(&arguments)),
        Command::Man => help::man(),
    }
}

/// Returns a variable of the environment.
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Loads the configuration; prints every problem of a bad one.
fn load(explicit: Option<&std::path::Path>) -> Result<Loaded, Failure> {
    let path = config::find(explicit, &environment)
        .map_err(|error| Failure::new(Exit::Config, error.to_string()))?;
    config::load(&path, &environment).map_err(|problems| {
        problems.iter().for_each(|problem| eprint_line(&problem.to_string()));
        Failure::new(Exit::Config, counted(&problems, &path))
    })
}

/// Says how many errors a file has.
fn counted(problems: &[Problem], path: &std::path::Path) -> String {
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let noun = if errors == 1 { "error" } else { "errors" };
    format!("{errors} {noun} in {}; nothing was started", path.display())
}

/// Starts the runtime that commands share.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Io, format!("failed to start the runtime: {error}")))
}

/// Prints a line to stdout. A reader that went away (`feedmill status | head`) is no failure.
fn print_line(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Prints a line to stderr.
fn eprint_line(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
