//! `hookstead check`: what of an export will run, what will not, and why.

mod human;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use hookstead_journal::sanitize_json;
use hookstead_site::check::{Analyses, Circumstances, Report, parts};

use self::human::Shown;
use crate::{
    data::names_of_data_sources,
    exit::Exit,
    prepare::Prepared,
    settings::ApplicationAuthentication,
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
    let Prepared { app, site, problems, .. } = &prepared;
    let settings = &workspace.settings;
    let data_sources = names_of_data_sources(app, settings);
    let circumstances = Circumstances {
        has_secret: &has_secret,
        is_embedded: data_sources.iter().any(|name| settings.uri_of(name).is_none()),
        data_sources,
        user_is_system: settings.auth.application_authentication
            == ApplicationAuthentication::System,
    };
    let is_required = |file: &str| site.functions().is_required(file);
    let sends_mails = settings.mail.has_server();
    let parts = parts(app, &analyses, &workspace.data_dir, sends_mails, &is_required);
    let report = Report::new((app, site), problems, &analyses, parts, &circumstances);
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
