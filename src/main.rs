//! feedmill: arguments to `cli::run`, its answer to the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    feedmill::cli::run(std::env::args_os())
}
