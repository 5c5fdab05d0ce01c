//! `$sum`, `$avg`, `$max`, `$min`, `$stdDevPop`, `$stdDevSamp`: of one array, or of all arguments.

use std::cmp::Ordering;

use bson::RawBsonRef;

use super::{
    arrays::as_array,
    numeric::Numeric,
    operator::{Arguments, Operator},
    summation::Summation,
    value::{Evaluated, Value, items},
};
use crate::{QueryError, decimal_math, order};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$sum", sum),
    Operator::any("$avg", average),
    Operator::any("$max", |arguments| extreme(arguments, Ordering::is_gt)),
    Operator::any("$min", |arguments| extreme(arguments, Ordering::is_lt)),
    Operator::any("$stdDevPop", |arguments| deviation(arguments, 0)),
    Operator::any("$stdDevSamp", |arguments| deviation(arguments, 1)),
];

/// Shows every value: the elements of a single array, or all arguments.
pub(super) fn each(
    arguments: &Arguments<'_>,
    mut see: impl FnMut(RawBsonRef<'_>) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    if arguments.len() == 1 {
        let Some(value) = arguments.get(0)? else { return Ok(()) };
        return match as_array(Some(&value)) {
            Some(array) => items(array).try_for_each(|item| see(item?)),
            None => see(value.raw()),
        };
    }
    for value in arguments.iter() {
        if let Some(value) = value? {
            see(value.raw())?;
        }
    }
    Ok(())
}

fn sum<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut sum = Summation::default();
    each(arguments, |value| {
        if let Some(number) = Numeric::of(value) {
            sum.add(number);
        }
        Ok(())
    })?;
    Ok(Some(sum.total().into_value()))
}

fn average<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (mut sum, mut count) = (Summation::default(), 0_i32);
    each(arguments, |value| {
        if let Some(number) = Numeric::of(value) {
            sum.add(number);
            count += 1;
        }
        Ok(())
    })?;
    Ok(Some(match (count, sum.fraction()) {
        (0, _) => Value::NULL,
        (count, Numeric::Decimal(total)) => {
            let count = decimal_math::from_integer(count.into());
            Value::decimal(decimal_math::divide(total, count))
        }
        (count, total) => Value::double(total.to_double() / f64::from(count)),
    }))
}

fn extreme<'a>(arguments: &Arguments<'a>, is_better: fn(Ordering) -> bool) -> Evaluated<'a> {
    let mut best: Option<Value<'static>> = None;
    each(arguments, |value| {
        let is_null = matches!(value, RawBsonRef::Null | RawBsonRef::Undefined);
        let is_best = best.as_ref().is_none_or(|best| is_better(order::compare(value, best.raw())));
        if is_best && !is_null {
            best = Some(Value::from(value).detach());
        }
        Ok(())
    })?;
    Ok(Some(best.unwrap_or(Value::NULL)))
}

/// By the way of Welford, who goes through the numbers once.
fn deviation<'a>(arguments: &Arguments<'a>, less: i32) -> Evaluated<'a> {
    let (mut count, mut mean, mut squares) = (0_i32, 0.0, 0.0);
    each(arguments, |value| {
        if let Some(number) = Numeric::of(value) {
            let number = number.to_double();
            count += 1;
            let distance = number - mean;
            if distance != 0.0 {
                mean += distance / f64::from(count);
                squares += distance * (number - mean);
            }
        }
        Ok(())
    })?;
    Ok(Some(match count - less {
        ..=0 => Value::NULL,
        number => Value::double(f64::sqrt(squares / f64::from(number))),
    }))
}
