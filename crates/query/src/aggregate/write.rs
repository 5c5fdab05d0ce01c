//! Documents as bytes: a writer that copies what it can.

use std::{fmt::Write as _, io::Write as _};

use bson::{RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr, spec::ElementType};

use super::raw::{DEPTH_MAX, Element, check_depth, malformed, too_deep};
use crate::{
    MongoCode, QueryError,
    interrupt::{charge_bytes, step},
    memory::HeldBytes,
};

/// So long a document may become between two stages.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// A document is counted from here on.
const HELD_BYTES_MIN: usize = 16 << 10;

/// A document that grows.
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Where the documents begin that are not closed yet.
    open: Vec<usize>,
    held: HeldBytes,
}

impl Writer {
    /// An empty document, with room.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let mut bytes = Vec::with_capacity(bytes + 16);
        bytes.extend_from_slice(&[0; 4]);
        Self { bytes, open: vec![0], held: HeldBytes::default() }
    }

    /// How many bytes there are so far.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Copies a field.
    pub(super) fn copy(&mut self, element: Element<'_>) {
        self.bytes.extend_from_slice(element.whole());
    }

    /// Copies a field, under another name. Many fields may be copies of one.
    pub(super) fn copy_as(&mut self, name: &str, element: Element<'_>) -> Result<(), QueryError> {
        self.name(element.kind(), name);
        self.bytes.extend_from_slice(element.value_bytes());
        self.check_len()
    }

    /// Copies all fields of a document.
    pub(super) fn copy_all(&mut self, document: &RawDocument) {
        let bytes = document.as_bytes();
        self.bytes.extend_from_slice(&bytes[4..bytes.len() - 1]);
    }

    /// Adds a field.
    pub(super) fn append(&mut self, name: &str, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        if let RawBsonRef::Document(_) | RawBsonRef::Array(_) = value {
            check_depth(value, self.open.len())?;
        }
        self.name(value.element_type() as u8, name);
        append_value(&mut self.bytes, value);
        self.check_len()
    }

    /// Refuses a document that grows too large before it takes the memory of the process.
    fn check_len(&mut self) -> Result<(), QueryError> {
        let len = self.bytes.len();
        if len < HELD_BYTES_MIN {
            return Ok(());
        }
        if len <= BYTES_MAX {
            return self.held.set(len);
        }
        let text = format!("the document has {len} bytes, and {BYTES_MAX} is the limit");
        Err(QueryError::new(MongoCode::BUFFER_TOO_LARGE, text))
    }

    /// Adds an array.
    pub(super) fn append_array(
        &mut self,
        name: &str,
        array: &ArrayBuffer,
    ) -> Result<(), QueryError> {
        self.name(ElementType::Array as u8, name);
        let len = u32::try_from(array.bytes.len() + 5).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&array.bytes);
        self.bytes.push(0);
        self.check_len()
    }

    /// Begins a document within.
    pub(super) fn begin_document(&mut self, name: &str) -> Result<(), QueryError> {
        self.begin(ElementType::EmbeddedDocument, name)
    }

    /// Begins an array within. Its elements are named by [`Indexes`].
    pub(super) fn begin_array(&mut self, name: &str) -> Result<(), QueryError> {
        self.begin(ElementType::Array, name)
    }

    fn begin(&mut self, kind: ElementType, name: &str) -> Result<(), QueryError> {
        if self.open.len() >= DEPTH_MAX {
            return Err(too_deep());
        }
        self.name(kind as u8, name);
        self.open.push(self.bytes.len());
        self.bytes.extend_from_slice(&[0; 4]);
        Ok(())
    }

    /// Ends what was begun last.
    pub(super) fn end(&mut self) {
        self.bytes.push(0);
        let start = self.open.pop().unwrap_or_default();
        let len = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        self.bytes[start..start + 4].copy_from_slice(&len.to_le_bytes());
    }

    /// The document.
    pub(super) fn finish(mut self) -> Result<RawDocumentBuf, QueryError> {
        charge_bytes(self.bytes.len());
        while !self.open.is_empty() {
            self.end();
        }
        RawDocumentBuf::from_bytes(self.bytes).map_err(|_| malformed())
    }

    /// What a field begins with. A name cannot hold a NUL, as it comes from BSON or was checked.
    fn name(&mut self, kind: u8, name: &str) {
        self.bytes.push(kind);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
    }
}

/// An array that grows by itself, to become part of a document later.
#[derive(Debug, Clone, Default)]
pub(super) struct ArrayBuffer {
    bytes: Vec<u8>,
    count: usize,
}

impl ArrayBuffer {
    /// Adds a value, and tells by how many bytes the array has grown.
    pub(super) fn push(&mut self, value: RawBsonRef<'_>) -> Result<usize, QueryError> {
        // It will stand in a document at least.
        check_depth(value, 2)?;
        let before = self.bytes.len();
        step()?;
        self.bytes.push(value.element_type() as u8);
        // Writing to bytes cannot fail.
        let _ = write!(self.bytes, "{}\0", self.count);
        append_value(&mut self.bytes, value);
        self.count += 1;
        charge_bytes(self.bytes.len() - before);
        Ok(self.bytes.len() - before)
    }
}

/// The names of the elements of arrays: "0", "1" and so on.
pub(super) struct Indexes {
    next: usize,
    text: String,
}

impl Indexes {
    pub(super) fn new() -> Self {
        Self { next: 0, text: String::new() }
    }

    /// The name of the next element.
    pub(super) fn next(&mut self) -> &str {
        self.text.clear();
        // Writing to a text cannot fail.
        let _ = write!(self.text, "{}", self.next);
        self.next += 1;
        &self.text
    }
}

fn append_value(bytes: &mut Vec<u8>, value: RawBsonRef<'_>) {
    match value {
        RawBsonRef::Double(number) => bytes.extend_from_slice(&number.to_le_bytes()),
        RawBsonRef::Int32(number) => bytes.extend_from_slice(&number.to_le_bytes()),
        RawBsonRef::Int64(number) => bytes.extend_from_slice(&number.to_le_bytes()),
        RawBsonRef::Boolean(is) => bytes.push(u8::from(is)),
        RawBsonRef::Null => {}
        RawBsonRef::ObjectId(id) => bytes.extend_from_slice(&id.bytes()),
        RawBsonRef::DateTime(date) => {
            bytes.extend_from_slice(&date.timestamp_millis().to_le_bytes());
        }
        RawBsonRef::Document(document) => bytes.extend_from_slice(document.as_bytes()),
        RawBsonRef::Array(array) => bytes.extend_from_slice(array.as_bytes()),
        RawBsonRef::String(text) => {
            let len = i32::try_from(text.len() + 1).unwrap_or(i32::MAX);
            bytes.extend_from_slice(&len.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
            bytes.push(0);
        }
        rare => {
            // The BSON crate writes what is rarely met: length, type, an empty name, the value, 0.
            let mut around = RawDocumentBuf::new();
            around.append(cstr!(""), rare);
            let around = around.as_bytes();
            bytes.extend_from_slice(&around[6..around.len() - 1]);
        }
    }
}
