//! `$cmp` and its kin: the order of all values, in which "missing" comes before null.

use std::cmp::Ordering;

use super::{
    operator::{Arguments, Operator},
    value::{Evaluated, Value},
};
use crate::QueryError;

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$cmp", 2, |arguments| Ok(Some(Value::int(compare(arguments)? as i32)))),
    Operator::exactly("$eq", 2, |arguments| test(arguments, Ordering::is_eq)),
    Operator::exactly("$ne", 2, |arguments| test(arguments, Ordering::is_ne)),
    Operator::exactly("$gt", 2, |arguments| test(arguments, Ordering::is_gt)),
    Operator::exactly("$gte", 2, |arguments| test(arguments, Ordering::is_ge)),
    Operator::exactly("$lt", 2, |arguments| test(arguments, Ordering::is_lt)),
    Operator::exactly("$lte", 2, |arguments| test(arguments, Ordering::is_le)),
];

fn test<'a>(arguments: &Arguments<'a>, holds: fn(Ordering) -> bool) -> Evaluated<'a> {
    Ok(Some(Value::boolean(holds(compare(arguments)?))))
}

fn compare(arguments: &Arguments<'_>) -> Result<Ordering, QueryError> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    Ok(super::value::compare(left.as_ref(), right.as_ref()))
}
