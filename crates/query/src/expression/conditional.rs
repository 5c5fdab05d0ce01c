//! `$cond`, `$ifNull`, `$switch`, `$literal`, `$let`: what is evaluated at all, and with what.

use bson::{RawBsonRef, RawDocument};

use super::{
    node::Node,
    operator::{Arguments, Names, Operator, Words},
    parser::{Parser, Use, check_number, check_variable, pick_named},
    value::{Evaluated, Value, fields, is_nullish, items, to_owned, type_name},
};
use crate::{MongoCode, QueryError};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::own("$cond", parse_cond, cond),
    Operator::own("$ifNull", parse_if_null, if_null),
    Operator::own("$switch", parse_switch, switch),
    Operator::own("$literal", parse_literal, |_| Ok(None)),
    Operator::own("$const", parse_literal, |_| Ok(None)),
    Operator::own("$expr", parse_expr, |_| Ok(None)),
    Operator::own("$let", parse_let, bind),
];

const COND: Names = Names {
    not_object: MongoCode::COND_IF_MISSING,
    unknown: MongoCode::COND_ARGUMENT_UNKNOWN,
    words: Words::Parameter,
    names: &[
        ("if", Some(MongoCode::COND_IF_MISSING)),
        ("then", Some(MongoCode::COND_THEN_MISSING)),
        ("else", Some(MongoCode::COND_ELSE_MISSING)),
    ],
};

fn parse_cond(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let arguments = match value {
        RawBsonRef::Document(_) => parser.parse_named(operator, &COND, value)?,
        _ => parser.parse_list(value)?,
    };
    check_number(operator.name, arguments.len(), 3, 3)?;
    Ok(parser.call(operator, arguments))
}

fn cond<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let is = arguments.get(0)?.is_some_and(|value| value.is_true());
    arguments.get(if is { 1 } else { 2 })
}

fn parse_if_null(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let arguments = parser.parse_list(value)?;
    if arguments.len() < 2 {
        let text = format!("$ifNull needs at least two arguments, had: {}", arguments.len());
        return Err(QueryError::new(MongoCode::IF_NULL_TOO_FEW, text));
    }
    Ok(parser.call(operator, arguments))
}

fn if_null<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let last = arguments.len() - 1;
    for index in 0..last {
        let value = arguments.get(index)?;
        if !is_nullish(value.as_ref()) {
            return Ok(value);
        }
    }
    arguments.get(last)
}

/// The cases and results take turns; the default comes last.
fn parse_switch(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let RawBsonRef::Document(document) = value else {
        let found = type_name(Some(value));
        let text = format!("$switch requires an object as an argument, found: {found}");
        return Err(QueryError::new(MongoCode::SWITCH_NOT_OBJECT, text));
    };
    let (mut arguments, mut default) = (Vec::new(), Node::Absent);
    for field in fields(document) {
        match field? {
            (name, RawBsonRef::Array(branches)) if name == "branches" => {
                for branch in items(branches) {
                    arguments.extend(parse_branch(branch?, parser)?);
                }
            }
            (name, other) if name == "branches" => {
                let found = type_name(Some(other));
                let text = format!("$switch expected an array for 'branches', found: {found}");
                return Err(QueryError::new(MongoCode::SWITCH_BRANCHES_NOT_ARRAY, text));
            }
            (name, value) if name == "default" => default = parser.parse(value)?,
            (name, _) => {
                let text = format!("$switch found an unknown argument: {name}");
                return Err(QueryError::new(MongoCode::SWITCH_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    if arguments.is_empty() {
        return Err(QueryError::new(
            MongoCode::SWITCH_EMPTY,
            "$switch requires at least one branch.",
        ));
    }
    arguments.push(default);
    Ok(parser.call(operator, arguments))
}

fn parse_branch(value: RawBsonRef<'_>, parser: &mut Parser<'_>) -> Result<[Node; 2], QueryError> {
    let RawBsonRef::Document(document) = value else {
        let found = type_name(Some(value));
        let text = format!("$switch expected each branch to be an object, found: {found}");
        return Err(QueryError::new(MongoCode::SWITCH_BRANCH_NOT_OBJECT, text));
    };
    let (mut case, mut then) = (None, None);
    for field in fields(document) {
        let (name, value) = field?;
        match name.as_str() {
            "case" => case = Some(parser.parse(value)?),
            "then" => then = Some(parser.parse(value)?),
            _ => {
                let text = format!("$switch found an unknown argument to a branch: {name}");
                return Err(QueryError::new(MongoCode::SWITCH_BRANCH_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    let missing = |code, part: &str| {
        QueryError::new(code, format!("$switch requires each branch have a '{part}' expression"))
    };
    let case = case.ok_or_else(|| missing(MongoCode::SWITCH_CASE_MISSING, "case"))?;
    Ok([case, then.ok_or_else(|| missing(MongoCode::SWITCH_THEN_MISSING, "then"))?])
}

fn switch<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let default = arguments.len() - 1;
    for case in (0..default).step_by(2) {
        if arguments.get(case)?.is_some_and(|value| value.is_true()) {
            return arguments.get(case + 1);
        }
    }
    if !arguments.is_given(default) {
        let text = "$switch could not find a matching branch for an input, \
                    and no default was specified.";
        return Err(QueryError::new(MongoCode::SWITCH_WITHOUT_MATCH, text));
    }
    arguments.get(default)
}

fn parse_literal(
    _: &'static Operator,
    value: RawBsonRef<'_>,
    _: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    Ok(Node::constant(to_owned(value)))
}

fn parse_expr(
    _: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    parser.parse(value)
}

const LET: Names = Names {
    not_object: MongoCode::LET_NOT_OBJECT,
    unknown: MongoCode::LET_ARGUMENT_UNKNOWN,
    words: Words::Parameter,
    names: &[("vars", Some(MongoCode::LET_VARS_MISSING)), ("in", Some(MongoCode::LET_IN_MISSING))],
};

/// The values of the variables, and what is evaluated with them at the end.
fn parse_let(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let given = pick_named(operator.name, &LET, value)?;
    let [Some(variables), Some(body)] = given[..] else { return Ok(Node::Absent) };
    let RawBsonRef::Document(variables) = variables else {
        return Err(QueryError::new(
            MongoCode::PARAMETER_NOT_OBJECT,
            "invalid parameter: expected an object (vars)",
        ));
    };
    let (names, mut arguments) = parse_variables(variables, parser)?;
    arguments.push(parser.parse_within(names, body)?);
    Ok(parser.call(operator, arguments))
}

fn parse_variables(
    variables: &RawDocument,
    parser: &mut Parser<'_>,
) -> Result<(Vec<String>, Vec<Node>), QueryError> {
    let (mut names, mut nodes) = (Vec::new(), Vec::new());
    for field in fields(variables) {
        let (name, value) = field?;
        check_variable(name.as_str(), Use::Write)?;
        names.push(name.to_string());
        nodes.push(parser.parse(value)?);
    }
    Ok((names, nodes))
}

fn bind<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let last = arguments.len() - 1;
    let mut values: Vec<Option<Value<'_>>> = Vec::with_capacity(last);
    for index in 0..last {
        values.push(arguments.get(index)?);
    }
    let value = arguments.get_with(last, &values)?;
    Ok(value.map(Value::detach))
}
