//! New arrays, documents and texts, none of which may grow without bounds.

use bson::{RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, raw::CStr, spec::ElementType};

use super::value::{Evaluated, Value, broken};
use crate::{
    DEPTH_MAX, QueryError,
    interrupt::{step, step_bytes},
};

/// So large a value may be while an expression works on it. What is stored must be smaller.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// So long a text may be.
const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An array that grows.
#[derive(Default)]
pub(super) struct ArrayBuilder {
    array: RawArrayBuf,
}

/// A document that grows.
#[derive(Default)]
pub(super) struct DocumentBuilder {
    document: RawDocumentBuf,
}

impl ArrayBuilder {
    pub(super) fn push(&mut self, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        let before = self.array.as_bytes().len();
        self.array.push(value);
        let bytes = self.array.as_bytes().len();
        step_bytes(bytes - before)?;
        check_bytes(bytes)
    }

    pub(super) fn finish(self) -> Value<'static> {
        Value::array(self.array)
    }

    /// The same where a result is asked for.
    pub(super) fn done<'a>(self) -> Evaluated<'a> {
        Ok(Some(self.finish()))
    }
}

impl DocumentBuilder {
    pub(super) fn append(&mut self, name: &str, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        let name: &CStr = name.try_into().map_err(|error| broken(&error))?;
        self.append_named(name, value)
    }

    pub(super) fn append_named(
        &mut self,
        name: &CStr,
        value: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        let before = self.document.as_bytes().len();
        self.document.append(name, value);
        let bytes = self.document.as_bytes().len();
        step_bytes(bytes - before)?;
        check_bytes(bytes)
    }

    pub(super) fn into_document(self) -> RawDocumentBuf {
        self.document
    }

    pub(super) fn finish(self) -> Value<'static> {
        Value::document(self.document)
    }

    /// The same where a result is asked for.
    pub(super) fn done<'a>(self) -> Evaluated<'a> {
        Ok(Some(self.finish()))
    }
}

/// Refuses what an operator is about to make, if it is too much.
pub(super) fn check_memory(operator: &str, bytes: usize) -> Result<(), QueryError> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(exceeded(format!(
        "{operator} would use too much memory ({bytes} bytes) and cannot spill to disk. \
         Memory limit: {BYTES_MAX} bytes"
    )))
}

/// Refuses a text that is too long, or about to be.
pub(super) fn check_text(operator: &str, bytes: usize) -> Result<(), QueryError> {
    if bytes <= TEXT_BYTES_MAX {
        return Ok(());
    }
    Err(exceeded(format!("{operator} makes a string of more than {TEXT_BYTES_MAX} bytes")))
}

fn check_bytes(bytes: usize) -> Result<(), QueryError> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(exceeded(format!("an expression makes a value of more than {BYTES_MAX} bytes")))
}

fn exceeded(text: String) -> QueryError {
    const EXCEEDED_MEMORY_LIMIT: i32 = 146;
    QueryError::new(EXCEEDED_MEMORY_LIMIT, text)
}

/// Refuses what is nested too deep to be stored or compared.
pub(super) fn check_depth(value: RawBsonRef<'_>) -> Result<(), QueryError> {
    check_levels(value, DEPTH_MAX)
}

fn check_levels(value: RawBsonRef<'_>, levels: usize) -> Result<(), QueryError> {
    const OVERFLOW: i32 = 15;
    let bytes = match value {
        RawBsonRef::Document(document) => document.as_bytes(),
        RawBsonRef::Array(array) => array.as_bytes(),
        _ => return Ok(()),
    };
    let Some(levels) = levels.checked_sub(1) else {
        let text = format!("documents and arrays are nested more than {DEPTH_MAX} levels deep");
        return Err(QueryError::new(OVERFLOW, text));
    };
    let document = RawDocument::from_bytes(bytes).map_err(|error| broken(&error))?;
    for element in document.iter_elements() {
        step()?;
        let element = element.map_err(|error| broken(&error))?;
        if matches!(element.element_type(), ElementType::Array | ElementType::EmbeddedDocument) {
            check_levels(element.value().map_err(|error| broken(&error))?, levels)?;
        }
    }
    Ok(())
}
