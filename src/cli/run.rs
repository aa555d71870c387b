//! `feedmill run`: the daemon, in the foreground.

use super::{Exit, Failure, runtime};
use crate::daemon::{self, DaemonError};
use crate::model::policy::Config;

/// Runs the daemon until it is told to stop.
pub(super) fn run(config: Config) -> Result<Exit, Failure> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async { daemon::run(config, daemon::signals()).await });
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended.map(|()| Exit::Done).map_err(failure)
}

/// Turns a daemon's error into an exit code and one line.
pub(super) fn failure(error: DaemonError) -> Failure {
    let exit = match &error {
        DaemonError::Open { source, .. } | DaemonError::Store(source) => store_exit(source),
        DaemonError::Listen { .. } => Exit::Unavailable,
        DaemonError::Setup(_) => Exit::Config,
        DaemonError::Io { .. } => Exit::Io,
    };
    Failure::new(exit, chain(&error))
}

/// Returns the exit code of a store error.
pub(super) fn store_exit(error: &crate::store::StoreError) -> Exit {
    use crate::store::StoreError;
    match error {
        StoreError::Busy { .. } => Exit::TryLater,
        StoreError::TooLarge { .. } => Exit::Data,
        StoreError::Engine { .. } | StoreError::Corrupt { .. } | StoreError::Full => Exit::Io,
        StoreError::NewerFormat { .. } | StoreError::NotOwner { .. } => Exit::Unavailable,
    }
}

/// Joins an error and its causes into one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    daemon::chain(error)
}
