//! Values as texts: for those who ask, and in errors.

use std::borrow::Cow;

use bson::RawBsonRef;

use super::{
    dates::{clock_text, iso_text},
    numeric::{Numeric, general},
    value::{Value, fields, items, type_name},
};
use crate::{MongoCode, QueryError, interrupt::charge_bytes};

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

/// A value as a text, where that goes without asking; null is an empty one.
pub(super) fn as_text<'v>(value: Option<&'v Value<'_>>) -> Result<Cow<'v, str>, QueryError> {
    let Some(value) = value.map(Value::raw) else { return Ok(Cow::Borrowed("")) };
    Ok(match value {
        RawBsonRef::Null | RawBsonRef::Undefined => Cow::Borrowed(""),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            charge_bytes(text.len());
            Cow::Borrowed(text)
        }
        RawBsonRef::DateTime(date) => Cow::Owned(iso_text(date.timestamp_millis())?),
        RawBsonRef::Timestamp(time) => {
            Cow::Owned(format!("{}:{}", clock_text(time.time.into())?, time.increment))
        }
        other => match Numeric::of(other) {
            Some(number) => Cow::Owned(number_text(number)),
            None => {
                let found = type_name(Some(other));
                let text = format!("can't convert from BSON type {found} to String");
                return Err(QueryError::new(MongoCode::NOT_CONVERTIBLE_TO_STRING, text));
            }
        },
    })
}

/// A number as a text; doubles have all the digits that they are good for.
pub(super) fn number_text(number: Numeric) -> String {
    match number {
        Numeric::Double(number) if number.is_nan() => "NaN".to_owned(),
        Numeric::Double(number) if number.is_infinite() => {
            if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Numeric::Double(number) => general(number, 16),
        other => other.to_string(),
    }
}

fn write(value: RawBsonRef<'_>, text: &mut String) {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    match value {
        RawBsonRef::String(string) => {
            text.push('"');
            text.push_str(&string[..string.floor_char_boundary(TEXT_BYTES_MAX + 8)]);
            text.push('"');
        }
        RawBsonRef::Array(array) => {
            text.push('[');
            for (index, item) in items(array).flatten().enumerate() {
                if text.len() > TEXT_BYTES_MAX {
                    break;
                }
                text.push_str(if index > 0 { ", " } else { "" });
                write(item, text);
            }
            text.push(']');
        }
        RawBsonRef::Document(document) => {
            text.push('{');
            for (index, (name, value)) in fields(document).flatten().enumerate() {
                if text.len() > TEXT_BYTES_MAX {
                    break;
                }
                text.push_str(if index > 0 { ", " } else { "" });
                let name = name.as_str();
                text.push_str(&name[..name.floor_char_boundary(TEXT_BYTES_MAX + 8)]);
                text.push_str(": ");
                write(value, text);
            }
            text.push('}');
        }
        RawBsonRef::Null => text.push_str("null"),
        RawBsonRef::Undefined => text.push_str("undefined"),
        RawBsonRef::Boolean(is) => text.push_str(if is { "true" } else { "false" }),
        RawBsonRef::ObjectId(id) => text.push_str(&id.to_hex()),
        other => match Numeric::of(other) {
            Some(number) => text.push_str(&number.to_string()),
            None => text.push_str(type_name(Some(other))),
        },
    }
}
