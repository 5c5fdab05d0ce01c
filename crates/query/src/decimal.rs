//! The parts of a Decimal128: a sign, a whole coefficient and a power of ten.
//!
//! The `bson` crate carries a Decimal128 as sixteen bytes. Here they are taken apart (the binary
//! integer encoding of IEEE 754-2008), far enough to compare one exactly with any other number.

use std::cmp::Ordering;

use bson::Decimal128;

/// The most digits that a coefficient has.
pub(crate) const DIGITS_MAX: u32 = 34;

/// What is added to an exponent in the bytes.
const EXPONENT_BIAS: i32 = 6176;

/// A Decimal128 as its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// Not a number.
    NaN,
    /// An infinity.
    Infinite {
        /// Whether it is the negative one.
        negative: bool,
    },
    /// `coefficient × 10^exponent`, with a sign.
    Finite {
        /// Whether it is negative; a zero has a sign, too.
        negative: bool,
        /// The digits, below 10^34.
        coefficient: u128,
        /// The power of ten.
        exponent: i32,
    },
}

/// How far a number is from zero: the power of ten of its first digit, then its digits, exactly 34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Magnitude {
    pub(crate) exponent: i32,
    pub(crate) digits: u128,
}

impl Decimal {
    /// Zero, without a sign.
    pub const ZERO: Self = Self::Finite { negative: false, coefficient: 0, exponent: 0 };

    /// Takes the sixteen bytes apart.
    pub fn unpack(value: Decimal128) -> Self {
        let bits = u128::from_le_bytes(value.bytes());
        let negative = bits >> 127 == 1;
        let combination = (bits >> 122) & 0x1f;
        match combination {
            0x1f => return Self::NaN,
            0x1e => return Self::Infinite { negative },
            _ => {}
        }
        // With the two bits set, the coefficient has an implied start that makes it too large,
        // and a coefficient that is too large stands for zero.
        let is_large = combination >> 3 == 3;
        let (exponent_bits, coefficient) =
            if is_large { (bits >> 111, 0) } else { (bits >> 113, bits & ((1 << 113) - 1)) };
        let coefficient = if coefficient >= 10_u128.pow(DIGITS_MAX) { 0 } else { coefficient };
        let exponent = i32::try_from(exponent_bits & 0x3fff).unwrap_or(0) - EXPONENT_BIAS;
        Self::Finite { negative, coefficient, exponent }
    }

    /// The same value with the shortest coefficient, and a plain zero for every zero.
    #[must_use]
    pub fn canonical(self) -> Self {
        let Self::Finite { negative, mut coefficient, mut exponent } = self else { return self };
        if coefficient == 0 {
            return Self::ZERO;
        }
        while coefficient.is_multiple_of(10) {
            coefficient /= 10;
            exponent += 1;
        }
        Self::Finite { negative, coefficient, exponent }
    }

    /// The whole number before the point, if it fits into 64 bits; towards zero.
    pub fn truncated(self) -> Option<i64> {
        let Self::Finite { negative, coefficient, exponent } = self.canonical() else {
            return None;
        };
        let whole = match u32::try_from(exponent) {
            Ok(up) => coefficient.checked_mul(10_u128.checked_pow(up)?)?,
            Err(_) => match 10_u128.checked_pow(exponent.unsigned_abs()) {
                Some(divisor) => coefficient / divisor,
                None => 0,
            },
        };
        let whole = i128::try_from(whole).ok()?;
        i64::try_from(if negative { -whole } else { whole }).ok()
    }

    /// Whether it is a whole number.
    pub fn is_whole(self) -> bool {
        matches!(self.canonical(), Self::Finite { exponent: 0.., .. })
    }

    /// The double next to it.
    pub fn nearest_double(self) -> f64 {
        match self.canonical() {
            Self::NaN => f64::NAN,
            Self::Infinite { negative: true } => f64::NEG_INFINITY,
            Self::Infinite { negative: false } => f64::INFINITY,
            Self::Finite { negative, coefficient, exponent } => {
                let size = nearest_size(coefficient, exponent);
                if negative { -size } else { size }
            }
        }
    }

    /// Whether it is below zero; never for a zero.
    pub(crate) fn is_negative(self) -> bool {
        match self {
            Self::NaN => false,
            Self::Infinite { negative } => negative,
            Self::Finite { negative, coefficient, .. } => negative && coefficient != 0,
        }
    }

    /// The distance from zero of a finite number, unless that is none.
    pub(crate) fn magnitude(self) -> Option<Magnitude> {
        match self {
            Self::Finite { coefficient, exponent, .. } => Magnitude::new(coefficient, exponent),
            _ => None,
        }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        let coefficient = u128::from(value.unsigned_abs());
        Self::Finite { negative: value < 0, coefficient, exponent: 0 }
    }
}

impl Magnitude {
    /// `coefficient × 10^exponent`, unless that is zero.
    fn new(coefficient: u128, exponent: i32) -> Option<Self> {
        let digits = coefficient.checked_ilog10()? + 1;
        let missing = DIGITS_MAX.saturating_sub(digits);
        let first = exponent + i32::try_from(digits).unwrap_or(0) - 1;
        Some(Self { exponent: first, digits: coefficient * 10_u128.pow(missing) })
    }

    /// The double next to it.
    pub(crate) fn nearest_double(self) -> f64 {
        let mut coefficient = self.digits;
        let mut exponent = self.exponent - 33;
        while coefficient.is_multiple_of(10) && coefficient != 0 {
            coefficient /= 10;
            exponent += 1;
        }
        nearest_size(coefficient, exponent)
    }

    /// How it compares with a finite double above zero, exactly.
    pub(crate) fn compare_to_double(self, double: f64) -> Ordering {
        let nearest = self.nearest_double();
        // Rounding never swaps two numbers, so that they only have to be looked at when the
        // nearest double is this very one.
        nearest.total_cmp(&double).then_with(|| self.compare_to_digits(double))
    }

    /// The same, by the exact decimal digits of the double.
    fn compare_to_digits(self, double: f64) -> Ordering {
        if self.is_plain_whole() {
            return Ordering::Equal;
        }
        // No double has more digits than 767.
        let text = format!("{double:.766e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let mut digits = digits.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0');
        let start = digits
            .by_ref()
            .take(usize::try_from(DIGITS_MAX).unwrap_or(0))
            .fold(0, |sum: u128, digit| sum * 10 + u128::from(digit));
        let rest = digits.any(|digit| digit != 0);
        let other = Self { exponent, digits: start };
        self.cmp(&other).then(if rest { Ordering::Less } else { Ordering::Equal })
    }

    /// Whether it is a whole number that every double next to it equals.
    fn is_plain_whole(self) -> bool {
        let Ok(places) = u32::try_from(33 - self.exponent) else { return false };
        let Some(unit) = 10_u128.checked_pow(places) else { return false };
        self.digits.is_multiple_of(unit) && self.digits / unit <= 1 << 53
    }
}

/// The double next to `coefficient × 10^exponent`.
fn nearest_size(coefficient: u128, exponent: i32) -> f64 {
    format!("{coefficient}e{exponent}").parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::unpack(text.parse().unwrap())
    }

    fn finite(negative: bool, coefficient: u128, exponent: i32) -> Decimal {
        Decimal::Finite { negative, coefficient, exponent }
    }

    #[test]
    fn the_bytes_are_taken_apart() {
        assert_eq!(decimal("1"), finite(false, 1, 0));
        assert_eq!(decimal("-12.50"), finite(true, 1250, -2));
        assert_eq!(decimal("0E+3"), finite(false, 0, 3));
        assert_eq!(decimal("-0"), finite(true, 0, 0));
        assert_eq!(decimal("NaN"), Decimal::NaN);
        assert_eq!(decimal("-Infinity"), Decimal::Infinite { negative: true });
        let largest = decimal("9.999999999999999999999999999999999E+6144");
        assert_eq!(largest, finite(false, 10_u128.pow(34) - 1, 6111));
        assert_eq!(decimal("1E-6176"), finite(false, 1, -6176));
    }

    #[test]
    fn a_coefficient_that_is_too_large_is_zero() {
        let mut bytes = [0xff; 16];
        bytes[15] = 0x6c;
        let unpacked = Decimal::unpack(Decimal128::from_bytes(bytes));
        assert_eq!(unpacked.canonical(), Decimal::ZERO);
    }

    #[test]
    fn canonical_values_are_short() {
        assert_eq!(decimal("100").canonical(), finite(false, 1, 2));
        assert_eq!(decimal("1.000").canonical(), finite(false, 1, 0));
        assert_eq!(decimal("-0E+100").canonical(), Decimal::ZERO);
    }

    #[test]
    fn whole_parts_are_cut_towards_zero() {
        assert_eq!(decimal("-7.9").truncated(), Some(-7));
        assert_eq!(decimal("1E+3").truncated(), Some(1000));
        assert_eq!(decimal("1E-6000").truncated(), Some(0));
        assert_eq!(decimal("9223372036854775807").truncated(), Some(i64::MAX));
        assert_eq!(decimal("9223372036854775808").truncated(), None);
        assert_eq!(decimal("Infinity").truncated(), None);
        assert!(decimal("2.0").is_whole() && !decimal("2.5").is_whole());
    }

    #[test]
    fn doubles_are_compared_by_every_digit() {
        let compare =
            |text: &str, double: f64| decimal(text).magnitude().unwrap().compare_to_double(double);
        // A tenth is no binary fraction: the double is a little more.
        assert_eq!(compare("0.1", 0.1), Ordering::Less);
        assert_eq!(compare("0.1000000000000000055511151231257828", 0.1), Ordering::Greater);
        assert_eq!(compare("0.5", 0.5), Ordering::Equal);
        assert_eq!(compare("9007199254740993", 9_007_199_254_740_992.0), Ordering::Greater);
        assert_eq!(compare("9007199254740992", 9_007_199_254_740_992.0), Ordering::Equal);
        assert_eq!(compare("1E-400", f64::MIN_POSITIVE), Ordering::Less);
        assert_eq!(compare("1E+400", f64::MAX), Ordering::Greater);
    }
}
