//! From BSON to JavaScript.
//!
//! 32-bit integers and doubles become numbers, and so do 64-bit integers that a number can hold;
//! others stay what they are, without losing a digit. A number keeps its type as a mark.

use bson::{Bson, RawBson, RawBsonRef, RawDocument, spec::BinarySubtype};
use hookstead_isolate::{Item, PackedWriter};

use super::marks;
use crate::border::class;

/// Integers beyond it are not numbers to JavaScript.
const SAFE_MAX: i64 = (1 << 53) - 1;

/// Writes a document down.
pub(crate) fn append_document(document: &RawDocument, writer: &mut PackedWriter) {
    writer.item(Item::Document);
    // What a store gives is whole; the rest of what is not is left out.
    for (key, value) in document.iter().map_while(Result::ok) {
        writer.key(key.as_str());
        append(value, writer);
    }
    writer.end_document();
}

/// Writes a count down: a 32-bit integer where it fits, as in the answers of servers.
pub(crate) fn append_count(count: u64, writer: &mut PackedWriter) {
    match i32::try_from(count) {
        Ok(small) => writer.item(marks::int32(small)),
        Err(_) => writer.item(marks::int64(i64::try_from(count).unwrap_or(i64::MAX))),
    }
}

/// Writes a value down.
pub(crate) fn append_bson(value: &Bson, writer: &mut PackedWriter) {
    match RawBson::try_from(value.clone()) {
        Ok(raw) => append(raw.as_raw_bson_ref(), writer),
        Err(_) => writer.item(Item::Undefined),
    }
}

fn append(value: RawBsonRef<'_>, writer: &mut PackedWriter) {
    match value {
        RawBsonRef::Undefined => writer.item(Item::Undefined),
        RawBsonRef::Null => writer.item(Item::Null),
        RawBsonRef::Boolean(truth) => writer.item(Item::Bool(truth)),
        RawBsonRef::Int32(integer) => writer.item(marks::int32(integer)),
        RawBsonRef::Int64(integer) => append_long(integer, writer),
        RawBsonRef::Double(number) => writer.item(marks::double(number)),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) => writer.item(Item::Text(text)),
        RawBsonRef::DateTime(time) => writer.item(Item::Date(time.timestamp_millis() as f64)),
        RawBsonRef::Document(document) => append_document(document, writer),
        RawBsonRef::Array(array) => {
            writer.item(Item::List);
            for item in array.into_iter().map_while(Result::ok) {
                append(item, writer);
            }
            writer.item(Item::End);
        }
        other => append_instance(other, writer),
    }
}

fn append_long(integer: i64, writer: &mut PackedWriter) {
    if (-SAFE_MAX..=SAFE_MAX).contains(&integer) {
        writer.item(marks::int64(integer));
    } else {
        writer.item(Item::Instance(class::LONG));
        writer.item(Item::Integer(integer as i32));
        writer.item(Item::Integer((integer >> 32) as i32));
        writer.item(Item::Bool(false));
    }
}

fn append_instance(value: RawBsonRef<'_>, writer: &mut PackedWriter) {
    match value {
        RawBsonRef::ObjectId(id) => {
            writer.item(Item::Instance(class::OBJECT_ID));
            writer.item(Item::Text(&id.to_hex()));
        }
        RawBsonRef::Binary(binary) => {
            writer.item(Item::Instance(class::BINARY));
            writer.item(Item::Bytes(binary.bytes));
            writer.item(Item::Integer(subtype(binary.subtype)));
        }
        RawBsonRef::Decimal128(decimal) => {
            writer.item(Item::Instance(class::DECIMAL128));
            writer.item(Item::Text(&decimal.to_string()));
        }
        RawBsonRef::RegularExpression(expression) => {
            writer.item(Item::Instance(class::REGULAR_EXPRESSION));
            writer.item(Item::Text(expression.pattern.as_str()));
            writer.item(Item::Text(expression.options.as_str()));
        }
        RawBsonRef::Timestamp(timestamp) => {
            writer.item(Item::Instance(class::TIMESTAMP));
            writer.item(Item::Number(f64::from(timestamp.time)));
            writer.item(Item::Number(f64::from(timestamp.increment)));
        }
        RawBsonRef::JavaScriptCode(code) => {
            writer.item(Item::Instance(class::CODE));
            writer.item(Item::Text(code));
            writer.item(Item::Null);
        }
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            writer.item(Item::Instance(class::CODE));
            writer.item(Item::Text(code.code));
            append_document(code.scope, writer);
        }
        RawBsonRef::MinKey => writer.item(Item::Instance(class::MIN_KEY)),
        RawBsonRef::MaxKey => writer.item(Item::Instance(class::MAX_KEY)),
        // A type of long ago, whose parts the driver keeps to itself.
        _ => writer.item(Item::Undefined),
    }
}

fn subtype(subtype: BinarySubtype) -> i32 {
    i32::from(u8::from(subtype))
}
