//! Paths of fields: `a.b.c`, which lead into every element of an array on the way.

use bson::{RawArray, RawArrayBuf, RawBsonRef, RawDocument};

use super::value::{Evaluated, Value, field, items};
use crate::{MongoCode, QueryError, depth::check_path};

/// The names of a path.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldPath {
    names: Vec<String>,
}

impl FieldPath {
    pub(super) fn parse(path: &str) -> Result<Self, QueryError> {
        if path.is_empty() {
            return Err(QueryError::new(
                MongoCode::FIELD_PATH_EMPTY,
                "FieldPath cannot be constructed with empty string",
            ));
        }
        if path.ends_with('.') {
            return Err(QueryError::new(
                MongoCode::FIELD_PATH_ENDS_WITH_DOT,
                "FieldPath must not end with a '.'.",
            ));
        }
        check_path(path)?;
        let names: Vec<String> = path.split('.').map(str::to_owned).collect();
        names.iter().try_for_each(|name| check_name(name))?;
        Ok(Self { names })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The value in a document.
    pub(super) fn of_document<'a>(&self, document: &'a RawDocument) -> Evaluated<'a> {
        walk(&self.names, document)
    }

    /// The value in any value: nothing in one that has no fields.
    pub(super) fn of<'a>(&self, value: RawBsonRef<'a>) -> Evaluated<'a> {
        if self.names.is_empty() {
            return Ok(Some(value.into()));
        }
        match value {
            RawBsonRef::Document(document) => walk(&self.names, document),
            RawBsonRef::Array(array) => walk_array(&self.names, array),
            _ => Ok(None),
        }
    }
}

/// Checks the name of a field that is to be read or made.
pub(super) fn check_name(name: &str) -> Result<(), QueryError> {
    if name.is_empty() {
        return Err(QueryError::new(
            MongoCode::FIELD_NAME_EMPTY,
            "FieldPath field names may not be empty strings.",
        ));
    }
    if name.starts_with('$') {
        let text = "FieldPath field names may not start with '$'. \
                    Consider using $getField or $setField.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_STARTS_WITH_DOLLAR, text));
    }
    if name.contains('\0') {
        return Err(QueryError::new(
            MongoCode::FIELD_NAME_HAS_NULL_BYTE,
            "FieldPath field names may not contain '\\0'.",
        ));
    }
    if name.contains('.') {
        let text = "FieldPath field names may not contain '.'. \
                    Consider using $getField or $setField.";
        return Err(QueryError::new(MongoCode::FIELD_NAME_HAS_DOT, text));
    }
    Ok(())
}

fn walk<'a>(mut names: &[String], mut document: &'a RawDocument) -> Evaluated<'a> {
    while let Some((name, rest)) = names.split_first() {
        let Some(value) = field(document, name)? else { return Ok(None) };
        if rest.is_empty() {
            return Ok(Some(value.into()));
        }
        match value {
            RawBsonRef::Document(inner) => document = inner,
            RawBsonRef::Array(array) => return walk_array(rest, array),
            _ => return Ok(None),
        }
        names = rest;
    }
    Ok(None)
}

/// What the documents of an array have there; arrays in it are not looked into.
fn walk_array<'a>(names: &[String], array: &'a RawArray) -> Evaluated<'a> {
    let mut found = RawArrayBuf::new();
    for item in items(array) {
        if let RawBsonRef::Document(document) = item?
            && let Some(value) = walk(names, document)?
        {
            found.push(value.raw());
        }
    }
    Ok(Some(Value::array(found)))
}
