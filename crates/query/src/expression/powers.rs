//! `$exp`, `$ln`, `$log`, `$log10`, `$pow`, `$sqrt`, `$sigmoid`.

use super::{
    arithmetic::number,
    numeric::{Numeric, Pair, integer},
    operator::{Arguments, Operator},
    value::{Evaluated, Value, type_name},
};
use crate::{
    MongoCode, QueryError,
    decimal_math::{self, functions},
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$exp", 1, exp),
    Operator::exactly("$ln", 1, |arguments| {
        logarithm(arguments, MongoCode::LN_ARGUMENT_NOT_POSITIVE, functions::Function::Ln)
    }),
    Operator::exactly("$log10", 1, |arguments| {
        logarithm(arguments, MongoCode::LOG10_ARGUMENT_NOT_POSITIVE, functions::Function::Log10)
    }),
    Operator::exactly("$log", 2, log),
    Operator::exactly("$pow", 2, pow),
    Operator::exactly("$sqrt", 1, sqrt),
    Operator::exactly("$sigmoid", 1, sigmoid),
];

fn exp<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let number = number("$exp", arguments.get(0)?.as_ref())?;
    Ok(Some(number.map_or(Value::NULL, |number| power_of_e(number).into_value())))
}

fn power_of_e(number: Numeric) -> Numeric {
    match number {
        Numeric::Decimal(number) => {
            Numeric::Decimal(functions::apply(functions::Function::Exp, number))
        }
        other => Numeric::Double(other.to_double().exp()),
    }
}

fn logarithm<'a>(
    arguments: &Arguments<'a>,
    code: MongoCode,
    function: functions::Function,
) -> Evaluated<'a> {
    let operator = arguments.name();
    let Some(number) = number(operator, arguments.get(0)?.as_ref())? else {
        return Ok(Some(Value::NULL));
    };
    if !is_positive(number) {
        let text = format!("{operator}'s argument must be a positive number, but is {number}");
        return Err(QueryError::new(code, text));
    }
    Ok(Some(match number {
        Numeric::Decimal(number) => Value::decimal(functions::apply(function, number)),
        other if function == functions::Function::Ln => Value::double(other.to_double().ln()),
        other => Value::double(other.to_double().log10()),
    }))
}

/// Whether a number is above zero, or no number, with which one can do anything.
fn is_positive(number: Numeric) -> bool {
    number.is_nan()
        || !number.is_zero()
            && match number {
                Numeric::Int(number) => number > 0,
                Numeric::Long(number) => number > 0,
                Numeric::Double(number) => number > 0.0,
                Numeric::Decimal(number) => number.bytes()[15] < 0x80,
            }
}

fn log<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::NULL)) };
    if left.is_null() || right.is_null() {
        return Ok(Some(Value::NULL));
    }
    let argument = numeric(&left, MongoCode::LOG_ARGUMENT_NOT_NUMBER, "$log's argument")?;
    let base = numeric(&right, MongoCode::LOG_BASE_NOT_NUMBER, "$log's base")?;
    if !is_positive(argument) {
        let text = format!("$log's argument must be a positive number, but is {argument}");
        return Err(QueryError::new(MongoCode::LOG_ARGUMENT_NOT_POSITIVE, text));
    }
    if !is_positive(base) || base.whole() == Some(1) {
        let text = format!("$log's base must be a positive number not equal to 1, but is {base}");
        return Err(QueryError::new(MongoCode::LOG_BASE_INVALID, text));
    }
    Ok(Some(match argument.pair(base) {
        Pair::Decimals(argument, base) => {
            let ln = |number| functions::apply(functions::Function::Ln, number);
            Value::decimal(decimal_math::divide(ln(argument), ln(base)))
        }
        _ => Value::double(argument.to_double().ln() / base.to_double().ln()),
    }))
}

fn numeric(value: &Value<'_>, code: MongoCode, what: &str) -> Result<Numeric, QueryError> {
    Numeric::of(value.raw()).ok_or_else(|| {
        let found = type_name(Some(value.raw()));
        QueryError::new(code, format!("{what} must be numeric, not {found}"))
    })
}

fn pow<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let (Some(left), Some(right)) = (left, right) else { return Ok(Some(Value::NULL)) };
    if left.is_null() || right.is_null() {
        return Ok(Some(Value::NULL));
    }
    let base = numeric(&left, MongoCode::POW_BASE_NOT_NUMBER, "$pow's base")?;
    let exponent = numeric(&right, MongoCode::POW_EXPONENT_NOT_NUMBER, "$pow's exponent")?;
    if base.is_zero() && !exponent.is_nan() && !exponent.is_zero() && !is_positive(exponent) {
        let text = "$pow cannot take a base of 0 and a negative exponent";
        return Err(QueryError::new(MongoCode::POW_OF_ZERO_BY_NEGATIVE, text));
    }
    Ok(Some(match base.pair(exponent) {
        Pair::Decimals(base, exponent) => Value::decimal(functions::raise(base, exponent)),
        Pair::Doubles(base, exponent) => Value::double(base.powf(exponent)),
        Pair::Integers(base, exponent, is_int) => power(base, exponent, is_int).into_value(),
    }))
}

fn power(base: i64, exponent: i64, is_int: bool) -> Numeric {
    match base {
        1 => return integer(1, is_int),
        -1 => return integer(if exponent % 2 == 0 { 1 } else { -1 }, is_int),
        _ => {}
    }
    let whole = u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent));
    match whole {
        Some(power) => integer(power, is_int),
        None if base == 0 => integer(0, is_int),
        None => Numeric::Double(
            Numeric::Long(base).to_double().powf(Numeric::Long(exponent).to_double()),
        ),
    }
}

fn sqrt<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let Some(number) = number("$sqrt", arguments.get(0)?.as_ref())? else {
        return Ok(Some(Value::NULL));
    };
    if !number.is_zero() && !is_positive(number) {
        let text = "$sqrt's argument must be greater than or equal to 0";
        return Err(QueryError::new(MongoCode::SQRT_OF_NEGATIVE, text));
    }
    Ok(Some(match number {
        Numeric::Decimal(number) => Value::decimal(decimal_math::square_root(number)),
        other => Value::double(other.to_double().sqrt()),
    }))
}

fn sigmoid<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let number = number("$sigmoid", arguments.get(0)?.as_ref())?;
    Ok(Some(match number {
        None => Value::NULL,
        Some(Numeric::Decimal(number)) => {
            let one = decimal_math::from_integer(1);
            let negative = decimal_math::negate(number);
            let power = functions::apply(functions::Function::Exp, negative);
            Value::decimal(decimal_math::divide(one, decimal_math::add(one, power)))
        }
        Some(other) => Value::double(1.0 / (1.0 + (-other.to_double()).exp())),
    }))
}
