//! `hookstead data`: the documents of an app, from outside of it. A server may run meanwhile.

mod export;
mod import;
mod list;
pub(super) mod place;
mod progress;

use clap::Subcommand;

use crate::exit::Exit;

/// Bring documents in, take them out, and list what there is
///
/// Works on the MongoDB deployment that the settings name, or on the documents in the data folder,
/// also while a server runs there.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Import(import::Args),
    Export(export::Args),
    List(list::Args),
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::Import(args) => import::run(args),
        Command::Export(args) => export::run(args),
        Command::List(args) => list::run(args),
    }
}
