//! `$sum`, `$avg`, `$max`, `$min`, `$stdDevPop`, `$stdDevSamp`: of one array, or of all arguments.

use std::cmp::Ordering;

use bson::RawBsonRef;

use super::{
    arrays::as_array,
    operator::{Arguments, Operator},
    value::{Evaluated, Value, items},
};
use crate::{
    QueryError, order,
    sum::{Deviation, Sum},
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$sum", sum),
    Operator::any("$avg", average),
    Operator::any("$max", |arguments| extreme(arguments, Ordering::is_gt)),
    Operator::any("$min", |arguments| extreme(arguments, Ordering::is_lt)),
    Operator::any("$stdDevPop", |arguments| deviation(arguments, false)),
    Operator::any("$stdDevSamp", |arguments| deviation(arguments, true)),
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
    let mut sum = Sum::default();
    each(arguments, |value| {
        sum.add(value);
        Ok(())
    })?;
    Ok(Some(Value::Borrowed(sum.total().raw())))
}

fn average<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut sum = Sum::default();
    each(arguments, |value| {
        sum.add(value);
        Ok(())
    })?;
    Ok(Some(sum.mean().map_or(Value::NULL, |mean| Value::Borrowed(mean.raw()))))
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

fn deviation<'a>(arguments: &Arguments<'a>, of_sample: bool) -> Evaluated<'a> {
    let mut deviation = Deviation::default();
    each(arguments, |value| {
        deviation.add(value);
        Ok(())
    })?;
    Ok(Some(deviation.value(of_sample).map_or(Value::NULL, Value::double)))
}
