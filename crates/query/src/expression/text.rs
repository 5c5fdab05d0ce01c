//! Values as they are written in errors.

use bson::RawBsonRef;

use super::value::{Value, fields, items};

const TEXT_BYTES_MAX: usize = 256;

/// A value as errors show it; what is long is cut.
pub(super) fn in_error(value: Option<&Value<'_>>) -> String {
    let mut text = String::new();
    match value {
        None => text.push_str("MISSING"),
        Some(value) => write(value.raw(), &mut text),
    }
    if text.len() > TEXT_BYTES_MAX {
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        text.truncate(end);
        text.push_str("...");
    }
    text
}

fn write(value: RawBsonRef<'_>, text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    match value {
        RawBsonRef::String(string) => {
            text.push('"');
            text.push_str(string);
            text.push('"');
        }
        RawBsonRef::Array(array) => {
            text.push('[');
            for (index, item) in items(array).flatten().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                write(item, text);
            }
            text.push(']');
        }
        RawBsonRef::Document(document) => {
            text.push('{');
            for (index, (name, value)) in fields(document).flatten().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                text.push_str(name.as_str());
                text.push_str(": ");
                write(value, text);
            }
            text.push('}');
        }
        RawBsonRef::Null => text.push_str("null"),
        RawBsonRef::Undefined => text.push_str("undefined"),
        RawBsonRef::Boolean(is) => text.push_str(if is { "true" } else { "false" }),
        RawBsonRef::ObjectId(id) => text.push_str(&id.to_hex()),
        other => match super::numeric::Numeric::of(other) {
            Some(number) => text.push_str(&number.to_string()),
            None => text.push_str(super::value::type_name(Some(other))),
        },
    }
}
