//! Reading a schema.

use bson::{RawArray, RawBsonRef, RawDocument, spec::ElementType};

use super::{Check, Dependency, Items, Properties, Rest, Schema, unordered};
use crate::{
    MongoCode, QueryError,
    bson_types::type_name,
    depth::check_query_depth,
    filter::types::TypeSet,
    named::{Named, Seen},
    number::Number,
    path::{field, fields, items},
    pattern::Pattern,
};

/// What JSON calls its types.
const JSON_TYPES: [(&str, &[ElementType]); 5] = [
    ("array", &[ElementType::Array]),
    ("boolean", &[ElementType::Boolean]),
    ("null", &[ElementType::Null]),
    ("object", &[ElementType::EmbeddedDocument]),
    ("string", &[ElementType::String]),
];

/// Keywords that servers know and refuse.
const UNSUPPORTED: [&str; 6] = ["$ref", "$schema", "default", "definitions", "format", "id"];

/// Reads a schema that stands in so many others.
pub(super) fn parse(schema: &RawDocument, depth: usize) -> Result<Schema, QueryError> {
    check_query_depth(depth)?;
    let mut checks = Vec::new();
    for field in fields(schema) {
        let (name, value) = field?;
        checks.extend(parse_keyword(name, value, schema, depth + 1)?);
    }
    if field(schema, "type")?.is_some() && field(schema, "bsonType")?.is_some() {
        let message = "Cannot specify both $jsonSchema keywords 'type' and 'bsonType'";
        return Err(failed(message));
    }
    Ok(Schema { checks })
}

/// One keyword; those that belong together are read at the one that comes first.
fn parse_keyword(
    name: &str,
    value: RawBsonRef<'_>,
    schema: &RawDocument,
    depth: usize,
) -> Result<Vec<Check>, QueryError> {
    let check = match name {
        "title" | "description" => {
            string(name, value)?;
            return Ok(Vec::new());
        }
        "bsonType" => Check::Type(bson_types(value)?),
        "type" => Check::Type(json_types(value)?),
        "enum" => parse_enum(value)?,
        "allOf" => Check::AllOf(schemas(name, value, depth)?),
        "anyOf" => Check::AnyOf(schemas(name, value, depth)?),
        "oneOf" => Check::OneOf(schemas(name, value, depth)?),
        "not" => Check::Not(parse(object(name, value)?, depth)?),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
            return parse_limit(name, value, schema);
        }
        "multipleOf" => parse_multiple(value)?,
        "minLength" => Check::MinLength(size(name, value)?),
        "maxLength" => Check::MaxLength(size(name, value)?),
        "pattern" => Check::Pattern(Box::new(Pattern::new(string(name, value)?, "")?)),
        "minItems" => Check::MinItems(size(name, value)?),
        "maxItems" => Check::MaxItems(size(name, value)?),
        "uniqueItems" if boolean(name, value)? => Check::UniqueItems,
        "uniqueItems" => return Ok(Vec::new()),
        "items" => parse_items(value, schema, depth)?,
        // It says something about arrays of schemas only.
        "additionalItems" => {
            parse_rest(name, Some(value), depth)?;
            return Ok(Vec::new());
        }
        "minProperties" => Check::MinProperties(size(name, value)?),
        "maxProperties" => Check::MaxProperties(size(name, value)?),
        "required" => Check::Required(names(name, array(name, value)?)?),
        "properties" | "patternProperties" | "additionalProperties" => {
            return parse_properties(name, schema, depth);
        }
        "dependencies" => parse_dependencies(value, depth)?,
        known if UNSUPPORTED.contains(&known) => {
            let message = format!("$jsonSchema keyword '{name}' is not currently supported");
            return Err(failed(message));
        }
        _ => return Err(failed(format!("Unknown $jsonSchema keyword: {name}"))),
    };
    Ok(vec![check])
}

fn bson_types(value: RawBsonRef<'_>) -> Result<TypeSet, QueryError> {
    let mut set = TypeSet::default();
    each_name("bsonType", value, &mut |name| set.add_name(name))?;
    Ok(set)
}

fn json_types(value: RawBsonRef<'_>) -> Result<TypeSet, QueryError> {
    let mut set = TypeSet::default();
    each_name("type", value, &mut |name| {
        let found = JSON_TYPES.iter().find(|(known, _)| *known == name);
        match (name, found) {
            (_, Some((_, types))) => set.extend(TypeSet::of(types)),
            ("number", _) => set.extend(TypeSet::numbers()),
            ("integer", _) => {
                let message = "$jsonSchema type 'integer' is not currently supported.";
                return Err(failed(message));
            }
            _ => return Err(QueryError::bad_value(format!("Unknown type name alias: {name}"))),
        }
        Ok(())
    })?;
    Ok(set)
}

/// A name, or an array of names.
fn each_name(
    keyword: &str,
    value: RawBsonRef<'_>,
    see: &mut dyn FnMut(&str) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let mismatch = || {
        let message = format!(
            "$jsonSchema keyword '{keyword}' must be either a string or an array of strings"
        );
        QueryError::new(MongoCode::TYPE_MISMATCH, message)
    };
    match value {
        RawBsonRef::String(name) => see(name),
        RawBsonRef::Array(array) if array.is_empty() => {
            Err(failed(format!("$jsonSchema keyword '{keyword}' must name at least one type")))
        }
        RawBsonRef::Array(array) => {
            for item in items(array) {
                see(item?.as_str().ok_or_else(mismatch)?)?;
            }
            Ok(())
        }
        _ => Err(mismatch()),
    }
}

fn parse_enum(value: RawBsonRef<'_>) -> Result<Check, QueryError> {
    let array = array("enum", value)?;
    if array.is_empty() {
        return Err(failed("$jsonSchema keyword 'enum' cannot be an empty array"));
    }
    let mut keys =
        items(array).map(|item| item.map(unordered::key)).collect::<Result<Vec<_>, _>>()?;
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(failed("$jsonSchema keyword 'enum' array cannot contain duplicate values."));
    }
    Ok(Check::Enum(keys))
}

fn parse_limit(
    name: &str,
    value: RawBsonRef<'_>,
    schema: &RawDocument,
) -> Result<Vec<Check>, QueryError> {
    let exclusive_name = match name {
        "minimum" => "exclusiveMinimum",
        "maximum" => "exclusiveMaximum",
        exclusive => {
            let limit = if exclusive == "exclusiveMinimum" { "minimum" } else { "maximum" };
            boolean(exclusive, value)?;
            if field(schema, limit)?.is_none() {
                let message = format!("$jsonSchema: '{exclusive}' must have '{limit}' beside it");
                return Err(failed(message));
            }
            return Ok(Vec::new());
        }
    };
    if Number::of(value).is_none() {
        return Err(must_be(name, "a number", value));
    }
    let exclusive = match field(schema, exclusive_name)? {
        Some(exclusive) => boolean(exclusive_name, exclusive)?,
        None => false,
    };
    let value = value.into();
    Ok(vec![match name {
        "minimum" => Check::Minimum { value, exclusive },
        _ => Check::Maximum { value, exclusive },
    }])
}

fn parse_multiple(value: RawBsonRef<'_>) -> Result<Check, QueryError> {
    let number = Number::of(value).ok_or_else(|| must_be("multipleOf", "a number", value))?;
    if number.is_nan() || number.compare(Number::Int(0)).is_le() {
        return Err(failed("$jsonSchema keyword 'multipleOf' must have a positive value"));
    }
    Ok(Check::MultipleOf(value.into()))
}

fn parse_items(
    value: RawBsonRef<'_>,
    schema: &RawDocument,
    depth: usize,
) -> Result<Check, QueryError> {
    Ok(Check::Items(match value {
        RawBsonRef::Document(one) => {
            Items { first: Vec::new(), rest: Rest::Like(Box::new(parse(one, depth)?)) }
        }
        RawBsonRef::Array(_) => Items {
            first: schemas_of("items", array("items", value)?, depth)?,
            rest: parse_rest("additionalItems", field(schema, "additionalItems")?, depth)?,
        },
        _ => return Err(must_be("items", "an array or an object", value)),
    }))
}

/// The three keywords about fields, read at the first of them.
fn parse_properties(
    name: &str,
    schema: &RawDocument,
    depth: usize,
) -> Result<Vec<Check>, QueryError> {
    let (named, patterns, rest) = (
        field(schema, "properties")?,
        field(schema, "patternProperties")?,
        field(schema, "additionalProperties")?,
    );
    let is_first = match name {
        "properties" => true,
        "patternProperties" => named.is_none(),
        _ => named.is_none() && patterns.is_none(),
    };
    if !is_first {
        return Ok(Vec::new());
    }
    let mut properties = Properties {
        named: Named::default(),
        patterns: Vec::new(),
        rest: parse_rest("additionalProperties", rest, depth)?,
    };
    if let Some(named) = named {
        for field in fields(object("properties", named)?) {
            let (name, value) = field?;
            let schema = parse(nested("properties", name, value)?, depth)?;
            match properties.named.position(name.as_bytes()) {
                None => {
                    properties.named.push(name, vec![schema]);
                }
                Some(place) => {
                    if let Some(schemas) = properties.named.at_mut(place) {
                        schemas.push(schema);
                    }
                }
            }
        }
    }
    if let Some(patterns) = patterns {
        for field in fields(object("patternProperties", patterns)?) {
            let (pattern, value) = field?;
            let schema = parse(nested("patternProperties", pattern, value)?, depth)?;
            properties.patterns.push((Pattern::new(pattern, "")?, schema));
        }
    }
    Ok(vec![Check::Properties(properties)])
}

fn parse_rest(name: &str, value: Option<RawBsonRef<'_>>, depth: usize) -> Result<Rest, QueryError> {
    Ok(match value {
        None | Some(RawBsonRef::Boolean(true)) => Rest::Anything,
        Some(RawBsonRef::Boolean(false)) => Rest::Nothing,
        Some(RawBsonRef::Document(schema)) => Rest::Like(Box::new(parse(schema, depth)?)),
        Some(other) => return Err(must_be(name, "an object or a boolean", other)),
    })
}

fn parse_dependencies(value: RawBsonRef<'_>, depth: usize) -> Result<Check, QueryError> {
    let dependencies = fields(object("dependencies", value)?)
        .map(|field| {
            let (name, value) = field?;
            let needs = match value {
                RawBsonRef::Document(schema) => Dependency::Schema(parse(schema, depth)?),
                RawBsonRef::Array(array) => Dependency::Fields(names("dependencies", array)?),
                other => return Err(must_be("dependencies", "an object or an array", other)),
            };
            Ok((name.into(), needs))
        })
        .collect::<Result<_, QueryError>>()?;
    Ok(Check::Dependencies(dependencies))
}

fn schemas(name: &str, value: RawBsonRef<'_>, depth: usize) -> Result<Vec<Schema>, QueryError> {
    let array = array(name, value)?;
    if array.is_empty() {
        let message = format!("$jsonSchema keyword '{name}' must be a non-empty array");
        return Err(QueryError::bad_value(message));
    }
    schemas_of(name, array, depth)
}

fn schemas_of(name: &str, array: &RawArray, depth: usize) -> Result<Vec<Schema>, QueryError> {
    let mismatch = |value| {
        let message = format!(
            "$jsonSchema keyword '{name}' must be an array of objects, but found an element of \
             type {}",
            type_name(value)
        );
        QueryError::new(MongoCode::TYPE_MISMATCH, message)
    };
    items(array)
        .map(|item| {
            let item = item?;
            parse(item.as_document().ok_or_else(|| mismatch(item))?, depth)
        })
        .collect()
}

/// Names of fields, each once.
fn names(keyword: &str, array: &RawArray) -> Result<Vec<Box<str>>, QueryError> {
    if array.is_empty() {
        return Err(failed(format!("$jsonSchema keyword '{keyword}' cannot be an empty array")));
    }
    let mut names: Vec<Box<str>> = Vec::new();
    let mut seen = Seen::default();
    for item in items(array) {
        let item = item?;
        let Some(name) = item.as_str() else {
            let message = format!(
                "$jsonSchema keyword '{keyword}' must be an array of strings, but found an \
                 element of type: {}",
                type_name(item)
            );
            return Err(QueryError::new(MongoCode::TYPE_MISMATCH, message));
        };
        if !seen.insert(name) {
            let message =
                format!("$jsonSchema keyword '{keyword}' array cannot contain duplicate values");
            return Err(failed(message));
        }
        names.push(name.into());
    }
    Ok(names)
}

fn object<'a>(name: &str, value: RawBsonRef<'a>) -> Result<&'a RawDocument, QueryError> {
    value.as_document().ok_or_else(|| must_be(name, "an object", value))
}

fn nested<'a>(
    keyword: &str,
    name: &str,
    value: RawBsonRef<'a>,
) -> Result<&'a RawDocument, QueryError> {
    value.as_document().ok_or_else(|| {
        let message =
            format!("Nested schema for $jsonSchema keyword '{keyword}' must be an object: {name}");
        QueryError::new(MongoCode::TYPE_MISMATCH, message)
    })
}

fn array<'a>(name: &str, value: RawBsonRef<'a>) -> Result<&'a RawArray, QueryError> {
    value.as_array().ok_or_else(|| must_be(name, "an array", value))
}

fn string<'a>(name: &str, value: RawBsonRef<'a>) -> Result<&'a str, QueryError> {
    value.as_str().ok_or_else(|| must_be(name, "a string", value))
}

fn boolean(name: &str, value: RawBsonRef<'_>) -> Result<bool, QueryError> {
    value.as_bool().ok_or_else(|| must_be(name, "a boolean", value))
}

fn size(name: &str, value: RawBsonRef<'_>) -> Result<usize, QueryError> {
    let number = Number::of(value).and_then(Number::whole);
    number.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
        failed(format!("$jsonSchema keyword '{name}' must be a non-negative integer"))
    })
}

fn must_be(name: &str, what: &str, value: RawBsonRef<'_>) -> QueryError {
    let kind = type_name(value);
    let message = format!("$jsonSchema keyword '{name}' must be {what}, but found {kind}");
    QueryError::new(MongoCode::TYPE_MISMATCH, message)
}

fn failed(message: impl Into<String>) -> QueryError {
    QueryError::new(MongoCode::FAILED_TO_PARSE, message)
}
