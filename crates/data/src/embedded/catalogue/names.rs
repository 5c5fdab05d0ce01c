//! Names of databases and collections that a server takes.

use crate::{
    MongoCode, Namespace,
    embedded::failure::{Failure, Outcome},
};

const DATABASE_BYTES_MAX: usize = 63;
const NAMESPACE_BYTES_MAX: usize = 255;

/// Refuses what a server would not make a collection of.
pub(crate) fn check(name: &Namespace) -> Outcome<()> {
    let Namespace { database, collection } = name;
    check_database(database)?;
    let text = format!("{database}.{collection}");
    let is_odd = collection.is_empty()
        || collection.contains(['$', '\0'])
        || collection.starts_with('.')
        || collection.ends_with('.');
    if is_odd {
        return Err(Failure::refused(
            MongoCode::INVALID_NAMESPACE,
            format!("Invalid namespace specified '{text}'"),
        ));
    }
    if collection.starts_with("system.") {
        let message = format!("Invalid system namespace: {text}");
        return Err(Failure::refused(MongoCode::INVALID_NAMESPACE, message));
    }
    if text.len() > NAMESPACE_BYTES_MAX {
        let message = format!(
            "Fully qualified namespace is too long. Namespace: {text} Max: {NAMESPACE_BYTES_MAX}"
        );
        return Err(Failure::refused(MongoCode::INVALID_NAMESPACE, message));
    }
    Ok(())
}

/// The same for a database.
pub(crate) fn check_database(name: &str) -> Outcome<()> {
    let is_odd = name.is_empty()
        || name.len() > DATABASE_BYTES_MAX
        || name.contains(['/', '\\', '.', ' ', '"', '$', '\0']);
    if is_odd {
        return Err(Failure::refused(
            MongoCode::INVALID_NAMESPACE,
            format!("Invalid database name: '{name}'"),
        ));
    }
    Ok(())
}
