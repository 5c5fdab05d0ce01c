//! An index as an operator declares it, and what is wrong with one.

use std::{collections::HashSet, path::Path};

use hookstead_query::check_path;

use crate::{
    DataError, ErrorKind, Namespace,
    embedded::{
        catalogue::names,
        failure::{Failure, Outcome},
    },
};

/// As with servers.
const FIELDS_MAX: usize = 32;

/// An index that a collection is to have, beside that of `_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexSpec {
    /// The database.
    pub database: String,
    /// The collection, which is made where it is missing.
    pub collection: String,
    /// Paths, and whether they ascend.
    pub keys: Vec<(String, bool)>,
    /// Whether no two documents may have the same values.
    pub unique: bool,
    /// Whether documents that have none of the fields are left out.
    pub sparse: bool,
}

impl IndexSpec {
    /// Refuses an index that no collection can have, without opening a store.
    ///
    /// # Errors
    /// Names or fields that a server would not take.
    pub fn check(&self) -> Result<(), DataError> {
        check(self).map_err(|failure| failure.into_error(Path::new(""), None))
    }

    /// The name that servers give such an index: `email_1`.
    pub fn name(&self) -> String {
        let parts = self
            .keys
            .iter()
            .map(|(path, ascending)| format!("{path}_{}", if *ascending { "1" } else { "-1" }));
        parts.collect::<Vec<_>>().join("_")
    }
}

/// Refuses what no collection can have, whatever it holds.
pub(crate) fn check(spec: &IndexSpec) -> Outcome<()> {
    let Namespace { database, collection } =
        Namespace { database: spec.database.clone(), collection: spec.collection.clone() };
    names::check(&Namespace { database, collection })?;
    let is_odd = |path: &str| path.split('.').any(|name| name.is_empty() || name.starts_with('$'));
    let mut paths = HashSet::new();
    let mut keys = spec.keys.iter().map(|(path, _)| path.as_str());
    if spec.keys.is_empty() || spec.keys.len() > FIELDS_MAX {
        return Err(faulty(spec, &format!("it has to have 1 to {FIELDS_MAX} fields")));
    }
    if let Some(error) = spec.keys.iter().find_map(|(path, _)| check_path(path).err()) {
        return Err(faulty(spec, &error.message));
    }
    match keys.find(|path| is_odd(path) || !paths.insert(*path)) {
        None => Ok(()),
        Some(path) => Err(faulty(spec, &format!("it cannot have the field {path:?}"))),
    }
}

pub(crate) fn faulty(spec: &IndexSpec, why: &str) -> Failure {
    let IndexSpec { database, collection, .. } = spec;
    let message =
        format!("the index {} of {database}.{collection} cannot be made: {why}", spec.name());
    Failure::Answer(DataError::new(ErrorKind::Refused, message))
}
