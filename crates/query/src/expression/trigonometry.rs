//! Angles: `$sin` and its kin, of doubles and of decimals.

use super::{
    arithmetic::number,
    numeric::{Numeric, Pair},
    operator::{Arguments, Operator},
    value::{Evaluated, Value, type_name},
};
use crate::{
    MongoCode, QueryError,
    decimal_math::{
        self,
        functions::{self, Function},
    },
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$sin", 1, |a| apply(a, Function::Sin, f64::sin, &FINITE)),
    Operator::exactly("$cos", 1, |a| apply(a, Function::Cos, f64::cos, &FINITE)),
    Operator::exactly("$tan", 1, |a| apply(a, Function::Tan, f64::tan, &FINITE)),
    Operator::exactly("$asin", 1, |a| apply(a, Function::Asin, f64::asin, &UNIT)),
    Operator::exactly("$acos", 1, |a| apply(a, Function::Acos, f64::acos, &UNIT)),
    Operator::exactly("$atan", 1, |a| apply(a, Function::Atan, f64::atan, &ALL)),
    Operator::exactly("$sinh", 1, |a| apply(a, Function::Sinh, f64::sinh, &ALL)),
    Operator::exactly("$cosh", 1, |a| apply(a, Function::Cosh, f64::cosh, &ALL)),
    Operator::exactly("$tanh", 1, |a| apply(a, Function::Tanh, f64::tanh, &ALL)),
    Operator::exactly("$asinh", 1, |a| apply(a, Function::Asinh, f64::asinh, &ALL)),
    Operator::exactly("$acosh", 1, |a| apply(a, Function::Acosh, f64::acosh, &FROM_ONE)),
    Operator::exactly("$atanh", 1, |a| apply(a, Function::Atanh, f64::atanh, &UNIT)),
    Operator::exactly("$atan2", 2, atan2),
    Operator::exactly("$degreesToRadians", 1, degrees_to_radians),
    Operator::exactly("$radiansToDegrees", 1, radians_to_degrees),
];

/// For which numbers a function is there.
struct Range {
    contains: fn(f64) -> bool,
    text: &'static str,
}

const ALL: Range = Range { contains: |_| true, text: "(-inf,inf)" };
const FINITE: Range = Range { contains: |number| !number.is_infinite(), text: "(-inf,inf)" };
const UNIT: Range = Range { contains: |number| number.abs() <= 1.0, text: "[-1,1]" };
const FROM_ONE: Range = Range { contains: |number| number >= 1.0, text: "[1,inf]" };

fn apply<'a>(
    arguments: &Arguments<'a>,
    function: Function,
    of_double: fn(f64) -> f64,
    range: &Range,
) -> Evaluated<'a> {
    let operator = arguments.name();
    let Some(number) = number(operator, arguments.get(0)?.as_ref())? else {
        return Ok(Some(Value::NULL));
    };
    let double = number.to_double();
    if !number.is_nan() && !(range.contains)(double) {
        let text = format!("cannot apply {operator} to {number}, value must be in {}", range.text);
        return Err(QueryError::new(MongoCode::TRIGONOMETRY_OUT_OF_RANGE, text));
    }
    Ok(Some(match number {
        Numeric::Decimal(number) => Value::decimal(functions::apply(function, number)),
        _ => Value::double(of_double(double)),
    }))
}

fn atan2<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (y, x) = (arguments.get(0)?, arguments.get(1)?);
    let (Some(y), Some(x)) = (y, x) else { return Ok(Some(Value::NULL)) };
    if y.is_null() || x.is_null() {
        return Ok(Some(Value::NULL));
    }
    let of = |value: &Value<'_>, code| {
        Numeric::of(value.raw()).ok_or_else(|| {
            let found = type_name(Some(value.raw()));
            QueryError::new(code, format!("$atan2 only supports numeric types, not {found}"))
        })
    };
    let (y, x) = (of(&y, MongoCode::ATAN2_Y_NOT_NUMBER)?, of(&x, MongoCode::ATAN2_X_NOT_NUMBER)?);
    Ok(Some(match y.pair(x) {
        Pair::Decimals(y, x) => Value::decimal(functions::atan2(y, x)),
        _ => Value::double(y.to_double().atan2(x.to_double())),
    }))
}

fn degrees_to_radians<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    scale(
        arguments,
        |double| double * (std::f64::consts::PI / 180.0),
        |decimal, pi, half| decimal_math::divide(decimal_math::multiply(decimal, pi), half),
    )
}

fn radians_to_degrees<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    scale(
        arguments,
        |double| double * (180.0 / std::f64::consts::PI),
        |decimal, pi, half| decimal_math::divide(decimal_math::multiply(decimal, half), pi),
    )
}

fn scale<'a>(
    arguments: &Arguments<'a>,
    of_double: fn(f64) -> f64,
    of_decimal: fn(bson::Decimal128, bson::Decimal128, bson::Decimal128) -> bson::Decimal128,
) -> Evaluated<'a> {
    let number = number(arguments.name(), arguments.get(0)?.as_ref())?;
    Ok(Some(match number {
        None => Value::NULL,
        Some(Numeric::Decimal(number)) => {
            Value::decimal(of_decimal(number, functions::pi(), decimal_math::from_integer(180)))
        }
        Some(other) => Value::double(of_double(other.to_double())),
    }))
}
