//! The four number types as one line of numbers, compared without loss.

use std::cmp::Ordering;

use bson::{Bson, RawBsonRef};

use crate::decimal::{Decimal, Magnitude};

/// 2^63, the first whole number above every int64.
const INT64_END: f64 = 9_223_372_036_854_775_808.0;

/// A number of any of BSON's types.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i64),
    Double(f64),
    Decimal(Decimal),
}

impl Number {
    /// The number that a value is, if it is one.
    pub(crate) fn of(value: RawBsonRef<'_>) -> Option<Self> {
        match value {
            RawBsonRef::Int32(number) => Some(Self::Int(number.into())),
            RawBsonRef::Int64(number) => Some(Self::Int(number)),
            RawBsonRef::Double(number) => Some(Self::Double(number)),
            RawBsonRef::Decimal128(number) => Some(Self::Decimal(Decimal::unpack(number))),
            _ => None,
        }
    }

    /// The same for a decoded value.
    pub(crate) fn of_value(value: &Bson) -> Option<Self> {
        match value {
            Bson::Int32(number) => Some(Self::Int((*number).into())),
            Bson::Int64(number) => Some(Self::Int(*number)),
            Bson::Double(number) => Some(Self::Double(*number)),
            Bson::Decimal128(number) => Some(Self::Decimal(Decimal::unpack(*number))),
            _ => None,
        }
    }

    pub(crate) fn is_nan(self) -> bool {
        match self {
            Self::Int(_) => false,
            Self::Double(number) => number.is_nan(),
            Self::Decimal(number) => number == Decimal::NaN,
        }
    }

    /// Whether it is zero, of either sign.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Self::Int(number) => number == 0,
            Self::Double(number) => number == 0.0,
            Self::Decimal(number) => number.canonical() == Decimal::ZERO,
        }
    }

    /// The whole number before the point, if it fits into 64 bits.
    pub(crate) fn truncated(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            Self::Double(number) => truncate(number),
            Self::Decimal(number) => number.truncated(),
        }
    }

    /// The whole number that it is, if it is one and fits into 64 bits.
    pub(crate) fn whole(self) -> Option<i64> {
        let whole = self.truncated()?;
        (self.compare(Self::Int(whole)) == Ordering::Equal).then_some(whole)
    }

    /// A double that is as near as can be.
    pub(crate) fn to_double(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Double(number) => number,
            Self::Decimal(number) => number.nearest_double(),
        }
    }

    /// NaN comes first and equals NaN; zeros are equal whatever their sign.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(&b),
            (Self::Double(a), Self::Double(b)) => compare_doubles(a, b),
            (Self::Int(a), Self::Double(b)) => compare_int_to_double(a, b),
            (Self::Double(a), Self::Int(b)) => compare_int_to_double(b, a).reverse(),
            (Self::Decimal(a), Self::Decimal(b)) => compare_decimals(a, b),
            (Self::Decimal(a), Self::Int(b)) => compare_decimals(a, b.into()),
            (Self::Int(a), Self::Decimal(b)) => compare_decimals(a.into(), b),
            (Self::Decimal(a), Self::Double(b)) => compare_decimal_to_double(a, b),
            (Self::Double(a), Self::Decimal(b)) => compare_decimal_to_double(b, a).reverse(),
        }
    }

    /// The double that is nearest on the side of zero, and the exact distance from zero if the
    /// double falls short of it. Two numbers are equal exactly when both parts are.
    pub(crate) fn towards_zero(self) -> (f64, Option<Magnitude>) {
        let (negative, magnitude) = match self {
            // Adding zero takes the sign of a zero away.
            Self::Double(number) => return (number + 0.0, None),
            Self::Int(number) if number.unsigned_abs() <= 1 << 53 => {
                return (self.to_double(), None);
            }
            Self::Int(number) => (number < 0, Decimal::from(number).magnitude()),
            Self::Decimal(number) => (number.is_negative(), number.magnitude()),
        };
        let Some(magnitude) = magnitude else { return (self.to_double() + 0.0, None) };
        let nearest = magnitude.nearest_double().min(f64::MAX);
        let compared = match nearest {
            0.0 => Ordering::Greater,
            _ => magnitude.compare_to_double(nearest),
        };
        let (size, rest) = match compared {
            Ordering::Equal => (nearest, None),
            Ordering::Greater => (nearest, Some(magnitude)),
            Ordering::Less => (nearest.next_down(), Some(magnitude)),
        };
        (if negative { -size } else { size }, rest)
    }
}

fn compare_doubles(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

fn compare_int_to_double(int: i64, double: f64) -> Ordering {
    if double.is_nan() {
        return Ordering::Greater;
    }
    match truncate(double) {
        Some(whole) => int.cmp(&whole).then_with(|| compare_doubles(0.0, double.fract())),
        None if double < 0.0 => Ordering::Greater,
        None => Ordering::Less,
    }
}

fn compare_decimals(a: Decimal, b: Decimal) -> Ordering {
    let key = |decimal: Decimal| match decimal {
        Decimal::NaN => (0, None),
        Decimal::Infinite { negative: true } => (1, None),
        Decimal::Infinite { negative: false } => (5, None),
        finite => match finite.magnitude() {
            None => (3, None),
            magnitude if finite.is_negative() => (2, magnitude),
            magnitude => (4, magnitude),
        },
    };
    let ((class, size), (other_class, other_size)) = (key(a), key(b));
    let sizes = size.cmp(&other_size);
    class.cmp(&other_class).then(if class == 2 { sizes.reverse() } else { sizes })
}

fn compare_decimal_to_double(decimal: Decimal, double: f64) -> Ordering {
    let Some(magnitude) = decimal.magnitude() else {
        return compare_doubles(decimal.nearest_double(), double);
    };
    let negative = decimal.is_negative();
    if double.is_infinite() || double.is_nan() || double == 0.0 || (double < 0.0) != negative {
        let sign = if negative { -1.0 } else { 1.0 };
        return compare_doubles(sign, double);
    }
    let sizes = magnitude.compare_to_double(double.abs());
    if negative { sizes.reverse() } else { sizes }
}

/// The whole part, if it is an int64.
fn truncate(double: f64) -> Option<i64> {
    (-INT64_END..INT64_END).contains(&double).then_some(double as i64)
}
