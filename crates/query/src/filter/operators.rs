//! Reading the operators under a field.

use bson::{RawArray, RawBsonRef, RawDocument};

use super::{
    bits::Bits,
    comparison::{Comparison, Relation},
    condition::Condition,
    list::List,
    modulo::Modulo,
    parse::{Level, operators, parse_document, parse_equal},
    test::Test,
    types::TypeSet,
};
use crate::{
    MongoCode, QueryError,
    describe::describe_field,
    number::Number,
    path::{field, fields, items},
    pattern::Pattern,
};

/// Reads the operators under a field; all of them have to hold.
pub(super) fn parse_operators(
    path: &str,
    document: &RawDocument,
    level: Level<'_>,
) -> Result<Condition, QueryError> {
    let mut conditions = Vec::new();
    for field in fields(document) {
        let (name, value) = field?;
        conditions.extend(parse_operator(path, name, value, document, level)?);
    }
    Ok(Condition::all(conditions))
}

/// A pattern as a test.
pub(super) fn parse_pattern(source: &str, options: &str) -> Result<Test, QueryError> {
    Pattern::new(source, options).map(|pattern| Test::Pattern(Box::new(pattern)))
}

/// One operator, unless it only says more about another one.
fn parse_operator(
    path: &str,
    name: &str,
    value: RawBsonRef<'_>,
    siblings: &RawDocument,
    level: Level<'_>,
) -> Result<Option<Condition>, QueryError> {
    let test = match name {
        "$eq" => Test::Comparison(parse_equal(value)?),
        "$gt" => parse_order(path, Relation::Greater, value)?,
        "$gte" => parse_order(path, Relation::GreaterOrEqual, value)?,
        "$lt" => parse_order(path, Relation::Less, value)?,
        "$lte" => parse_order(path, Relation::LessOrEqual, value)?,
        "$in" => Test::In(List::parse(array_of(name, value)?)?),
        "$ne" => return parse_not_equal(value).map(Some),
        "$nin" => {
            let list = Test::In(List::parse(array_of(name, value)?)?);
            return Ok(Some(Condition::Test(list).not()));
        }
        "$not" => return parse_not(path, value, level).map(Some),
        "$exists" => {
            let exists = Condition::Test(Test::Exists);
            return Ok(Some(if is_true(value) { exists } else { exists.not() }));
        }
        "$type" => Test::Type(TypeSet::parse("$type", value)?),
        "$mod" => Test::Modulo(Modulo::parse(value)?),
        "$size" => parse_size(value)?,
        "$all" => return parse_all(value, level).map(Some),
        "$elemMatch" => parse_element(value, level)?,
        "$regex" => parse_regex(value, siblings)?,
        "$options" if field(siblings, "$regex")?.is_some() => return Ok(None),
        "$options" => return Err(QueryError::bad_value("$options needs a $regex")),
        "$bitsAllSet" => Test::Bits(Bits::parse(path, name, value, true, true)?),
        "$bitsAnySet" => Test::Bits(Bits::parse(path, name, value, false, true)?),
        "$bitsAllClear" => Test::Bits(Bits::parse(path, name, value, true, false)?),
        "$bitsAnyClear" => Test::Bits(Bits::parse(path, name, value, false, false)?),
        "$geoWithin" | "$within" | "$geoIntersects" | "$near" | "$nearSphere" | "$geoNear"
        | "$maxDistance" | "$minDistance" => {
            return Err(QueryError::not_supported(name));
        }
        _ => return Err(QueryError::bad_value(format!("unknown operator: {name}"))),
    };
    Ok(Some(Condition::Test(test)))
}

fn parse_order(path: &str, relation: Relation, value: RawBsonRef<'_>) -> Result<Test, QueryError> {
    match value {
        RawBsonRef::Undefined => Err(QueryError::bad_value("cannot compare to undefined")),
        RawBsonRef::RegularExpression(_) => {
            let message =
                format!("Can't have RegEx as arg to non-equality predicate over field '{path}'.");
            Err(QueryError::bad_value(message))
        }
        value => Ok(Test::Comparison(Comparison { relation, value: value.into() })),
    }
}

fn parse_not_equal(value: RawBsonRef<'_>) -> Result<Condition, QueryError> {
    if matches!(value, RawBsonRef::RegularExpression(_)) {
        return Err(QueryError::bad_value("Can't have regex as arg to $ne."));
    }
    Ok(Condition::Test(Test::Comparison(parse_equal(value)?)).not())
}

fn parse_not(path: &str, value: RawBsonRef<'_>, level: Level<'_>) -> Result<Condition, QueryError> {
    let condition = match value {
        RawBsonRef::RegularExpression(regex) => {
            Condition::Test(parse_pattern(regex.pattern.as_str(), regex.options.as_str())?)
        }
        RawBsonRef::Document(document) if document.is_empty() => {
            return Err(QueryError::bad_value("$not argument must be a non-empty object"));
        }
        RawBsonRef::Document(document) => parse_operators(path, document, level.down()?)?,
        _ => return Err(QueryError::bad_value("$not argument must be a regex or an object")),
    };
    Ok(condition.not())
}

fn parse_size(value: RawBsonRef<'_>) -> Result<Test, QueryError> {
    let failed = |expected: &str| {
        let shown = describe_field("$size", value);
        QueryError::bad_value(format!("Failed to parse $size. {expected}: {shown}"))
    };
    let number = Number::of(value).ok_or_else(|| failed("Expected a number in"))?;
    let whole = number.whole().ok_or_else(|| failed("Expected an integer"))?;
    usize::try_from(whole).map(Test::Size).map_err(|_| failed("Expected a non-negative number in"))
}

fn parse_all(value: RawBsonRef<'_>, level: Level<'_>) -> Result<Condition, QueryError> {
    let array = array_of("$all", value)?;
    let items = items(array).collect::<Result<Vec<_>, _>>()?;
    let has_elements = items.first().map(|first| element_of(*first)).transpose()?.flatten();
    let mut conditions = Vec::new();
    for item in items {
        let test = match (item, has_elements) {
            (item, Some(_)) => match element_of(item)? {
                Some(element) => parse_element(element, level)?,
                None => {
                    let message = "$all: if one item is an $elemMatch, all must be";
                    return Err(QueryError::bad_value(message));
                }
            },
            (RawBsonRef::RegularExpression(regex), None) => {
                parse_pattern(regex.pattern.as_str(), regex.options.as_str())?
            }
            (item, None) if operators(item)?.is_some() => {
                return Err(QueryError::bad_value("$all: an item must not be an operator"));
            }
            (item, None) => Test::Comparison(parse_equal(item)?),
        };
        conditions.push(Condition::Test(test));
    }
    if conditions.is_empty() {
        return Ok(Condition::Test(Test::Never));
    }
    Ok(Condition::all(conditions))
}

/// What a document asks for with `$elemMatch`, if that is what it starts with.
fn element_of(value: RawBsonRef<'_>) -> Result<Option<RawBsonRef<'_>>, QueryError> {
    let RawBsonRef::Document(document) = value else { return Ok(None) };
    let first = fields(document).next().transpose()?;
    Ok(first.filter(|(name, _)| *name == "$elemMatch").map(|(_, value)| value))
}

fn parse_element(value: RawBsonRef<'_>, level: Level<'_>) -> Result<Test, QueryError> {
    let RawBsonRef::Document(document) = value else {
        return Err(QueryError::bad_value("$elemMatch needs an Object"));
    };
    let level = level.into_array()?;
    let first = fields(document).next().transpose()?.map_or("", |(name, _)| name);
    if first.starts_with('$') && !is_about_documents(first) {
        return parse_operators("", document, level)
            .map(|condition| Test::ElementValue(Box::new(condition)));
    }
    parse_document(document, level).map(|node| Test::ElementDocument(Box::new(node)))
}

/// Whether an operator is one that stands at the top level of a query, or the name of a part of a
/// reference to a document.
fn is_about_documents(name: &str) -> bool {
    matches!(
        name,
        "$and"
            | "$or"
            | "$nor"
            | "$expr"
            | "$where"
            | "$text"
            | "$comment"
            | "$jsonSchema"
            | "$alwaysTrue"
            | "$alwaysFalse"
            | "$sampleRate"
            | "$ref"
            | "$id"
            | "$db"
    )
}

fn parse_regex(value: RawBsonRef<'_>, siblings: &RawDocument) -> Result<Test, QueryError> {
    let (source, own) = match value {
        RawBsonRef::String(source) => (source, ""),
        RawBsonRef::RegularExpression(regex) => (regex.pattern.as_str(), regex.options.as_str()),
        _ => return Err(QueryError::bad_value("$regex has to be a string")),
    };
    let options = match field(siblings, "$options")? {
        None => own,
        Some(RawBsonRef::String(_)) if !own.is_empty() => {
            let message = "options set in both $regex and $options";
            return Err(QueryError::new(MongoCode::REGEX_OPTIONS_TWICE, message));
        }
        Some(RawBsonRef::String(options)) => options,
        Some(_) => return Err(QueryError::bad_value("$options has to be a string")),
    };
    parse_pattern(source, options)
}

fn array_of<'a>(name: &str, value: RawBsonRef<'a>) -> Result<&'a RawArray, QueryError> {
    value.as_array().ok_or_else(|| QueryError::bad_value(format!("{name} needs an array")))
}

/// What `$exists` takes for true: anything but false, zero, null and undefined.
fn is_true(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Boolean(truth) => truth,
        RawBsonRef::Null | RawBsonRef::Undefined => false,
        value => Number::of(value).is_none_or(|number| !number.is_zero()),
    }
}
