//! `feedmill split`, `merge`, `withdraw`, `forget`: what an operator orders about stories and sources.

use std::sync::Arc;

use clap::Args;
use hyper::Method;
use serde_json::Value;

use super::{Exit, Failure, client, print_line, runtime};
use crate::control::{Command, CommandError};
use crate::daemon;
use crate::ingest::Takedown;
use crate::model::policy::Config;

/// Arguments of `split`.
#[derive(Args)]
pub(super) struct SplitArguments {
    /// The copy to take out: a guid or a link that its feed listed, or SOURCE:GUID
    entry: String,
    /// Print the JSON of the answer
    #[arg(long)]
    json: bool,
}

/// Arguments of `merge`.
#[derive(Args)]
pub(super) struct MergeArguments {
    /// A public id, the address of an entry's page, a link or a guid
    entry: String,
    /// The other one
    other: String,
    /// Print the JSON of the answer
    #[arg(long)]
    json: bool,
}

/// Arguments of `withdraw`.
#[derive(Args)]
pub(super) struct WithdrawArguments {
    /// A public id, the address of an entry's page, a link or a guid
    entry: String,
    /// Put it back
    #[arg(long)]
    undo: bool,
    /// Print the JSON of the answer
    #[arg(long)]
    json: bool,
}

/// Arguments of `forget`.
#[derive(Args)]
pub(super) struct ForgetArguments {
    /// Id of a source that is no longer configured
    source: String,
    /// Print the JSON of the answer
    #[arg(long)]
    json: bool,
}

/// An order, and how to tell what came of it.
pub(super) struct Ordered {
    command: Command,
    json: bool,
}

impl From<SplitArguments> for Ordered {
    fn from(arguments: SplitArguments) -> Self {
        Self { command: Command::Split(arguments.entry), json: arguments.json }
    }
}

impl From<MergeArguments> for Ordered {
    fn from(arguments: MergeArguments) -> Self {
        let command = Command::Merge(arguments.entry, arguments.other);
        Self { command, json: arguments.json }
    }
}

impl From<WithdrawArguments> for Ordered {
    fn from(arguments: WithdrawArguments) -> Self {
        let takedown = if arguments.undo { Takedown::Undone } else { Takedown::Made };
        Self { command: Command::Withdraw(arguments.entry, takedown), json: arguments.json }
    }
}

impl From<ForgetArguments> for Ordered {
    fn from(arguments: ForgetArguments) -> Self {
        Self { command: Command::Forget(arguments.source), json: arguments.json }
    }
}

/// Has the daemon carry it out, or does it with the store opened here when none runs.
pub(super) fn run(config: Config, ordered: Ordered) -> Result<Exit, Failure> {
    let told = runtime()?.block_on(order(config, ordered.command))?;
    if ordered.json {
        print_line(told.trim_end());
    } else {
        let told: Value = serde_json::from_str(&told).unwrap_or_default();
        print_line(told.get("message").and_then(Value::as_str).unwrap_or_default());
    }
    Ok(Exit::Done)
}

async fn order(config: Config, command: Command) -> Result<String, Failure> {
    if let Some(reply) = client::ask(&config, Method::POST, &path(&command)).await? {
        return client::told(reply);
    }
    let mill = Arc::new(daemon::open(config, None).await.map_err(super::run::failure)?);
    let told = mill.command(command).await;
    mill.stop().await;
    told.map_err(|error| failure(&error))
}

fn path(command: &Command) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let route = match command {
        Command::Split(entry) => {
            query.append_pair("entry", entry);
            "split"
        }
        Command::Merge(one, two) => {
            query.append_pair("entry", one).append_pair("entry", two);
            "merge"
        }
        Command::Withdraw(entry, takedown) => {
            query.append_pair("entry", entry);
            if *takedown == Takedown::Undone {
                query.append_pair("undo", "1");
            }
            "withdraw"
        }
        Command::Forget(source) => {
            query.append_pair("source", source);
            "forget"
        }
    };
    format!("/{route}?{}", query.finish())
}

fn failure(error: &CommandError) -> Failure {
    let exit = match error {
        CommandError::Unknown(_) | CommandError::Refused(_) => Exit::Data,
        CommandError::Store(error) => super::run::store_exit(error),
        CommandError::Stopping => Exit::TryLater,
    };
    Failure::new(exit, super::run::chain(error))
}
