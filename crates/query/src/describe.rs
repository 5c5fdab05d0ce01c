//! Values in the words of error messages: what a server writes, `$size: -1`.

use std::fmt::Write as _;

use bson::{RawBsonRef, RawDocument};

/// How much of a value a message shows.
const LENGTH_MAX: usize = 150;

/// A value as messages show it.
pub(crate) fn describe(value: RawBsonRef<'_>) -> String {
    let mut text = String::new();
    write(value, &mut text);
    if text.len() > LENGTH_MAX {
        let end = text.floor_char_boundary(LENGTH_MAX);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

/// A field with its value.
pub(crate) fn describe_field(name: &str, value: RawBsonRef<'_>) -> String {
    format!("{name}: {}", describe(value))
}

/// The name of the type of a value, as `$type` has it.
pub(crate) fn type_name(value: RawBsonRef<'_>) -> &'static str {
    match value {
        RawBsonRef::Double(_) => "double",
        RawBsonRef::String(_) => "string",
        RawBsonRef::Document(_) => "object",
        RawBsonRef::Array(_) => "array",
        RawBsonRef::Binary(_) => "binData",
        RawBsonRef::Undefined => "undefined",
        RawBsonRef::ObjectId(_) => "objectId",
        RawBsonRef::Boolean(_) => "bool",
        RawBsonRef::DateTime(_) => "date",
        RawBsonRef::Null => "null",
        RawBsonRef::RegularExpression(_) => "regex",
        RawBsonRef::DbPointer(_) => "dbPointer",
        RawBsonRef::JavaScriptCode(_) => "javascript",
        RawBsonRef::Symbol(_) => "symbol",
        RawBsonRef::JavaScriptCodeWithScope(_) => "javascriptWithScope",
        RawBsonRef::Int32(_) => "int",
        RawBsonRef::Timestamp(_) => "timestamp",
        RawBsonRef::Int64(_) => "long",
        RawBsonRef::Decimal128(_) => "decimal",
        RawBsonRef::MinKey => "minKey",
        RawBsonRef::MaxKey => "maxKey",
    }
}

fn write(value: RawBsonRef<'_>, text: &mut String) {
    if text.len() > LENGTH_MAX {
        return;
    }
    match value {
        RawBsonRef::Document(document) => write_document(document, text),
        RawBsonRef::Array(array) => {
            text.push('[');
            for (index, item) in array.into_iter().flatten().enumerate() {
                if text.len() > LENGTH_MAX {
                    break;
                }
                text.push_str(if index == 0 { " " } else { ", " });
                write(item, text);
            }
            text.push_str(" ]");
        }
        scalar => write_scalar(scalar, text),
    }
}

fn write_document(document: &RawDocument, text: &mut String) {
    if document.is_empty() {
        text.push_str("{}");
        return;
    }
    text.push('{');
    for (index, (name, value)) in document.iter().flatten().enumerate() {
        if text.len() > LENGTH_MAX {
            break;
        }
        text.push_str(if index == 0 { " " } else { ", " });
        text.push_str(start(name.as_str()));
        text.push_str(": ");
        write(value, text);
    }
    text.push_str(" }");
}

fn write_scalar(value: RawBsonRef<'_>, text: &mut String) {
    let written = match value {
        RawBsonRef::String(string) | RawBsonRef::Symbol(string) => write_text(string, text),
        RawBsonRef::Double(number) if number.is_finite() => write!(text, "{number:?}"),
        RawBsonRef::Double(number) if number.is_nan() => write!(text, "nan.0"),
        RawBsonRef::Double(number) => write!(text, "{number}.0"),
        RawBsonRef::Int32(number) => write!(text, "{number}"),
        RawBsonRef::Int64(number) => write!(text, "{number}"),
        RawBsonRef::Decimal128(number) => write!(text, "{number}"),
        RawBsonRef::Boolean(truth) => write!(text, "{truth}"),
        RawBsonRef::Null => write!(text, "null"),
        RawBsonRef::Undefined => write!(text, "undefined"),
        RawBsonRef::MinKey => write!(text, "MinKey"),
        RawBsonRef::MaxKey => write!(text, "MaxKey"),
        RawBsonRef::ObjectId(id) => write!(text, "ObjectId('{id}')"),
        RawBsonRef::DateTime(time) => write!(text, "new Date({})", time.timestamp_millis()),
        RawBsonRef::Timestamp(stamp) => {
            write!(text, "Timestamp({}, {})", stamp.time, stamp.increment)
        }
        RawBsonRef::RegularExpression(regex) => {
            write!(text, "/{}/{}", start(regex.pattern.as_str()), regex.options.as_str())
        }
        RawBsonRef::Binary(binary) => {
            write!(text, "BinData({}, {} bytes)", u8::from(binary.subtype), binary.bytes.len())
        }
        RawBsonRef::JavaScriptCode(code) => write!(text, "{}", start(code)),
        other => write!(text, "{}", type_name(other)),
    };
    // Writing to a string does not fail.
    written.unwrap_or_default();
}

fn write_text(string: &str, text: &mut String) -> std::fmt::Result {
    write!(text, "\"{}\"", start(string))
}

/// As much of a text as a message may show, and a little more so that the message is cut there.
fn start(text: &str) -> &str {
    &text[..text.floor_char_boundary(LENGTH_MAX + 8)]
}
