//! `multipleOf`.

use bson::RawBsonRef;

use crate::{decimal::Decimal, number::Number};

/// Whether a number is so many times another one; nothing if one of them is no number.
pub(super) fn is_multiple(value: RawBsonRef<'_>, divisor: RawBsonRef<'_>) -> Option<bool> {
    let (value, divisor) = (Number::of(value)?, Number::of(divisor)?);
    Some(match (value, divisor) {
        (Number::Int(value), Number::Int(divisor)) => {
            value.checked_rem(divisor).is_none_or(|rest| rest == 0)
        }
        (Number::Decimal(value), Number::Decimal(divisor)) => decimals(value, divisor),
        (Number::Decimal(value), Number::Int(divisor)) => decimals(value, divisor.into()),
        (Number::Int(value), Number::Decimal(divisor)) => decimals(value.into(), divisor),
        (value, divisor) => value.to_double() % divisor.to_double() == 0.0,
    })
}

fn decimals(value: Decimal, divisor: Decimal) -> bool {
    let (
        Decimal::Finite { coefficient: value, exponent, .. },
        Decimal::Finite { coefficient: divisor, exponent: other, .. },
    ) = (value.canonical(), divisor.canonical())
    else {
        return false;
    };
    if value == 0 || divisor == 0 {
        return divisor != 0;
    }
    let power = |exponent: i32| 10_u128.checked_pow(u32::try_from(exponent).ok()?);
    if exponent >= other {
        // value × 10^n divides by the divisor: by steps, as the power may be enormous.
        return (other..exponent).fold(value % divisor, |rest, _| rest * 10 % divisor) == 0;
    }
    // The divisor has more zeros than any value of 34 digits if they do not fit.
    power(other - exponent)
        .and_then(|power| divisor.checked_mul(power))
        .is_some_and(|divisor| value.is_multiple_of(divisor))
}
