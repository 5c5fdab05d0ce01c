//! Numbers of the four types, and which type a result has.

use bson::{Decimal128, RawBsonRef};

use super::value::Value;
use crate::{decimal::Decimal, decimal_math};

/// A number with its type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numeric {
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Decimal128),
}

/// Two numbers, made alike.
pub(crate) enum Pair {
    /// Whole numbers, and whether both are ints.
    Integers(i64, i64, bool),
    Doubles(f64, f64),
    Decimals(Decimal128, Decimal128),
}

impl Numeric {
    /// The number that a value is, if it is one.
    #[inline]
    pub(crate) fn of(value: RawBsonRef<'_>) -> Option<Self> {
        match value {
            RawBsonRef::Int32(number) => Some(Self::Int(number)),
            RawBsonRef::Int64(number) => Some(Self::Long(number)),
            RawBsonRef::Double(number) => Some(Self::Double(number)),
            RawBsonRef::Decimal128(number) => Some(Self::Decimal(number)),
            _ => None,
        }
    }

    pub(crate) fn into_value(self) -> Value<'static> {
        match self {
            Self::Int(number) => Value::int(number),
            Self::Long(number) => Value::long(number),
            Self::Double(number) => Value::double(number),
            Self::Decimal(number) => Value::decimal(number),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "as near as can be, as a server has it")]
    pub(crate) fn to_double(self) -> f64 {
        match self {
            Self::Int(number) => number.into(),
            Self::Long(number) => number as f64,
            Self::Double(number) => number,
            Self::Decimal(number) => Decimal::unpack(number).nearest_double(),
        }
    }

    pub(crate) fn to_decimal(self) -> Decimal128 {
        match self {
            Self::Int(number) => decimal_math::from_integer(number.into()),
            Self::Long(number) => decimal_math::from_integer(number),
            Self::Double(number) => decimal_math::from_double(number),
            Self::Decimal(number) => number,
        }
    }

    /// The whole number that this is, without loss, if it fits into 64 bits.
    pub(crate) fn whole(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number.into()),
            Self::Long(number) => Some(number),
            Self::Double(number) => whole_double(number),
            Self::Decimal(number) => {
                let number = Decimal::unpack(number);
                number.truncated().filter(|_| number.is_whole())
            }
        }
    }

    /// The whole number that this is, without loss, if it fits into 32 bits.
    pub(crate) fn whole_int(self) -> Option<i32> {
        self.whole().and_then(|number| i32::try_from(number).ok())
    }

    /// The whole number before the point; the nearest one there is.
    #[expect(clippy::cast_possible_truncation, reason = "the nearest one is asked for")]
    pub(crate) fn truncated(self) -> i64 {
        match self {
            Self::Int(number) => number.into(),
            Self::Long(number) => number,
            Self::Double(number) => number as i64,
            Self::Decimal(number) => {
                let number = Decimal::unpack(number);
                number.truncated().unwrap_or_else(|| number.nearest_double() as i64)
            }
        }
    }

    pub(crate) fn is_nan(self) -> bool {
        match self {
            Self::Int(_) | Self::Long(_) => false,
            Self::Double(number) => number.is_nan(),
            Self::Decimal(number) => decimal_math::is_nan(number),
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Int(number) => number == 0,
            Self::Long(number) => number == 0,
            Self::Double(number) => number == 0.0,
            Self::Decimal(number) => decimal_math::is_zero(number),
        }
    }

    /// Both numbers in the wider one's type.
    #[inline]
    pub(crate) fn pair(self, other: Self) -> Pair {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Pair::Integers(a.into(), b.into(), true),
            (Self::Int(a), Self::Long(b)) => Pair::Integers(a.into(), b, false),
            (Self::Long(a), Self::Int(b)) => Pair::Integers(a, b.into(), false),
            (Self::Long(a), Self::Long(b)) => Pair::Integers(a, b, false),
            (Self::Decimal(_), _) | (_, Self::Decimal(_)) => {
                Pair::Decimals(self.to_decimal(), other.to_decimal())
            }
            _ => Pair::Doubles(self.to_double(), other.to_double()),
        }
    }
}

impl std::fmt::Display for Numeric {
    /// As it stands in errors.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(number) => number.fmt(f),
            Self::Long(number) => number.fmt(f),
            Self::Double(number) => f.write_str(&double_text(*number)),
            Self::Decimal(number) => number.fmt(f),
        }
    }
}

/// A whole number: an int where both arguments were ones and it fits, else a long.
#[inline]
pub(crate) fn integer(number: i64, is_int: bool) -> Numeric {
    match i32::try_from(number) {
        Ok(number) if is_int => Numeric::Int(number),
        _ => Numeric::Long(number),
    }
}

/// The whole number that a double is, if it fits into 64 bits.
fn whole_double(number: f64) -> Option<i64> {
    const END: f64 = 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and in the range")]
    (number.fract() == 0.0 && (-END..END).contains(&number)).then_some(number as i64)
}

/// A double as a server writes it down: with six digits in errors, in powers of ten beyond.
pub(crate) fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    general(number, 6)
}

/// A double with so many digits, as the `%g` of C writes it.
pub(crate) fn general(number: f64, digits: usize) -> String {
    if number == 0.0 {
        return if number.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let limit = i32::try_from(digits).unwrap_or(i32::MAX);
    if power < -4 || power >= limit {
        let mantissa = without_zeros(mantissa);
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", power.abs());
    }
    let places = usize::try_from(limit - 1 - power).unwrap_or(0);
    without_zeros(&format!("{number:.places$}")).to_owned()
}

fn without_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}
