//! Arrays and their elements.

use bson::{RawArray, RawBsonRef};

use super::{
    build::{ArrayBuilder, check_memory},
    numeric::Numeric,
    operator::{Arguments, Operator},
    text::in_error,
    value::{Evaluated, Value, broken, collect, is_nullish, items, type_name},
};
use crate::{MongoCode, QueryError, interrupt::charge_bytes, memory::Held, order};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$arrayElemAt", 2, element_at),
    Operator::exactly("$first", 1, |arguments| end(arguments, 0)),
    Operator::exactly("$last", 1, |arguments| end(arguments, -1)),
    Operator::exactly("$size", 1, size),
    Operator::exactly("$isArray", 1, is_array),
    Operator::between("$slice", 2, 3, slice),
    Operator::any("$concatArrays", concat),
    Operator::exactly("$in", 2, contains),
    Operator::between("$indexOfArray", 2, 4, index_of),
    Operator::exactly("$reverseArray", 1, reverse),
    Operator::between("$range", 2, 3, range),
];

/// The array that a value is. To look for something in it costs by its length.
pub(super) fn as_array<'v>(value: Option<&'v Value<'_>>) -> Option<&'v RawArray> {
    let array = value.and_then(|value| value.raw().as_array());
    array.inspect(|array| charge_bytes(array.as_bytes().len()))
}

/// The name of a value's type, "missing" for none.
pub(super) fn type_of(value: Option<&Value<'_>>) -> &'static str {
    type_name(value.map(Value::raw))
}

fn numeric(value: &Value<'_>) -> Option<Numeric> {
    Numeric::of(value.raw())
}

fn element_at<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (array, index) = (arguments.get(0)?, arguments.get(1)?);
    let found = type_of(array.as_ref());
    if as_array(array.as_ref()).is_none() && !is_nullish(array.as_ref()) {
        let text = format!("$arrayElemAt's first argument must be an array, but is {found}");
        return Err(QueryError::new(MongoCode::ARRAY_ELEM_AT_NOT_ARRAY, text));
    }
    let Some(index) = index.as_ref().filter(|index| !index.is_null()) else {
        return Ok(Some(Value::NULL));
    };
    let Some(number) = numeric(index) else {
        let found = type_of(Some(index));
        let text =
            format!("$arrayElemAt's second argument must be a numeric value, but is {found}");
        return Err(QueryError::new(MongoCode::ARRAY_ELEM_AT_INDEX_NOT_NUMBER, text));
    };
    let Some(index) = number.whole_int() else {
        let text = format!(
            "$arrayElemAt's second argument must be representable as a 32-bit integer: {number}"
        );
        return Err(QueryError::new(MongoCode::ARRAY_ELEM_AT_INDEX_NOT_INT, text));
    };
    match array {
        Some(array) if as_array(Some(&array)).is_some() => {
            array.project(|array| pick(array, index))
        }
        _ => Ok(Some(Value::NULL)),
    }
}

fn end<'a>(arguments: &Arguments<'a>, index: i32) -> Evaluated<'a> {
    let array = arguments.get(0)?;
    match array {
        Some(array) if as_array(Some(&array)).is_some() => {
            array.project(|array| pick(array, index))
        }
        array if is_nullish(array.as_ref()) => Ok(Some(Value::NULL)),
        array => {
            let (operator, found) = (arguments.name(), type_of(array.as_ref()));
            let text = format!("{operator}'s argument must be an array, but is {found}");
            Err(QueryError::new(MongoCode::ARRAY_ELEM_AT_NOT_ARRAY, text))
        }
    }
}

/// One element; counted from the end if the index is negative.
fn pick(array: RawBsonRef<'_>, index: i32) -> Evaluated<'_> {
    let Some(array) = array.as_array() else { return Ok(None) };
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let position = match index {
        0.. => Some(distance),
        _ => array.iter_elements().count().checked_sub(distance),
    };
    let Some(element) = position.and_then(|position| array.iter_elements().nth(position)) else {
        return Ok(None);
    };
    let value = element.and_then(|element| element.value()).map_err(|error| broken(&error))?;
    Ok(Some(value.into()))
}

fn size<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let array = arguments.get(0)?;
    match as_array(array.as_ref()) {
        Some(array) => {
            let count = array.iter_elements().count();
            Ok(Some(Value::integer(i64::try_from(count).unwrap_or(i64::MAX))))
        }
        None => {
            let found = type_of(array.as_ref());
            let text = format!("The argument to $size must be an array, but was of type: {found}");
            Err(QueryError::new(MongoCode::SIZE_NOT_ARRAY, text))
        }
    }
}

fn is_array<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    Ok(Some(Value::boolean(as_array(arguments.get(0)?.as_ref()).is_some())))
}

fn slice<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (array, second) = (arguments.get(0)?, arguments.get(1)?);
    let is_null = is_nullish(array.as_ref()) || is_nullish(second.as_ref());
    let third = if arguments.len() > 2 { arguments.get(2)? } else { None };
    if is_null || arguments.len() > 2 && is_nullish(third.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(elements) = as_array(array.as_ref()) else {
        let found = type_of(array.as_ref());
        let text = format!("First argument to $slice must be an array, but is of type: {found}");
        return Err(QueryError::new(MongoCode::SLICE_NOT_ARRAY, text));
    };
    let second = slice_number(
        "Second",
        second.as_ref(),
        [MongoCode::SLICE_SECOND_NOT_NUMBER, MongoCode::SLICE_SECOND_NOT_INT],
    )?;
    let count = i64::try_from(elements.iter_elements().count()).unwrap_or(i64::MAX);
    let (start, number) = match third.as_ref() {
        None if second >= 0 => (0, second),
        None => ((count + second).max(0), count),
        Some(third) => {
            let number = slice_number(
                "Third",
                Some(third),
                [MongoCode::SLICE_THIRD_NOT_NUMBER, MongoCode::SLICE_THIRD_NOT_INT],
            )?;
            if number <= 0 {
                let text = format!("Third argument to $slice must be positive: {number}");
                return Err(QueryError::new(MongoCode::SLICE_THIRD_NOT_POSITIVE, text));
            }
            (if second >= 0 { second } else { (count + second).max(0) }, number)
        }
    };
    let mut part = ArrayBuilder::default();
    let (start, number) = (usize::try_from(start), usize::try_from(number));
    let (start, number) = (start.unwrap_or(usize::MAX), number.unwrap_or(usize::MAX));
    for item in items(elements).skip(start).take(number) {
        part.push(item?)?;
    }
    part.done()
}

fn slice_number(
    which: &str,
    value: Option<&Value<'_>>,
    [not_number, not_int]: [MongoCode; 2],
) -> Result<i64, QueryError> {
    let Some(number) = value.and_then(numeric) else {
        let found = type_of(value);
        let text = format!("{which} argument to $slice must be numeric, but is of type: {found}");
        return Err(QueryError::new(not_number, text));
    };
    number.whole_int().map(i64::from).ok_or_else(|| {
        let text = format!(
            "{which} argument to $slice can't be represented as a 32-bit integer: {number}"
        );
        QueryError::new(not_int, text)
    })
}

fn concat<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut all = ArrayBuilder::default();
    for value in arguments.iter() {
        let value = value?;
        if is_nullish(value.as_ref()) {
            return Ok(Some(Value::NULL));
        }
        let Some(array) = as_array(value.as_ref()) else {
            let found = type_of(value.as_ref());
            let text = format!("$concatArrays only supports arrays, not {found}");
            return Err(QueryError::new(MongoCode::CONCAT_ARRAYS_NOT_ARRAY, text));
        };
        for item in items(array) {
            all.push(item?)?;
        }
    }
    all.done()
}

fn contains<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (wanted, array) = (arguments.get(0)?, arguments.get(1)?);
    let Some(array) = as_array(array.as_ref()) else {
        let found = type_of(array.as_ref());
        let text = format!("$in requires an array as a second argument, found: {found}");
        return Err(QueryError::new(MongoCode::IN_NOT_ARRAY, text));
    };
    let Some(wanted) = wanted else { return Ok(Some(Value::boolean(false))) };
    for item in items(array) {
        if order::compare(item?, wanted.raw()).is_eq() {
            return Ok(Some(Value::boolean(true)));
        }
    }
    Ok(Some(Value::boolean(false)))
}

fn index_of<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (array, wanted) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(array.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(array.as_ref()) else {
        let found = type_of(array.as_ref());
        let text = format!("$indexOfArray requires an array as a first argument, found: {found}");
        return Err(QueryError::new(MongoCode::INDEX_OF_ARRAY_NOT_ARRAY, text));
    };
    let start = bound(arguments, 2, "starting")?.unwrap_or(0);
    let end = bound(arguments, 3, "ending")?.unwrap_or(usize::MAX);
    let Some(wanted) = wanted else { return Ok(Some(Value::int(-1))) };
    for (index, item) in items(array).enumerate().take(end).skip(start) {
        if order::compare(item?, wanted.raw()).is_eq() {
            return Ok(Some(Value::integer(i64::try_from(index).unwrap_or(i64::MAX))));
        }
    }
    Ok(Some(Value::int(-1)))
}

/// An index to start or to end with, where one is given.
pub(super) fn bound(
    arguments: &Arguments<'_>,
    argument: usize,
    which: &str,
) -> Result<Option<usize>, QueryError> {
    if argument >= arguments.len() {
        return Ok(None);
    }
    let value = arguments.get(argument)?;
    let operator = arguments.name();
    let Some(index) = value.as_ref().and_then(numeric).and_then(Numeric::whole_int) else {
        let found = type_of(value.as_ref());
        let text = format!(
            "{operator}requires an integral {which} index, found a value of type: {found}, \
             with value: {}",
            in_error(value.as_ref())
        );
        return Err(QueryError::new(MongoCode::INDEX_NOT_INT, text));
    };
    usize::try_from(index).map(Some).map_err(|_| {
        let text = format!("{operator} requires a nonnegative {which} index, found: {index}");
        QueryError::new(MongoCode::INDEX_NEGATIVE, text)
    })
}

fn reverse<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let array = arguments.get(0)?;
    if is_nullish(array.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(array.as_ref()) else {
        let found = type_of(array.as_ref());
        let text =
            format!("The argument to $reverseArray must be an array, but was of type: {found}");
        return Err(QueryError::new(MongoCode::REVERSE_ARRAY_NOT_ARRAY, text));
    };
    let mut reversed = ArrayBuilder::default();
    let mut held = Held::default();
    for item in collect(array, &mut held)?.into_iter().rev() {
        reversed.push(item)?;
    }
    reversed.done()
}

fn range<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let start = range_number(
        arguments,
        0,
        ("starting", "a starting"),
        [MongoCode::RANGE_START_NOT_NUMBER, MongoCode::RANGE_START_NOT_INT],
    )?;
    let end = range_number(
        arguments,
        1,
        ("ending", "an ending"),
        [MongoCode::RANGE_END_NOT_NUMBER, MongoCode::RANGE_END_NOT_INT],
    )?;
    let step = match arguments.len() {
        3 => range_number(
            arguments,
            2,
            ("step", "a step"),
            [MongoCode::RANGE_STEP_NOT_NUMBER, MongoCode::RANGE_STEP_NOT_INT],
        )?,
        _ => 1,
    };
    if step == 0 {
        return Err(QueryError::new(
            MongoCode::RANGE_STEP_ZERO,
            "$range requires a non-zero step value",
        ));
    }
    let distance = if step > 0 { end - start } else { start - end };
    let number = match distance {
        1.. => (distance - 1) / step.abs() + 1,
        _ => 0,
    };
    check_memory("$range", usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(16))?;
    let mut numbers = ArrayBuilder::default();
    for index in 0..number {
        numbers.push(Value::integer(start + index * step).raw())?;
    }
    numbers.done()
}

fn range_number(
    arguments: &Arguments<'_>,
    argument: usize,
    (which, a_which): (&str, &str),
    [not_number, not_int]: [MongoCode; 2],
) -> Result<i64, QueryError> {
    let value = arguments.get(argument)?;
    let Some(number) = value.as_ref().and_then(numeric) else {
        let found = type_of(value.as_ref());
        let text = format!("$range requires a numeric {which} value, found value of type: {found}");
        return Err(QueryError::new(not_number, text));
    };
    number.whole_int().map(i64::from).ok_or_else(|| {
        let text = format!(
            "$range requires {a_which} value that can be represented as a 32-bit integer, \
             found value: {number}"
        );
        QueryError::new(not_int, text)
    })
}
