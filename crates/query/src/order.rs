//! MongoDB's order of all BSON values.
//!
//! Values are ordered by type first ([`rank`]): all numbers are one type, and so are strings and
//! symbols. Nested documents are compared field by field: by type, by name, by value.
//!
//! What is compared has been validated when it came in. In broken bytes, a document ends where
//! they break.

use std::cmp::Ordering;

use bson::{
    Bson, RawArray, RawBinaryRef, RawBson, RawBsonRef, RawDocument, RawDocumentBuf, raw::cstr,
    spec::BinarySubtype,
};

use crate::{
    interrupt::{charge, charge_bytes},
    number::Number,
};

/// MongoDB's order of two values: less, equal or greater. Equal values may differ in type, such
/// as 1, 1.0 and Decimal128 1.
pub fn compare(a: RawBsonRef<'_>, b: RawBsonRef<'_>) -> Ordering {
    use RawBsonRef as B;
    match (a, b) {
        (B::String(a) | B::Symbol(a), B::String(b) | B::Symbol(b)) => {
            charge_bytes(a.len());
            a.cmp(b)
        }
        (B::Document(a), B::Document(b)) => compare_documents(a, b),
        (B::Array(a), B::Array(b)) => compare_arrays(a, b),
        (B::Binary(a), B::Binary(b)) => binary_key(a).cmp(&binary_key(b)),
        (B::ObjectId(a), B::ObjectId(b)) => a.bytes().cmp(&b.bytes()),
        (B::Boolean(a), B::Boolean(b)) => a.cmp(&b),
        (B::DateTime(a), B::DateTime(b)) => a.cmp(&b),
        (B::Timestamp(a), B::Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        (B::RegularExpression(a), B::RegularExpression(b)) => {
            let key = |text: &str, other: &str| text.cmp(other);
            key(a.pattern.as_str(), b.pattern.as_str())
                .then_with(|| key(a.options.as_str(), b.options.as_str()))
        }
        (B::DbPointer(_), B::DbPointer(_)) => pointer_bytes(a).cmp(&pointer_bytes(b)),
        (B::JavaScriptCode(a), B::JavaScriptCode(b)) => a.cmp(b),
        (B::JavaScriptCodeWithScope(a), B::JavaScriptCodeWithScope(b)) => {
            a.code.cmp(b.code).then_with(|| compare_documents(a.scope, b.scope))
        }
        _ => match (Number::of(a), Number::of(b)) {
            (Some(a), Some(b)) => a.compare(b),
            _ => rank(a).cmp(&rank(b)),
        },
    }
}

/// [`compare`] for decoded values.
pub fn compare_values(a: &Bson, b: &Bson) -> Ordering {
    match (a, b) {
        (Bson::Document(a), Bson::Document(b)) => {
            let fields = a.iter().zip(b.iter()).map(|((name, value), (other_name, other))| {
                rank_of_value(value)
                    .cmp(&rank_of_value(other))
                    .then_with(|| name.cmp(other_name))
                    .then_with(|| compare_values(value, other))
            });
            first_difference(fields).then_with(|| a.len().cmp(&b.len()))
        }
        (Bson::Array(a), Bson::Array(b)) => {
            let items = a.iter().zip(b).map(|(value, other)| compare_values(value, other));
            first_difference(items).then_with(|| a.len().cmp(&b.len()))
        }
        _ => match (Number::of_value(a), Number::of_value(b)) {
            (Some(a), Some(b)) => a.compare(b),
            _ => rank_of_value(a)
                .cmp(&rank_of_value(b))
                .then_with(|| with_raw(a, |a| with_raw(b, |b| compare(a, b)))),
        },
    }
}

/// The place of a value's type in the order. Never 0 and never 255: keys use those.
pub fn rank(value: RawBsonRef<'_>) -> u8 {
    match value {
        RawBsonRef::MinKey => 0x08,
        RawBsonRef::Undefined => 0x10,
        RawBsonRef::Null => 0x18,
        RawBsonRef::Int32(_)
        | RawBsonRef::Int64(_)
        | RawBsonRef::Double(_)
        | RawBsonRef::Decimal128(_) => 0x20,
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => 0x28,
        RawBsonRef::Document(_) => 0x30,
        RawBsonRef::Array(_) => 0x38,
        RawBsonRef::Binary(_) => 0x40,
        RawBsonRef::ObjectId(_) => 0x48,
        RawBsonRef::Boolean(_) => 0x50,
        RawBsonRef::DateTime(_) => 0x58,
        RawBsonRef::Timestamp(_) => 0x60,
        RawBsonRef::RegularExpression(_) => 0x68,
        RawBsonRef::DbPointer(_) => 0x70,
        RawBsonRef::JavaScriptCode(_) => 0x78,
        RawBsonRef::JavaScriptCodeWithScope(_) => 0x80,
        RawBsonRef::MaxKey => 0xf0,
    }
}

/// [`rank`] for decoded values.
pub fn rank_of_value(value: &Bson) -> u8 {
    match value {
        Bson::Document(_) => 0x30,
        Bson::Array(_) => 0x38,
        Bson::JavaScriptCodeWithScope(_) => 0x80,
        scalar => with_raw(scalar, rank),
    }
}

/// Calls back with the raw form of a decoded value, which for scalars is a borrow.
pub(crate) fn with_raw<T>(value: &Bson, call: impl FnOnce(RawBsonRef<'_>) -> T) -> T {
    let borrowed = match value {
        Bson::Double(number) => RawBsonRef::Double(*number),
        Bson::String(text) => RawBsonRef::String(text),
        Bson::Boolean(truth) => RawBsonRef::Boolean(*truth),
        Bson::Null => RawBsonRef::Null,
        Bson::Int32(number) => RawBsonRef::Int32(*number),
        Bson::Int64(number) => RawBsonRef::Int64(*number),
        Bson::Timestamp(stamp) => RawBsonRef::Timestamp(*stamp),
        Bson::Binary(binary) => RawBsonRef::Binary(binary.as_raw_binary()),
        Bson::ObjectId(id) => RawBsonRef::ObjectId(*id),
        Bson::DateTime(time) => RawBsonRef::DateTime(*time),
        Bson::Symbol(text) => RawBsonRef::Symbol(text),
        Bson::Decimal128(number) => RawBsonRef::Decimal128(*number),
        Bson::JavaScriptCode(code) => RawBsonRef::JavaScriptCode(code),
        Bson::Undefined => RawBsonRef::Undefined,
        Bson::MinKey => RawBsonRef::MinKey,
        Bson::MaxKey => RawBsonRef::MaxKey,
        // The rest has parts of its own. Only a name with a zero byte fails, which no value that
        // was read from bytes has.
        _ => {
            let owned = RawBson::try_from(value.clone()).unwrap_or(RawBson::Null);
            return call(owned.as_raw_bson_ref());
        }
    };
    call(borrowed)
}

/// What orders binaries: the length, then the subtype, then the bytes.
pub(crate) fn binary_key(binary: RawBinaryRef<'_>) -> (u32, u8, &[u8]) {
    // The old subtype repeats the length inside.
    let inner = if binary.subtype == BinarySubtype::BinaryOld { 4 } else { 0 };
    let length = u32::try_from(binary.bytes.len()).unwrap_or(u32::MAX).saturating_add(inner);
    (length, binary.subtype.into(), binary.bytes)
}

/// The bytes of a pointer as they stand in a document, which is how pointers are ordered. The
/// length comes first.
pub(crate) fn pointer_bytes(pointer: RawBsonRef<'_>) -> Vec<u8> {
    let mut document = RawDocumentBuf::new();
    document.append(cstr!(""), pointer);
    // Around it: the length of the document, the type, the empty name; the end.
    let bytes = document.into_bytes();
    let mut value = bytes.get(6..bytes.len() - 1).unwrap_or_default().to_vec();
    if let Some(length) = value.get_mut(..4) {
        length.reverse();
    }
    value
}

fn compare_documents(a: &RawDocument, b: &RawDocument) -> Ordering {
    let (mut fields, mut others) = (a.iter().flatten(), b.iter().flatten());
    loop {
        charge(1);
        let (name, value, other_name, other) = match (fields.next(), others.next()) {
            (Some((name, value)), Some((other_name, other))) => (name, value, other_name, other),
            (one, two) => return one.is_some().cmp(&two.is_some()),
        };
        let compared = rank(value)
            .cmp(&rank(other))
            .then_with(|| name.as_str().cmp(other_name.as_str()))
            .then_with(|| compare(value, other));
        if compared.is_ne() {
            return compared;
        }
    }
}

fn compare_arrays(a: &RawArray, b: &RawArray) -> Ordering {
    let (mut items, mut others) = (a.into_iter().flatten(), b.into_iter().flatten());
    loop {
        charge(1);
        let (item, other) = match (items.next(), others.next()) {
            (Some(item), Some(other)) => (item, other),
            (one, two) => return one.is_some().cmp(&two.is_some()),
        };
        let compared = compare(item, other);
        if compared.is_ne() {
            return compared;
        }
    }
}

fn first_difference(mut compared: impl Iterator<Item = Ordering>) -> Ordering {
    compared.find(|one| one.is_ne()).unwrap_or(Ordering::Equal)
}
