//! Finds a field in a document without looking at what stands before it.
//!
//! This is what filters and sorts spend their time with. The general reader checks the name of
//! every field on the way and makes a value of it; here names are bytes to be compared, and values
//! are lengths to be skipped. What is rare or broken is left to the general reader.

use bson::{DateTime, RawBsonRef, RawDocument, oid::ObjectId};

use crate::{QueryError, depth::malformed, interrupt::charge_bytes};

/// The value of a field.
pub(crate) fn field<'a>(
    document: &'a RawDocument,
    name: &str,
) -> Result<Option<RawBsonRef<'a>>, QueryError> {
    // How far the field is, is known to nobody here; that of large documents counts in full.
    charge_bytes(document.as_bytes().len());
    match find(document.as_bytes(), name.as_bytes()) {
        Some(Found::Nothing) => Ok(None),
        Some(Found::Value(value)) => Ok(Some(value)),
        None => document.get(name).map_err(malformed),
    }
}

enum Found<'a> {
    Nothing,
    Value(RawBsonRef<'a>),
}

/// Nothing if the general reader has to look.
fn find<'a>(document: &'a [u8], name: &[u8]) -> Option<Found<'a>> {
    let mut rest = document.get(4..)?;
    loop {
        let (&kind, after) = rest.split_first()?;
        if kind == 0 {
            return Some(Found::Nothing);
        }
        if let Some([0, value @ ..]) = after.strip_prefix(name) {
            return read(kind, value).map(Found::Value);
        }
        let end = after.iter().position(|byte| *byte == 0)?;
        let value = after.get(end + 1..)?;
        rest = value.get(length(kind, value)?..)?;
    }
}

/// How many bytes a value takes.
fn length(kind: u8, value: &[u8]) -> Option<usize> {
    Some(match kind {
        0x01 | 0x09 | 0x11 | 0x12 => 8,
        0x02 | 0x0d | 0x0e => prefix(value)?.checked_add(4)?,
        // A document counts its length; one that is too small would never end.
        0x03 | 0x04 | 0x0f => prefix(value).filter(|length| *length >= 5)?,
        0x05 => prefix(value)?.checked_add(5)?,
        0x06 | 0x0a | 0x7f | 0xff => 0,
        0x07 => 12,
        0x08 => 1,
        0x0b => {
            let pattern = value.iter().position(|byte| *byte == 0)? + 1;
            let options = value.get(pattern..)?.iter().position(|byte| *byte == 0)? + 1;
            pattern + options
        }
        0x0c => prefix(value)?.checked_add(16)?,
        0x10 => 4,
        0x13 => 16,
        _ => return None,
    })
}

/// A value of one of the types that are common and can be made from bytes; arrays cannot.
fn read(kind: u8, value: &[u8]) -> Option<RawBsonRef<'_>> {
    Some(match kind {
        0x01 => RawBsonRef::Double(f64::from_le_bytes(*value.first_chunk()?)),
        0x02 => {
            let length = prefix(value)?;
            let text = value.get(4..)?.get(..length)?.strip_suffix(&[0])?;
            RawBsonRef::String(std::str::from_utf8(text).ok()?)
        }
        0x03 => RawBsonRef::Document(document(value)?),
        0x07 => RawBsonRef::ObjectId(ObjectId::from_bytes(*value.first_chunk()?)),
        0x08 => match value.first()? {
            0 => RawBsonRef::Boolean(false),
            1 => RawBsonRef::Boolean(true),
            _ => return None,
        },
        0x09 => {
            RawBsonRef::DateTime(DateTime::from_millis(i64::from_le_bytes(*value.first_chunk()?)))
        }
        0x0a => RawBsonRef::Null,
        0x10 => RawBsonRef::Int32(i32::from_le_bytes(*value.first_chunk()?)),
        0x12 => RawBsonRef::Int64(i64::from_le_bytes(*value.first_chunk()?)),
        _ => return None,
    })
}

fn document(value: &[u8]) -> Option<&RawDocument> {
    RawDocument::from_bytes(value.get(..prefix(value)?)?).ok()
}

fn prefix(value: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(*value.first_chunk()?)).ok()
}

#[cfg(test)]
mod tests {
    use bson::{
        Binary, Bson, Decimal128, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp, doc,
        spec::BinarySubtype,
    };

    use super::*;

    /// A field of every type, with a name that says which.
    fn document() -> RawDocumentBuf {
        let regex = Regex { pattern: "a".try_into().unwrap(), options: "i".try_into().unwrap() };
        let code = JavaScriptCodeWithScope { code: "f".to_owned(), scope: doc! {"a": 1} };
        let binary = Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1] };
        let document = doc! {
            "": 0, "a": "text", "ab": {"a": 1}, "abc": ["x", 2], "id": ObjectId::from([0; 12]),
            "null": null, "true": true, "false": false, "date": DateTime::from_millis(5), "1": 1,
            "2": 2_i64, "3": 0.5, "decimal": Decimal128::from_bytes([1; 16]), "binary": binary,
            "old": Binary { subtype: BinarySubtype::BinaryOld, bytes: vec![7] }, "regex": regex,
            "scoped": code, "code": Bson::JavaScriptCode("g".to_owned()), "min": Bson::MinKey,
            "symbol": Bson::Symbol("s".to_owned()), "max": Bson::MaxKey, "no": Bson::Undefined,
            "stamp": Timestamp { time: 1, increment: 2 }, "last": "end",
        };
        RawDocumentBuf::try_from(&document).unwrap()
    }

    #[test]
    fn every_field_is_found() {
        let document = document();
        for one in document.iter() {
            let (name, value) = one.unwrap();
            assert_eq!(field(&document, name.as_str()).unwrap(), Some(value), "{name:?}");
        }
        for missing in ["b", "abcd", "las", "lastt", "tex"] {
            assert_eq!(field(&document, missing).unwrap(), None, "{missing}");
        }
        assert_eq!(field(&RawDocumentBuf::new(), "a").unwrap(), None);
    }

    #[test]
    fn broken_bytes_are_left_to_the_general_reader() {
        let document = document();
        for place in 0..document.as_bytes().len() {
            for value in [0, 1, 3, 0x7f, 0xff] {
                let mut bytes = document.as_bytes().to_vec();
                bytes[place] = value;
                if let Ok(broken) = RawDocument::from_bytes(&bytes) {
                    // Either an error or an answer; no panic and no endless way.
                    let _ = field(broken, "last");
                }
            }
        }
    }
}
