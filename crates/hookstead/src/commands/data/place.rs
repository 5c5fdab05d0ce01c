//! Whose documents a command works on, and how they are named and counted.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use hookstead_data::{Namespace, Store};
use indicatif::HumanCount;
use tokio::runtime::Runtime;

use crate::{
    data::Opened,
    exit::{REMEDY, UsageError},
    settings::nearest,
    workspace::{PlaceFlags, folder_of_app},
};

/// Servers take no longer name of a database.
const DATABASE_BYTES_MAX: usize = 63;

/// Flags that say whose documents.
#[derive(Debug, clap::Args)]
pub(super) struct Home {
    /// Folder of the app
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    /// Data source of the app; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    source: Option<String>,

    #[command(flatten)]
    place: PlaceFlags,
}

/// A store, and the threads that it needs.
pub(super) struct Place {
    pub(super) runtime: Runtime,
    pub(super) store: Arc<dyn Store>,
    /// For people.
    pub(super) name: String,
}

impl Home {
    pub(super) fn open(&self) -> anyhow::Result<Place> {
        let workspace = self.place.open(&self.app, Vec::new())?;
        let runtime = Runtime::new().context("the threads cannot be started")?;
        let entered = runtime.enter();
        let mut stores = workspace.stores(&workspace.load()?.app)?.named;
        drop(entered);
        let names: Vec<&str> = stores.keys().map(String::as_str).collect();
        let name = choose("--source", self.source.as_deref(), &names)?.to_owned();
        let Opened { store, place, .. } =
            stores.remove(&name).context("the data source is not open")?;
        Ok(Place { runtime, store, name: place })
    }
}

/// The data source that a flag names, or the only one.
pub(in crate::commands) fn choose<'a>(
    flag: &str,
    given: Option<&'a str>,
    names: &[&'a str],
) -> Result<&'a str, UsageError> {
    match (given, names) {
        (None, [only]) => Ok(only),
        (None, _) => Err(UsageError(format!(
            "the app has several data sources; name one with {flag}: {}",
            names.join(", ")
        ))),
        (Some(given), _) if names.contains(&given) => Ok(given),
        (Some(given), _) => {
            let hint = match nearest(given, names.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("it has {}", names.join(", ")),
            };
            Err(UsageError(format!("the app has no data source {given:?}; {hint}")))
        }
    }
}

/// A collection as `shop.orders`.
pub(in crate::commands) fn namespace(text: &str) -> Result<Namespace, String> {
    let parts = text.split_once('.');
    let parts =
        parts.filter(|(database, collection)| !database.is_empty() && !collection.is_empty());
    let (database, collection) =
        parts.ok_or("write database and collection with a dot between, such as shop.orders")?;
    Ok(Namespace { database: database.to_owned(), collection: collection.to_owned() })
}

/// The same for a collection that may be made: its names must be some that a server takes.
pub(super) fn namespace_to_write(text: &str) -> Result<Namespace, String> {
    let name = namespace(text)?;
    let Namespace { database, collection } = &name;
    let is_odd = |letter: char| letter.is_whitespace() || "/\\.\"$\0".contains(letter);
    if database.len() > DATABASE_BYTES_MAX || database.contains(is_odd) {
        return Err(format!(
            "{database:?} cannot be the name of a database{REMEDY}use a name of 1 to \
             {DATABASE_BYTES_MAX} bytes without spaces and without / \\ . \" $"
        ));
    }
    if collection.starts_with('$') || collection.starts_with("system.") {
        return Err(format!(
            "{collection:?} cannot be the name of a collection{REMEDY}use a name that does not \
             begin with $ or \"system.\""
        ));
    }
    Ok(name)
}

/// `1 document`, `12 documents`.
pub(super) fn documents(number: u64) -> String {
    format!("{} document{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{choose, documents, namespace, namespace_to_write};

    #[test]
    fn a_collection_is_named_with_its_database() {
        let name = namespace("shop.orders.2024").unwrap();
        assert_eq!((name.database.as_str(), name.collection.as_str()), ("shop", "orders.2024"));
        for text in ["orders", ".orders", "shop.", ""] {
            assert!(namespace(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_no_server_takes_is_refused() {
        for text in ["shop.orders", "shop.a$b", "größe.x y", "a.b.system.c"] {
            assert!(namespace_to_write(text).is_ok(), "{text}");
        }
        let long = "a".repeat(64) + ".b";
        for text in ["a$b.c", "a b.c", "a/b.c", "a\"b.c", "a\\b.c", "a\0.c", &long] {
            let told = namespace_to_write(text).unwrap_err();
            assert!(told.contains("cannot be the name of a database\n  → use a name of"), "{told}");
        }
        for text in ["a.$b", "a.system.b"] {
            let told = namespace_to_write(text).unwrap_err();
            assert!(told.contains("cannot be the name of a collection\n  → use"), "{told}");
        }
    }

    #[test]
    fn the_only_data_source_need_not_be_named() {
        assert_eq!(choose("--source", None, &["a"]).unwrap(), "a");
        assert_eq!(choose("--source", Some("b"), &["a", "b"]).unwrap(), "b");
        let several = choose("--source", None, &["Cluster0", "Archive"]).unwrap_err().to_string();
        assert!(several.ends_with("--source: Cluster0, Archive"), "{several}");
        let wrong =
            choose("--source", Some("Cluster1"), &["Cluster0", "Archive"]).unwrap_err().to_string();
        assert!(wrong.ends_with("did you mean Cluster0?"), "{wrong}");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(documents(1), "1 document");
        assert_eq!(documents(0), "0 documents");
        assert_eq!(documents(1_234_567), "1,234,567 documents");
        assert_eq!(documents(100_000), "100,000 documents");
    }
}
