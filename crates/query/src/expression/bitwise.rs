//! `$bitAnd`, `$bitOr`, `$bitXor`, `$bitNot`, of ints and longs.

use bson::RawBsonRef;

use super::{
    arithmetic::number,
    numeric::{Numeric, integer},
    operator::{Arguments, Operator},
    value::{Evaluated, Value, type_name},
};
use crate::{MongoCode, QueryError};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$bitAnd", |arguments| combine(arguments, -1, |left, right| left & right)),
    Operator::any("$bitOr", |arguments| combine(arguments, 0, |left, right| left | right)),
    Operator::any("$bitXor", |arguments| combine(arguments, 0, |left, right| left ^ right)),
    Operator::exactly("$bitNot", 1, not),
];

fn combine<'a>(
    arguments: &Arguments<'a>,
    start: i64,
    operation: fn(i64, i64) -> i64,
) -> Evaluated<'a> {
    let (mut bits, mut is_int) = (start, true);
    for value in arguments.iter() {
        let value = value?;
        let operand = match value.as_ref().map_or(RawBsonRef::Null, Value::raw) {
            RawBsonRef::Int32(operand) => operand.into(),
            RawBsonRef::Int64(operand) => {
                is_int = false;
                operand
            }
            RawBsonRef::Null | RawBsonRef::Undefined => return Ok(Some(Value::NULL)),
            _ => {
                let text = format!("{} only supports int and long operands.", arguments.name());
                return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
            }
        };
        bits = operation(bits, operand);
    }
    Ok(Some(integer(bits, is_int).into_value()))
}

fn not<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    Ok(Some(match number("$bitNot", value.as_ref())? {
        None => Value::NULL,
        Some(Numeric::Int(number)) => Value::int(!number),
        Some(Numeric::Long(number)) => Value::long(!number),
        Some(_) => {
            let found = type_name(value.as_ref().map(Value::raw));
            let text = format!("$bitNot only supports int and long, not: {found}.");
            return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
        }
    }))
}
