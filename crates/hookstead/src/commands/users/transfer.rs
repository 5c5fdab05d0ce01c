//! `hookstead users import` and `export`.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::HumanCount;
use serde_json::{Value as Json, json};

use super::{
    list::all_as_json,
    place::{Home, explain, print},
};
use crate::{
    exit::{Exit, REMEDY},
    input,
    terminal::{self, clean},
};

/// Users that were not taken and are told one by one; more are only counted.
const REFUSALS_TOLD_MAX: usize = 20;

/// Take users from a list, with their ids and identities
///
/// Reads an array of users, as the Admin API of App Services lists them or as Flowerbase's
/// exporter writes them. Users who are there already stay as they are, so that an import can be
/// repeated. Passwords are not taken: `hookstead users reset-link` makes links for new ones.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// File with the list; - is standard input
    file: PathBuf,

    /// Print a JSON object with the numbers of users that were imported, were there already, and
    /// were refused
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    home: Home,
}

/// Print the users as one JSON array, as the Admin API of App Services does
///
/// There are no passwords and no keys in it.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    home: Home,
}

pub(super) fn import(args: &ImportArgs) -> anyhow::Result<Exit> {
    let list = read(&args.file)?;
    let place = args.home.open()?;
    let report = place.runtime.block_on(place.users.import(&list));
    let report = report.map_err(|error| explain(error, &shown(&args.file)))?;
    for (user, why) in report.refused.iter().take(REFUSALS_TOLD_MAX) {
        terminal::warning(&format!("{} is not imported: {}", clean(user), clean(why)));
    }
    let refused = report.refused.len();
    if args.json {
        print(&json!({
            "imported": report.created, "existing": report.existing, "refused": refused,
        }))?;
    } else {
        let mut text = format!("imported {}", users(report.created));
        for (count, what) in [
            (report.existing, "were there already and stay as they are"),
            (refused, "not taken, see above"),
        ] {
            if count > 0 {
                text.push_str(&format!("; {} {what}", HumanCount(count as u64)));
            }
        }
        terminal::note(&text);
    }
    Ok(if refused == 0 { Exit::Success } else { Exit::Failure })
}

pub(super) fn export(args: &ExportArgs) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    print(&Json::Array(all_as_json(&place)?))?;
    Ok(Exit::Success)
}

fn read(file: &Path) -> anyhow::Result<Json> {
    let text = input::read_users(file)?;
    let shown = shown(file);
    serde_json::from_slice(&text).with_context(|| {
        format!(
            "{shown} is not JSON{REMEDY}name a file with an array of users, such as the Admin API \
             of App Services lists them"
        )
    })
}

fn shown(file: &Path) -> String {
    match file.to_str() {
        Some("-") => "standard input".to_owned(),
        _ => file.display().to_string(),
    }
}

fn users(count: usize) -> String {
    format!("{} user{}", HumanCount(count as u64), if count == 1 { "" } else { "s" })
}
