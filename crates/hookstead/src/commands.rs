//! The commands, one file each.

mod check;
mod completions;
mod data;
mod deps;
mod function;
mod licenses;
mod overview;
mod rules;
mod secrets;
mod serve;
mod sign;
mod users;
mod verify;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

/// A home of your own for exported Atlas App Services apps.
///
/// Point it at the folder of an export: every webhook and endpoint is verified, runs its
/// function, and answers what the function built.
#[derive(Parser)]
#[command(name = "hookstead", version, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Args),
    Check(check::Args),
    #[command(subcommand)]
    Function(function::Command),
    #[command(subcommand)]
    Deps(deps::Command),
    #[command(subcommand)]
    Data(data::Command),
    #[command(subcommand)]
    Secrets(secrets::Command),
    #[command(subcommand)]
    Users(users::Command),
    #[command(subcommand)]
    Rules(rules::Command),
    Sign(sign::Args),
    Verify(verify::Args),
    Completions(completions::Args),
    Licenses(licenses::Args),
}

/// Runs a command.
pub(crate) fn run(cli: Cli) -> anyhow::Result<Exit> {
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Function(command) => function::run(&command),
        Command::Deps(command) => deps::run(&command),
        Command::Data(command) => data::run(&command),
        Command::Secrets(command) => secrets::run(&command),
        Command::Users(command) => users::run(&command),
        Command::Rules(command) => rules::run(&command),
        Command::Sign(args) => sign::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Licenses(_) => licenses::run(),
    }
}
