//! The paths of fields where a server is strict about them, and their names.

use crate::{MongoCode, QueryError, depth::check_path};

/// The names of a path, without `$` before it, of an expression or a stage.
pub(crate) fn names(path: &str) -> Result<Vec<String>, QueryError> {
    check_ends(path)?;
    check_path(path)?;
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    names.iter().try_for_each(|name| check_name(name))?;
    Ok(names)
}

/// Checks the path of a sort or a projection.
pub(crate) fn check(path: &str) -> Result<(), QueryError> {
    check_ends(path)?;
    path.split('.').try_for_each(check_empty)?;
    path.split('.').try_for_each(check_dollar)?;
    check_path(path)
}

/// Checks the part of a path that other names follow.
pub(crate) fn check_part(part: &str) -> Result<(), QueryError> {
    if part.is_empty() || part.ends_with('.') {
        return check_empty("");
    }
    check(part)
}

/// Checks the name of a field that is to be read or made.
pub(crate) fn check_name(name: &str) -> Result<(), QueryError> {
    check_empty(name)?;
    check_dollar(name)?;
    if name.contains('\0') {
        let text = "FieldPath field names may not contain '\\0'.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_HAS_NULL_BYTE, text));
    }
    Ok(())
}

fn check_ends(path: &str) -> Result<(), QueryError> {
    if path.is_empty() {
        let text = "FieldPath cannot be constructed with empty string";
        return Err(QueryError::new(MongoCode::FIELD_PATH_EMPTY, text));
    }
    if path.ends_with('.') {
        return Err(QueryError::new(
            MongoCode::FIELD_PATH_ENDS_WITH_DOT,
            "FieldPath must not end with a '.'.",
        ));
    }
    Ok(())
}

fn check_empty(name: &str) -> Result<(), QueryError> {
    if name.is_empty() {
        let text = "FieldPath field names may not be empty strings.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_EMPTY, text));
    }
    Ok(())
}

fn check_dollar(name: &str) -> Result<(), QueryError> {
    if name.starts_with('$') {
        let text = "FieldPath field names may not start with '$'. \
                    Consider using $getField or $setField.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_STARTS_WITH_DOLLAR, text));
    }
    Ok(())
}
