//! What a path may look like where a server is strict about it.

use crate::{QueryError, depth::check_path};

const STARTS_WITH_DOLLAR: i32 = 16410;
const EMPTY_NAME: i32 = 15998;
const EMPTY_PATH: i32 = 40352;
const ENDS_WITH_DOT: i32 = 40353;

/// Checks the path of a sort or a projection.
pub(crate) fn check(path: &str) -> Result<(), QueryError> {
    let (code, message) = if path.is_empty() {
        (EMPTY_PATH, "FieldPath cannot be constructed with empty string")
    } else if path.ends_with('.') {
        (ENDS_WITH_DOT, "FieldPath must not end with a '.'.")
    } else if path.split('.').any(str::is_empty) {
        (EMPTY_NAME, "FieldPath field names may not be empty strings.")
    } else if path.split('.').any(|name| name.starts_with('$')) {
        let message = "FieldPath field names may not start with '$'. \
                       Consider using $getField or $setField.";
        (STARTS_WITH_DOLLAR, message)
    } else {
        return check_path(path);
    };
    Err(QueryError::new(code, message))
}

/// Checks the part of a path that other names follow.
pub(crate) fn check_part(part: &str) -> Result<(), QueryError> {
    if part.is_empty() || part.ends_with('.') {
        let message = "FieldPath field names may not be empty strings.";
        return Err(QueryError::new(EMPTY_NAME, message));
    }
    check(part)
}
