//! Paths of fields that stages write: `a.b` makes documents on its way, and looks into no array.

use bson::RawDocument;

use super::raw::{Element, elements, find};
use super::write::Writer;
use crate::{MongoCode, QueryError, depth::check_path};

/// A path with at least one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    names: Vec<String>,
}

impl Path {
    /// Parses a path without `$` before it.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        if text.is_empty() {
            return Err(QueryError::new(
                MongoCode::FIELD_PATH_EMPTY,
                "FieldPath cannot be constructed with empty string",
            ));
        }
        if text.ends_with('.') {
            return Err(QueryError::new(
                MongoCode::FIELD_PATH_ENDS_WITH_DOT,
                "FieldPath must not end with a '.'.",
            ));
        }
        check_path(text)?;
        let names: Vec<String> = text.split('.').map(str::to_owned).collect();
        names.iter().try_for_each(|name| check_name(name))?;
        Ok(Self { names })
    }

    /// The names from the outermost on.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The path as it is written.
    pub(super) fn text(&self) -> String {
        self.names.join(".")
    }

    /// The field at the end of the path, if only documents lead there.
    pub(super) fn find<'a>(
        &self,
        document: &'a RawDocument,
    ) -> Result<Option<Element<'a>>, QueryError> {
        let mut found = None;
        let mut inside = Some(document);
        for name in &self.names {
            let Some(document) = inside else { return Ok(None) };
            found = find(document, name)?;
            inside = found.and_then(|element| element.document());
        }
        Ok(found)
    }

    /// Copies a document with another value at the end of the path. What is no document on the way
    /// becomes one. `write` writes the value, or nothing.
    pub(super) fn replace(
        &self,
        document: &RawDocument,
        writer: &mut Writer,
        write: &mut dyn FnMut(&mut Writer, &str) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        replace(&self.names, Some(document), writer, write)
    }
}

/// Refuses names that no stage can make.
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
    Ok(())
}

fn replace(
    names: &[String],
    document: Option<&RawDocument>,
    writer: &mut Writer,
    write: &mut dyn FnMut(&mut Writer, &str) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let Some((name, rest)) = names.split_first() else { return Ok(()) };
    let mut change = |writer: &mut Writer, inner: Option<&RawDocument>| {
        if rest.is_empty() {
            return write(writer, name);
        }
        writer.begin_document(name)?;
        replace(rest, inner, writer, write)?;
        writer.end();
        Ok(())
    };
    let mut seen = false;
    for element in document.into_iter().flat_map(elements) {
        let element = element?;
        if element.key() == name.as_bytes() {
            seen = true;
            change(writer, element.document())?;
        } else {
            writer.copy(element);
        }
    }
    if seen { Ok(()) } else { change(writer, None) }
}
