//! `feedmill check`: every problem of the configuration, with place and remedy.

use std::path::Path;

use super::{Exit, Failure, counted, environment, print_line};
use crate::config;

/// Reads the configuration and prints what is wrong or doubtful with it.
pub(super) fn run(explicit: Option<&Path>) -> Result<Exit, Failure> {
    let path = config::find(explicit, &environment)
        .map_err(|error| Failure::new(Exit::Config, error.to_string()))?;
    match config::load(&path, &environment) {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(|warning| print_line(&warning.to_string()));
            let catalog = &loaded.config.catalog;
            print_line(&format!(
                "{}: ok, {} sources in {} categories, {} warnings",
                path.display(),
                catalog.sources.len(),
                catalog.categories.len(),
                loaded.warnings.len()
            ));
            Ok(Exit::Done)
        }
        Err(problems) => {
            problems.iter().for_each(|problem| print_line(&problem.to_string()));
            Err(Failure::new(Exit::Config, counted(&problems, &path)))
        }
    }
}
