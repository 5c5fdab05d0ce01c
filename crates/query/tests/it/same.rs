//! Exact comparison: types, the order of fields, the order of documents.

use bson::{Bson, RawArrayBuf, RawBson, RawBsonRef, RawDocumentBuf, raw::cstr};
use serde_json::Value;

/// Decodes extended JSON.
pub(crate) fn decode(value: &Value) -> Result<Bson, String> {
    Bson::try_from(value.clone()).map_err(|error| format!("{value}: {error}"))
}

/// Decodes extended JSON that has to be a document.
pub(crate) fn decode_document(value: &Value) -> Result<RawDocumentBuf, String> {
    match decode(value)? {
        Bson::Document(document) => {
            RawDocumentBuf::try_from(&document).map_err(|error| error.to_string())
        }
        _ => Err(format!("{value} is no document")),
    }
}

pub(crate) fn decode_documents(values: &[Value]) -> Result<Vec<RawDocumentBuf>, String> {
    values.iter().map(decode_document).collect()
}

/// Values as a person reads them.
pub(crate) fn show(value: &RawBson) -> String {
    Bson::try_from(value.clone())
        .map_or_else(|error| error.to_string(), |value| value.into_relaxed_extjson().to_string())
}

/// Whether a value is just what was expected.
pub(crate) fn same(expected: &Value, found: &RawBson) -> Result<(), String> {
    same_lists(std::slice::from_ref(expected), vec![found.clone()], false)
}

/// Whether values are just those that were expected.
pub(crate) fn same_lists(
    expected: &[Value],
    found: Vec<RawBson>,
    any_order: bool,
) -> Result<(), String> {
    let expected = expected
        .iter()
        .map(|value| RawBson::try_from(decode(value)?).map_err(|error| format!("{value}: {error}")))
        .collect::<Result<Vec<_>, String>>()?;
    let with_ids = |found: &RawBson| {
        let takes_any = expected.iter().any(has_generated_id);
        if takes_any { without_generated_id(found) } else { found.clone() }
    };
    let mut left: Vec<Vec<u8>> = expected.iter().map(bytes).collect();
    let mut right: Vec<Vec<u8>> = found.iter().map(|one| bytes(&with_ids(one))).collect();
    if any_order {
        left.sort();
        right.sort();
    }
    if left == right {
        return Ok(());
    }
    let list = |values: &[RawBson]| -> String {
        values.iter().map(|value| format!("\n        {}", show(value))).collect()
    };
    let (expected, found) = (list(&expected), list(&found));
    if expected == found {
        return Err(format!("the types of the numbers differ in{found}"));
    }
    Err(format!("wanted{expected}\n    but got{found}"))
}

/// The bytes of a value with its type, which NaN equals, too.
fn bytes(value: &RawBson) -> Vec<u8> {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!(""), one_nan(value.as_raw_bson_ref()));
    document.into_bytes()
}

/// The same value, in which all NaN are one: processors disagree about the sign of what they make.
fn one_nan(value: RawBsonRef<'_>) -> RawBson {
    match value {
        RawBsonRef::Double(number) if number.is_nan() => RawBson::Double(f64::NAN),
        RawBsonRef::Document(document) => {
            let mut same = RawDocumentBuf::new();
            for field in document {
                let (name, value) = field.unwrap();
                same.append(name, one_nan(value));
            }
            RawBson::Document(same)
        }
        RawBsonRef::Array(array) => {
            let mut same = RawArrayBuf::new();
            for item in array {
                same.push(one_nan(item.unwrap()));
            }
            RawBson::Array(same)
        }
        value => value.into(),
    }
}

/// `{"_id": {"$generated": true}}`
fn has_generated_id(value: &RawBson) -> bool {
    let id = value.as_document().and_then(|document| document.get("_id").ok().flatten());
    let marker = id.and_then(|id| id.as_document());
    marker.is_some_and(|marker| marker.get_bool("$generated").unwrap_or(false))
}

/// The same document with the mark in place of an id that was made for it.
fn without_generated_id(value: &RawBson) -> RawBson {
    let Some(document) = value.as_document() else { return value.clone() };
    let mut marked = RawDocumentBuf::new();
    for field in document {
        let (name, value) = field.unwrap();
        if name.as_str() == "_id" && value.as_object_id().is_some() {
            let mut marker = RawDocumentBuf::new();
            marker.append(cstr!("$generated"), true);
            marked.append(name, marker);
        } else {
            marked.append(name, value);
        }
    }
    RawBson::Document(marked)
}
