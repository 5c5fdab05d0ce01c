//! How deep and how large a document may become.

use bson::{RawBsonRef, RawDocument};

use super::splice::broken;
use crate::{MongoCode, QueryError, depth::STORED_DEPTH_MAX as DEPTH_MAX};

/// The bytes of a document.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// The bytes of a document in the making, beyond which a server does not even look at it.
const WORKING_BYTES_MAX: usize = BYTES_MAX + 16 * 1024;

/// Checks how many components a path has.
pub(super) fn check_path(parts: usize) -> Result<(), QueryError> {
    if parts <= DEPTH_MAX { Ok(()) } else { Err(too_deep()) }
}

/// Checks a value that an update puts at a depth: a field of the document itself is at depth 1.
pub(super) fn check_depth(value: RawBsonRef<'_>, depth: usize) -> Result<(), QueryError> {
    if depth > DEPTH_MAX {
        return Err(too_deep());
    }
    match value {
        RawBsonRef::Document(document) => check_document_depth(document, depth),
        RawBsonRef::Array(array) => {
            for item in array {
                check_depth(item.map_err(|error| broken(&error))?, depth + 1)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The same for the fields of a document.
pub(super) fn check_document_depth(document: &RawDocument, depth: usize) -> Result<(), QueryError> {
    for field in document {
        let (_, value) = field.map_err(|error| broken(&error))?;
        check_depth(value, depth + 1)?;
    }
    Ok(())
}

/// Checks the size of a document, after an update or before the insert of an upsert.
pub(super) fn check_size(document: &RawDocument, inserting: bool) -> Result<(), QueryError> {
    let size = document.as_bytes().len();
    check_working_size(size)?;
    if size <= BYTES_MAX {
        return Ok(());
    }
    Err(if inserting {
        let message = format!("the document to insert has more than {BYTES_MAX} bytes");
        QueryError::new(MongoCode::UPSERTED_DOCUMENT_TOO_LARGE, message)
    } else {
        let message = format!("the updated document has more than {BYTES_MAX} bytes");
        QueryError::new(MongoCode::UPDATED_DOCUMENT_TOO_LARGE, message)
    })
}

/// Checks the size of a document in the making.
pub(super) fn check_working_size(size: usize) -> Result<(), QueryError> {
    if size <= WORKING_BYTES_MAX {
        return Ok(());
    }
    let message = format!("the document has {size} bytes, and {WORKING_BYTES_MAX} is the limit");
    Err(QueryError::new(MongoCode::BSON_OBJECT_TOO_LARGE, message))
}

fn too_deep() -> QueryError {
    let message = format!("Document exceeds maximum nesting depth of {DEPTH_MAX}");
    QueryError::new(MongoCode::OVERFLOW, message)
}
