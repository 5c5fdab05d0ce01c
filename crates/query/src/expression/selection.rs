//! `$firstN`, `$lastN`, `$maxN`, `$minN`, `$sortArray`: some elements, or all in an order.

use std::cmp::Ordering;

use bson::{RawBsonRef, RawDocument};

use super::{
    arrays::{as_array, type_of},
    build::ArrayBuilder,
    node::Node,
    numeric::Numeric,
    operator::{Arguments, Names, Operator, Words},
    parser::{Parser, pick_named},
    text::in_error,
    value::{Evaluated, Value, collect, field, fields, is_nullish},
};
use crate::{
    MongoCode, QueryError,
    depth::{check_path, check_sort_fields},
    interrupt::sort_by,
    memory::Held,
    order,
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::own("$firstN", parse_n, first_n),
    Operator::own("$lastN", parse_n, last_n),
    Operator::own("$maxN", parse_n, |arguments| ordered(arguments, Ordering::reverse)),
    Operator::own("$minN", parse_n, |arguments| ordered(arguments, |ordering| ordering)),
    Operator::own("$sortArray", parse_sort, sort),
];

fn parse_n(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let name = operator.name;
    let RawBsonRef::Document(document) = value else {
        let found = in_error(Some(&value.into()));
        let text = format!("specification must be an object; found {name}: {found}");
        return Err(QueryError::new(MongoCode::FIRST_N_NOT_OBJECT, text));
    };
    let (mut input, mut number) = (None, None);
    for field in fields(document) {
        match field? {
            (name, value) if name == "input" => input = Some(value),
            (name, value) if name == "n" => number = Some(value),
            (name, _) => {
                let text = format!("Unknown argument for 'n' operator: {name}");
                return Err(QueryError::new(MongoCode::N_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    let missing = |code, what| QueryError::new(code, format!("Missing value for '{what}'"));
    let number = number.ok_or_else(|| missing(MongoCode::N_MISSING, "n"))?;
    let input = input.ok_or_else(|| missing(MongoCode::N_INPUT_MISSING, "input"))?;
    let arguments = vec![parser.parse(number)?, parser.parse(input)?];
    Ok(parser.call(operator, arguments))
}

/// How many elements are wanted, of which `select` keeps some.
fn take<'a>(
    arguments: &Arguments<'a>,
    select: impl FnOnce(&mut Vec<RawBsonRef<'_>>, usize) -> Result<(), QueryError>,
) -> Evaluated<'a> {
    let number = number(arguments.get(0)?.as_ref())?;
    let input = arguments.get(1)?;
    let Some(array) = as_array(input.as_ref()) else {
        return Err(QueryError::new(MongoCode::N_INPUT_NOT_ARRAY, "Input must be an array"));
    };
    let mut held = Held::default();
    let mut elements = collect(array, &mut held)?;
    select(&mut elements, number)?;
    let mut selected = ArrayBuilder::default();
    for element in elements {
        selected.push(element)?;
    }
    selected.done()
}

fn number(value: Option<&Value<'_>>) -> Result<usize, QueryError> {
    let number = value.and_then(|value| Numeric::of(value.raw()));
    let Some(whole) = number.and_then(Numeric::whole) else {
        let code = if number.is_some() { MongoCode::N_NOT_WHOLE } else { MongoCode::N_NOT_NUMBER };
        let found = in_error(value);
        let text = format!("Value for 'n' must be of integral type, but found {found}");
        return Err(QueryError::new(code, text));
    };
    match usize::try_from(whole) {
        Ok(number) if number > 0 => Ok(number),
        _ => {
            let text = format!("'n' must be greater than 0, found {whole}");
            Err(QueryError::new(MongoCode::N_NOT_POSITIVE, text))
        }
    }
}

fn first_n<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    take(arguments, |elements, number| {
        elements.truncate(number);
        Ok(())
    })
}

fn last_n<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    take(arguments, |elements, number| {
        let from = elements.len().saturating_sub(number);
        elements.drain(..from);
        Ok(())
    })
}

/// The first ones in an order, without nulls.
fn ordered<'a>(arguments: &Arguments<'a>, turn: fn(Ordering) -> Ordering) -> Evaluated<'a> {
    take(arguments, |elements, number| {
        elements.retain(|element| !matches!(element, RawBsonRef::Null | RawBsonRef::Undefined));
        sort_by(elements, |left, right| turn(order::compare(*left, *right)))?;
        elements.truncate(number);
        Ok(())
    })
}

const SORT: Names = Names {
    not_object: MongoCode::SORT_ARRAY_NOT_OBJECT,
    unknown: MongoCode::SORT_ARRAY_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("input", Some(MongoCode::SORT_ARRAY_INPUT_MISSING)),
        ("sortBy", Some(MongoCode::SORT_ARRAY_SORT_BY_MISSING)),
    ],
};

/// The order is kept as it is written: it is no expression.
fn parse_sort(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let given = pick_named(operator.name, &SORT, value)?;
    let [Some(input), Some(by)] = given[..] else { return Ok(Node::Absent) };
    check_sort(by)?;
    let arguments = vec![parser.parse(input)?, Node::constant(super::value::to_owned(by))];
    Ok(parser.call(operator, arguments))
}

fn check_sort(by: RawBsonRef<'_>) -> Result<(), QueryError> {
    match by {
        RawBsonRef::Document(document) if document.is_empty() => Err(QueryError::bad_value(
            "The sort pattern is empty when it should be a set of fields.",
        )),
        RawBsonRef::Document(document) => {
            check_sort_fields(fields(document).count())?;
            for field in fields(document) {
                let (path, value) = field?;
                check_path(path.as_str())?;
                if direction(value).is_none() {
                    let text = "The $sort element value must be either 1 or -1";
                    return Err(QueryError::bad_value(text));
                }
            }
            Ok(())
        }
        by if direction(by).is_some() => Ok(()),
        _ => {
            let text = "The $sort is invalid: use 1/-1 to sort the whole element, \
                        or {field:1/-1} to sort embedded fields";
            Err(QueryError::new(MongoCode::SORT_ARRAY_SORT_BY_INVALID, text))
        }
    }
}

/// Whether it goes down; none for what is no direction.
fn direction(value: RawBsonRef<'_>) -> Option<bool> {
    match Numeric::of(value).and_then(Numeric::whole)? {
        1 => Some(false),
        -1 => Some(true),
        _ => None,
    }
}

fn sort<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (input, by) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let found = type_of(input.as_ref());
        let text =
            format!("The input argument to $sortArray must be an array, but was of type: {found}");
        return Err(QueryError::new(MongoCode::SORT_ARRAY_INPUT_NOT_ARRAY, text));
    };
    let mut held = Held::default();
    let mut elements = collect(array, &mut held)?;
    match by.as_ref().map(Value::raw) {
        Some(RawBsonRef::Document(by)) => {
            elements = sort_by_fields(elements, by)?;
        }
        Some(by) => {
            let down = direction(by) == Some(true);
            sort_by(&mut elements, |left, right| turned(order::compare(*left, *right), down))?;
        }
        None => {}
    }
    let mut sorted = ArrayBuilder::default();
    for element in elements {
        sorted.push(element)?;
    }
    sorted.done()
}

fn turned(ordering: Ordering, down: bool) -> Ordering {
    if down { ordering.reverse() } else { ordering }
}

fn sort_by_fields<'a>(
    elements: Vec<RawBsonRef<'a>>,
    by: &RawDocument,
) -> Result<Vec<RawBsonRef<'a>>, QueryError> {
    let mut keys: Vec<(&str, bool)> = Vec::new();
    for field in fields(by) {
        let (path, value) = field?;
        keys.push((path.as_str(), direction(value) == Some(true)));
    }
    let mut held = Held::default();
    let parts_bytes = size_of::<RawBsonRef<'_>>() * keys.len();
    held.add_elements::<(Vec<RawBsonRef<'_>>, RawBsonRef<'_>)>(elements.len())?;
    held.add_elements::<u8>(elements.len().saturating_mul(parts_bytes))?;
    let mut pairs = Vec::with_capacity(elements.len());
    for element in elements {
        let parts: Vec<RawBsonRef<'_>> =
            keys.iter().map(|(path, _)| part(element, path)).collect::<Result<_, _>>()?;
        pairs.push((parts, element));
    }
    sort_by(&mut pairs, |(left, _), (right, _)| {
        let parts = left.iter().zip(right).zip(&keys);
        let mut compared =
            parts.map(|((left, right), (_, down))| turned(order::compare(*left, *right), *down));
        compared.find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    })?;
    Ok(pairs.into_iter().map(|(_, element)| element).collect())
}

/// What an element is ordered by; an array on the way is taken as it is.
fn part<'a>(element: RawBsonRef<'a>, path: &str) -> Result<RawBsonRef<'a>, QueryError> {
    let mut value = element;
    for name in path.split('.') {
        value = match value {
            RawBsonRef::Document(document) => field(document, name)?.unwrap_or(RawBsonRef::Null),
            RawBsonRef::Array(_) if path.contains('.') => return Ok(value),
            _ => return Ok(RawBsonRef::Null),
        };
    }
    Ok(value)
}
