//! What a document begins with that is inserted because no document matched.

use bson::{Bson, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr};

use super::{
    array_filters::ArrayFilters, leaf::Leaf, path::Path, splice::broken, tree::Fields, walk::Walk,
    wide::Wide,
};
use crate::{Filter, MongoCode, QueryError, bson_types::type_name};

/// The fields that the filter knows the values of.
pub(super) fn given_fields(filter: &Filter) -> Result<RawDocumentBuf, QueryError> {
    let mut equalities = filter.equalities();
    // By their components, so that a path comes right before those that lead through it.
    equalities.sort_by(|(one, _), (another, _)| one.split('.').cmp(another.split('.')));
    if let Some(pair) = equalities.windows(2).find(|pair| leads_through(pair[1].0, pair[0].0)) {
        return Err(conflict(pair[0].0, pair[1].0));
    }
    build(equalities)
}

/// The `_id` that the filter knows.
pub(super) fn given_id(filter: &Filter) -> Result<RawDocumentBuf, QueryError> {
    let mut equalities = filter.equalities();
    equalities.retain(|(path, _)| leads_through(path, "_id"));
    if let Some((path, _)) = equalities.iter().find(|(path, _)| *path != "_id") {
        return Err(QueryError::new(
            MongoCode::NOT_EXACT_VALUE_FIELD,
            format!("the filter must give the whole '_id' of a new document, not only '{path}'"),
        ));
    }
    if equalities.len() > 1 {
        return Err(conflict("_id", "_id"));
    }
    build(equalities)
}

/// The document with its `_id`, or with a new one, before all other fields.
pub(super) fn with_id_first(
    document: &RawDocument,
    new_id: impl FnOnce() -> Bson,
) -> Result<RawDocumentBuf, QueryError> {
    let mut whole = RawDocumentBuf::new();
    match document.get("_id").map_err(|error| broken(&error))? {
        Some(id) => {
            check_id(id)?;
            whole.append(cstr!("_id"), id);
        }
        None => {
            let id = RawBson::try_from(new_id()).map_err(|error| broken(&error))?;
            check_id(id.as_raw_bson_ref())?;
            whole.append(cstr!("_id"), id);
        }
    }
    for field in document {
        let (name, value) = field.map_err(|error| broken(&error))?;
        if name != "_id" {
            whole.append(name, value);
        }
    }
    Ok(whole)
}

fn build(equalities: Vec<(&str, RawBsonRef<'_>)>) -> Result<RawDocumentBuf, QueryError> {
    let mut tree = Fields::default();
    for (path, value) in equalities {
        tree.insert(&Path::of_names(path), Leaf::Set(value.into()))?;
    }
    let empty = RawDocumentBuf::new();
    let walk = Walk {
        document: &empty,
        matched_index: None,
        inserting: true,
        array_filters: &ArrayFilters::default(),
        wide: Wide::default(),
    };
    Ok(walk.run(&tree)?.unwrap_or_default())
}

fn check_id(id: RawBsonRef<'_>) -> Result<(), QueryError> {
    match id {
        RawBsonRef::RegularExpression(_) | RawBsonRef::Array(_) | RawBsonRef::Undefined => {
            Err(QueryError::new(
                MongoCode::INVALID_ID_FIELD,
                format!("The '_id' value cannot be of type {}", type_name(id)),
            ))
        }
        _ => Ok(()),
    }
}

/// Whether a path is another one, or begins with it.
fn leads_through(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn conflict(prefix: &str, path: &str) -> QueryError {
    let message = if prefix == path {
        format!("cannot infer query fields to set, path '{path}' is matched twice")
    } else {
        format!("cannot infer query fields to set, both paths '{path}' and '{prefix}' are matched")
    };
    QueryError::new(MongoCode::NOT_SINGLE_VALUE_FIELD, message)
}
