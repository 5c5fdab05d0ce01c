//! A document with some of its elements changed: all others are copied as bytes, in runs.

use bson::{
    RawBsonRef, RawDocument, RawDocumentBuf,
    raw::{CStr, RawElement},
};

use super::limits::check_working_size;
use crate::{MongoCode, QueryError, interrupt::step};

/// Where an element of a document lies in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

/// A document in the making. Without any change, nothing is copied.
pub(super) struct Splice<'a> {
    source: &'a RawDocument,
    out: Vec<u8>,
    copied: usize,
}

/// Before the elements of a document comes its length.
const HEADER: usize = 4;

impl<'a> Splice<'a> {
    /// Begins with a document as it is.
    pub(super) fn new(source: &'a RawDocument) -> Self {
        Self { source, out: Vec::new(), copied: HEADER }
    }

    /// Puts a value into the place of an element.
    pub(super) fn replace(
        &mut self,
        span: Span,
        key: &CStr,
        value: RawBsonRef<'_>,
    ) -> Result<(), QueryError> {
        self.remove(span);
        self.push(key, value)
    }

    /// Leaves an element out.
    pub(super) fn remove(&mut self, span: Span) {
        self.copy_until(span.start);
        self.copied = span.end;
    }

    /// Puts an element behind all others. No element of the source may be changed after that.
    pub(super) fn append(&mut self, key: &CStr, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        self.copy_until(self.source.as_bytes().len() - 1);
        self.push(key, value)
    }

    /// The document, if it is another one now.
    pub(super) fn finish(mut self) -> Result<Option<RawDocumentBuf>, QueryError> {
        if self.out.is_empty() {
            return Ok(None);
        }
        self.copy_until(self.source.as_bytes().len() - 1);
        self.out.push(0);
        let length = i32::try_from(self.out.len()).map_err(|error| broken(&error))?;
        self.out[..HEADER].copy_from_slice(&length.to_le_bytes());
        RawDocumentBuf::from_bytes(self.out).map(Some).map_err(|error| broken(&error))
    }

    /// A small update can make a huge document: that ends here.
    fn push(&mut self, key: &CStr, value: RawBsonRef<'_>) -> Result<(), QueryError> {
        let mut element = RawDocumentBuf::new();
        element.append(key, value);
        let bytes = element.as_bytes();
        self.out.extend_from_slice(&bytes[HEADER..bytes.len() - 1]);
        check_working_size(self.out.len())
    }

    fn copy_until(&mut self, end: usize) {
        if self.out.is_empty() {
            self.out.extend([0; HEADER]);
        }
        if let Some(run) = self.source.as_bytes().get(self.copied..end) {
            self.out.extend_from_slice(run);
            self.copied = end;
        }
    }
}

/// The elements of a document, or of an array, with where they lie. Their values are not looked at.
pub(super) fn elements(
    document: &RawDocument,
) -> impl Iterator<Item = Result<(Span, RawElement<'_>), QueryError>> {
    let mut start = HEADER;
    document.iter_elements().map(move |element| {
        step()?;
        let element = element.map_err(|error| broken(&error))?;
        let end = start + element.key().len() + 2 + element.size();
        let span = Span { start, end };
        start = end;
        Ok((span, element))
    })
}

/// The value of an element.
pub(super) fn value<'a>(element: &RawElement<'a>) -> Result<RawBsonRef<'a>, QueryError> {
    element.value().map_err(|error| broken(&error))
}

/// The error about bytes that are no BSON.
pub(super) fn broken(error: &dyn std::fmt::Display) -> QueryError {
    QueryError::new(MongoCode::INVALID_BSON, format!("invalid BSON: {error}"))
}
