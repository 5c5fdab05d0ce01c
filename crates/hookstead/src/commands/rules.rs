//! `hookstead rules`: what the rules of collections mean. A server may run meanwhile.

mod explain;

use clap::Subcommand;

use crate::exit::Exit;

/// Say what the rules of collections mean for a user
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Explain(explain::Args),
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::Explain(args) => explain::run(args),
    }
}
