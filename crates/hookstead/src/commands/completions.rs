//! `hookstead completions`: what a shell needs to complete commands and flags.

use std::io::{self, Write as _};

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{commands::Cli, exit::Exit};

/// Print a script that completes commands and flags in a shell
///
/// For bash: `hookstead completions bash > ~/.local/share/bash-completion/completions/hookstead`
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hookstead", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Success)
}
