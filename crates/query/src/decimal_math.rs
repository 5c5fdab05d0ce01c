//! Arithmetic on Decimal128: 34 digits, rounded half to even, as IEEE 754-2008 says.
//!
//! A result that is exact keeps the exponent that the standard prefers, so that 1.20 + 1.30 is
//! 2.50 and not 2.5. Whole numbers of any size do the work between unpacking and packing.

pub(crate) mod functions;

use std::cmp::Ordering;

use bson::Decimal128;
use dashu_int::{
    UBig,
    ops::{BitTest as _, DivRem as _, SquareRootRem as _},
};

use crate::decimal::{DIGITS_MAX, Decimal};

/// The exponents of the largest and the smallest numbers.
const EXPONENT_MAX: i64 = 6111;
const EXPONENT_MIN: i64 = -6176;

/// What lies so far below the last digit of a sum only says in which direction it is rounded.
const GAP_MAX: i64 = 72;

/// Where a number that lies between two others goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To the nearest one, and of two equally near ones to the even one.
    HalfEven,
    /// Towards zero.
    Down,
    /// Towards negative infinity.
    Floor,
    /// Towards infinity.
    Ceiling,
}

/// What is not a number.
pub(crate) fn nan() -> Decimal128 {
    from_high(0x7c00)
}

/// What is greater, or less, than all numbers.
pub(crate) fn infinity(negative: bool) -> Decimal128 {
    from_high(if negative { 0xf800 } else { 0x7800 })
}

/// Whether a number is zero, of whichever sign and exponent.
pub(crate) fn is_zero(number: Decimal128) -> bool {
    matches!(Decimal::unpack(number), Decimal::Finite { coefficient: 0, .. })
}

/// Whether a number is not a number.
pub(crate) fn is_nan(number: Decimal128) -> bool {
    Decimal::unpack(number) == Decimal::NaN
}

/// A whole number, exactly.
pub(crate) fn from_integer(number: i64) -> Decimal128 {
    pack(number < 0, u128::from(number.unsigned_abs()), 0)
}

/// A number from its digits, however many.
pub(crate) fn from_digits_text(negative: bool, digits: &str, exponent: i64) -> Option<Decimal128> {
    const DIGITS_READ: usize = 100;
    let digits = digits.trim_start_matches('0');
    let (first, rest) = digits.split_at_checked(DIGITS_READ).unwrap_or((digits, ""));
    let coefficient = if first.is_empty() { UBig::ZERO } else { first.parse().ok()? };
    let exponent = exponent + i64::try_from(rest.len()).ok()?;
    let is_more = rest.bytes().any(|digit| digit != b'0');
    Some(round_to_fit(negative, coefficient, exponent, is_more))
}

/// A double, rounded to the fifteen digits that a double is good for; MongoDB does the same.
pub(crate) fn from_double(number: f64) -> Decimal128 {
    from_digits(number, 15)
}

/// A double with as many digits as there is room for.
pub(crate) fn from_double_exactly(number: f64) -> Decimal128 {
    let number = Decimal::unpack(from_digits(number, 34));
    let Decimal::Finite { negative, coefficient, exponent } = number else {
        return from_number(number);
    };
    let preferred = i64::from(exponent).max(0);
    let (coefficient, exponent) = shorten(UBig::from(coefficient), exponent.into(), preferred);
    round_to_fit(negative, coefficient, exponent, false)
}

fn from_number(number: Decimal) -> Decimal128 {
    match number {
        Decimal::NaN => nan(),
        Decimal::Infinite { negative } => infinity(negative),
        Decimal::Finite { negative, coefficient, exponent } => {
            pack(negative, coefficient, exponent)
        }
    }
}

fn from_digits(number: f64, digits: u8) -> Decimal128 {
    let negative = number.is_sign_negative();
    if number.is_nan() {
        return nan();
    }
    if number.is_infinite() {
        return infinity(negative);
    }
    if number == 0.0 {
        return pack(negative, 0, 0);
    }
    let text = format!("{:.*e}", usize::from(digits) - 1, number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let coefficient: u128 = mantissa.replace('.', "").parse().unwrap_or(0);
    let exponent: i32 = exponent.parse().unwrap_or(0);
    pack(negative, coefficient, exponent + 1 - i32::from(digits))
}

/// The sum.
pub(crate) fn add(left: Decimal128, right: Decimal128) -> Decimal128 {
    let (left, right) = (Decimal::unpack(left), Decimal::unpack(right));
    let (a, b) = match (left, right) {
        (Decimal::NaN, _) | (_, Decimal::NaN) => return nan(),
        (Decimal::Infinite { negative: a }, Decimal::Infinite { negative: b }) if a != b => {
            return nan();
        }
        (Decimal::Infinite { negative }, _) | (_, Decimal::Infinite { negative }) => {
            return infinity(negative);
        }
        (
            Decimal::Finite { negative: a, coefficient: m, exponent: e },
            Decimal::Finite { negative: b, coefficient: n, exponent: f },
        ) => ((a, m, i64::from(e)), (b, n, i64::from(f))),
    };
    let (high, low) = if a.2 >= b.2 { (a, b) } else { (b, a) };
    let gap = high.2 - low.2;
    if high.1 == 0 || gap <= GAP_MAX {
        let scaled = if high.1 == 0 { UBig::ZERO } else { UBig::from(high.1) * power(gap) };
        return add_aligned((high.0, scaled), (low.0, UBig::from(low.1)), low.2);
    }
    let scaled = UBig::from(high.1) * power(GAP_MAX);
    let trace = UBig::from(u128::from(low.1 != 0));
    let exponent = if low.1 == 0 { low.2.max(high.2 - GAP_MAX) } else { high.2 - GAP_MAX };
    let scaled = if low.1 == 0 { UBig::from(high.1) * power(high.2 - exponent) } else { scaled };
    add_aligned((high.0, scaled), (low.0, trace), exponent)
}

/// The difference.
pub(crate) fn subtract(left: Decimal128, right: Decimal128) -> Decimal128 {
    add(left, negate(right))
}

/// The product.
pub(crate) fn multiply(left: Decimal128, right: Decimal128) -> Decimal128 {
    match (Decimal::unpack(left), Decimal::unpack(right)) {
        (Decimal::NaN, _) | (_, Decimal::NaN) => nan(),
        (Decimal::Infinite { negative }, other) | (other, Decimal::Infinite { negative }) => {
            match other {
                Decimal::Finite { coefficient: 0, .. } => nan(),
                Decimal::Finite { negative: other, .. } | Decimal::Infinite { negative: other } => {
                    infinity(negative != other)
                }
                Decimal::NaN => nan(),
            }
        }
        (
            Decimal::Finite { negative: a, coefficient: m, exponent: e },
            Decimal::Finite { negative: b, coefficient: n, exponent: f },
        ) => {
            let exponent = i64::from(e) + i64::from(f);
            round_to_fit(a != b, UBig::from(m) * UBig::from(n), exponent, false)
        }
    }
}

/// The quotient. What is divided by zero is infinite, and zero by zero is no number.
pub(crate) fn divide(left: Decimal128, right: Decimal128) -> Decimal128 {
    match (Decimal::unpack(left), Decimal::unpack(right)) {
        (Decimal::NaN, _) | (_, Decimal::NaN) => nan(),
        (Decimal::Infinite { .. }, Decimal::Infinite { .. }) => nan(),
        (Decimal::Infinite { negative: a }, Decimal::Finite { negative: b, .. }) => {
            infinity(a != b)
        }
        (Decimal::Finite { negative: a, .. }, Decimal::Infinite { negative: b }) => {
            round_to_fit(a != b, UBig::ZERO, EXPONENT_MIN, false)
        }
        (
            Decimal::Finite { negative: a, coefficient: m, exponent: e },
            Decimal::Finite { negative: b, coefficient: n, exponent: f },
        ) => {
            let preferred = i64::from(e) - i64::from(f);
            match (m, n) {
                (0, 0) => nan(),
                (_, 0) => infinity(a != b),
                (0, _) => round_to_fit(a != b, UBig::ZERO, preferred, false),
                _ => {
                    let places = i64::from(DIGITS_MAX) + 2 + digits(n) - digits(m);
                    let places = places.max(0);
                    let (quotient, rest) = (UBig::from(m) * power(places)).div_rem(UBig::from(n));
                    let exponent = preferred - places;
                    if rest.is_zero() {
                        let (quotient, exponent) = shorten(quotient, exponent, preferred);
                        return round_to_fit(a != b, quotient, exponent, false);
                    }
                    round_to_fit(a != b, quotient, exponent, true)
                }
            }
        }
    }
}

/// What is left by a division that is cut towards zero; it has the sign of the dividend.
pub(crate) fn remainder(left: Decimal128, right: Decimal128) -> Decimal128 {
    match (Decimal::unpack(left), Decimal::unpack(right)) {
        (Decimal::NaN, _) | (_, Decimal::NaN) | (Decimal::Infinite { .. }, _) => nan(),
        (Decimal::Finite { .. }, Decimal::Infinite { .. }) => left,
        (Decimal::Finite { .. }, Decimal::Finite { coefficient: 0, .. }) => nan(),
        (
            Decimal::Finite { negative, coefficient: m, exponent: e },
            Decimal::Finite { coefficient: n, exponent: f, .. },
        ) => {
            let exponent = i64::from(e.min(f));
            let m = UBig::from(m) * power(i64::from(e) - exponent);
            let n = UBig::from(n) * power(i64::from(f) - exponent);
            round_to_fit(negative, m % n, exponent, false)
        }
    }
}

/// The square root; of a negative number there is none.
pub(crate) fn square_root(number: Decimal128) -> Decimal128 {
    match Decimal::unpack(number) {
        Decimal::Finite { negative, coefficient: 0, exponent } => {
            round_to_fit(negative, UBig::ZERO, i64::from(exponent).div_euclid(2), false)
        }
        Decimal::Infinite { negative: false } => infinity(false),
        Decimal::Finite { negative: false, coefficient, exponent } => {
            let exponent = i64::from(exponent);
            let preferred = exponent.div_euclid(2);
            // Twice the digits that are wanted, and an even exponent.
            let places = 2 * i64::from(DIGITS_MAX) + 4 + exponent.rem_euclid(2);
            let (root, rest) = (UBig::from(coefficient) * power(places)).sqrt_rem();
            let exponent = (exponent - places) / 2;
            if rest.is_zero() {
                let (root, exponent) = shorten(root, exponent, preferred);
                return round_to_fit(false, root, exponent, false);
            }
            round_to_fit(false, root, exponent, true)
        }
        _ => nan(),
    }
}

/// The number with its sign turned.
pub(crate) fn negate(number: Decimal128) -> Decimal128 {
    Decimal128::from_bytes((u128::from_le_bytes(number.bytes()) ^ (1 << 127)).to_le_bytes())
}

/// The distance from zero.
pub(crate) fn absolute(number: Decimal128) -> Decimal128 {
    let bits = u128::from_le_bytes(number.bytes()) & !(1 << 127);
    Decimal128::from_bytes(bits.to_le_bytes())
}

/// A number with so many places behind the point; fewer than none cut whole digits.
pub(crate) fn round(number: Decimal128, places: i64, rounding: Rounding) -> Decimal128 {
    let Decimal::Finite { negative, coefficient, exponent } = Decimal::unpack(number) else {
        return number;
    };
    let exponent = i64::from(exponent);
    if -places <= exponent {
        // MongoDB writes down the places that were asked for, where there is room.
        let (coefficient, exponent) = pad(coefficient, exponent, -places);
        return pack_checked(negative, coefficient, exponent);
    }
    let cut = -places - exponent;
    let (quotient, rest) = UBig::from(coefficient).div_rem(power(cut.min(40)));
    let is_odd = quotient.bit(0);
    let half = rest.clone() * UBig::from(2_u8);
    let up = match rounding {
        Rounding::Down => false,
        Rounding::Floor => negative && !rest.is_zero(),
        Rounding::Ceiling => !negative && !rest.is_zero(),
        Rounding::HalfEven => match half.cmp(&power(cut.min(40))) {
            Ordering::Less => false,
            Ordering::Equal => is_odd,
            Ordering::Greater => true,
        },
    };
    let quotient = if up { quotient + UBig::ONE } else { quotient };
    round_to_fit(negative, quotient, -places, false)
}

/// A finite number from its parts, rounded to 34 digits. `is_more` says that its absolute is a
/// little more than the coefficient, so that it is never half between two others.
pub(crate) fn round_to_fit(
    negative: bool,
    mut coefficient: UBig,
    mut exponent: i64,
    is_more: bool,
) -> Decimal128 {
    if is_more {
        coefficient = coefficient * UBig::from(10_u8) + UBig::ONE;
        exponent -= 1;
    }
    let too_many = big_digits(&coefficient) - i64::from(DIGITS_MAX);
    let cut = too_many.max(EXPONENT_MIN - exponent);
    if cut > 0 {
        coefficient = cut_half_even(coefficient, cut);
        exponent += cut;
        if big_digits(&coefficient) > i64::from(DIGITS_MAX) {
            coefficient /= UBig::from(10_u8);
            exponent += 1;
        }
    }
    pack_checked(negative, u128::try_from(&coefficient).unwrap_or(0), exponent)
}

/// The parts of a finite number, put together. There are 34 digits at most.
pub(crate) fn pack(negative: bool, coefficient: u128, exponent: i32) -> Decimal128 {
    let biased = u128::try_from(i64::from(exponent) - EXPONENT_MIN).unwrap_or(0);
    let bits = u128::from(negative) << 127 | biased << 113 | coefficient;
    Decimal128::from_bytes(bits.to_le_bytes())
}

fn from_high(high: u128) -> Decimal128 {
    Decimal128::from_bytes((high << 112).to_le_bytes())
}

fn power(exponent: i64) -> UBig {
    UBig::from(10_u8).pow(usize::try_from(exponent).unwrap_or(0))
}

fn digits(number: u128) -> i64 {
    number.checked_ilog10().map_or(0, |log| i64::from(log) + 1)
}

fn big_digits(number: &UBig) -> i64 {
    if let Ok(number) = u128::try_from(number) {
        return digits(number);
    }
    i64::try_from(number.ilog(&UBig::from(10_u8)) + 1).unwrap_or(i64::MAX)
}

fn add_aligned(left: (bool, UBig), right: (bool, UBig), exponent: i64) -> Decimal128 {
    if left.0 == right.0 {
        return round_to_fit(left.0, left.1 + right.1, exponent, false);
    }
    match left.1.cmp(&right.1) {
        Ordering::Equal => round_to_fit(false, UBig::ZERO, exponent, false),
        Ordering::Greater => round_to_fit(left.0, left.1 - right.1, exponent, false),
        Ordering::Less => round_to_fit(right.0, right.1 - left.1, exponent, false),
    }
}

fn cut_half_even(coefficient: UBig, cut: i64) -> UBig {
    if cut > big_digits(&coefficient) {
        return UBig::ZERO;
    }
    let divisor = power(cut);
    let (quotient, rest) = coefficient.div_rem(&divisor);
    let is_up = match (rest * UBig::from(2_u8)).cmp(&divisor) {
        Ordering::Less => false,
        Ordering::Equal => quotient.bit(0),
        Ordering::Greater => true,
    };
    if is_up { quotient + UBig::ONE } else { quotient }
}

/// Takes zeros from the end until the exponent is the preferred one.
fn shorten(mut coefficient: UBig, mut exponent: i64, preferred: i64) -> (UBig, i64) {
    let ten = UBig::from(10_u8);
    while exponent < preferred {
        let (quotient, rest) = coefficient.clone().div_rem(&ten);
        if !rest.is_zero() {
            break;
        }
        coefficient = quotient;
        exponent += 1;
    }
    (coefficient, exponent)
}

/// Puts zeros to the end until the exponent is the wanted one, or no digit is left.
fn pad(coefficient: u128, exponent: i64, wanted: i64) -> (u128, i64) {
    let room = match coefficient {
        0 => exponent - wanted,
        _ => i64::from(DIGITS_MAX) - digits(coefficient),
    };
    let zeros = room.min(exponent - wanted).max(0);
    match coefficient {
        0 => (0, exponent - zeros),
        _ => (coefficient * 10_u128.pow(u32::try_from(zeros).unwrap_or(0)), exponent - zeros),
    }
}

/// Packs what has 34 digits at most, and an exponent that may be too large.
fn pack_checked(negative: bool, coefficient: u128, exponent: i64) -> Decimal128 {
    if coefficient == 0 {
        let exponent = exponent.clamp(EXPONENT_MIN, EXPONENT_MAX);
        return pack(negative, 0, i32::try_from(exponent).unwrap_or(0));
    }
    let (coefficient, exponent) = pad(coefficient, exponent, exponent.min(EXPONENT_MAX));
    if exponent > EXPONENT_MAX {
        return infinity(negative);
    }
    pack(negative, coefficient, i32::try_from(exponent).unwrap_or(0))
}

#[cfg(test)]
mod tests;
