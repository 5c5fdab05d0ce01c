//! A document in the place of another one.

use bson::{RawDocument, RawDocumentBuf, raw::cstr};

use super::splice::broken;
use crate::{MongoCode, QueryError, compare, describe::describe_field};

/// References to other documents begin with these fields.
const OF_REFERENCES: [&str; 3] = ["$ref", "$id", "$db"];

/// Refuses fields that look like operators.
pub(super) fn check_names(replacement: &RawDocument) -> Result<(), QueryError> {
    for field in replacement {
        let (name, _) = field.map_err(|error| broken(&error))?;
        check_name(name.as_str())?;
    }
    Ok(())
}

/// Refuses the name of a field that looks like an operator.
pub(super) fn check_name(name: &str) -> Result<(), QueryError> {
    if !name.starts_with('$') || OF_REFERENCES.contains(&name) {
        return Ok(());
    }
    Err(QueryError::new(
        MongoCode::DOLLAR_PREFIXED_FIELD_NAME,
        format!(
            "The dollar ($) prefixed field '{name}' in '{name}' is not allowed in the context of \
             an update's replacement document. Consider using an aggregation pipeline with \
             $replaceWith."
        ),
    ))
}

/// The replacement with the `_id` of the document before it. The `_id` comes first.
///
/// A replacement may write the `_id` as a number of another type. The document keeps its own, so
/// that an `_id` stays the same bytes as long as a document lives.
pub(super) fn replace(
    document: &RawDocument,
    replacement: &RawDocument,
) -> Result<RawDocumentBuf, QueryError> {
    let id = document.get("_id").map_err(|error| broken(&error))?;
    let new_id = replacement.get("_id").map_err(|error| broken(&error))?;
    if let (Some(id), Some(new_id)) = (id, new_id)
        && compare(id, new_id).is_ne()
    {
        return Err(QueryError::new(
            MongoCode::IMMUTABLE_FIELD,
            format!(
                "After applying the update, the (immutable) field '_id' was found to have been \
                 altered to {}",
                describe_field("_id", new_id)
            ),
        ));
    }
    let mut new = RawDocumentBuf::new();
    if let Some(id) = id.or(new_id) {
        new.append(cstr!("_id"), id);
    }
    for field in replacement {
        let (name, value) = field.map_err(|error| broken(&error))?;
        if name != "_id" {
            new.append(name, value);
        }
    }
    Ok(new)
}
