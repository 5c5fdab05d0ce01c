//! Reading a condition.

use bson::{Bson, RawBsonRef};
use serde_json::{Map, Value as Json};

use crate::{
    Expansion,
    expansion::{EXPANSION, Operand},
    leaf,
    node::{Node, Relation, Test, Value},
    reader::Reader,
    source::whole,
    value::{
        FUNCTION, as_operator, is_extended_json, is_value_operator, read_function, read_value,
    },
};

/// What to do about an operator that is not known.
const KNOWN_OPERATORS: &str = "the operators are exists, eq, ne, gt, gte, lt, lte, in, nin, not, \
    and, or, nor, function, stringToOid, oidToString, stringToUuid and uuidToString, each with \
    `%` or `$` before it";

/// Reads a condition: a boolean, or an object whose members all have to hold.
pub(crate) fn read_condition(reader: &mut Reader, json: &Json) -> Option<Node> {
    match json {
        Json::Bool(truth) => Some(Node::Known(Ok(*truth))),
        Json::String(text) if text == "%%true" => Some(Node::Known(Ok(true))),
        Json::String(text) if text == "%%false" => Some(Node::Known(Ok(false))),
        Json::Object(members) => read_members(reader, members),
        _ => reader.wrong("a condition is an object or a boolean", "write `{}` for always"),
    }
}

fn read_members(reader: &mut Reader, members: &Map<String, Json>) -> Option<Node> {
    let nodes = members
        .iter()
        .map(|(key, json)| reader.at(key, |reader| read_member(reader, key, json)))
        // Every one is read, so that everything wrong is told.
        .collect::<Vec<_>>();
    Some(all(nodes.into_iter().collect::<Option<Vec<_>>>()?))
}

fn read_member(reader: &mut Reader, key: &str, json: &Json) -> Option<Node> {
    if key.starts_with(EXPANSION) {
        let operand = Operand::parse(key, reader.subject);
        let operand = reader.noted(operand)?;
        return read_test(reader, &operand, json);
    }
    let Some(name) = as_operator(key) else {
        let operand = Operand::field(key, reader.subject);
        let operand = reader.noted(operand)?;
        return read_test(reader, &operand, json);
    };
    match name {
        "and" | "or" | "nor" => {
            let nodes = read_list(reader, json, read_condition)?;
            Some(joined(name, nodes))
        }
        "not" => Some(Node::Not(Box::new(read_condition(reader, json)?))),
        FUNCTION => {
            let value = read_function(reader, json)?;
            related(reader, &truth(), Relation::Equal, value)
        }
        _ => reader.wrong(format!("there is no operator `{key}`"), KNOWN_OPERATORS),
    }
}

/// The items of a list; an empty one says nothing.
fn read_list<T>(
    reader: &mut Reader,
    json: &Json,
    read: impl Fn(&mut Reader, &Json) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(items) = json.as_array().filter(|items| !items.is_empty()) else {
        return reader.wrong("a list of conditions is expected", "write at least one in `[…]`");
    };
    let items: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(index, item)| reader.at_item(index, |reader| read(reader, item)))
        .collect();
    items.into_iter().collect()
}

/// What stands under an operand: operators, or a value that it is to be equal to.
fn read_test(reader: &mut Reader, operand: &Operand, json: &Json) -> Option<Node> {
    let Json::Object(members) = json else {
        let value = read_value(reader, json)?;
        return related(reader, operand, Relation::Equal, value);
    };
    let is_test = |key: &String| as_operator(key).is_some_and(|name| !is_value_operator(name));
    if !members.keys().any(is_test) || is_extended_json(members) {
        let value = read_value(reader, json)?;
        return related(reader, operand, Relation::Equal, value);
    }
    let nodes: Vec<_> = members
        .iter()
        .map(|(key, json)| reader.at(key, |reader| read_operator(reader, operand, key, json)))
        .collect();
    Some(all(nodes.into_iter().collect::<Option<Vec<_>>>()?))
}

fn read_operator(reader: &mut Reader, operand: &Operand, key: &str, json: &Json) -> Option<Node> {
    let relation = match as_operator(key) {
        Some("exists") => return read_exists(reader, operand, json),
        Some(name @ ("and" | "or" | "nor")) => {
            // `"%%true": {"%and": […]}` holds conditions.
            let nodes = if operand.expansion == Expansion::True {
                read_list(reader, json, read_condition)?
            } else {
                read_list(reader, json, |reader, json| read_test(reader, operand, json))?
            };
            return Some(joined(name, nodes));
        }
        Some("not") => return read_not(reader, operand, json),
        Some("ne") => {
            let value = read_value(reader, json)?;
            return Some(not(related(reader, operand, Relation::Equal, value)?));
        }
        Some("nin") => return Some(not(read_in(reader, operand, json)?)),
        Some("in") => return read_in(reader, operand, json),
        Some("eq") => Relation::Equal,
        Some("gt") => Relation::Greater,
        Some("gte") => Relation::GreaterOrEqual,
        Some("lt") => Relation::Less,
        Some("lte") => Relation::LessOrEqual,
        _ => {
            let message = format!("`{key}` is no operator that stands beside operators");
            return reader.wrong(message, KNOWN_OPERATORS);
        }
    };
    let value = read_value(reader, json)?;
    if relation != Relation::Equal && matches!(value, Value::Literal(Bson::Null)) {
        return reader.wrong("nothing is more or less than null", "compare with a value");
    }
    related(reader, operand, relation, value)
}

fn read_exists(reader: &mut Reader, operand: &Operand, json: &Json) -> Option<Node> {
    let exists = match json {
        Json::Bool(exists) => *exists,
        Json::String(text) if text == "%%true" => true,
        Json::String(text) if text == "%%false" => false,
        _ => return reader.wrong("true or false is expected", "write `true` or `false`"),
    };
    let test = reader.noted(leaf::exists(operand).map_err(wrong_query))?;
    let node = Node::Test(operand.clone(), Test::Prepared(test));
    Some(if exists { node } else { not(node) })
}

fn read_not(reader: &mut Reader, operand: &Operand, json: &Json) -> Option<Node> {
    if !matches!(json, Json::Object(members) if !members.is_empty()) {
        return reader.wrong("`not` takes an object of operators", "write `ne` for a value");
    }
    if operand.expansion == Expansion::True {
        return Some(not(read_condition(reader, json)?));
    }
    Some(not(read_test(reader, operand, json)?))
}

fn read_in(reader: &mut Reader, operand: &Operand, json: &Json) -> Option<Node> {
    let value = read_value(reader, json)?;
    let is_never_list = match &value {
        Value::Literal(literal) => literal.as_array().is_none(),
        Value::Document(_) | Value::Convert(..) => true,
        Value::Operand(_) | Value::Function { .. } | Value::Array(_) => false,
    };
    if is_never_list {
        return reader.wrong("a list is expected", "write the values in `[…]`");
    }
    related(reader, operand, Relation::In, value)
}

/// A relation, ready where nothing about its value is left open.
fn related(
    reader: &mut Reader,
    operand: &Operand,
    relation: Relation,
    value: Value,
) -> Option<Node> {
    let (operand, relation, value) = turned(operand, relation, value);
    if let Value::Literal(literal) = &value {
        let prepared = leaf::prepare_literal(&operand, relation, literal);
        let Some(prepared) = reader.noted(prepared.map_err(wrong_query))? else {
            return Some(Node::Known(Ok(false)));
        };
        return Some(match operand.expansion {
            Expansion::True => Node::Known(prepared.matches(&whole(RawBsonRef::Boolean(true)))),
            Expansion::False => Node::Known(prepared.matches(&whole(RawBsonRef::Boolean(false)))),
            _ => Node::Test(operand, Test::Prepared(prepared)),
        });
    }
    Some(Node::Test(operand, Test::Open(relation, value.into())))
}

/// The same relation with the document on its left, so that it can be a query: a value is equal to
/// a field, or in a list, exactly when the field is equal to the value, or holds it.
fn turned(operand: &Operand, relation: Relation, value: Value) -> (Operand, Relation, Value) {
    let turned = match relation {
        Relation::Equal => Relation::Equal,
        Relation::In => Relation::Holds,
        _ => return (operand.clone(), relation, value),
    };
    match value.document_operand() {
        Some(of_document) if !operand.expansion.is_of_document() => {
            let left = match operand.expansion {
                Expansion::True => Value::Literal(Bson::Boolean(true)),
                Expansion::False => Value::Literal(Bson::Boolean(false)),
                _ => Value::Operand(operand.clone()),
            };
            (of_document.clone(), turned, left)
        }
        _ => (operand.clone(), relation, value),
    }
}

fn wrong_query(message: String) -> (String, String) {
    (message, "compare with another value".to_owned())
}

fn truth() -> Operand {
    Operand { expansion: Expansion::True, path: "".into() }
}

fn joined(name: &str, nodes: Vec<Node>) -> Node {
    match name {
        "and" => all(nodes),
        "or" => Node::Any(nodes),
        _ => not(Node::Any(nodes)),
    }
}

fn all(mut nodes: Vec<Node>) -> Node {
    match nodes.pop() {
        Some(only) if nodes.is_empty() => only,
        last => {
            nodes.extend(last);
            Node::All(nodes)
        }
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}
