//! What `$inc`, `$mul` and `$bit` do to numbers: the type of the result is the wider one of both.

use bson::{Decimal128, RawBson, RawBsonRef};

use crate::decimal_math;

/// A number of any type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// A binary fraction.
    Double(f64),
    /// A decimal fraction.
    Decimal(Decimal128),
}

/// What happens to the bits of an integer.
#[derive(Debug, Clone, Copy)]
pub(super) enum BitOperator {
    And,
    Or,
    Xor,
}

impl Number {
    /// A value, if it is a number.
    pub(super) fn read(value: RawBsonRef<'_>) -> Option<Self> {
        match value {
            RawBsonRef::Int32(number) => Some(Self::Int(number)),
            RawBsonRef::Int64(number) => Some(Self::Long(number)),
            RawBsonRef::Double(number) => Some(Self::Double(number)),
            RawBsonRef::Decimal128(number) => Some(Self::Decimal(number)),
            _ => None,
        }
    }

    /// A value, if it is an integer.
    pub(super) fn read_integer(value: RawBsonRef<'_>) -> Option<Self> {
        Self::read(value).filter(|number| matches!(number, Self::Int(_) | Self::Long(_)))
    }

    /// The sum. None is one that no integer can hold.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Int(one), Self::Int(another)) => shortest(i64::from(one) + i64::from(another)),
            (Self::Decimal(_), _) | (_, Self::Decimal(_)) => {
                Self::Decimal(decimal_math::add(self.to_decimal(), other.to_decimal()))
            }
            (Self::Double(_), _) | (_, Self::Double(_)) => {
                Self::Double(self.to_double() + other.to_double())
            }
            _ => Self::Long(self.to_long().checked_add(other.to_long())?),
        })
    }

    /// The product. None is one that no integer can hold.
    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::Int(one), Self::Int(another)) => shortest(i64::from(one) * i64::from(another)),
            (Self::Decimal(_), _) | (_, Self::Decimal(_)) => {
                Self::Decimal(decimal_math::multiply(self.to_decimal(), other.to_decimal()))
            }
            (Self::Double(_), _) | (_, Self::Double(_)) => {
                Self::Double(self.to_double() * other.to_double())
            }
            _ => Self::Long(self.to_long().checked_mul(other.to_long())?),
        })
    }

    /// Combines the bits of two integers.
    pub(super) fn combine(self, operator: BitOperator, other: Self) -> Self {
        let (one, another) = (self.to_long(), other.to_long());
        let bits = match operator {
            BitOperator::And => one & another,
            BitOperator::Or => one | another,
            BitOperator::Xor => one ^ another,
        };
        match (self, other) {
            // Two numbers of 32 bits leave the upper bits alike, so that the result fits.
            (Self::Int(_), Self::Int(_)) => shortest(bits),
            _ => Self::Long(bits),
        }
    }

    /// The number as BSON.
    pub(super) fn to_bson(self) -> RawBson {
        match self {
            Self::Int(number) => RawBson::Int32(number),
            Self::Long(number) => RawBson::Int64(number),
            Self::Double(number) => RawBson::Double(number),
            Self::Decimal(number) => RawBson::Decimal128(number),
        }
    }

    /// The number with its type, for error messages.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Int(number) => format!("(NumberInt){number}"),
            Self::Long(number) => format!("(NumberLong){number}"),
            Self::Double(number) => format!("(NumberDouble){number}"),
            Self::Decimal(number) => format!("(NumberDecimal){number}"),
        }
    }

    fn to_long(self) -> i64 {
        match self {
            Self::Int(number) => number.into(),
            Self::Long(number) => number,
            // Callers have looked at the type: a fraction never comes here.
            Self::Double(_) | Self::Decimal(_) => 0,
        }
    }

    fn to_double(self) -> f64 {
        match self {
            Self::Int(number) => number.into(),
            Self::Long(number) => number as f64,
            Self::Double(number) => number,
            Self::Decimal(_) => f64::NAN,
        }
    }

    fn to_decimal(self) -> Decimal128 {
        match self {
            Self::Int(number) => decimal_math::from_integer(number.into()),
            Self::Long(number) => decimal_math::from_integer(number),
            Self::Double(number) => decimal_math::from_double(number),
            Self::Decimal(number) => number,
        }
    }
}

fn shortest(number: i64) -> Number {
    i32::try_from(number).map_or(Number::Long(number), Number::Int)
}
