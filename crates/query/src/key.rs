//! Values as bytes that sort as the values do.
//!
//! Comparing two keys byte by byte gives what [`compare`](crate::compare) gives, and two keys are
//! the same bytes exactly when their values are equal (1, 1.0 and Decimal128 1 have one key). No
//! key is the start of another, so that keys can be put one after the other for several fields.
//! Keys are stored in indexes: the encoding must not change.
//!
//! A key is the type's [`rank`], then by type:
//!
//! - numbers: eight bytes of the double that is nearest on the side of zero (the sign bit turned
//!   over; all bits turned over below zero; NaN is all zeros), then `00`, or, if the number is
//!   farther from zero than that double, `01`, the power of ten of its first digit (two bytes,
//!   `8000` is 0) and its 34 digits as a whole number (fifteen bytes); below zero, what follows
//!   the eight bytes is turned over;
//! - strings, symbols, code: the bytes, a zero byte as `00 ff`, then `00 00`;
//! - documents: for each field its rank, its name with a zero byte, the rest of its key; then `00`;
//! - arrays: the keys of the items, then `00`;
//! - binaries: the length (four bytes), the subtype, the bytes;
//! - ids: the twelve bytes; booleans: one byte; dates: eight bytes, the sign bit turned over;
//!   timestamps: the time and the increment, four bytes each;
//! - regular expressions: pattern and options, each with a zero byte;
//! - pointers: the length (four bytes), the namespace with a zero byte, the id;
//! - code with scope: the code as above, then the scope as a document without a rank.
//!
//! All numbers stand with the high byte first.

use bson::{Bson, Document, RawArray, RawBsonRef, RawDocument};

use crate::{
    interrupt::{charge, charge_bytes},
    number::Number,
    order::{binary_key, pointer_bytes, rank, rank_of_value, with_raw},
};

/// What ends a document or an array: below every rank.
const END: u8 = 0;

const POWER_BIAS: i32 = 0x8000;

/// Appends the key of a value.
pub fn append_key(value: RawBsonRef<'_>, key: &mut Vec<u8>) {
    key.push(rank(value));
    append_rest(value, key);
}

/// [`append_key`] for a decoded value.
pub fn append_value_key(value: &Bson, key: &mut Vec<u8>) {
    key.push(rank_of_value(value));
    append_value_rest(value, key);
}

/// Appends the key of a value for the descending direction: every bit turned over.
pub fn append_descending_key(value: RawBsonRef<'_>, key: &mut Vec<u8>) {
    let start = key.len();
    append_key(value, key);
    turn_over(key, start);
}

/// [`append_descending_key`] for a decoded value.
pub fn append_descending_value_key(value: &Bson, key: &mut Vec<u8>) {
    let start = key.len();
    append_value_key(value, key);
    turn_over(key, start);
}

/// Turns over every bit from `start` on.
pub(crate) fn turn_over(key: &mut [u8], start: usize) {
    for byte in key.iter_mut().skip(start) {
        *byte = !*byte;
    }
}

/// What follows the rank.
fn append_rest(value: RawBsonRef<'_>, key: &mut Vec<u8>) {
    match value {
        RawBsonRef::MinKey | RawBsonRef::MaxKey | RawBsonRef::Undefined | RawBsonRef::Null => {}
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            append_text(text, key);
        }
        RawBsonRef::Document(document) => append_document(document, key),
        RawBsonRef::Array(array) => append_array(array, key),
        RawBsonRef::Binary(binary) => {
            let (length, subtype, bytes) = binary_key(binary);
            key.extend(length.to_be_bytes());
            key.push(subtype);
            key.extend(bytes);
        }
        RawBsonRef::ObjectId(id) => key.extend(id.bytes()),
        RawBsonRef::Boolean(truth) => key.push(truth.into()),
        RawBsonRef::DateTime(time) => {
            key.extend((time.timestamp_millis() ^ i64::MIN).to_be_bytes());
        }
        RawBsonRef::Timestamp(stamp) => {
            key.extend(stamp.time.to_be_bytes());
            key.extend(stamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            append_name(regex.pattern.as_str(), key);
            append_name(regex.options.as_str(), key);
        }
        RawBsonRef::DbPointer(_) => key.extend(pointer_bytes(value)),
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            append_text(code.code, key);
            append_document(code.scope, key);
        }
        RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Double(_)
        | RawBsonRef::Decimal128(_) => {
            if let Some(number) = Number::of(value) {
                append_number(number, key);
            }
        }
    }
}

fn append_value_rest(value: &Bson, key: &mut Vec<u8>) {
    match value {
        Bson::Document(document) => append_value_document(document, key),
        Bson::Array(items) => {
            for item in items {
                append_value_key(item, key);
            }
            key.push(END);
        }
        Bson::JavaScriptCodeWithScope(code) => {
            append_text(&code.code, key);
            append_value_document(&code.scope, key);
        }
        scalar => with_raw(scalar, |scalar| append_rest(scalar, key)),
    }
}

fn append_document(document: &RawDocument, key: &mut Vec<u8>) {
    for (name, value) in document.iter().flatten() {
        charge(1);
        key.push(rank(value));
        append_name(name.as_str(), key);
        append_rest(value, key);
    }
    key.push(END);
}

fn append_value_document(document: &Document, key: &mut Vec<u8>) {
    for (name, value) in document {
        key.push(rank_of_value(value));
        append_name(name, key);
        append_value_rest(value, key);
    }
    key.push(END);
}

fn append_array(array: &RawArray, key: &mut Vec<u8>) {
    for item in array.into_iter().flatten() {
        charge(1);
        append_key(item, key);
    }
    key.push(END);
}

fn append_text(text: &str, key: &mut Vec<u8>) {
    charge_bytes(text.len());
    for (index, part) in text.as_bytes().split(|byte| *byte == 0).enumerate() {
        if index > 0 {
            key.extend([0, 0xff]);
        }
        key.extend(part);
    }
    key.extend([0, 0]);
}

/// A text that has no zero byte.
fn append_name(name: &str, key: &mut Vec<u8>) {
    key.extend(name.as_bytes());
    key.push(0);
}

fn append_number(number: Number, key: &mut Vec<u8>) {
    if number.is_nan() {
        key.extend([0; 9]);
        return;
    }
    let (double, rest) = number.towards_zero();
    let bits = double.to_bits();
    let negative = double.is_sign_negative();
    key.extend((if negative { !bits } else { bits | 1 << 63 }).to_be_bytes());
    let start = key.len();
    match rest {
        None => key.push(0),
        Some(exact) => {
            let power = u16::try_from(exact.exponent + POWER_BIAS).unwrap_or(u16::MAX);
            key.push(1);
            key.extend(power.to_be_bytes());
            key.extend(exact.digits.to_be_bytes().iter().skip(1));
        }
    }
    if negative {
        turn_over(key, start);
    }
}
