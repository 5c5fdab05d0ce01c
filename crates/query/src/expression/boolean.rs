//! `$and`, `$or`, `$not`.

use super::{
    operator::{Arguments, Operator},
    value::{Evaluated, Value},
};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::any("$and", and), Operator::any("$or", or), Operator::exactly("$not", 1, not)];

fn and<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    for value in arguments.iter() {
        if !value?.is_some_and(|value| value.is_true()) {
            return Ok(Some(Value::boolean(false)));
        }
    }
    Ok(Some(Value::boolean(true)))
}

fn or<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    for value in arguments.iter() {
        if value?.is_some_and(|value| value.is_true()) {
            return Ok(Some(Value::boolean(true)));
        }
    }
    Ok(Some(Value::boolean(false)))
}

fn not<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let is = arguments.get(0)?.is_some_and(|value| value.is_true());
    Ok(Some(Value::boolean(!is)))
}
