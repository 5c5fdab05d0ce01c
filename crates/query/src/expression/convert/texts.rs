//! Conversions to texts.

use bson::RawBsonRef;

use crate::{
    QueryError,
    expression::{dates::iso_text, numeric::Numeric},
};

/// The text of a value; none of what has none.
pub(super) fn to_text(input: RawBsonRef<'_>) -> Result<Option<String>, QueryError> {
    Ok(Some(match input {
        RawBsonRef::String(text) => text.to_owned(),
        RawBsonRef::Boolean(is) => is.to_string(),
        RawBsonRef::ObjectId(id) => id.to_hex(),
        RawBsonRef::DateTime(date) => iso_text(date.timestamp_millis())?,
        RawBsonRef::Double(number) => double(number),
        other => match Numeric::of(other) {
            Some(number) => number.to_string(),
            None => return Ok(None),
        },
    }))
}

/// With the fewest digits that tell the number from all others.
fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&power) {
        return format!("{number}");
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}
