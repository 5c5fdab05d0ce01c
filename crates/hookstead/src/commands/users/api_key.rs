//! `hookstead users create-api-key`.

use serde_json::json;

use super::place::{Home, explain, print};
use crate::exit::Exit;

/// Create an API key of the app, with a user of its own
///
/// Prints a JSON object with _id, name and key. The key is told this once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the key
    name: String,

    #[command(flatten)]
    home: Home,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let created = place.users.create_server_key(&args.name);
    let created = place.runtime.block_on(created).map_err(|error| explain(error, &args.name))?;
    let (key, secret) = (&created.api_key, &created.key);
    print(&json!({ "_id": key.id, "name": key.name, "key": secret }))?;
    Ok(Exit::Success)
}
