//! `hookstead users`: the users of an app, from outside of it. A server may run meanwhile.

mod account;
mod api_key;
mod list;
pub(super) mod place;
mod transfer;

use clap::Subcommand;

use crate::exit::Exit;

/// Create, list, disable and delete the users of an app, and move them in
///
/// Works on the users that the app has in MongoDB or in the data folder, also while a server runs
/// there: it learns of a change within `[auth] revocation_delay_s`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    List(list::Args),
    Create(account::CreateArgs),
    Disable(account::DisableArgs),
    Enable(account::EnableArgs),
    Delete(account::DeleteArgs),
    Confirm(account::ConfirmArgs),
    ResetLink(account::ResetLinkArgs),
    CreateApiKey(api_key::Args),
    Import(transfer::ImportArgs),
    Export(transfer::ExportArgs),
}

/// Runs one of the commands.
pub(crate) fn run(command: &Command) -> anyhow::Result<Exit> {
    match command {
        Command::List(args) => list::run(args),
        Command::Create(args) => account::create(args),
        Command::Disable(args) => account::disable(args),
        Command::Enable(args) => account::enable(args),
        Command::Delete(args) => account::delete(args),
        Command::Confirm(args) => account::confirm(args),
        Command::ResetLink(args) => account::reset_link(args),
        Command::CreateApiKey(args) => api_key::run(args),
        Command::Import(args) => transfer::import(args),
        Command::Export(args) => transfer::export(args),
    }
}
