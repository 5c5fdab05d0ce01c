//! Paths of fields: `a.b.c`, which lead into every element of an array on the way.

use bson::{RawArray, RawArrayBuf, RawBsonRef, RawDocument};

use super::value::{Evaluated, Value, field, items};
use crate::{MongoCode, QueryError, field_path};

/// The names of a path.
#[derive(Debug, Clone, Default)]
pub(super) struct FieldPath {
    names: Vec<String>,
}

impl FieldPath {
    pub(super) fn parse(path: &str) -> Result<Self, QueryError> {
        Ok(Self { names: field_path::names(path)? })
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

/// Checks the name of a field that is to be made.
pub(super) fn check_name(name: &str) -> Result<(), QueryError> {
    field_path::check_name(name)?;
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
