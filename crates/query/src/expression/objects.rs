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
use crate::{QueryError, memory::Held};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$arrayToObject", 1, array_to_object),
    Operator::exactly("$objectToArray", 1, object_to_array),
    Operator::any("$mergeObjects", merge),
    Operator::own("$getField", parse_get, get),
    Operator::named("$setField", &SET, set),
    Operator::named("$unsetField", &UNSET, unset),
];

const GET: Names = Names {
    not_object: 3_041_700,
    unknown: 3_041_701,
    words: Words::Plain,
    names: &[("field", 3_041_702), ("input", 3_041_703)],
};

const SET: Names = Names {
    not_object: 4_161_100,
    unknown: 4_161_101,
    words: Words::Plain,
    names: &[("field", 4_161_102), ("input", 4_161_109), ("value", 4_161_103)],
};

const UNSET: Names = Names {
    not_object: 4_161_100,
    unknown: 4_161_101,
    words: Words::Plain,
    names: &[("field", 4_161_102), ("input", 4_161_109)],
};

fn array_to_object<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(array) = as_array(input.as_ref()) else {
        let found = type_of(input.as_ref());
        let text = format!("$arrayToObject requires an array input, found: {found}");
        return Err(QueryError::new(40386, text));
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
            return Err(QueryError::new(40398, text));
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
        return Err(QueryError::new(40396, text));
    };
    let parts = collect(pair, &mut Held::default())?;
    let [key, value] = parts[..] else {
        let text = format!(
            "$arrayToObject requires an array of size 2 arrays,found array of size: {}",
            parts.len()
        );
        return Err(QueryError::new(40397, text));
    };
    let RawBsonRef::String(key) = key else {
        let text = format!(
            "$arrayToObject requires an array of key-value pairs, where the key must be of type \
             string. Found key type: {}",
            type_name(Some(key))
        );
        return Err(QueryError::new(40395, text));
    };
    check_key(key, 4_940_400)?;
    Ok((key, value))
}

fn key_and_value(element: RawBsonRef<'_>) -> Result<(&str, RawBsonRef<'_>), QueryError> {
    let RawBsonRef::Document(document) = element else {
        let text = format!(
            "$arrayToObject requires a consistent input format. Elements must all be arrays \
             or all be objects. Object was detected, now found: {}",
            type_name(Some(element))
        );
        return Err(QueryError::new(40391, text));
    };
    let number = document.iter_elements().count();
    if number != 2 {
        let text = format!(
            "$arrayToObject requires an object keys of 'k' and 'v'. \
             Found incorrect number of keys:{number}"
        );
        return Err(QueryError::new(40392, text));
    }
    let (Some(key), Some(value)) = (field(document, "k")?, field(document, "v")?) else {
        let text = format!(
            "$arrayToObject requires an object with keys 'k' and 'v'. \
             Missing either or both keys from: {}",
            in_error(Some(&element.into()))
        );
        return Err(QueryError::new(40393, text));
    };
    let RawBsonRef::String(key) = key else {
        let text = format!(
            "$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' \
             must be of type string. Found type: {}",
            type_name(Some(key))
        );
        return Err(QueryError::new(40394, text));
    };
    check_key(key, 4_940_401)?;
    Ok((key, value))
}

fn check_key(key: &str, code: i32) -> Result<(), QueryError> {
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
        return Err(QueryError::new(40390, text));
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
                return Err(QueryError::new(40400, text));
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
    let name = field_name(name.as_ref(), "$getField", 3_041_704)?;
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
    code: i32,
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
    let name = field_name(name.as_ref(), operator, 4_161_107)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(RawBsonRef::Document(input)) = input.as_ref().map(Value::raw) else {
        let text = format!("{operator} requires 'input' to evaluate to type Object");
        return Err(QueryError::new(4_161_105, text));
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
