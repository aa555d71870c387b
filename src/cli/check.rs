//! `feedmill check`: every problem of the configuration, with place and remedy; `--online`: and of the sources.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::{Exit, Failure, counted, environment, online, print_line};
use crate::config::{self, Problem, Severity};
use crate::daemon;
use crate::model::policy::Config;

/// Arguments of `check`.
#[derive(Args)]
pub(super) struct CheckArguments {
    /// Ask every source once, too
    #[arg(long)]
    online: bool,
    /// Print a JSON object for each problem, and each source asked
    #[arg(long)]
    json: bool,
}

/// Reads the configuration and prints what is wrong or doubtful with it.
pub(super) fn run(explicit: Option<&Path>, arguments: &CheckArguments) -> Result<Exit, Failure> {
    let path = config::find(explicit, &environment)
        .map_err(|error| Failure::new(Exit::Config, error.to_string()))?;
    let print = |problem: &Problem| match arguments.json {
        true => print_line(&to_json(problem)),
        false => print_line(&problem.to_string()),
    };
    match config::load(&path, &environment) {
        Ok(mut loaded) => {
            loaded.warnings.extend(of_the_store(&loaded.config));
            loaded.warnings.iter().for_each(print);
            let catalog = &loaded.config.catalog;
            if !arguments.json {
                print_line(&format!(
                    "{}: ok, {} in {}, {}",
                    path.display(),
                    some(catalog.sources.len(), "source", "sources"),
                    some(catalog.categories.len(), "category", "categories"),
                    some(loaded.warnings.len(), "warning", "warnings")
                ));
            }
            if arguments.online {
                online::run(&loaded.config, arguments.json)
            } else {
                Ok(Exit::Done)
            }
        }
        Err(problems) => {
            problems.iter().for_each(print);
            Err(Failure::new(Exit::Config, counted(&problems, &path)))
        }
    }
}

/// Says what the store has fixed already.
fn of_the_store(config: &Config) -> Option<Problem> {
    let fixed = daemon::kept_authority(config)?;
    Some(Problem {
        severity: Severity::Warning,
        key: fixed.key.to_owned(),
        ..Problem::of_file(&config.path, fixed.message, fixed.remedy)
    })
}

fn some(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

fn to_json(problem: &Problem) -> String {
    json!({
        "severity": problem.severity.name(),
        "file": problem.file.display().to_string(),
        "line": problem.line,
        "column": problem.column,
        "key": problem.key,
        "message": problem.message,
        "remedy": problem.remedy,
    })
    .to_string()
}
