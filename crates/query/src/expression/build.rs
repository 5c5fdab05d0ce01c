//! New arrays, documents and texts, none of which may grow without bounds.

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocumentBuf, raw::CStr};

use super::value::{Evaluated, Value, broken};
use crate::{
    MongoCode, QueryError,
    interrupt::{charge_bytes, step_bytes},
    memory::Held,
};

/// So large a value may be while an expression works on it. What is stored must be smaller.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// So long a text may be.
const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An array that grows.
#[derive(Default)]
pub(super) struct ArrayBuilder {
    array: RawArrayBuf,
    held: Held,
}

/// A document that grows.
#[derive(Default)]
pub(super) struct DocumentBuilder {
    document: RawDocumentBuf,
    held: Held,
}

/// Roughly how many bytes a value takes.
pub(super) fn bytes_of(value: &RawBson) -> usize {
    match value {
        RawBson::Document(document) => document.as_bytes().len(),
        RawBson::Array(array) => array.as_bytes().len(),
        RawBson::String(text) => text.len(),
        RawBson::Binary(binary) => binary.bytes.len(),
        _ => 16,
    }
}

impl ArrayBuilder {
    pub(super) fn push(&mut self, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        let before = self.array.as_bytes().len();
        self.array.push(value);
        let bytes = self.array.as_bytes().len();
        step_bytes(bytes - before)?;
        check_bytes(bytes)?;
        self.held.grow_to(bytes)
    }

    pub(super) fn finish(self) -> Value<'static> {
        charge_bytes(self.array.as_bytes().len());
        Value::Owned(RawBson::Array(self.array), self.held)
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
        check_bytes(bytes)?;
        self.held.grow_to(bytes)
    }

    pub(super) fn finish(self) -> Value<'static> {
        charge_bytes(self.document.as_bytes().len());
        Value::Owned(RawBson::Document(self.document), self.held)
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

/// Refuses a value that grows too large.
pub(crate) fn check_bytes(bytes: usize) -> Result<(), QueryError> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(exceeded(format!("an expression makes a value of more than {BYTES_MAX} bytes")))
}

fn exceeded(text: String) -> QueryError {
    QueryError::new(MongoCode::EXCEEDED_MEMORY_LIMIT, text)
}
