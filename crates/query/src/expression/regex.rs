//! `$regexFind`, `$regexFindAll`, `$regexMatch`.

use bson::{RawBson, RawBsonRef};
use fancy_regex::Captures;

use super::{
    build::{ArrayBuilder, DocumentBuilder},
    node::Node,
    operator::{Arguments, Operator, Prepared},
    parser::Parser,
    value::{Evaluated, Value, fields, type_name},
};
use crate::{
    MongoCode, QueryError,
    memory::{HeldBytes, keep_bytes},
    pattern::{self, Compiled},
};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::own("$regexFind", parse, find).prepared_by(prepare),
    Operator::own("$regexFindAll", parse, find_all).prepared_by(prepare),
    Operator::own("$regexMatch", parse, matches).prepared_by(prepare),
];

/// What is searched, the pattern, and its options.
fn parse(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let name = operator.name;
    let RawBsonRef::Document(document) = value else {
        let found = type_name(Some(value));
        let text = format!("{name} expects an object of named arguments but found: {found}");
        return Err(QueryError::new(MongoCode::REGEX_NOT_OBJECT, text));
    };
    let (mut input, mut regex, mut options) = (None, None, Node::Absent);
    for field in fields(document) {
        match field? {
            (name, value) if name == "input" => input = Some(parser.parse(value)?),
            (name, value) if name == "regex" => regex = Some(parser.parse(value)?),
            (name, value) if name == "options" => options = parser.parse(value)?,
            (other, _) => {
                let text = format!("{name} found an unknown argument: {other}");
                return Err(QueryError::new(MongoCode::REGEX_ARGUMENT_UNKNOWN, text));
            }
        }
    }
    let missing = |code, what| QueryError::new(code, format!("{name} requires '{what}' parameter"));
    let input = input.ok_or_else(|| missing(MongoCode::REGEX_INPUT_MISSING, "input"))?;
    let regex = regex.ok_or_else(|| missing(MongoCode::REGEX_MISSING, "regex"))?;
    Ok(parser.call(operator, vec![input, regex, options]))
}

/// Compiles a pattern that is the same for all documents.
fn prepare(nodes: &[Node]) -> Prepared {
    let [_, regex, options] = nodes else { return Prepared::Nothing };
    let Some(regex) = regex.as_constant() else { return Prepared::Nothing };
    let options = match options {
        Node::Absent => None,
        node => match node.as_constant() {
            Some(options) => options,
            None => return Prepared::Nothing,
        },
    };
    let raw = |value: Option<&'_ RawBson>| value.cloned().map(Value::owned);
    match compile("", raw(regex).as_ref(), raw(options).as_ref()) {
        // Too much is refused when it is evaluated.
        Ok(Some(regex)) if keep_bytes(regex.bytes()).is_ok() => Prepared::Regex(Box::new(regex)),
        _ => Prepared::Nothing,
    }
}

/// The pattern with its options; none where it is null.
fn compile(
    operator: &str,
    regex: Option<&Value<'_>>,
    options: Option<&Value<'_>>,
) -> Result<Option<Compiled>, QueryError> {
    let options = match options.map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => None,
        Some(RawBsonRef::String(options)) => Some(options),
        Some(_) => {
            let text = format!("{operator} needs 'options' to be of type string");
            return Err(QueryError::new(MongoCode::REGEX_OPTIONS_NOT_STRING, text));
        }
    };
    let (source, flags) = match regex.map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(None),
        Some(RawBsonRef::String(source)) => (source, options.unwrap_or_default()),
        Some(RawBsonRef::RegularExpression(regex)) => {
            let own = regex.options.as_str();
            if !own.is_empty() && options.is_some_and(|options| !options.is_empty()) {
                let text = format!(
                    "{operator}: found regex option(s) specified in both 'regex' and 'option' \
                     fields"
                );
                return Err(QueryError::new(MongoCode::REGEX_OPTIONS_IN_BOTH, text));
            }
            (regex.pattern.as_str(), options.filter(|o| !o.is_empty()).unwrap_or(own))
        }
        Some(_) => {
            let text = format!("{operator} needs 'regex' to be of type string or regex");
            return Err(QueryError::new(MongoCode::REGEX_NOT_STRING_OR_REGEX, text));
        }
    };
    if source.contains('\0') || flags.contains('\0') {
        let text = format!("{operator}: regular expression cannot contain an embedded null byte");
        return Err(QueryError::new(MongoCode::REGEX_HAS_NULL_BYTE, text));
    }
    match pattern::compile(source, flags) {
        Ok(regex) => Ok(Some(regex)),
        Err(error) if error.code == MongoCode::REGEX_FLAG_INVALID => Err(QueryError::new(
            MongoCode::REGEX_FLAG_INVALID,
            format!("{operator} {}", error.message),
        )),
        Err(error) => Err(QueryError::new(
            MongoCode::REGEX_EXPRESSION_INVALID,
            format!("Invalid Regex in {operator}: {error}"),
        )),
    }
}

/// What `search` makes of the text and the pattern; none of them is null.
fn with_text<T>(
    arguments: &Arguments<'_>,
    search: impl FnOnce(&str, &Compiled) -> Result<T, QueryError>,
) -> Result<Option<T>, QueryError> {
    let operator = arguments.name();
    let input = arguments.get(0)?;
    let compiled;
    let mut held = HeldBytes::default();
    let regex = match &arguments.call.prepared {
        Prepared::Regex(regex) => Some(&**regex),
        _ => {
            let (regex, options) = (arguments.get(1)?, arguments.get(2)?);
            compiled = compile(operator, regex.as_ref(), options.as_ref())?;
            held.set(compiled.as_ref().map_or(0, Compiled::bytes))?;
            compiled.as_ref()
        }
    };
    match (input.as_ref().map(Value::raw), regex) {
        (None | Some(RawBsonRef::Null | RawBsonRef::Undefined), _) => Ok(None),
        (Some(RawBsonRef::String(text) | RawBsonRef::Symbol(text)), Some(regex)) => {
            search(text, regex).map(Some)
        }
        (Some(RawBsonRef::String(_) | RawBsonRef::Symbol(_)), None) => Ok(None),
        _ => {
            let text = format!("{operator} needs 'input' to be of type string");
            Err(QueryError::new(MongoCode::REGEX_INPUT_NOT_STRING, text))
        }
    }
}

fn matches<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let is_match = with_text(arguments, |text, regex| regex.is_match(text))?;
    Ok(Some(Value::boolean(is_match.unwrap_or(false))))
}

fn find<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let found = with_text(arguments, |text, regex| match regex.captures(text, 0)? {
        None => Ok(Value::NULL),
        Some(captures) => {
            let start = captures.get(0).map_or(0, |whole| whole.start());
            let letters = text.get(..start).unwrap_or_default().chars().count();
            describe(&captures, letters)
        }
    })?;
    Ok(Some(found.unwrap_or(Value::NULL)))
}

fn find_all<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let found = with_text(arguments, |text, regex| {
        let mut all = ArrayBuilder::default();
        let (mut from, mut counted, mut letters) = (0, 0, 0);
        // An empty text is searched once.
        while let Some(captures) = regex.captures(text, from)? {
            let Some(whole) = captures.get(0) else { break };
            letters += text.get(counted..whole.start()).unwrap_or_default().chars().count();
            counted = whole.start();
            all.push(describe(&captures, letters)?.raw())?;
            let next = text.get(whole.end()..).and_then(|rest| rest.chars().next());
            let is_empty = whole.start() == whole.end();
            from = whole.end() + if is_empty { next.map_or(1, char::len_utf8) } else { 0 };
            if from >= text.len() {
                break;
            }
        }
        Ok(all.finish())
    })?;
    Ok(Some(found.unwrap_or_else(|| ArrayBuilder::default().finish())))
}

/// `{match, idx, captures}`
fn describe(captures: &Captures<'_, str>, index: usize) -> Result<Value<'static>, QueryError> {
    let mut groups = ArrayBuilder::default();
    for group in captures.iter().skip(1) {
        let text = group.map_or(RawBsonRef::Null, |group| RawBsonRef::String(group.as_str()));
        groups.push(text)?;
    }
    let whole = captures.get(0).map_or("", |whole| whole.as_str());
    let mut found = DocumentBuilder::default();
    found.append("match", RawBsonRef::String(whole))?;
    found.append("idx", Value::integer(i64::try_from(index).unwrap_or(i64::MAX)).raw())?;
    found.append("captures", groups.finish().raw())?;
    Ok(found.finish())
}
