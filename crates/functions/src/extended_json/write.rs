//! From BSON to canonical extended JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bson::{Bson, RawBson, RawBsonRef, RawDocument};

/// How deep documents of a store are nested at most.
const DEPTH_MAX: usize = 250;

/// A document that is not BSON, or that is nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a document of the data source cannot be written as extended JSON")]
pub(crate) struct Unwritable;

/// Appends a document.
///
/// # Errors
/// It is no document.
pub(crate) fn write_document(document: &RawDocument, text: &mut Vec<u8>) -> Result<(), Unwritable> {
    write_fields(document, text, 0)
}

/// Appends a value.
///
/// # Errors
/// It holds what BSON cannot hold.
pub(crate) fn write_bson(value: &Bson, text: &mut Vec<u8>) -> Result<(), Unwritable> {
    let raw = RawBson::try_from(value.clone()).map_err(|_| Unwritable)?;
    write(raw.as_raw_bson_ref(), text, 0)
}

fn write_fields(
    document: &RawDocument,
    text: &mut Vec<u8>,
    depth: usize,
) -> Result<(), Unwritable> {
    if depth > DEPTH_MAX {
        return Err(Unwritable);
    }
    text.push(b'{');
    for (index, field) in document.iter().enumerate() {
        let (name, value) = field.map_err(|_| Unwritable)?;
        if index > 0 {
            text.push(b',');
        }
        string(name.as_str(), text);
        text.push(b':');
        write(value, text, depth + 1)?;
    }
    text.push(b'}');
    Ok(())
}

fn write(value: RawBsonRef<'_>, text: &mut Vec<u8>, depth: usize) -> Result<(), Unwritable> {
    match value {
        RawBsonRef::Null => text.extend_from_slice(b"null"),
        RawBsonRef::Undefined => text.extend_from_slice(br#"{"$undefined":true}"#),
        RawBsonRef::Boolean(truth) => {
            text.extend_from_slice(if truth { b"true" } else { b"false" });
        }
        RawBsonRef::String(own) => string(own, text),
        RawBsonRef::Int32(integer) => wrapped("$numberInt", &integer.to_string(), text),
        RawBsonRef::Int64(integer) => wrapped("$numberLong", &integer.to_string(), text),
        RawBsonRef::Double(number) => wrapped("$numberDouble", &double(number), text),
        RawBsonRef::Decimal128(number) => wrapped("$numberDecimal", &number.to_string(), text),
        RawBsonRef::ObjectId(id) => wrapped("$oid", &id.to_hex(), text),
        RawBsonRef::Symbol(symbol) => wrapped("$symbol", symbol, text),
        RawBsonRef::DateTime(time) => {
            text.extend_from_slice(br#"{"$date":"#);
            wrapped("$numberLong", &time.timestamp_millis().to_string(), text);
            text.push(b'}');
        }
        RawBsonRef::Document(document) => write_fields(document, text, depth)?,
        RawBsonRef::Array(array) => {
            if depth > DEPTH_MAX {
                return Err(Unwritable);
            }
            text.push(b'[');
            for (index, item) in array.into_iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                write(item.map_err(|_| Unwritable)?, text, depth + 1)?;
            }
            text.push(b']');
        }
        RawBsonRef::Binary(binary) => {
            let subtype = u8::from(binary.subtype);
            text.extend_from_slice(br#"{"$binary":{"base64":""#);
            text.extend_from_slice(STANDARD.encode(binary.bytes).as_bytes());
            text.extend_from_slice(format!(r#"","subType":"{subtype:02x}"}}}}"#).as_bytes());
        }
        RawBsonRef::RegularExpression(expression) => {
            text.extend_from_slice(br#"{"$regularExpression":{"pattern":"#);
            string(expression.pattern.as_str(), text);
            text.extend_from_slice(br#","options":"#);
            string(expression.options.as_str(), text);
            text.extend_from_slice(b"}}");
        }
        RawBsonRef::Timestamp(stamp) => {
            let (t, i) = (stamp.time, stamp.increment);
            let written = format!(r#"{{"$timestamp":{{"t":{t},"i":{i}}}}}"#);
            text.extend_from_slice(written.as_bytes());
        }
        RawBsonRef::JavaScriptCode(code) => wrapped("$code", code, text),
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            text.extend_from_slice(br#"{"$code":"#);
            string(code.code, text);
            text.extend_from_slice(br#","$scope":"#);
            write_fields(code.scope, text, depth + 1)?;
            text.push(b'}');
        }
        RawBsonRef::MinKey => text.extend_from_slice(br#"{"$minKey":1}"#),
        RawBsonRef::MaxKey => text.extend_from_slice(br#"{"$maxKey":1}"#),
        // A type of long ago, whose parts the library keeps to itself.
        RawBsonRef::DbPointer(_) => {
            let value = Bson::try_from(value).map_err(|_| Unwritable)?;
            text.extend_from_slice(value.into_canonical_extjson().to_string().as_bytes());
        }
    }
    Ok(())
}

/// `{"$name":"content"}`
fn wrapped(name: &str, content: &str, text: &mut Vec<u8>) {
    text.extend_from_slice(b"{\"");
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"\":");
    string(content, text);
    text.push(b'}');
}

fn string(own: &str, text: &mut Vec<u8>) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(text, own);
}

fn double(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        // With `.0` behind a whole number, and an exponent where there are many digits.
        format!("{number:?}")
    }
}
