//! How deep documents, paths and commands may be nested.
//!
//! Whoever follows something nested recurses, and a stack has an end. All limits of nesting are in
//! this file, and every place that takes a path or a nested value checks it here, before anything
//! recurses over it.
//!
//! Behind the limits there is a second net: [`check_stack`] turns a stack that is nearly used up
//! into an ordinary error of the command.

use bson::{RawBsonRef, RawDocument, spec::ElementType};

use crate::{MongoCode, QueryError, interrupt::step};

/// The most documents and arrays that may be nested in one another.
pub const DEPTH_MAX: usize = 200;

/// The most names in a path such as `a.b.c`, as on a MongoDB server.
pub const PATH_NAMES_MAX: usize = 200;

/// The most levels of fields in a document that an update makes.
pub(crate) const STORED_DEPTH_MAX: usize = 180;

/// The most levels of a query, of a `$jsonSchema` and of an expression.
pub(crate) const COMMAND_DEPTH_MAX: usize = 100;

/// The most pipelines within pipelines.
pub(crate) const PIPELINE_DEPTH_MAX: usize = 20;

/// The most stages of a pipeline, together with those of the pipelines that it stands in: a
/// document is pulled through all of them by calls within calls.
pub(crate) const STAGES_MAX: usize = 1_000;

/// The most fields of an order: of `sort`, `$sort`, `$push` and the like; as on a MongoDB server.
pub(crate) const SORT_FIELDS_MAX: usize = 32;

/// What has to be left of the stack to begin another level of a command. One level takes a few
/// kilobytes, and what is called from it without recursing some more.
const STACK_BYTES_MIN: usize = 128 * 1024;

/// Checks that a query is not nested too deep and that there is room to read on.
pub(crate) fn check_query_depth(depth: usize) -> Result<(), QueryError> {
    if depth == COMMAND_DEPTH_MAX {
        let message = format!("exceeded maximum query tree depth of {COMMAND_DEPTH_MAX}");
        return Err(QueryError::bad_value(message));
    }
    check_stack()
}

/// Checks every byte of a document from outside.
///
/// # Errors
/// The bytes are not BSON, or are nested too deep.
pub fn validate(document: &RawDocument) -> Result<(), QueryError> {
    validate_at(document, 1)
}

/// Refuses a path with too many names.
///
/// # Errors
/// The path has too many names.
pub fn check_path(path: &str) -> Result<(), QueryError> {
    // Between two names is a dot.
    if path.len() < PATH_NAMES_MAX {
        return Ok(());
    }
    check_names(path.split('.').count())
}

/// Refuses too many names for one path.
pub(crate) fn check_names(count: usize) -> Result<(), QueryError> {
    if count <= PATH_NAMES_MAX {
        return Ok(());
    }
    let message = format!(
        "FieldPath is too long: it has {count} field names, and {PATH_NAMES_MAX} are allowed"
    );
    Err(QueryError::new(MongoCode::OVERFLOW, message))
}

/// Refuses too many fields of an order.
pub(crate) fn check_sort_fields(count: usize) -> Result<(), QueryError> {
    if count <= SORT_FIELDS_MAX {
        return Ok(());
    }
    let message =
        format!("too many compound keys: a sort may name at most {SORT_FIELDS_MAX} fields");
    Err(QueryError::new(MongoCode::TOO_MANY_SORT_KEYS, message))
}

/// Refuses a value that would be nested too deep at a place that is `outside` levels deep.
pub(crate) fn check_value(value: RawBsonRef<'_>, outside: usize) -> Result<(), QueryError> {
    let bytes = match value {
        RawBsonRef::Document(document) => document.as_bytes(),
        RawBsonRef::Array(array) => array.as_bytes(),
        _ => return Ok(()),
    };
    if outside >= DEPTH_MAX {
        return Err(too_deep());
    }
    let document = RawDocument::from_bytes(bytes).map_err(malformed)?;
    for element in document.iter_elements() {
        step()?;
        let element = element.map_err(malformed)?;
        if matches!(element.element_type(), ElementType::Array | ElementType::EmbeddedDocument) {
            check_value(element.value().map_err(malformed)?, outside + 1)?;
        }
    }
    Ok(())
}

/// Ends a command whose next level might not fit on the stack any more.
///
/// The limits of this file keep that from happening. Where one is missing, or a stack is smaller
/// than anybody thought, the command fails and the process goes on. It costs a few nanoseconds, so
/// that it is called for each level of a command that is read, not for each value of a document.
pub(crate) fn check_stack() -> Result<(), QueryError> {
    match stacker::remaining_stack() {
        Some(left) if left < STACK_BYTES_MIN => {
            let message = "the command is nested too deep for the stack of its thread";
            Err(QueryError::new(MongoCode::OVERFLOW, message))
        }
        _ => Ok(()),
    }
}

/// The error about a value that is nested too deep.
pub(crate) fn too_deep() -> QueryError {
    let message = format!("documents and arrays are nested more than {DEPTH_MAX} levels deep");
    QueryError::new(MongoCode::OVERFLOW, message)
}

/// What bytes are that are no document.
pub(crate) fn malformed(error: impl std::fmt::Display) -> QueryError {
    QueryError::new(MongoCode::INVALID_BSON, format!("the bytes are no BSON: {error}"))
}

fn validate_at(document: &RawDocument, depth: usize) -> Result<(), QueryError> {
    if depth > DEPTH_MAX {
        return Err(too_deep());
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

#[cfg(test)]
mod tests {
    use super::{MongoCode, check_stack};

    /// Recurses for ever, but for the check; answers how deep it came.
    fn dig(depth: usize) -> Result<usize, (usize, MongoCode)> {
        check_stack().map_err(|error| (depth, error.code))?;
        let room = std::hint::black_box([0_u8; 512]);
        let found = dig(depth + 1);
        std::hint::black_box(room);
        found
    }

    #[test]
    fn a_stack_that_is_nearly_used_up_is_an_error() {
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let (depth, code) = thread.spawn(|| dig(0)).unwrap().join().unwrap().unwrap_err();
        assert_eq!(code, MongoCode::OVERFLOW);
        assert!(depth > 100, "{depth}");
    }
}
