//! Documents as bytes: elements where they stand.
//!
//! A stage hands on most of a document as it came. An [`Element`] knows its own bytes, so that it
//! is copied in one piece, and its value is looked at only when somebody asks.

use bson::{RawBsonRef, RawDocument, spec::ElementType};

pub(super) use crate::depth::{DEPTH_MAX, check_value as check_depth, too_deep};
use crate::{MongoCode, QueryError, interrupt::step};

/// A field of a document, where it stands.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    parent: &'a RawDocument,
    start: usize,
    value_start: usize,
    end: usize,
}

impl<'a> Element<'a> {
    /// The type, as BSON numbers it.
    pub(super) fn kind(&self) -> u8 {
        self.parent.as_bytes()[self.start]
    }

    /// The name as bytes; nearly all comparisons need no more.
    pub(super) fn key(&self) -> &'a [u8] {
        &self.parent.as_bytes()[self.start + 1..self.value_start - 1]
    }

    /// The name as text.
    pub(super) fn name(&self) -> Result<&'a str, QueryError> {
        str::from_utf8(self.key()).map_err(|_| malformed())
    }

    /// Type, name and value.
    pub(super) fn whole(&self) -> &'a [u8] {
        &self.parent.as_bytes()[self.start..self.end]
    }

    /// The value alone.
    pub(super) fn value_bytes(&self) -> &'a [u8] {
        &self.parent.as_bytes()[self.value_start..self.end]
    }

    /// Whether it is an array.
    pub(super) fn is_array(&self) -> bool {
        self.kind() == ElementType::Array as u8
    }

    /// The document that it is; without any for every other type.
    pub(super) fn document(&self) -> Option<&'a RawDocument> {
        let is_document = self.kind() == ElementType::EmbeddedDocument as u8;
        is_document.then(|| RawDocument::from_bytes(self.value_bytes()).ok()).flatten()
    }

    /// The array that it is, as the document of its indexes that it is in BSON.
    pub(super) fn array(&self) -> Option<&'a RawDocument> {
        self.is_array().then(|| RawDocument::from_bytes(self.value_bytes()).ok()).flatten()
    }

    /// The value.
    pub(super) fn value(&self) -> Result<RawBsonRef<'a>, QueryError> {
        let bytes = self.value_bytes();
        match ElementType::from(self.kind()) {
            Some(ElementType::Double) => fixed(bytes).map(f64::from_le_bytes).map(Into::into),
            Some(ElementType::Int32) => fixed(bytes).map(i32::from_le_bytes).map(Into::into),
            Some(ElementType::Int64) => fixed(bytes).map(i64::from_le_bytes).map(Into::into),
            Some(ElementType::ObjectId) => {
                fixed(bytes).map(|id| RawBsonRef::ObjectId(bson::oid::ObjectId::from_bytes(id)))
            }
            Some(ElementType::String) => {
                let text = bytes.get(4..bytes.len() - 1).and_then(|text| str::from_utf8(text).ok());
                text.map(RawBsonRef::String).ok_or_else(malformed)
            }
            Some(ElementType::EmbeddedDocument) => {
                RawDocument::from_bytes(bytes).map(RawBsonRef::Document).map_err(|_| malformed())
            }
            Some(ElementType::Null) => Ok(RawBsonRef::Null),
            Some(ElementType::Boolean) => match bytes {
                [0] => Ok(RawBsonRef::Boolean(false)),
                [1] => Ok(RawBsonRef::Boolean(true)),
                _ => Err(malformed()),
            },
            Some(ElementType::DateTime) => fixed(bytes).map(|bytes| {
                let time = bson::DateTime::from_millis(i64::from_le_bytes(bytes));
                RawBsonRef::DateTime(time)
            }),
            Some(ElementType::Decimal128) => fixed(bytes)
                .map(|bytes| RawBsonRef::Decimal128(bson::Decimal128::from_bytes(bytes))),
            _ => self.any_value(),
        }
    }

    /// Any value at all; only the walk of the BSON crate can make references of rare types.
    fn any_value(&self) -> Result<RawBsonRef<'a>, QueryError> {
        let mut start = 4;
        for element in self.parent.iter_elements() {
            let element = element.map_err(|_| malformed())?;
            if start == self.start {
                return element.value().map_err(|_| malformed());
            }
            start += 1 + element.key().len() + 1 + element.size();
        }
        Err(malformed())
    }
}

/// The fields of a document, one behind the other.
pub(super) struct Elements<'a> {
    parent: &'a RawDocument,
    next: usize,
}

impl<'a> Elements<'a> {
    /// The fields from some place on where one begins.
    pub(super) fn from(parent: &'a RawDocument, next: usize) -> Self {
        Self { parent, next }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.parent.as_bytes();
        let start = self.next;
        if start + 1 >= bytes.len() {
            return None;
        }
        if let Err(error) = step() {
            self.next = bytes.len();
            return Some(Err(error));
        }
        let key_start = start + 1;
        let end_of_value = || {
            let key_len = bytes[key_start..].iter().position(|byte| *byte == 0)?;
            let value_start = key_start + key_len + 1;
            let len = value_len(bytes[start], bytes.get(value_start..)?)?;
            let end = value_start.checked_add(len).filter(|end| *end < bytes.len())?;
            Some((value_start, end))
        };
        let Some((value_start, end)) = end_of_value() else {
            self.next = bytes.len();
            return Some(Err(malformed()));
        };
        self.next = end;
        Some(Ok(Element { parent: self.parent, start, value_start, end }))
    }
}

/// The fields of a document.
pub(super) fn elements(document: &RawDocument) -> Elements<'_> {
    Elements { parent: document, next: 4 }
}

/// The first field of a name.
pub(super) fn find<'a>(
    document: &'a RawDocument,
    name: &str,
) -> Result<Option<Element<'a>>, QueryError> {
    for element in elements(document) {
        let element = element?;
        if element.key() == name.as_bytes() {
            return Ok(Some(element));
        }
    }
    Ok(None)
}

/// The error about bytes that are no BSON.
pub(super) fn malformed() -> QueryError {
    QueryError::new(MongoCode::INVALID_BSON, "invalid BSON")
}

fn fixed<const LEN: usize>(bytes: &[u8]) -> Result<[u8; LEN], QueryError> {
    bytes.try_into().map_err(|_| malformed())
}

/// How many bytes a value takes that begins with some bytes.
fn value_len(kind: u8, bytes: &[u8]) -> Option<usize> {
    let prefix = || {
        let len = i32::from_le_bytes(*bytes.first_chunk::<4>()?);
        usize::try_from(len).ok()
    };
    let text = |from: usize| Some(bytes.get(from..)?.iter().position(|byte| *byte == 0)? + 1);
    match ElementType::from(kind)? {
        ElementType::Null | ElementType::Undefined | ElementType::MinKey | ElementType::MaxKey => {
            Some(0)
        }
        ElementType::Boolean => Some(1),
        ElementType::Int32 => Some(4),
        ElementType::Double
        | ElementType::DateTime
        | ElementType::Timestamp
        | ElementType::Int64 => Some(8),
        ElementType::ObjectId => Some(12),
        ElementType::Decimal128 => Some(16),
        ElementType::String | ElementType::JavaScriptCode | ElementType::Symbol => {
            prefix().filter(|len| *len > 0)?.checked_add(4)
        }
        ElementType::EmbeddedDocument | ElementType::Array => prefix().filter(|len| *len >= 5),
        ElementType::JavaScriptCodeWithScope => prefix().filter(|len| *len >= 14),
        ElementType::Binary => prefix()?.checked_add(5),
        ElementType::DbPointer => prefix()?.checked_add(16),
        ElementType::RegularExpression => {
            let pattern = text(0)?;
            Some(pattern + text(pattern)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, Document, RawBsonRef, RawDocumentBuf, doc};

    use super::{elements, find};
    use crate::aggregate::write::{Indexes, Writer};

    fn all_types() -> Document {
        doc! {
            "double": 1.5,
            "text": "ä",
            "document": { "a": { "b": [1, "x"] } },
            "array": [1_i32, [2_i64], { "c": null }],
            "binary": bson::Binary { subtype: 128.into(), bytes: vec![1, 2, 3] },
            "old": bson::Binary { subtype: bson::spec::BinarySubtype::BinaryOld, bytes: vec![1] },
            "undefined": Bson::Undefined,
            "id": bson::oid::ObjectId::from_bytes([7; 12]),
            "bool": true,
            "date": bson::DateTime::from_millis(-5),
            "null": null,
            "regex": bson::Regex {
                pattern: bson::raw::cstr!("^a").to_owned(),
                options: bson::raw::cstr!("i").to_owned(),
            },
            "code": Bson::JavaScriptCode("f()".into()),
            "symbol": Bson::Symbol("s".into()),
            "scoped": bson::JavaScriptCodeWithScope { code: "f".into(), scope: doc! { "a": 1 } },
            "int": 1_i32,
            "time": bson::Timestamp { time: 1, increment: 2 },
            "long": 1_i64,
            "decimal": "1.50".parse::<bson::Decimal128>().unwrap(),
            "min": Bson::MinKey,
            "max": Bson::MaxKey,
        }
    }

    #[test]
    fn every_type_is_walked_read_and_written() {
        let document = RawDocumentBuf::try_from(&all_types()).unwrap();
        let mut written = Writer::with_capacity(0);
        let mut copied = Writer::with_capacity(0);
        for element in elements(&document) {
            let element = element.unwrap();
            written.append(element.name().unwrap(), element.value().unwrap()).unwrap();
            copied.copy(element);
        }
        assert_eq!(written.finish().unwrap(), document);
        assert_eq!(copied.finish().unwrap(), document);
    }

    #[test]
    fn bytes_that_are_cut_or_flipped_are_errors_and_no_panics() {
        let document = RawDocumentBuf::try_from(&all_types()).unwrap().into_bytes();
        for at in 4..document.len() - 1 {
            for flip in [0x01, 0x80, 0xff] {
                let mut bytes = document.clone();
                bytes[at] ^= flip;
                let document = RawDocumentBuf::from_bytes(bytes).unwrap();
                for element in elements(&document) {
                    let Ok(element) = element else { break };
                    let _ = (element.value(), element.name());
                }
            }
        }
    }

    #[test]
    fn documents_and_arrays_are_written_within() {
        let mut writer = Writer::with_capacity(0);
        writer.begin_array("a").unwrap();
        let mut indexes = Indexes::new();
        for number in 0..12 {
            writer.append(indexes.next(), number.into()).unwrap();
        }
        writer.begin_document(indexes.next()).unwrap();
        writer.end();
        writer.end();
        let document = writer.finish().unwrap();
        let mut array: Vec<Bson> = (0..12).map(Bson::Int32).collect();
        array.push(Bson::Document(doc! {}));
        assert_eq!(Document::try_from(&document).unwrap(), doc! { "a": array });
        assert!(find(&document, "b").unwrap().is_none());
    }

    #[test]
    fn what_nests_too_deep_is_refused() {
        let mut value = doc! {};
        for _ in 0..198 {
            value = doc! { "a": value };
        }
        let inner = RawDocumentBuf::try_from(&value).unwrap();
        let mut writer = Writer::with_capacity(0);
        writer.append("a", RawBsonRef::Document(&inner)).unwrap();
        let deep = writer.finish().unwrap();
        let error = Writer::with_capacity(0).append("a", RawBsonRef::Document(&deep)).unwrap_err();
        assert_eq!(error.code, crate::MongoCode::OVERFLOW);
    }
}
