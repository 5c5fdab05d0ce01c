//! `$median` and `$percentile` of an array: the value at a rank, which is always one of the array.

use bson::RawBsonRef;

use super::{
    build::ArrayBuilder,
    node::Node,
    numeric::Numeric,
    operator::{Arguments, Operator},
    parser::Parser,
    text::in_error,
    value::{Evaluated, Value, fields, items},
};
use crate::{MongoCode, QueryError, interrupt::sort_by, memory::HeldBytes};

pub(super) const OPERATORS: &[Operator] =
    &[Operator::own("$median", parse, median), Operator::own("$percentile", parse, percentile)];

/// The input, then the constant ranks.
fn parse(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let name = operator.name;
    let RawBsonRef::Document(document) = value else {
        let found = in_error(Some(&value.into()));
        let text = format!("specification must be an object; found {name}: {found}");
        return Err(QueryError::new(MongoCode::PERCENTILE_NOT_OBJECT, text));
    };
    let has_ranks = name == "$percentile";
    let (mut input, mut ranks, mut method) = (None, None, None);
    for field in fields(document) {
        match field? {
            (name, value) if name == "input" => input = Some(value),
            (name, value) if name == "method" => method = Some(value),
            (name, value) if name == "p" && has_ranks => ranks = Some(value),
            (field, _) => return Err(QueryError::unknown_field(name, field.as_str())),
        }
    }
    let missing = |field: &str| QueryError::missing_field(name, field);
    let input = input.ok_or_else(|| missing("input"))?;
    let mut arguments = vec![parser.parse(input)?];
    if has_ranks {
        let ranks = parser.parse(ranks.ok_or_else(|| missing("p"))?)?;
        arguments.push(checked_ranks(ranks)?);
    }
    if method.ok_or_else(|| missing("method"))? != RawBsonRef::String("approximate") {
        let text = "Currently only 'approximate' can be used as a percentile 'method'.";
        return Err(QueryError::bad_value(text));
    }
    Ok(parser.call(operator, arguments))
}

fn checked_ranks(node: Node) -> Result<Node, QueryError> {
    let value = node.as_constant().flatten().map(bson::RawBson::as_raw_bson_ref);
    let wrong = |code, found: Option<RawBsonRef<'_>>| {
        let found = in_error(found.map(Value::from).as_ref());
        let text = format!(
            "The $percentile 'p' field must be an array of numbers from [0.0, 1.0], \
             but found: {found}"
        );
        QueryError::new(code, text)
    };
    let array = match value {
        Some(RawBsonRef::Array(array)) if !array.is_empty() => array,
        other => return Err(wrong(MongoCode::PERCENTILE_P_NOT_ARRAY, other)),
    };
    for item in items(array) {
        let item = item?;
        let Some(rank) = Numeric::of(item) else {
            return Err(wrong(MongoCode::PERCENTILE_P_NOT_NUMBER, Some(item)));
        };
        if !(0.0..=1.0).contains(&rank.to_double()) {
            return Err(wrong(MongoCode::PERCENTILE_P_OUT_OF_RANGE, Some(item)));
        }
    }
    Ok(node)
}

/// The numbers of the input in their order.
fn numbers(arguments: &Arguments<'_>, held: &mut HeldBytes) -> Result<Vec<f64>, QueryError> {
    let mut numbers = Vec::new();
    let Some(input) = arguments.get(0)? else { return Ok(numbers) };
    let mut add = |value| {
        if let Some(number) = Numeric::of(value) {
            numbers.push(number.to_double());
        }
    };
    match input.raw() {
        RawBsonRef::Array(array) => {
            held.set(array.as_bytes().len())?;
            for item in items(array) {
                add(item?);
            }
        }
        other => add(other),
    }
    sort_by(&mut numbers, f64::total_cmp)?;
    Ok(numbers)
}

/// The first number that at least such a part of all is not beyond.
pub(super) fn at_rank(numbers: &[f64], rank: f64) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is between zero and one, and an array has no 2^53 elements"
    )]
    let place = (rank * numbers.len() as f64).ceil() as usize;
    numbers.get(place.saturating_sub(1)).copied()
}

fn median<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let found = at_rank(&numbers(arguments, &mut HeldBytes::default())?, 0.5);
    Ok(Some(found.map_or(Value::NULL, Value::double)))
}

fn percentile<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut held = HeldBytes::default();
    let numbers = numbers(arguments, &mut held)?;
    let ranks = arguments.get(1)?;
    let Some(RawBsonRef::Array(ranks)) = ranks.as_ref().map(Value::raw) else {
        return Ok(Some(Value::NULL));
    };
    let mut found = ArrayBuilder::default();
    for rank in items(ranks) {
        let rank = Numeric::of(rank?).map_or(0.0, Numeric::to_double);
        found.push(at_rank(&numbers, rank).map_or(RawBsonRef::Null, RawBsonRef::Double))?;
    }
    found.done()
}
