//! Logarithms, powers and angles of Decimal128, correct to the last of 34 digits.

use bson::Decimal128;
use dashu_float::{Context, FBig, FpError, FpResult, Repr, round::mode::HalfEven};
use dashu_int::{IBig, Sign, UBig};

use super::{add, infinity, nan, pack, round_to_fit};
use crate::{decimal::Decimal, interrupt::charge};

/// A function of decimals takes as long as so many steps of an interrupt.
const FUNCTION_STEPS: usize = 128;

/// More digits than are wanted: halves of constants are not rounded well at the last one.
const DIGITS: usize = 44;

/// No power of ten beyond these has a place in a Decimal128.
const EXPONENT_MAX: f64 = 6200.0;
const EXPONENT_MIN: f64 = -6300.0;

/// An angle beyond this is not worth the thousands of digits of pi that it would take.
const ANGLE_MAX: f64 = 1e300;

type Number = Repr<10>;

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// e to the power of the number.
    Exp,
    /// The natural logarithm.
    Ln,
    /// The decimal logarithm.
    Log10,
    /// Angles are in radians.
    Sin,
    /// The cosine.
    Cos,
    /// The tangent.
    Tan,
    /// The angle of a sine.
    Asin,
    /// The angle of a cosine.
    Acos,
    /// The angle of a tangent.
    Atan,
    /// The hyperbolic sine.
    Sinh,
    /// The hyperbolic cosine.
    Cosh,
    /// The hyperbolic tangent.
    Tanh,
    /// The inverse of the hyperbolic sine.
    Asinh,
    /// The inverse of the hyperbolic cosine.
    Acosh,
    /// The inverse of the hyperbolic tangent.
    Atanh,
}

/// The value of a function; none is no number.
pub(crate) fn apply(function: Function, number: Decimal128) -> Decimal128 {
    charge(FUNCTION_STEPS);
    let decimal = Decimal::unpack(number);
    let Some(argument) = finite(decimal) else { return by_double(function, decimal) };
    let double = decimal.nearest_double();
    if let Some(result) = beforehand(function, number, double) {
        return result;
    }
    let context = Context::<HalfEven>::new(DIGITS);
    pack_result(match function {
        Function::Exp => context.exp(&argument, None),
        Function::Ln => context.ln(&argument, None),
        Function::Log10 => context.log10(&argument, None),
        Function::Sin => context.sin(&argument, None),
        Function::Cos => context.cos(&argument, None),
        Function::Tan => context.tan(&argument, None),
        Function::Asin => context.asin(&argument, None),
        Function::Acos => context.acos(&argument, None),
        Function::Atan => context.atan(&argument, None),
        Function::Sinh => context.sinh(&argument, None),
        Function::Cosh => context.cosh(&argument, None),
        Function::Tanh => context.tanh(&argument, None),
        Function::Asinh => context.asinh(&argument, None),
        Function::Acosh => context.acosh(&argument, None),
        Function::Atanh => context.atanh(&argument, None),
    })
}

/// The angle of a point from its y and x.
pub(crate) fn atan2(y: Decimal128, x: Decimal128) -> Decimal128 {
    charge(FUNCTION_STEPS);
    let (y, x) = (Decimal::unpack(y), Decimal::unpack(x));
    let context = Context::<HalfEven>::new(DIGITS);
    match (finite(y), finite(x)) {
        (Some(y), Some(x)) if !y.significand().is_zero() || !x.significand().is_zero() => {
            pack_result(context.atan2(&y, &x, None))
        }
        _ => super::from_double(y.nearest_double().atan2(x.nearest_double())),
    }
}

/// The half of a circle whose radius is one.
pub(crate) fn pi() -> Decimal128 {
    pack(false, 3_141_592_653_589_793_238_462_643_383_279_503, -33)
}

/// A power. It has all 34 digits, even where fewer would do.
pub(crate) fn raise(base: Decimal128, exponent: Decimal128) -> Decimal128 {
    charge(FUNCTION_STEPS);
    let (b, e) = (Decimal::unpack(base), Decimal::unpack(exponent));
    let (double, double_exponent) = (b.nearest_double(), e.nearest_double());
    let (Some(base), Some(exponent)) = (finite(b), finite(e)) else {
        return super::from_double(double.powf(double_exponent));
    };
    if double < 0.0 && !e.is_whole() {
        return nan();
    }
    let is_odd = e.is_whole() && is_odd(e);
    if base.significand().is_zero() && !exponent.significand().is_zero() {
        return pack(is_odd && double.is_sign_negative(), 0, 0);
    }
    let tens = decimal_log(b) * double_exponent;
    if tens > EXPONENT_MAX {
        return infinity(double < 0.0 && is_odd);
    }
    if tens < EXPONENT_MIN {
        return round_to_fit(double < 0.0 && is_odd, UBig::ZERO, i64::MIN / 2, false);
    }
    let context = Context::<HalfEven>::new(DIGITS);
    add(pack_result(context.powf(&base, &exponent, None)), pack(false, 0, -6176))
}

/// What can be said without computing: the ends of the ranges.
fn beforehand(function: Function, number: Decimal128, double: f64) -> Option<Decimal128> {
    let is_zero = double == 0.0 && super::is_zero(number);
    // Near zero, these are their argument; the next term is far beyond the last digit.
    let is_tiny = double.abs() < 1e-30 && !is_zero;
    match function {
        Function::Exp if double > EXPONENT_MAX * 2.31 => Some(infinity(false)),
        Function::Exp if double < EXPONENT_MIN * 2.31 => Some(pack(false, 0, -6176)),
        Function::Sinh if double.abs() > EXPONENT_MAX * 2.31 => Some(infinity(double < 0.0)),
        Function::Cosh if double.abs() > EXPONENT_MAX * 2.31 => Some(infinity(false)),
        Function::Tanh if double.abs() > 1000.0 => {
            Some(super::multiply(pack(double < 0.0, 1, 0), pack(false, 10_u128.pow(33), -33)))
        }
        Function::Sin | Function::Cos | Function::Tan if double.abs() > ANGLE_MAX => Some(nan()),
        Function::Sin | Function::Tan | Function::Asin | Function::Atan if is_tiny => Some(number),
        Function::Sinh | Function::Tanh | Function::Asinh | Function::Atanh if is_tiny => {
            Some(number)
        }
        Function::Ln | Function::Log10 if is_zero => Some(infinity(true)),
        Function::Atanh if double.abs() == 1.0 => {
            let is_one = super::subtract(super::absolute(number), pack(false, 1, 0));
            super::is_zero(is_one).then(|| infinity(double < 0.0))
        }
        _ => None,
    }
}

/// The power of ten that a number is, nearly; also of one that is no double.
fn decimal_log(number: Decimal) -> f64 {
    match number {
        Decimal::Finite { coefficient, exponent, .. } => {
            #[expect(clippy::cast_precision_loss, reason = "nearly is enough")]
            let digits = (coefficient as f64).log10();
            digits + f64::from(exponent)
        }
        _ => f64::NAN,
    }
}

fn is_odd(number: Decimal) -> bool {
    match number.canonical() {
        Decimal::Finite { coefficient, exponent: 0, .. } => coefficient % 2 == 1,
        _ => false,
    }
}

fn finite(number: Decimal) -> Option<Number> {
    let Decimal::Finite { negative, coefficient, exponent } = number else { return None };
    let sign = if negative { Sign::Negative } else { Sign::Positive };
    let significand = IBig::from_parts(sign, UBig::from(coefficient));
    Some(Repr::new(significand, isize::try_from(exponent).ok()?))
}

/// Of infinities, doubles know as much.
fn by_double(function: Function, number: Decimal) -> Decimal128 {
    let number = number.nearest_double();
    let result = match function {
        Function::Exp => number.exp(),
        Function::Ln => number.ln(),
        Function::Log10 => number.log10(),
        Function::Sin => number.sin(),
        Function::Cos => number.cos(),
        Function::Tan => number.tan(),
        Function::Asin => number.asin(),
        Function::Acos => number.acos(),
        Function::Atan => {
            return match number.is_nan() {
                true => nan(),
                false => atan2(super::from_double(number.signum()), pack(false, 0, 0)),
            };
        }
        Function::Sinh => number.sinh(),
        Function::Cosh => number.cosh(),
        Function::Tanh => number.tanh(),
        Function::Asinh => number.asinh(),
        Function::Acosh => number.acosh(),
        Function::Atanh => number.atanh(),
    };
    super::from_double(result)
}

fn pack_result(result: FpResult<FBig<HalfEven, 10>>) -> Decimal128 {
    let rounded = match result {
        Ok(rounded) => rounded,
        Err(FpError::Overflow(sign)) => return infinity(sign == Sign::Negative),
        Err(FpError::Underflow(sign)) => return pack(sign == Sign::Negative, 0, -6176),
        Err(_) => return nan(),
    };
    let is_exact = matches!(rounded, dashu_float::round::Rounded::Exact(_));
    let number = rounded.value();
    if number.repr().is_infinite() {
        return infinity(number.sign() == Sign::Negative);
    }
    let (significand, exponent) = number.into_repr().into_parts();
    let (sign, coefficient) = significand.into_parts();
    let exponent = i64::try_from(exponent).unwrap_or(i64::MAX);
    let packed = match exponent {
        // Whole numbers are written without a power of ten.
        1..=33 if is_exact => {
            let tens = UBig::from(10_u8).pow(usize::try_from(exponent).unwrap_or(0));
            round_to_fit(sign == Sign::Negative, coefficient * tens, 0, false)
        }
        _ => round_to_fit(sign == Sign::Negative, coefficient, exponent, false),
    };
    if is_exact { packed } else { add(packed, pack(false, 0, -6176)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal128 {
        text.parse().unwrap()
    }

    #[test]
    fn functions_are_exact_to_the_last_digit() {
        for (function, number, expected) in [
            (Function::Exp, "0", "1"),
            (Function::Exp, "1", "2.718281828459045235360287471352662"),
            (Function::Exp, "1E+6144", "Infinity"),
            (Function::Exp, "-1E+6144", "0E-6176"),
            (Function::Exp, "14000", "1.326620321137711275937776890335631E+6080"),
            (Function::Exp, "Infinity", "Infinity"),
            (Function::Ln, "1", "0"),
            (Function::Ln, "10", "2.302585092994045684017991454684364"),
            (Function::Log10, "1000", "3"),
            (Function::Log10, "1E-6176", "-6176"),
            (Function::Sin, "0", "0"),
            (Function::Sin, "1", "0.8414709848078965066525023216302990"),
            (Function::Sin, "1E-6176", "1E-6176"),
            (Function::Cos, "1E+100", "-0.9280819050746553434561946437769559"),
            (Function::Cos, "1E+6144", "NaN"),
            (Function::Acos, "2", "NaN"),
            (Function::Acos, "1", "0"),
            (Function::Atan, "1", "0.7853981633974483096156608458198757"),
            (Function::Atan, "Infinity", "1.570796326794896619231321691639751"),
            (Function::Tanh, "1E+6000", "1.000000000000000000000000000000000"),
            (Function::Sinh, "1", "1.175201193643801456882381850595601"),
            (Function::Atanh, "1", "Infinity"),
            (Function::Atanh, "-1.0", "-Infinity"),
            (Function::Acosh, "0", "NaN"),
        ] {
            assert_eq!(apply(function, decimal(number)).to_string(), expected, "{function:?}");
        }
    }

    #[test]
    fn powers_have_all_digits() {
        for (base, exponent, expected) in [
            ("2", "3", "8.000000000000000000000000000000000"),
            ("2", "0.5", "1.414213562373095048801688724209698"),
            ("-2", "3", "-8.000000000000000000000000000000000"),
            ("-2", "0.5", "NaN"),
            ("10", "7000", "Infinity"),
            ("-10", "7001", "-Infinity"),
            ("10", "-7000", "0E-6176"),
            ("Infinity", "2", "Infinity"),
            ("0", "3", "0"),
        ] {
            let power = raise(decimal(base), decimal(exponent)).to_string();
            assert_eq!(power, expected, "{base} ^ {exponent}");
        }
    }

    #[test]
    fn points_have_angles() {
        let angle = atan2(decimal("1"), decimal("-1")).to_string();
        assert_eq!(angle, "2.356194490192344928846982537459627");
        assert_eq!(atan2(decimal("0"), decimal("0")).to_string(), "0");
    }
}
