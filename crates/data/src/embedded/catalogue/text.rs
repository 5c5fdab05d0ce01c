//! Values as servers write them in messages.

use std::fmt::Write as _;

use bson::{RawBsonRef, RawDocument, spec::BinarySubtype};

/// A value.
pub(crate) fn value_text(value: RawBsonRef<'_>) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: RawBsonRef<'_>) {
    // Writing into a string does not fail.
    let _ = match value {
        RawBsonRef::String(value) | RawBsonRef::Symbol(value) => write!(text, "\"{value}\""),
        RawBsonRef::Int32(value) => write!(text, "{value}"),
        RawBsonRef::Int64(value) => write!(text, "{value}"),
        RawBsonRef::Double(value) => write!(text, "{value:?}"),
        RawBsonRef::Decimal128(value) => write!(text, "{value}"),
        RawBsonRef::Boolean(value) => write!(text, "{value}"),
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
            write!(text, "/{}/{}", regex.pattern.as_str(), regex.options.as_str())
        }
        RawBsonRef::Binary(binary) => write_binary(text, binary.subtype, binary.bytes),
        RawBsonRef::Document(document) => write_items(text, document, ('{', '}'), true),
        RawBsonRef::Array(items) => match RawDocument::from_bytes(items.as_bytes()) {
            Ok(items) => write_items(text, items, ('[', ']'), false),
            Err(_) => Ok(()),
        },
        other => write!(text, "{other:?}"),
    };
}

fn write_binary(text: &mut String, subtype: BinarySubtype, bytes: &[u8]) -> std::fmt::Result {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match (subtype, bytes) {
        (BinarySubtype::Uuid, [a @ .., _, _, _, _, _, _, _, _, _, _, _, _]) if a.len() == 4 => {
            let part = |from, to| hex(bytes.get(from..to).unwrap_or_default());
            let parts = [part(0, 4), part(4, 6), part(6, 8), part(8, 10), part(10, 16)];
            write!(text, "UUID(\"{}\")", parts.join("-"))
        }
        _ => write!(text, "BinData({}, {})", u8::from(subtype), hex(bytes).to_uppercase()),
    }
}

fn write_items(
    text: &mut String,
    items: &RawDocument,
    (open, close): (char, char),
    named: bool,
) -> std::fmt::Result {
    text.push(open);
    for (place, (name, value)) in items.iter().flatten().enumerate() {
        text.push_str(if place == 0 { " " } else { ", " });
        if named {
            write!(text, "{}: ", name.as_str())?;
        }
        write(text, value);
    }
    text.push(' ');
    text.push(close);
    Ok(())
}
