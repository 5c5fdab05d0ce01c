//! Hookstead: a home of your own for exported Atlas App Services apps.

mod commands;
mod data;
mod exit;
mod memory;
mod prepare;
mod routes;
mod settings;
mod shell;
mod terminal;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    commands::run(cli).unwrap_or_else(|error| exit::of_error(&error)).into()
}
