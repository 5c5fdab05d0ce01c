//! The marks of numbers: the BSON type that a number came with. They are those of
//! `js/src/bson/marks.js`.
//!
//! A number that JavaScript made has none.

use bson::RawBsonRef;
use hookstead_isolate::Item;

const INT32: u8 = 1;
const INT64: u8 = 2;
const DOUBLE: u8 = 3;

/// A 32-bit integer for JavaScript.
pub(super) fn int32(integer: i32) -> Item<'static> {
    Item::Marked(INT32, f64::from(integer))
}

/// A 64-bit integer for JavaScript, whose numbers must hold it.
pub(super) fn int64(integer: i64) -> Item<'static> {
    Item::Marked(INT64, integer as f64)
}

/// A double for JavaScript. One that is not whole can be no other type.
pub(super) fn double(number: f64) -> Item<'static> {
    if number.fract() == 0.0 { Item::Marked(DOUBLE, number) } else { Item::Number(number) }
}

/// What a marked number of JavaScript's is; `None` for a mark that no type has.
pub(super) fn value(mark: u8, number: f64) -> Option<RawBsonRef<'static>> {
    match mark {
        INT32 => Some(RawBsonRef::Int32(number as i32)),
        INT64 => Some(RawBsonRef::Int64(number as i64)),
        DOUBLE => Some(RawBsonRef::Double(number)),
        _ => None,
    }
}
