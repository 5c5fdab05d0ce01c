//! Documents and their fields.

use std::collections::HashMap;

use bson::{
    RawBsonRef, RawDocumentBuf,
    raw::{CStr, cstr},
};

use super::{
    arrays::{as_array, type_of},
    build::{ArrayBuilder, DocumentBuilder},
    node::Node,
    operator::{Arguments, Names, Operator, Words},
    parser::{Parser, pick_named},
    path::FieldPath,
    text::in_error,
    value::{Evaluated, Value, collect, field, fields, is_nullish, items, type_name},
};
use crate::{MongoCode, QueryError, memory::Held};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$arrayToObject", 1, array_to_object),
    Operator::exactly("$objectToArray", 1, object_to_array),
    Operator::any("$mergeObjects", merge),
    Operator::own("$getField", parse_get, get),
    Operator::named("$setField", &SET, set),
    Operator::named("$unsetField", &UNSET, unset),
];

const GET: Names = Names {
    not_object: MongoCode::GET_FIELD_NOT_OBJECT,
    unknown: MongoCode::GET_FIELD_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("field", Some(MongoCode::GET_FIELD_FIELD_MISSING)),
        ("input", Some(MongoCode::GET_FIELD_INPUT_MISSING)),
    ],
};

const SET: Names = Names {
    not_object: MongoCode::SET_FIELD_NOT_OBJECT,
    unknown: MongoCode::SET_FIELD_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("field", Some(MongoCode::SET_FIELD_FIELD_MISSING)),
        ("input", Some(MongoCode::SET_FIELD_INPUT_MISSING)),
        ("value", Some(MongoCode::SET_FIELD_VALUE_MISSING)),
    ],
};

const UNSET: Names = Names {
    not_object: MongoCode::SET_FIELD_NOT_OBJECT,
    unknown: MongoCode::SET_FIELD_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("field", Some(MongoCode::SET_FIELD_FIELD_MISSING)),
        ("input", Some(MongoCode::SET_FIELD_INPUT_MISSING)),
    ],
};

fn array_to_object<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let found = type_of(input.as_ref());
        let text = format!("$arrayToObject requires an array input, found: {found}");
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_NOT_ARRAY, text));
    };
    let mut held = Held::default();
    let elements = collect(array, &mut held)?;
    held.add_elements::<Named<'_>>(4 * elements.len())?;
    let of_pairs = match elements.first() {
        None => return DocumentBuilder::default().done(),
        Some(RawBsonRef::Array(_)) => true,
        Some(RawBsonRef::Document(_)) => false,
        Some(other) => {
            let found = type_name(Some(*other));
            let text = format!("Unrecognised input type format for $arrayToObject: {found}");
            return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_ELEMENT_INVALID, text));
        }
    };
    let mut named: Vec<Named<'_>> = Vec::with_capacity(elements.len());
    for element in elements {
        named.push(if of_pairs { pair(element)? } else { key_and_value(element)? });
    }
    unique(named)
}

/// A name and its value.
type Named<'v> = (&'v str, RawBsonRef<'v>);

/// A document of the last value of every name, where the name stood first.
fn unique<'a>(named: Vec<Named<'_>>) -> Evaluated<'a> {
    let mut places = HashMap::with_capacity(named.len());
    let mut kept: Vec<Named<'_>> = Vec::with_capacity(named.len());
    for (name, value) in named {
        let place = *places.entry(name).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(slot) => slot.1 = value,
            None => kept.push((name, value)),
        }
    }
    let mut document = DocumentBuilder::default();
    for (name, value) in kept {
        document.append(name, value)?;
    }
    document.done()
}

fn pair(element: RawBsonRef<'_>) -> Result<(&str, RawBsonRef<'_>), QueryError> {
    let RawBsonRef::Array(pair) = element else {
        let text = format!(
            "$arrayToObject requires a consistent input format. Elements must all be arrays \
             or all be objects. Array was detected, now found: {}",
            type_name(Some(element))
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_ELEMENT_NOT_ARRAY, text));
    };
    let parts = collect(pair, &mut Held::default())?;
    let [key, value] = parts[..] else {
        let text = format!(
            "$arrayToObject takes arrays of a key and a value, and found an array with {} items",
            parts.len()
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_NOT_PAIR, text));
    };
    let RawBsonRef::String(key) = key else {
        let text = format!(
            "$arrayToObject requires an array of key-value pairs, where the key must be of type \
             string. Found key type: {}",
            type_name(Some(key))
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_KEY_NOT_STRING, text));
    };
    check_key(key, MongoCode::ARRAY_TO_OBJECT_KEY_HAS_NULL_BYTE)?;
    Ok((key, value))
}

fn key_and_value(element: RawBsonRef<'_>) -> Result<(&str, RawBsonRef<'_>), QueryError> {
    let RawBsonRef::Document(document) = element else {
        let text = format!(
            "$arrayToObject requires a consistent input format. Elements must all be arrays \
             or all be objects. Object was detected, now found: {}",
            type_name(Some(element))
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_ELEMENT_NOT_OBJECT, text));
    };
    let number = document.iter_elements().count();
    if number != 2 {
        let text = format!(
            "$arrayToObject requires an object keys of 'k' and 'v'. \
             Found incorrect number of keys:{number}"
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_NOT_TWO_KEYS, text));
    }
    let (Some(key), Some(value)) = (field(document, "k")?, field(document, "v")?) else {
        let text = format!(
            "$arrayToObject requires an object with keys 'k' and 'v'. \
             Missing either or both keys from: {}",
            in_error(Some(&element.into()))
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_KEYS_NOT_K_AND_V, text));
    };
    let RawBsonRef::String(key) = key else {
        let text = format!(
            "$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' \
             must be of type string. Found type: {}",
            type_name(Some(key))
        );
        return Err(QueryError::new(MongoCode::ARRAY_TO_OBJECT_K_NOT_STRING, text));
    };
    check_key(key, MongoCode::ARRAY_TO_OBJECT_K_HAS_NULL_BYTE)?;
    Ok((key, value))
}

fn check_key(key: &str, code: MongoCode) -> Result<(), QueryError> {
    if key.contains('\0') {
        return Err(QueryError::new(code, "Key field cannot contain an embedded null byte"));
    }
    Ok(())
}

fn object_to_array<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(RawBsonRef::Document(document)) = input.as_ref().map(Value::raw) else {
        let found = type_of(input.as_ref());
        let text = format!("$objectToArray requires a document input, found: {found}");
        return Err(QueryError::new(MongoCode::OBJECT_TO_ARRAY_NOT_OBJECT, text));
    };
    let mut pairs = ArrayBuilder::default();
    for field in fields(document) {
        let (name, value) = field?;
        let mut pair = RawDocumentBuf::new();
        pair.append(cstr!("k"), name.as_str());
        pair.append(cstr!("v"), value);
        pairs.push(RawBsonRef::Document(&pair))?;
    }
    pairs.done()
}

fn merge<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let values = arguments.iter().collect::<Result<Vec<_>, _>>()?;
    if let [only] = values.as_slice()
        && let Some(array) = as_array(only.as_ref())
    {
        let mut merging = Merging::default();
        for item in items(array) {
            merging.add(Some(item?))?;
        }
        return merging.done();
    }
    let mut merging = Merging::default();
    for value in &values {
        merging.add(value.as_ref().map(Value::raw))?;
    }
    merging.done()
}

/// The fields of several documents: of each name the last value, where the name stood first.
#[derive(Default)]
struct Merging<'v> {
    fields: Vec<(&'v CStr, RawBsonRef<'v>)>,
    places: HashMap<&'v str, usize>,
    held: Held,
}

impl<'v> Merging<'v> {
    /// Sets the fields of one more document; null has none.
    fn add(&mut self, value: Option<RawBsonRef<'v>>) -> Result<(), QueryError> {
        let document = match value {
            None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(()),
            Some(RawBsonRef::Document(document)) => document,
            Some(other) => {
                let text = format!(
                    "$mergeObjects requires object inputs, but input {} is of type {}",
                    in_error(Some(&other.into())),
                    type_name(Some(other))
                );
                return Err(QueryError::new(MongoCode::MERGED_VALUE_NOT_OBJECT, text));
            }
        };
        for field in fields(document) {
            let (name, value) = field?;
            let place = *self.places.entry(name.as_str()).or_insert(self.fields.len());
            match self.fields.get_mut(place) {
                Some(field) => field.1 = value,
                None => {
                    // A list and a table, each of which may be half empty.
                    self.held.add_elements::<Named<'_>>(4)?;
                    self.fields.push((name, value));
                }
            }
        }
        Ok(())
    }

    fn done<'a>(self) -> Evaluated<'a> {
        let mut merged = DocumentBuilder::default();
        for (name, value) in self.fields {
            merged.append_named(name, value)?;
        }
        merged.done()
    }
}

/// The name by itself, or both in a document.
fn parse_get(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let is_named = match value {
        RawBsonRef::Document(document) => {
            let first = fields(document).next().transpose()?;
            !first.is_some_and(|(name, _)| name.as_str().starts_with('$'))
        }
        _ => false,
    };
    let arguments = match is_named {
        true => {
            let given = pick_named(operator.name, &GET, value)?;
            given
                .into_iter()
                .flatten()
                .map(|value| parser.parse(value))
                .collect::<Result<Vec<Node>, _>>()?
        }
        false => vec![parser.parse(value)?, Node::Path(FieldPath::default())],
    };
    Ok(parser.call(operator, arguments))
}

fn get<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (name, input) = (arguments.get(0)?, arguments.get(1)?);
    let name = field_name(name.as_ref(), "$getField", MongoCode::GET_FIELD_FIELD_NOT_STRING)?;
    match input {
        Some(input) if input.is_null() => Ok(Some(Value::NULL)),
        Some(input) => input.project(|input| match input {
            RawBsonRef::Document(document) => Ok(field(document, name)?.map(Value::from)),
            _ => Ok(None),
        }),
        None => Ok(None),
    }
}

fn field_name<'v>(
    name: Option<&'v Value<'_>>,
    operator: &str,
    code: MongoCode,
) -> Result<&'v str, QueryError> {
    match name.map(Value::raw) {
        Some(RawBsonRef::String(name)) => Ok(name),
        other => {
            let found = type_name(other);
            let text =
                format!("{operator} requires 'field' to evaluate to type String, but got {found}");
            Err(QueryError::new(code, text))
        }
    }
}

fn set<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(2)?;
    with_field(arguments, value.as_ref())
}

fn unset<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    with_field(arguments, None)
}

/// The input with a field of another value, or without it.
fn with_field<'a>(arguments: &Arguments<'a>, value: Option<&Value<'_>>) -> Evaluated<'a> {
    let (name, input) = (arguments.get(0)?, arguments.get(1)?);
    let operator = arguments.name();
    let name = field_name(name.as_ref(), operator, MongoCode::SET_FIELD_FIELD_NOT_STRING)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(RawBsonRef::Document(input)) = input.as_ref().map(Value::raw) else {
        let text = format!("{operator} requires 'input' to evaluate to type Object");
        return Err(QueryError::new(MongoCode::SET_FIELD_INPUT_NOT_OBJECT, text));
    };
    let mut value = value.map(Value::raw);
    let mut document = DocumentBuilder::default();
    for field in fields(input) {
        let (other, kept) = field?;
        match other.as_str() == name {
            true => {
                if let Some(value) = value.take() {
                    document.append_named(other, value)?;
                }
            }
            false => document.append_named(other, kept)?,
        }
    }
    if let Some(value) = value {
        document.append(name, value)?;
    }
    document.done()
}
