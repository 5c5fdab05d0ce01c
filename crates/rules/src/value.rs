//! Reading the values of a condition: literals, expansions, conversions and calls of functions.

use bson::Bson;
use serde_json::{Map, Value as Json};

use crate::{
    Expansion,
    expansion::{EXPANSION, Operand},
    node::{Conversion, Value},
    reader::Reader,
};

/// The operator that calls a function.
pub(crate) const FUNCTION: &str = "function";

const CONVERSIONS: [(&str, Conversion); 4] = [
    ("stringToOid", Conversion::StringToOid),
    ("oidToString", Conversion::OidToString),
    ("stringToUuid", Conversion::StringToUuid),
    ("uuidToString", Conversion::UuidToString),
];

/// The types of extended JSON that a condition may have literals of.
const EXTENDED: [&str; 9] = [
    "$oid",
    "$date",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$binary",
    "$uuid",
    "$timestamp",
];

/// The name of an operator, without the sign before it; `None` where a key is none.
pub(crate) fn as_operator(key: &str) -> Option<&str> {
    if key.starts_with(EXPANSION) {
        return None;
    }
    key.strip_prefix(['%', '$'])
}

/// Whether an operator makes a value, as opposed to testing one.
pub(crate) fn is_value_operator(name: &str) -> bool {
    name == FUNCTION || CONVERSIONS.iter().any(|(known, _)| *known == name)
}

/// Whether an object is a literal in extended JSON.
pub(crate) fn is_extended_json(members: &Map<String, Json>) -> bool {
    members.len() == 1 && members.keys().all(|key| EXTENDED.contains(&key.as_str()))
}

/// Reads a value.
pub(crate) fn read_value(reader: &mut Reader, json: &Json) -> Option<Value> {
    match json {
        Json::String(text) if text.starts_with(EXPANSION) => read_expansion(reader, text),
        Json::Object(members) if is_extended_json(members) => read_literal(reader, json),
        Json::Object(members) => read_object(reader, members),
        Json::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .enumerate()
                .map(|(index, item)| reader.at_item(index, |reader| read_value(reader, item)))
                .collect();
            Some(array(items.into_iter().collect::<Option<_>>()?))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
            read_literal(reader, json)
        }
    }
}

/// Reads the object of `%function`.
pub(crate) fn read_function(reader: &mut Reader, json: &Json) -> Option<Value> {
    let remedy = "write `{\"name\": \"f\", \"arguments\": []}`";
    let Json::Object(members) = json else {
        return reader.wrong("`function` takes an object", remedy);
    };
    if let Some(key) = members.keys().find(|key| !matches!(key.as_str(), "name" | "arguments")) {
        return reader.wrong(format!("`function` has no member `{key}`"), remedy);
    }
    let Some(Json::String(name)) = members.get("name") else {
        return reader.wrong("`function` needs the name of a function", remedy);
    };
    let none = Vec::new();
    let arguments = match members.get("arguments") {
        None => &none,
        Some(Json::Array(arguments)) => arguments,
        Some(_) => return reader.wrong("`arguments` is a list", remedy),
    };
    let arguments: Vec<_> = reader.at("arguments", |reader| {
        let read = |(index, json)| reader.at_item(index, |reader| read_value(reader, json));
        Some(arguments.iter().enumerate().map(read).collect())
    })?;
    let arguments = arguments.into_iter().collect::<Option<_>>()?;
    Some(Value::Function { name: name.clone(), arguments })
}

fn read_expansion(reader: &mut Reader, text: &str) -> Option<Value> {
    let operand = Operand::parse(text, reader.subject);
    let operand = reader.noted(operand)?;
    Some(match operand.expansion {
        Expansion::True => Value::Literal(Bson::Boolean(true)),
        Expansion::False => Value::Literal(Bson::Boolean(false)),
        _ => Value::Operand(operand),
    })
}

fn read_object(reader: &mut Reader, members: &Map<String, Json>) -> Option<Value> {
    if let (1, Some((key, json))) = (members.len(), members.iter().next())
        && let Some(name) = as_operator(key)
        && is_value_operator(name)
    {
        return reader.at(key, |reader| {
            match CONVERSIONS.iter().find(|(known, _)| *known == name) {
                Some((_, conversion)) => read_conversion(reader, *conversion, json),
                None => read_function(reader, json),
            }
        });
    }
    let read = |(key, json): (&String, &Json)| {
        reader.at(key, |reader| {
            if key.starts_with(['%', '$']) || key.contains('\0') {
                return reader.wrong(
                    format!("`{key}` cannot stand in a value"),
                    "write operators directly under what they are about",
                );
            }
            Some((key.clone(), read_value(reader, json)?))
        })
    };
    let fields: Vec<_> = members.iter().map(read).collect();
    let fields = fields.into_iter().collect::<Option<Vec<_>>>()?;
    let literal = |(name, value): &(String, Value)| match value {
        Value::Literal(value) => Some((name.clone(), value.clone())),
        _ => None,
    };
    Some(match fields.iter().map(literal).collect::<Option<bson::Document>>() {
        Some(document) => Value::Literal(document.into()),
        None => Value::Document(fields),
    })
}

/// Operators inside a conversion are not evaluated.
fn read_conversion(reader: &mut Reader, conversion: Conversion, json: &Json) -> Option<Value> {
    let value = read_value(reader, json)?;
    match &value {
        Value::Operand(_) => Some(Value::Convert(conversion, Box::new(value))),
        Value::Literal(literal) => match conversion.apply(literal) {
            Some(converted) => Some(Value::Literal(converted)),
            None => reader.wrong("this cannot be converted", "write a value of the right form"),
        },
        _ => reader.wrong("a conversion takes a literal or an expansion", "convert in a function"),
    }
}

fn read_literal(reader: &mut Reader, json: &Json) -> Option<Value> {
    match Bson::try_from(json.clone()) {
        Ok(literal) => Some(Value::Literal(literal)),
        Err(_) => reader.wrong("this value cannot be read", "write it as extended JSON"),
    }
}

fn array(items: Vec<Value>) -> Value {
    let literal = |value: &Value| match value {
        Value::Literal(value) => Some(value.clone()),
        _ => None,
    };
    match items.iter().map(literal).collect::<Option<Vec<_>>>() {
        Some(literals) => Value::Literal(literals.into()),
        None => Value::Array(items),
    }
}
