//! `$zip`: the first elements of several arrays, then the second ones, and so on.

use bson::RawBsonRef;

use super::{
    arrays::as_array,
    build::{ArrayBuilder, check_memory},
    node::Node,
    operator::{Arguments, Operator},
    parser::Parser,
    text::in_error,
    value::{Evaluated, Value, collect, fields, is_nullish, type_name},
};
use crate::{MongoCode, QueryError, interrupt::step, memory::Held};

pub(super) const OPERATORS: &[Operator] = &[Operator::own("$zip", parse, zip)];

/// First whether the longest array counts, then the arrays, then as many defaults or none.
fn parse(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let found = |value| type_name(Some(value));
    let RawBsonRef::Document(document) = value else {
        let text = format!("$zip only supports an object as an argument, found {}", found(value));
        return Err(QueryError::new(MongoCode::ZIP_NOT_OBJECT, text));
    };
    let (mut inputs, mut defaults, mut longest) = (Vec::new(), Vec::new(), false);
    for field in fields(document) {
        let (name, value) = field?;
        match (name.as_str(), value) {
            ("inputs", RawBsonRef::Array(_)) => inputs = parser.parse_list(value)?,
            ("inputs", value) => {
                let text =
                    format!("inputs must be an array of expressions, found {}", found(value));
                return Err(QueryError::new(MongoCode::ZIP_INPUTS_NOT_ARRAY, text));
            }
            ("defaults", RawBsonRef::Array(_)) => defaults = parser.parse_list(value)?,
            ("defaults", value) => {
                let text =
                    format!("defaults must be an array of expressions, found {}", found(value));
                return Err(QueryError::new(MongoCode::ZIP_DEFAULTS_NOT_ARRAY, text));
            }
            ("useLongestLength", RawBsonRef::Boolean(is)) => longest = is,
            ("useLongestLength", value) => {
                let text = format!("useLongestLength must be a bool, found {}", found(value));
                return Err(QueryError::new(MongoCode::ZIP_LONGEST_NOT_BOOL, text));
            }
            (name, _) => {
                let text = format!("$zip found an unknown argument: {name}");
                return Err(QueryError::new(MongoCode::ZIP_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    if inputs.is_empty() {
        return Err(QueryError::new(
            MongoCode::ZIP_INPUTS_EMPTY,
            "$zip requires at least one input array",
        ));
    }
    if !longest && !defaults.is_empty() {
        let text = "cannot specify defaults unless useLongestLength is true";
        return Err(QueryError::new(MongoCode::ZIP_DEFAULTS_WITHOUT_LONGEST, text));
    }
    if !defaults.is_empty() && defaults.len() != inputs.len() {
        return Err(QueryError::new(
            MongoCode::ZIP_DEFAULTS_OF_OTHER_LENGTH,
            "defaults and inputs must have the same length",
        ));
    }
    let mut arguments = vec![Node::constant(longest)];
    let number = i32::try_from(inputs.len()).unwrap_or(i32::MAX);
    arguments.push(Node::constant(number));
    arguments.extend(inputs);
    arguments.extend(defaults);
    Ok(parser.call(operator, arguments))
}

fn zip<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let longest = arguments.get(0)?.is_some_and(|value| value.is_true());
    let number = arguments.get(1)?.and_then(|value| value.raw().as_i32()).unwrap_or(0);
    let number = usize::try_from(number).unwrap_or(0);
    let mut inputs = Vec::with_capacity(number);
    for index in 0..number {
        let input = arguments.get(2 + index)?;
        if is_nullish(input.as_ref()) {
            return Ok(Some(Value::NULL));
        }
        if as_array(input.as_ref()).is_none() {
            let text =
                format!("$zip found a non-array expression in input: {}", in_error(input.as_ref()));
            return Err(QueryError::new(MongoCode::ZIP_INPUT_NOT_ARRAY, text));
        }
        inputs.push(input);
    }
    let mut held = Held::default();
    let mut columns: Vec<Vec<RawBsonRef<'_>>> = Vec::with_capacity(number);
    for array in inputs.iter().filter_map(|input| as_array(input.as_ref())) {
        columns.push(collect(array, &mut held)?);
    }
    let defaults: Vec<Option<Value<'_>>> =
        (0..number).map(|index| arguments.get(2 + number + index)).collect::<Result<_, _>>()?;
    let lengths = columns.iter().map(Vec::len);
    let length = if longest { lengths.max() } else { lengths.min() }.unwrap_or(0);
    check_memory("$zip", length.saturating_mul(number).saturating_mul(8))?;
    let mut rows = ArrayBuilder::default();
    for index in 0..length {
        step()?;
        let mut row = ArrayBuilder::default();
        for (column, default) in columns.iter().zip(&defaults) {
            let default = default.as_ref().map_or(RawBsonRef::Null, Value::raw);
            row.push(column.get(index).copied().unwrap_or(default))?;
        }
        rows.push(row.finish().raw())?;
    }
    rows.done()
}
