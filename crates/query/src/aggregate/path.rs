//! Paths of fields that stages write: `a.b` makes documents on its way, and looks into no array.

use bson::RawDocument;

use super::raw::{Element, elements, find};
use super::write::Writer;
use crate::{QueryError, field_path};

/// A path with at least one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    names: Vec<String>,
}

impl Path {
    /// Parses a path without `$` before it.
    pub(super) fn parse(text: &str) -> Result<Self, QueryError> {
        Ok(Self { names: field_path::names(text)? })
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
