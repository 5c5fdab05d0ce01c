//! Conversions to numbers.

use bson::{Decimal128, RawBsonRef};

use crate::{
    QueryError,
    decimal_math::{self, Rounding},
    expression::{
        numeric::{Numeric, double_text},
        value::Value,
    },
};

type Converted = Result<Value<'static>, QueryError>;

/// An int or a long; none from what cannot be one.
pub(super) fn to_integer(input: RawBsonRef<'_>, is_int: bool) -> Option<Converted> {
    let number = match input {
        RawBsonRef::Boolean(is) => i64::from(is),
        RawBsonRef::DateTime(date) => date.timestamp_millis(),
        RawBsonRef::String(text) => match parse_integer(text, is_int) {
            Ok(number) => number,
            Err(reason) => return Some(Err(unparsed(text, reason))),
        },
        input => match whole(Numeric::of(input)?) {
            Ok(number) => number,
            Err(error) => return Some(Err(error)),
        },
    };
    Some(match i32::try_from(number) {
        Ok(number) if is_int => Ok(Value::int(number)),
        Err(_) if is_int => Err(overflow(&Numeric::of(input).map_or(String::new(), shown))),
        _ => Ok(Value::long(number)),
    })
}

/// A double; none from what cannot be one.
pub(super) fn to_double(input: RawBsonRef<'_>) -> Option<Converted> {
    Some(Ok(Value::double(match input {
        RawBsonRef::Boolean(is) => f64::from(u8::from(is)),
        RawBsonRef::DateTime(date) => Numeric::Long(date.timestamp_millis()).to_double(),
        RawBsonRef::String(text) => match parse_double(text) {
            Ok(number) => number,
            Err(reason) => return Some(Err(unparsed(text, reason))),
        },
        input => {
            let number = Numeric::of(input)?;
            let double = number.to_double();
            if double.is_infinite() && !is_infinite(number) {
                return Some(Err(overflow(&number.to_string())));
            }
            double
        }
    })))
}

/// A decimal; none from what cannot be one.
pub(super) fn to_decimal(input: RawBsonRef<'_>) -> Option<Converted> {
    Some(Ok(Value::decimal(match input {
        RawBsonRef::Boolean(is) => decimal_math::from_integer(i64::from(is)),
        RawBsonRef::DateTime(date) => decimal_math::from_integer(date.timestamp_millis()),
        RawBsonRef::String(text) => match check_hexadecimal(text).and_then(|()| decimal(text)) {
            Ok(number) => number,
            Err(reason) => return Some(Err(unparsed(text, reason))),
        },
        input => Numeric::of(input)?.to_decimal(),
    })))
}

/// The whole number before the point.
fn whole(number: Numeric) -> Result<i64, QueryError> {
    let integral = match number {
        Numeric::Double(double) => Numeric::Double(double.trunc()),
        Numeric::Decimal(decimal) => {
            Numeric::Decimal(decimal_math::round(decimal, 0, Rounding::Down))
        }
        integer => integer,
    };
    if number.is_nan() {
        return Err(QueryError::conversion(
            "Attempt to convert NaN value to integer type in $convert with no onError value"
                .to_owned(),
        ));
    }
    if is_infinite(number) {
        return Err(QueryError::conversion(
            "Attempt to convert infinity value to integer type in $convert with no onError value"
                .to_owned(),
        ));
    }
    integral.whole().ok_or_else(|| overflow(&number.to_string()))
}

fn is_infinite(number: Numeric) -> bool {
    match number {
        Numeric::Double(number) => number.is_infinite(),
        Numeric::Decimal(number) => {
            matches!(crate::decimal::Decimal::unpack(number), crate::Decimal::Infinite { .. })
        }
        Numeric::Int(_) | Numeric::Long(_) => false,
    }
}

fn shown(number: Numeric) -> String {
    match number {
        Numeric::Long(_) | Numeric::Int(_) => String::new(),
        Numeric::Double(number) => double_text(number),
        Numeric::Decimal(number) => number.to_string(),
    }
}

fn overflow(number: &str) -> QueryError {
    QueryError::conversion(format!(
        "Conversion would overflow target type in $convert with no onError value: {number}"
    ))
}

fn unparsed(text: &str, reason: &str) -> QueryError {
    if check_hexadecimal(text).is_err() {
        return QueryError::conversion(format!(
            "Illegal hexadecimal input in $convert with no onError value: {text}"
        ));
    }
    QueryError::conversion(format!(
        "Failed to parse number '{text}' in $convert with no onError value: {reason}"
    ))
}

fn check_hexadecimal(text: &str) -> Result<(), &'static str> {
    let digits = text.trim_start_matches(['+', '-']);
    if digits.starts_with("0x") || digits.starts_with("0X") { Err("hexadecimal") } else { Ok(()) }
}

fn parse_integer(text: &str, is_int: bool) -> Result<i64, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() {
        return Err("No digits");
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("Did not consume whole string.");
    }
    let number: i64 = text.parse().map_err(|_| "Overflow")?;
    if is_int && i32::try_from(number).is_err() {
        return Err("Overflow");
    }
    Ok(number)
}

fn parse_double(text: &str) -> Result<f64, &'static str> {
    if text.is_empty() {
        return Err("Empty string");
    }
    if text.starts_with(|letter: char| letter.is_ascii_whitespace()) {
        return Err("Leading whitespace");
    }
    let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
    match text.parse::<f64>() {
        Ok(number) if number.is_infinite() && has_digits => Err("Out of range"),
        Ok(number) => Ok(number),
        Err(_) if has_digits => Err("Did not consume whole string."),
        Err(_) => Err("Did not consume any digits"),
    }
}

fn decimal(text: &str) -> Result<Decimal128, &'static str> {
    const UNPARSED: &str = "Failed to parse string to decimal";
    if text.is_empty() {
        return Err("Empty string");
    }
    let negative = text.starts_with('-');
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.to_ascii_lowercase().as_str() {
        "nan" => return Ok(decimal_math::nan()),
        "inf" | "infinity" => return Ok(decimal_math::infinity(negative)),
        _ => {}
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| UNPARSED)?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: String = whole.chars().chain(fraction.chars()).collect();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UNPARSED);
    }
    let places = i64::try_from(fraction.len()).map_err(|_| UNPARSED)?;
    let number = decimal_math::from_digits_text(negative, &digits, i64::from(exponent) - places)
        .ok_or(UNPARSED)?;
    match is_infinite(Numeric::Decimal(number)) {
        true => Err("Conversion from string to decimal would overflow"),
        false => Ok(number),
    }
}
