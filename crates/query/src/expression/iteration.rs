//! Operators that evaluate an expression for every element of an array.

use bson::{RawArray, RawBsonRef};

use super::{
    arrays::{as_array, type_of},
    build::ArrayBuilder,
    node::Node,
    numeric::Numeric,
    operator::{Arguments, Names, Operator, Words},
    parser::{Parser, Use, check_variable, pick_named},
    text::in_error,
    value::{Evaluated, Value, is_nullish, items},
};
use crate::{MongoCode, QueryError, depth::check_value};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::own("$map", parse_map, map),
    Operator::own("$filter", parse_filter, filter),
    Operator::own("$reduce", parse_reduce, reduce),
];

const MAP: Names = Names {
    not_object: MongoCode::MAP_NOT_OBJECT,
    unknown: MongoCode::MAP_ARGUMENT_UNKNOWN,
    words: Words::Parameter,
    names: &[
        ("input", Some(MongoCode::MAP_INPUT_MISSING)),
        ("as", None),
        ("in", Some(MongoCode::MAP_IN_MISSING)),
    ],
};

const FILTER: Names = Names {
    not_object: MongoCode::FILTER_NOT_OBJECT,
    unknown: MongoCode::FILTER_ARGUMENT_UNKNOWN,
    words: Words::Parameter,
    names: &[
        ("input", Some(MongoCode::FILTER_INPUT_MISSING)),
        ("as", None),
        ("cond", Some(MongoCode::FILTER_COND_MISSING)),
        ("limit", None),
    ],
};

const REDUCE: Names = Names {
    not_object: MongoCode::REDUCE_NOT_OBJECT,
    unknown: MongoCode::REDUCE_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("input", Some(MongoCode::REDUCE_INPUT_MISSING)),
        ("initialValue", Some(MongoCode::REDUCE_INITIAL_VALUE_MISSING)),
        ("in", Some(MongoCode::REDUCE_IN_MISSING)),
    ],
};

/// The name that elements have, "this" where none is given.
fn element_name(value: Option<RawBsonRef<'_>>) -> Result<String, QueryError> {
    let name = match value {
        None => "this",
        Some(RawBsonRef::String(name)) => name,
        Some(_) => "",
    };
    check_variable(name, Use::Write)?;
    Ok(name.to_owned())
}

fn parse_map(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let [Some(input), name, Some(body)] = pick_named(operator.name, &MAP, value)?[..] else {
        return Ok(Node::Absent);
    };
    let input = parser.parse(input)?;
    let body = parser.parse_within(vec![element_name(name)?], body)?;
    Ok(parser.call(operator, vec![input, body]))
}

fn map<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let found = type_of(input.as_ref());
        let text = format!("input to $map must be an array not {found}");
        return Err(QueryError::new(MongoCode::MAP_INPUT_NOT_ARRAY, text));
    };
    let mut mapped = ArrayBuilder::default();
    for item in items(array) {
        arguments.with(1, &[Some(item?.into())], |value| {
            mapped.push(value.unwrap_or(Value::NULL).raw())
        })?;
    }
    mapped.done()
}

fn parse_filter(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let given = pick_named(operator.name, &FILTER, value)?;
    let [Some(input), name, Some(condition), limit] = given[..] else { return Ok(Node::Absent) };
    let input = parser.parse(input)?;
    let condition = parser.parse_within(vec![element_name(name)?], condition)?;
    let limit = limit.map_or(Ok(Node::Absent), |limit| parser.parse(limit))?;
    Ok(parser.call(operator, vec![input, condition, limit]))
}

fn filter<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let found = type_of(input.as_ref());
        let text = format!("input to $filter must be an array not {found}");
        return Err(QueryError::new(MongoCode::FILTER_INPUT_NOT_ARRAY, text));
    };
    let mut left = limit(arguments.get(2)?.as_ref())?;
    let mut filtered = ArrayBuilder::default();
    for item in items(array) {
        let item = item?;
        let is_in = arguments.with(1, &[Some(item.into())], |value| {
            Ok(value.is_some_and(|value| value.is_true()))
        })?;
        if is_in {
            filtered.push(item)?;
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    filtered.done()
}

fn limit(value: Option<&Value<'_>>) -> Result<i32, QueryError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(i32::MAX) };
    let Some(limit) = Numeric::of(value.raw()).and_then(Numeric::whole_int) else {
        let text = format!(
            "$filter: limit must be represented as a 32-bit integral value: {}",
            in_error(Some(value))
        );
        return Err(QueryError::new(MongoCode::FILTER_LIMIT_NOT_INT, text));
    };
    if limit < 1 {
        let text = format!("$filter: limit must be greater than 0: {limit}");
        return Err(QueryError::new(MongoCode::FILTER_LIMIT_NOT_POSITIVE, text));
    }
    Ok(limit)
}

fn parse_reduce(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let given = pick_named(operator.name, &REDUCE, value)?;
    let [Some(input), Some(initial), Some(body)] = given[..] else { return Ok(Node::Absent) };
    let (input, initial) = (parser.parse(input)?, parser.parse(initial)?);
    let body = parser.parse_within(vec!["this".to_owned(), "value".to_owned()], body)?;
    Ok(parser.call(operator, vec![input, initial, body]))
}

fn reduce<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let text = format!(
            "$reduce requires that 'input' be an array, found: {}",
            in_error(input.as_ref())
        );
        return Err(QueryError::new(MongoCode::REDUCE_INPUT_NOT_ARRAY, text));
    };
    fold(arguments, array, arguments.get(1)?)
}

/// Only here can a value grow deeper with every element.
fn fold<'a>(
    arguments: &Arguments<'a>,
    array: &RawArray,
    initial: Option<Value<'_>>,
) -> Evaluated<'a> {
    let mut value: Option<Value<'static>> = initial.map(Value::detach);
    for item in items(array) {
        let next = arguments.get_with(2, &[Some(item?.into()), value])?;
        if let Some(next) = &next {
            check_value(next.raw(), 0)?;
        }
        value = next;
    }
    Ok(value)
}
