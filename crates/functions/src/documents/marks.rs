//! The marks of numbers: the BSON type that a number came with.
//!
//! A number that JavaScript made has none.

use bson::RawBsonRef;
use hookstead_isolate::Item;

use crate::border::mark;

/// A 32-bit integer for JavaScript.
pub(super) fn int32(integer: i32) -> Item<'static> {
    Item::Marked(mark::INT32, f64::from(integer))
}

/// A 64-bit integer for JavaScript, whose numbers must hold it.
pub(super) fn int64(integer: i64) -> Item<'static> {
    Item::Marked(mark::INT64, integer as f64)
}

/// A double for JavaScript. One that is not whole can be no other type.
pub(super) fn double(number: f64) -> Item<'static> {
    if number.fract() == 0.0 { Item::Marked(mark::DOUBLE, number) } else { Item::Number(number) }
}

/// What a marked number of JavaScript's is; `None` for a mark that no type has.
pub(super) fn value(marked: u8, number: f64) -> Option<RawBsonRef<'static>> {
    match marked {
        mark::INT32 => Some(RawBsonRef::Int32(number as i32)),
        mark::INT64 => Some(RawBsonRef::Int64(number as i64)),
        mark::DOUBLE => Some(RawBsonRef::Double(number)),
        _ => None,
    }
}
