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

pub(super) use self::verdict::Verdict;
use self::{human::Shown, report::Report, uses::Survey};
use super::{analyses::Analyses, overview};
use crate::{
    exit::Exit,
    terminal,
    workspace::{AppFlags, folder_of_app},
};

/// Tell what of an export will run, what will not, and why
///
/// Exits with status 1 when anything will not run. What the codes in brackets mean is told in
/// docs/check.md.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the app
    #[arg(value_name = "APP_DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app_dir: PathBuf,

    /// Print JSON, in the form of docs/check.md
    #[arg(long)]
    json: bool,

    /// Print the problems and the routes that will not run, and nothing else
    #[arg(long, conflicts_with = "json")]
    problems: bool,

    /// Exit with status 1 as well when a part of the export is not served
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    app: AppFlags,
}

/// Checks the app.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let workspace = args.app.open(&args.app_dir, Vec::new())?;
    let prepared = workspace.prepare()?;
    let secrets = workspace.secrets()?;
    let has_secret = |name: &str| secrets.get(name).is_ok_and(|secret| secret.is_some());
    let analyses = Analyses::default();
    let parts = overview::parts(&prepared.app, &analyses, &workspace.data_dir);
    let survey = Survey::new(&prepared.app, &analyses);
    let report = Report::new(&prepared, &survey, parts, &workspace.settings, &has_secret);
    if args.json {
        let report = serde_json::to_string_pretty(&report)?;
        writeln!(io::stdout(), "{}", sanitize_json(&report))?;
    } else {
        let shown = if args.problems { Shown::Problems } else { Shown::Everything };
        let columns = terminal::columns();
        human::write(&report, shown, columns, &mut anstream::stdout().lock())?;
    }
    let is_whole = report.all_will_run() && !(args.strict && report.loses_parts());
    Ok(if is_whole { Exit::Success } else { Exit::Failure })
}
