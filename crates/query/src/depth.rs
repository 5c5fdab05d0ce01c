//! Broken bytes and bottomless nesting are refused where documents come in, so that nothing behind
//! has to think of them.

use bson::{RawBsonRef, RawDocument};

use crate::QueryError;

/// The most documents and arrays that may be nested in one another.
pub const DEPTH_MAX: usize = 200;

/// `Overflow`
const OVERFLOW: i32 = 15;

/// `InvalidBSON`
const INVALID_BSON: i32 = 22;

/// Checks every byte of a document from outside.
pub fn validate(document: &RawDocument) -> Result<(), QueryError> {
    validate_at(document, 1)
}

/// What bytes are that are no document.
pub(crate) fn malformed(error: impl std::fmt::Display) -> QueryError {
    QueryError::new(INVALID_BSON, format!("the bytes are no BSON: {error}"))
}

fn validate_at(document: &RawDocument, depth: usize) -> Result<(), QueryError> {
    if depth > DEPTH_MAX {
        let message = format!("documents and arrays are nested more than {DEPTH_MAX} levels deep");
        return Err(QueryError::new(OVERFLOW, message));
    }
    for element in document.iter_elements() {
        match element.and_then(|element| element.value()).map_err(malformed)? {
            RawBsonRef::Document(inner) => validate_at(inner, depth + 1)?,
            RawBsonRef::Array(inner) => {
                let inner = RawDocument::from_bytes(inner.as_bytes()).map_err(malformed)?;
                validate_at(inner, depth + 1)?;
            }
            RawBsonRef::JavaScriptCodeWithScope(code) => validate_at(code.scope, depth + 1)?,
            _ => {}
        }
    }
    Ok(())
}
