//! Reading a query: its top level, and what stands under a field.

use bson::{RawBsonRef, RawDocument};

use super::{
    comparison::Comparison,
    condition::Condition,
    node::Node,
    operators::{parse_operators, parse_pattern},
    schema::Schema,
    test::Test,
};
use crate::{
    Expression, MongoCode, Parameters, QueryError,
    depth::{check_path, check_query_depth, validate},
    describe::describe,
    number::Number,
    path::{Path, fields, items},
};

/// One of 2^32.
const SHARES: f64 = 4_294_967_296.0;

/// Where in a query the reader is.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    pub(super) parameters: &'a Parameters,
    depth: usize,
    /// Whether documents are asked as a whole, and not those in an array.
    is_top: bool,
}

impl Level<'_> {
    /// One level further down.
    pub(super) fn down(self) -> Result<Self, QueryError> {
        check_query_depth(self.depth)?;
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// One level further down, where documents in an array are asked.
    pub(super) fn into_array(self) -> Result<Self, QueryError> {
        Ok(Self { is_top: false, ..self.down()? })
    }
}

pub(super) fn parse(query: &RawDocument, parameters: &Parameters) -> Result<Node, QueryError> {
    validate(query)?;
    parse_document(query, Level { parameters, depth: 0, is_top: true })
}

/// A query, or a part of one that asks about a document.
pub(super) fn parse_document(query: &RawDocument, level: Level<'_>) -> Result<Node, QueryError> {
    let mut nodes = Vec::new();
    for field in fields(query) {
        let (name, value) = field?;
        if name.starts_with('$') {
            nodes.extend(parse_top_operator(name, value, level)?);
        } else {
            check_path(name)?;
            nodes.push(Node::Field(Path::new(name), parse_field(name, value, level)?));
        }
    }
    Ok(match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => {
            nodes.extend(last);
            Node::All(nodes)
        }
    })
}

/// Whether a value is a document of operators, as opposed to a value to be found.
pub(super) fn operators(value: RawBsonRef<'_>) -> Result<Option<&RawDocument>, QueryError> {
    let RawBsonRef::Document(document) = value else { return Ok(None) };
    let Some(first) = fields(document).next().transpose()? else { return Ok(None) };
    let is_reference = || -> Result<bool, QueryError> {
        let has = |name: &str| crate::path::field(document, name).map(|value| value.is_some());
        Ok(has("$ref")? && has("$id")?)
    };
    Ok((first.0.starts_with('$') && !is_reference()?).then_some(document))
}

fn parse_field(
    name: &str,
    value: RawBsonRef<'_>,
    level: Level<'_>,
) -> Result<Condition, QueryError> {
    if let Some(operators) = operators(value)? {
        return parse_operators(name, operators, level.down()?);
    }
    let test = match value {
        RawBsonRef::RegularExpression(regex) => {
            parse_pattern(regex.pattern.as_str(), regex.options.as_str())?
        }
        value => Test::Comparison(parse_equal(value)?),
    };
    Ok(Condition::Test(test))
}

pub(super) fn parse_equal(value: RawBsonRef<'_>) -> Result<Comparison, QueryError> {
    if value == RawBsonRef::Undefined {
        return Err(QueryError::bad_value("cannot compare to undefined"));
    }
    Ok(Comparison::equal(value))
}

/// An operator that asks about a document, unless it asks for nothing.
fn parse_top_operator(
    name: &str,
    value: RawBsonRef<'_>,
    level: Level<'_>,
) -> Result<Option<Node>, QueryError> {
    let node = match name {
        "$and" => Node::All(parse_list(name, value, level)?),
        "$or" => Node::Any(parse_list(name, value, level)?),
        "$nor" => Node::NoneOf(parse_list(name, value, level)?),
        "$comment" => return Ok(None),
        "$alwaysTrue" => Node::Always(parse_always(name, value, true)?),
        "$alwaysFalse" => Node::Always(parse_always(name, value, false)?),
        "$sampleRate" => parse_sample(value, level)?,
        "$jsonSchema" => {
            let RawBsonRef::Document(schema) = value else {
                let message = "$jsonSchema must be an object";
                return Err(QueryError::new(MongoCode::TYPE_MISMATCH, message));
            };
            Node::Schema(Schema::parse(schema)?)
        }
        "$expr" if !level.is_top => {
            let message = "$expr can only be applied to the top-level document";
            return Err(QueryError::bad_value(message));
        }
        "$expr" => Node::Expression(Expression::parse(value, level.parameters)?),
        // Parts of a reference to a document.
        "$ref" | "$id" | "$db" if !level.is_top => {
            let equal = Test::Comparison(parse_equal(value)?);
            Node::Field(Path::new(name), Condition::Test(equal))
        }
        "$where" | "$text" => return Err(QueryError::not_supported(name)),
        _ => {
            let message = format!(
                "unknown top level operator: {name}. If you have a field name that starts with a \
                 '$' symbol, consider using $getField or $setField."
            );
            return Err(QueryError::bad_value(message));
        }
    };
    Ok(Some(node))
}

/// The queries of an `$and`, `$or` or `$nor`.
fn parse_list(
    name: &str,
    value: RawBsonRef<'_>,
    level: Level<'_>,
) -> Result<Vec<Node>, QueryError> {
    let RawBsonRef::Array(array) = value else {
        return Err(QueryError::bad_value(format!("{name} argument must be an array")));
    };
    if array.is_empty() {
        return Err(QueryError::bad_value(format!("{name} argument must be a non-empty array")));
    }
    let level = level.down()?;
    items(array)
        .map(|item| match item? {
            RawBsonRef::Document(query) => parse_document(query, level),
            _ => Err(QueryError::bad_value(format!("{name} argument's entries must be objects"))),
        })
        .collect()
}

/// `$alwaysTrue: 1`
fn parse_always(name: &str, value: RawBsonRef<'_>, truth: bool) -> Result<bool, QueryError> {
    if Number::of(value).and_then(Number::whole) != Some(1) {
        let message = format!("{name} must be an integer value of 1");
        return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, message));
    }
    Ok(truth)
}

fn parse_sample(value: RawBsonRef<'_>, level: Level<'_>) -> Result<Node, QueryError> {
    let Some(rate) = Number::of(value).map(Number::to_double) else {
        let message = "argument to $sampleRate must be a numeric type";
        return Err(QueryError::bad_value(message));
    };
    if !(0.0..=1.0).contains(&rate) {
        let message =
            format!("numeric argument to $sampleRate must be in [0, 1], not {}", describe(value));
        return Err(QueryError::bad_value(message));
    }
    let share = (rate * SHARES) as u64;
    Ok(Node::Sample { share, random: level.parameters.random })
}
