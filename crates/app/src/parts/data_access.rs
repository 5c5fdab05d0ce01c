//! What decided how clients reach documents: rules, schemas, GraphQL.

use serde_json::Value as Json;

use super::{
    Part, PartKind,
    file::{Parts, name_of, text},
};
use crate::{folder::join, services::DATA_SOURCE_KINDS};

/// The folders of data sources; the older layouts keep them among the services.
const FOLDERS: [&str; 2] = ["data_sources", "services"];

/// Keys of the file of a collection that rule nothing by themselves.
const NO_RULES: [&str; 9] =
    ["id", "_id", "database", "collection", "namespace", "name", "type", "schema", "relationships"];

/// Deeper values of an expression are not searched for functions.
const DEPTH_MAX: usize = 64;

pub(super) fn read(parts: &mut Parts<'_>) {
    let mut has_schema = false;
    for folder in FOLDERS {
        for name in parts.folders(folder) {
            let path = join(folder, &name);
            let config = parts.json(&join(&path, "config.json")).unwrap_or_default();
            let is_source = DATA_SOURCE_KINDS.contains(&text(&config, "/type"));
            if folder == "data_sources" || is_source {
                has_schema |= read_source(parts, &path);
            }
        }
    }
    read_graphql(parts, has_schema);
}

/// Reads the rules and schemas of a data source. Says whether a collection has a schema.
fn read_source(parts: &mut Parts<'_>, folder: &str) -> bool {
    let mut has_schema = false;
    for file in parts.json_files(folder) {
        for value in parts.items(&file) {
            has_schema |= read_file(parts, folder, &file, &value);
        }
    }
    has_schema
}

fn read_file(parts: &mut Parts<'_>, folder: &str, file: &str, value: &Json) -> bool {
    let inner = &file[folder.len() + 1..];
    let names: Vec<&str> = inner.split('/').collect();
    match names[..] {
        [.., "default_rule.json"] => add_rules(parts, file, "every other collection", value),
        [.., database, collection, "rules.json"] => {
            add_rules(parts, file, &namespace(value, database, collection), value);
        }
        [.., database, collection, "schema.json"] => {
            return add_schema(parts, file, &format!("{database}.{collection}"), value);
        }
        ["rules", _] => {
            let namespace = namespace(value, "", &name_of(file));
            add_rules(parts, file, &namespace, value);
            let schema = value.get("schema").unwrap_or(&Json::Null);
            return add_schema(parts, file, &namespace, schema);
        }
        _ => {}
    }
    false
}

/// The name of a collection, with its database, from a file or from where the file lies.
fn namespace(value: &Json, database: &str, collection: &str) -> String {
    let given = text(value, "/namespace");
    if !given.is_empty() {
        return given.to_owned();
    }
    let or = |key: &str, other: &str| match text(value, key) {
        "" => other.to_owned(),
        given => given.to_owned(),
    };
    let (database, collection) = (or("/database", database), or("/collection", collection));
    if database.is_empty() { collection } else { format!("{database}.{collection}") }
}

fn add_rules(parts: &mut Parts<'_>, file: &str, name: &str, rules: &Json) {
    let mut part = Part::new(PartKind::Rules, name, file);
    let mut fields = rules.as_object().into_iter().flatten();
    let is_filled = |value: &Json| match value {
        Json::Null => false,
        Json::Array(items) => !items.is_empty(),
        Json::Object(fields) => !fields.is_empty(),
        _ => true,
    };
    let has_rules = fields.any(|(key, value)| !NO_RULES.contains(&&**key) && is_filled(value));
    let count = |key: &str| rules.get(key).and_then(Json::as_array).map_or(0, Vec::len);
    for (what, number) in [("roles", count("roles")), ("filters", count("filters"))] {
        if number > 0 {
            part = part.with_fact(what, &number.to_string());
        }
    }
    if rules.is_null() {
        part = part.with_fact("", "the file cannot be read");
    }
    for function in functions_of(rules) {
        part = part.with_function(&function);
    }
    parts.add(part.active(has_rules || rules.is_null()));
}

fn add_schema(parts: &mut Parts<'_>, file: &str, name: &str, schema: &Json) -> bool {
    let properties = schema.get("properties").and_then(Json::as_object);
    let is_filled = properties.is_some_and(|properties| !properties.is_empty());
    if is_filled {
        parts.add(Part::new(PartKind::Schema, name, file));
    }
    is_filled
}

/// GraphQL had the types that schemas describe, and what custom resolvers answer.
fn read_graphql(parts: &mut Parts<'_>, has_schema: bool) {
    let resolvers = parts.json_files("graphql/custom_resolvers");
    if parts.folder.has("graphql/config.json") || !resolvers.is_empty() {
        let part = Part::new(PartKind::Graphql, "", "graphql");
        let part = if has_schema || !resolvers.is_empty() {
            part
        } else {
            part.with_fact("", "no collection has a schema to query").active(false)
        };
        parts.add(part);
    }
    for file in resolvers {
        for resolver in parts.items(&file) {
            let field = [text(&resolver, "/on_type"), text(&resolver, "/field_name")];
            let field: Vec<&str> = field.into_iter().filter(|name| !name.is_empty()).collect();
            let name = if field.is_empty() { name_of(&file) } else { field.join(".") };
            let part = Part::new(PartKind::Resolver, &name, &file);
            parts.add(part.with_function(text(&resolver, "/function_name")));
        }
    }
}

/// The functions that a JSON expression calls.
pub fn functions_of(expression: &Json) -> Vec<String> {
    let mut names = Vec::new();
    let mut values = vec![(expression, 0)];
    while let Some((value, depth)) = values.pop() {
        if depth > DEPTH_MAX {
            continue;
        }
        match value {
            Json::Object(fields) => {
                for (key, value) in fields {
                    if matches!(key.as_str(), "%function" | "$function") {
                        names.push(text(value, "/name").to_owned());
                    }
                    values.push((value, depth + 1));
                }
            }
            Json::Array(items) => values.extend(items.iter().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}
