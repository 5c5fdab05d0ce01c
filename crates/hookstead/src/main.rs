//! Hookstead: a home of your own for exported Atlas App Services apps.

mod commands;
mod data;
mod data_dir;
mod directory;
mod exit;
mod input;
mod mail;
mod mailer;
mod memory;
mod prepare;
mod problems;
mod settings;
mod shell;
mod terminal;
mod users;
mod workspace;
mod wrap;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    hookstead_functions::live_in_utc();
    let cli = match commands::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::of_usage(error).into(),
    };
    commands::run(cli).unwrap_or_else(|error| exit::of_error(&error)).into()
}
