//! What a path may look like where a server is strict about it.

use crate::{MongoCode, QueryError, depth::check_path};

/// Checks the path of a sort or a projection.
pub(crate) fn check(path: &str) -> Result<(), QueryError> {
    let (code, message) = if path.is_empty() {
        (MongoCode::FIELD_PATH_EMPTY, "FieldPath cannot be constructed with empty string")
    } else if path.ends_with('.') {
        (MongoCode::FIELD_PATH_ENDS_WITH_DOT, "FieldPath must not end with a '.'.")
    } else if path.split('.').any(str::is_empty) {
        (MongoCode::FIELD_NAME_EMPTY, "FieldPath field names may not be empty strings.")
    } else if path.split('.').any(|name| name.starts_with('$')) {
        let message = "FieldPath field names may not start with '$'. \
                       Consider using $getField or $setField.";
        (MongoCode::FIELD_NAME_STARTS_WITH_DOLLAR, message)
    } else {
        return check_path(path);
    };
    Err(QueryError::new(code, message))
}

/// Checks the part of a path that other names follow.
pub(crate) fn check_part(part: &str) -> Result<(), QueryError> {
    if part.is_empty() || part.ends_with('.') {
        let message = "FieldPath field names may not be empty strings.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_EMPTY, message));
    }
    check(part)
}
