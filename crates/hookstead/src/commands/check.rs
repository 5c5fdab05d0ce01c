//! `hookstead check`: what of an export will run, what will not, and why.

mod human;
mod missing;
mod report;
mod uses;
mod verdict;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use hookstead_journal::sanitize_json;

use self::report::Report;
use crate::{
    exit::Exit,
    workspace::{AppFlags, folder_of_app},
};

/// Tell what of an export will run, what will not, and why
///
/// Exits with status 1 when anything will not run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the app
    #[arg(value_name = "APP_DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app_dir: PathBuf,

    /// Print JSON, in the form of docs/check.md
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    app: AppFlags,
}

/// Checks the app.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let workspace = args.app.open(&args.app_dir, Vec::new())?;
    let prepared = workspace.prepare()?;
    let secrets = workspace.secrets()?;
    let has_secret = |name: &str| secrets.get(name).is_ok_and(|secret| secret.is_some());
    let report = Report::new(&prepared, &workspace.settings, &has_secret);
    if args.json {
        let report = serde_json::to_string_pretty(&report)?;
        writeln!(io::stdout(), "{}", sanitize_json(&report))?;
    } else {
        human::write(&report, &mut anstream::stdout().lock())?;
    }
    Ok(if report.all_will_run() { Exit::Success } else { Exit::Failure })
}
