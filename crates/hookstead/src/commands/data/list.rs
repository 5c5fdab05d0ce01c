//! `hookstead data list`: which collections there are.

use std::io::Write as _;

use hookstead_data::{Answer, Command, Count, Namespace};

use super::place::{Home, Place, documents};
use crate::{
    exit::Exit,
    terminal::{self, DIM, clean, paint},
};

/// Databases that a MongoDB server keeps for itself.
const OF_SERVER: [&str; 3] = ["admin", "config", "local"];

/// List the collections with their numbers of documents
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    home: Home,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let place = args.home.open()?;
    let collections = place.runtime.block_on(collections(&place))?;
    let mut out = anstream::stdout().lock();
    for (name, count) in &collections {
        let name = format!("{}.{}", name.database, name.collection);
        writeln!(out, "{}  {}", clean(&name), paint(DIM, &documents(*count)))?;
    }
    if collections.is_empty() {
        terminal::note(&format!("there are no collections in {}", place.name));
    }
    Ok(Exit::Success)
}

async fn collections(place: &Place) -> anyhow::Result<Vec<(Namespace, u64)>> {
    let mut found = Vec::new();
    let mut databases = place.store.database_names().await?;
    databases.retain(|name| !OF_SERVER.contains(&name.as_str()));
    for database in databases {
        let mut names = place.store.collection_names(database.clone()).await?;
        names.sort();
        for collection in names {
            let name = Namespace { database: database.clone(), collection };
            let count = Command::Count(Count::default());
            if let Answer::Count(count) = place.store.run(name.clone(), count).await? {
                found.push((name, count));
            }
        }
    }
    Ok(found)
}
