//! Arrays as sets: the order and the number of equal elements do not matter.

use bson::{RawArray, RawBsonRef};

use super::{
    arrays::{as_array, type_of},
    build::ArrayBuilder,
    node::Node,
    operator::{Arguments, Operator},
    parser::Parser,
    value::{Evaluated, Value, collect, is_nullish, items},
};
use crate::{MongoCode, QueryError, interrupt::sort_by, memory::Held, order};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$setUnion", union),
    Operator::any("$setIntersection", intersection),
    Operator::exactly("$setDifference", 2, difference),
    Operator::own("$setEquals", parse_equals, equals),
    Operator::exactly("$setIsSubset", 2, is_subset),
    Operator::exactly("$allElementsTrue", 1, all_true),
    Operator::exactly("$anyElementTrue", 1, any_true),
];

/// The elements in their order, each once.
fn set<'a>(array: &'a RawArray, held: &mut Held) -> Result<Vec<RawBsonRef<'a>>, QueryError> {
    let mut elements = collect(array, held)?;
    sort(&mut elements)?;
    Ok(elements)
}

fn sort(elements: &mut Vec<RawBsonRef<'_>>) -> Result<(), QueryError> {
    sort_by(elements, |left, right| order::compare(*left, *right))?;
    elements.dedup_by(|left, right| order::compare(*left, *right).is_eq());
    Ok(())
}

fn has(set: &[RawBsonRef<'_>], element: RawBsonRef<'_>) -> bool {
    set.binary_search_by(|other| order::compare(*other, element)).is_ok()
}

fn write<'a>(elements: Vec<RawBsonRef<'_>>) -> Evaluated<'a> {
    let mut array = ArrayBuilder::default();
    for element in elements {
        array.push(element)?;
    }
    array.done()
}

fn no_array(text: &str, code: MongoCode, value: Option<&Value<'_>>) -> QueryError {
    QueryError::new(code, format!("{text} is of type: {}", type_of(value)))
}

/// All operands; none where one of them is null.
fn operands<'a>(
    arguments: &Arguments<'a>,
    code: MongoCode,
) -> Result<Option<Vec<Value<'a>>>, QueryError> {
    let mut operands = Vec::with_capacity(arguments.len());
    for value in arguments.iter() {
        let value = value?;
        if is_nullish(value.as_ref()) {
            return Ok(None);
        }
        match value {
            Some(value) if as_array(Some(&value)).is_some() => operands.push(value),
            other => {
                let text =
                    format!("All operands of {} must be arrays. One argument", arguments.name());
                return Err(no_array(&text, code, other.as_ref()));
            }
        }
    }
    Ok(Some(operands))
}

fn union<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let Some(operands) = operands(arguments, MongoCode::SET_UNION_NOT_ARRAY)? else {
        return Ok(Some(Value::NULL));
    };
    let mut held = Held::default();
    let mut elements = Vec::new();
    for array in operands.iter().filter_map(|operand| as_array(Some(operand))) {
        elements.extend(collect(array, &mut held)?);
    }
    sort(&mut elements)?;
    write(elements)
}

fn intersection<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let Some(operands) = operands(arguments, MongoCode::SET_INTERSECTION_NOT_ARRAY)? else {
        return Ok(Some(Value::NULL));
    };
    let mut arrays = operands.iter().filter_map(|operand| as_array(Some(operand)));
    let Some(first) = arrays.next() else { return write(Vec::new()) };
    let mut held = Held::default();
    let mut elements = set(first, &mut held)?;
    for array in arrays {
        let other = set(array, &mut Held::default())?;
        elements.retain(|element| has(&other, *element));
    }
    write(elements)
}

fn difference<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(left.as_ref()) || is_nullish(right.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let text = "both operands of $setDifference must be arrays.";
    let Some(first) = as_array(left.as_ref()) else {
        return Err(no_array(
            &format!("{text} First argument"),
            MongoCode::SET_DIFFERENCE_FIRST_NOT_ARRAY,
            left.as_ref(),
        ));
    };
    let Some(second) = as_array(right.as_ref()) else {
        return Err(no_array(
            &format!("{text} Second argument"),
            MongoCode::SET_DIFFERENCE_SECOND_NOT_ARRAY,
            right.as_ref(),
        ));
    };
    let mut held = Held::default();
    let without = set(second, &mut held)?;
    let mut kept = collect(first, &mut held)?;
    kept.retain(|element| !has(&without, *element));
    write(first_of_each(kept)?)
}

/// The elements where each stands first.
fn first_of_each(elements: Vec<RawBsonRef<'_>>) -> Result<Vec<RawBsonRef<'_>>, QueryError> {
    let mut held = Held::default();
    held.add_elements::<(usize, RawBsonRef<'_>)>(elements.len())?;
    let mut places: Vec<(usize, RawBsonRef<'_>)> = elements.into_iter().enumerate().collect();
    sort_by(&mut places, |(_, left), (_, right)| order::compare(*left, *right))?;
    places.dedup_by(|(_, left), (_, right)| order::compare(*left, *right).is_eq());
    sort_by(&mut places, |(left, _), (right, _)| left.cmp(right))?;
    Ok(places.into_iter().map(|(_, element)| element).collect())
}

fn parse_equals(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let arguments = parser.parse_list(value)?;
    if arguments.len() < 2 {
        let text = format!("$setEquals needs at least two arguments had: {}", arguments.len());
        return Err(QueryError::new(MongoCode::SET_EQUALS_TOO_FEW, text));
    }
    Ok(parser.call(operator, arguments))
}

fn equals<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut values = Vec::with_capacity(arguments.len());
    for (index, value) in (1..).zip(arguments.iter()) {
        let value = value?;
        if as_array(value.as_ref()).is_none() {
            let text = format!("All operands of $setEquals must be arrays. {index}-th argument");
            return Err(no_array(&text, MongoCode::SET_EQUALS_NOT_ARRAY, value.as_ref()));
        }
        values.push(value);
    }
    let mut arrays = values.iter().filter_map(|value| as_array(value.as_ref()));
    let mut held = Held::default();
    let first = arrays.next().map(|array| set(array, &mut held)).transpose()?.unwrap_or_default();
    for array in arrays {
        let other = set(array, &mut Held::default())?;
        let mut pairs = first.iter().zip(&other);
        let is_same = first.len() == other.len()
            && pairs.all(|(left, right)| order::compare(*left, *right).is_eq());
        if !is_same {
            return Ok(Some(Value::boolean(false)));
        }
    }
    Ok(Some(Value::boolean(true)))
}

fn is_subset<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let text = "both operands of $setIsSubset must be arrays.";
    let Some(part) = as_array(left.as_ref()) else {
        return Err(no_array(
            &format!("{text} First argument"),
            MongoCode::SET_IS_SUBSET_FIRST_NOT_ARRAY,
            left.as_ref(),
        ));
    };
    let Some(whole) = as_array(right.as_ref()) else {
        return Err(no_array(
            &format!("{text} Second argument"),
            MongoCode::SET_IS_SUBSET_SECOND_NOT_ARRAY,
            right.as_ref(),
        ));
    };
    let mut held = Held::default();
    let whole = set(whole, &mut held)?;
    for element in items(part) {
        if !has(&whole, element?) {
            return Ok(Some(Value::boolean(false)));
        }
    }
    Ok(Some(Value::boolean(true)))
}

fn all_true<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    let mut held = Held::default();
    let elements =
        tested(arguments, value.as_ref(), MongoCode::ALL_ELEMENTS_TRUE_NOT_ARRAY, &mut held)?;
    Ok(Some(Value::boolean(elements.into_iter().all(super::value::is_true))))
}

fn any_true<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    let mut held = Held::default();
    let elements =
        tested(arguments, value.as_ref(), MongoCode::ANY_ELEMENT_TRUE_NOT_ARRAY, &mut held)?;
    Ok(Some(Value::boolean(elements.into_iter().any(super::value::is_true))))
}

fn tested<'v>(
    arguments: &Arguments<'_>,
    value: Option<&'v Value<'_>>,
    code: MongoCode,
    held: &mut Held,
) -> Result<Vec<RawBsonRef<'v>>, QueryError> {
    match as_array(value) {
        Some(array) => collect(array, held),
        None => {
            let (operator, found) = (arguments.name(), type_of(value));
            let text = format!("{operator}'s argument must be an array, but is {found}");
            Err(QueryError::new(code, text))
        }
    }
}
