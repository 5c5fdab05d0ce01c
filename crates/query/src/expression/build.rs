//! New arrays, documents and texts, none of which may grow without bounds.

use std::cell::Cell;

use bson::{RawArrayBuf, RawBson, RawBsonRef, RawDocumentBuf, raw::CStr};

use super::value::{Evaluated, Value, broken};
use crate::{QueryError, interrupt::step_bytes};

/// So large a value may be while an expression works on it. What is stored must be smaller.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// So long a text may be.
const TEXT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// So large all new values together may be that an evaluation works on at one moment.
const HELD_BYTES_MAX: usize = 2 * BYTES_MAX;

thread_local! {
    /// What the evaluation on this thread holds. It begins and ends at 0 with each evaluation.
    static HELD_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// The bytes of new values that an operator holds. Operators stand in one another, and each may
/// hold much while the inner ones work: all of them together are limited.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: usize,
}

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

impl Held {
    /// Counts what a value takes; nothing for a part of something that is there already.
    pub(super) fn add(&mut self, value: Option<&Value<'_>>) -> Result<(), QueryError> {
        match value {
            Some(Value::Owned(value)) => self.grow_to(self.bytes + bytes_of(value)),
            Some(Value::Borrowed(_)) | None => Ok(()),
        }
    }

    /// Counts a list of so many elements that are looked at where they stand.
    pub(super) fn add_elements(&mut self, count: usize) -> Result<(), QueryError> {
        self.grow_to(self.bytes + count * size_of::<RawBsonRef<'_>>())
    }

    /// Counts what has grown to a number of bytes.
    pub(super) fn grow_to(&mut self, bytes: usize) -> Result<(), QueryError> {
        let others = HELD_BYTES.get().saturating_sub(self.bytes);
        if others + bytes > HELD_BYTES_MAX {
            return Err(exceeded(format!(
                "an expression holds values of more than {HELD_BYTES_MAX} bytes"
            )));
        }
        HELD_BYTES.set(others + bytes);
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD_BYTES.set(HELD_BYTES.get().saturating_sub(self.bytes));
    }
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
        check_bytes(bytes)?;
        self.held.grow_to(bytes)
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

/// Refuses a value that grows too large.
pub(crate) fn check_bytes(bytes: usize) -> Result<(), QueryError> {
    if bytes <= BYTES_MAX {
        return Ok(());
    }
    Err(exceeded(format!("an expression makes a value of more than {BYTES_MAX} bytes")))
}

fn exceeded(text: String) -> QueryError {
    const EXCEEDED_MEMORY_LIMIT: i32 = 146;
    QueryError::new(EXCEEDED_MEMORY_LIMIT, text)
}
