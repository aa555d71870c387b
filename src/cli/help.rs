//! `feedmill config-schema`, `completions` and `man`: help for editors, shells and readers.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::{Arguments, Exit, Failure, print_line};
use crate::config;

/// Arguments of `completions`.
#[derive(Args)]
pub(super) struct CompletionsArguments {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

/// What the manual page says besides the options.
const SECTIONS: &[(&str, &[(&str, &str)])] = &[
    (
        "EXIT STATUS",
        &[
            ("0", "Done."),
            ("1", "Done with failures: some source failed."),
            ("64", "The command line is wrong."),
            ("65", "The input is wrong, or names nothing that is held."),
            ("69", "The daemon or the store is not available."),
            ("74", "Reading or writing failed; the store is read-only or damaged."),
            ("75", "Try again later: the store is busy."),
            ("78", "The configuration is wrong."),
        ],
    ),
    (
        "FILES",
        &[
            (
                "/etc/feedmill/config.toml",
                "The configuration; config.d/*.toml beside it is read too.",
            ),
            ("/var/lib/feedmill", "The store of the packaged service."),
            ("/run/feedmill/control.sock", "Its admin listener: metrics, status, control."),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            ("FEEDMILL_CONFIG", "The configuration file, unless --config names one."),
            ("STATE_DIRECTORY, RUNTIME_DIRECTORY, CREDENTIALS_DIRECTORY", "Set by systemd(1)."),
        ],
    ),
    (
        "SIGNALS",
        &[
            ("SIGHUP", "Reload the configuration; on an error the old one stays."),
            ("SIGTERM, SIGINT", "Stop polling, finish what is in hand, end within ten seconds."),
        ],
    ),
];

/// Prints the JSON Schema of the configuration.
pub(super) fn config_schema() -> Exit {
    let schema = config::json_schema();
    print_line(&serde_json::to_string_pretty(&schema).unwrap_or_default());
    Exit::Done
}

/// Prints completions for a shell.
pub(super) fn completions(arguments: &CompletionsArguments) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "feedmill", &mut text);
    let _ = io::stdout().lock().write_all(&text);
    Exit::Done
}

/// Prints the manual page, commands included.
pub(super) fn man() -> Result<Exit, Failure> {
    let failed =
        |error: io::Error| Failure::new(Exit::Io, format!("failed to write the page: {error}"));
    let text = page().map_err(failed)?;
    let _ = io::stdout().lock().write_all(&text);
    Ok(Exit::Done)
}

fn page() -> io::Result<Vec<u8>> {
    let mut command = Arguments::command();
    command.build();
    let man = Man::new(command.clone());
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        describe(&mut roff, sub);
    }
    for (heading, rows) in SECTIONS {
        roff.control("SH", [*heading]);
        for (term, meaning) in *rows {
            roff.control("TP", []);
            roff.text([bold(*term)]);
            roff.text([roman(*meaning)]);
        }
    }
    roff.to_writer(&mut text)?;
    Ok(text)
}

/// Writes what a command does, and its own arguments.
fn describe(roff: &mut Roff, command: &clap::Command) {
    let arguments: Vec<&clap::Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
        .collect();
    roff.control("TP", []);
    roff.text([bold(command.get_name())]);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    roff.text([roman(format!("{about}."))]);
    if arguments.is_empty() {
        return;
    }
    roff.control("RS", []);
    for argument in arguments {
        roff.control("TP", []);
        roff.text([bold(argument.to_string())]);
        roff.text([roman(argument.get_help().map(ToString::to_string).unwrap_or_default())]);
    }
    roff.control("RE", []);
}
