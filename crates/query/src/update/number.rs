//! What `$inc`, `$mul` and `$bit` do to numbers: the type of the result is the wider one of both.

use bson::{RawBson, RawBsonRef};

use crate::{
    decimal_math,
    expression::{Numeric, Pair, integer},
};

/// A number of any type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number(Numeric);

/// What happens to the bits of an integer.
#[derive(Debug, Clone, Copy)]
pub(super) enum BitOperator {
    And,
    Or,
    Xor,
}

impl Number {
    /// Zero, of 32 bits.
    pub(super) const ZERO: Self = Self(Numeric::Int(0));

    /// A value, if it is a number.
    pub(super) fn read(value: RawBsonRef<'_>) -> Option<Self> {
        Numeric::of(value).map(Self)
    }

    /// A value, if it is an integer.
    pub(super) fn read_integer(value: RawBsonRef<'_>) -> Option<Self> {
        Self::read(value).filter(|number| matches!(number.0, Numeric::Int(_) | Numeric::Long(_)))
    }

    /// The sum. None is one that no integer can hold.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        Some(Self(match self.0.pair(other.0) {
            Pair::Integers(one, another, are_ints) => integer(one.checked_add(another)?, are_ints),
            Pair::Doubles(one, another) => Numeric::Double(one + another),
            Pair::Decimals(one, another) => Numeric::Decimal(decimal_math::add(one, another)),
        }))
    }

    /// The product. None is one that no integer can hold.
    pub(super) fn multiply(self, other: Self) -> Option<Self> {
        Some(Self(match self.0.pair(other.0) {
            Pair::Integers(one, another, are_ints) => integer(one.checked_mul(another)?, are_ints),
            Pair::Doubles(one, another) => Numeric::Double(one * another),
            Pair::Decimals(one, another) => Numeric::Decimal(decimal_math::multiply(one, another)),
        }))
    }

    /// Combines the bits of two integers.
    pub(super) fn combine(self, operator: BitOperator, other: Self) -> Self {
        // Callers have looked at the types: a fraction never comes here.
        let Pair::Integers(one, another, are_ints) = self.0.pair(other.0) else { return self };
        let bits = match operator {
            BitOperator::And => one & another,
            BitOperator::Or => one | another,
            BitOperator::Xor => one ^ another,
        };
        Self(integer(bits, are_ints))
    }

    /// The number as BSON.
    pub(super) fn to_bson(self) -> RawBson {
        self.0.into_value().into_raw()
    }

    /// The number with its type, for error messages.
    pub(super) fn describe(self) -> String {
        match self.0 {
            Numeric::Int(number) => format!("(NumberInt){number}"),
            Numeric::Long(number) => format!("(NumberLong){number}"),
            Numeric::Double(number) => format!("(NumberDouble){number}"),
            Numeric::Decimal(number) => format!("(NumberDecimal){number}"),
        }
    }
}
