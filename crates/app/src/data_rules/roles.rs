//! Reads roles and filters (docs/behaviour/collection-rules.md#roles).

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use crate::{
    Access, DataFilter, FieldRules, ProblemCode, Role, fields::Fields, json_scan::push_key,
};

/// The roles of a file, in their order.
pub(super) fn read_roles(fields: &mut Fields<'_>) -> Vec<Role> {
    list(fields, "roles", read_role)
}

/// The filters of a file.
pub(super) fn read_filters(fields: &mut Fields<'_>) -> Vec<DataFilter> {
    list(fields, "filters", read_filter)
}

/// A list of objects, each read by `read`.
fn list<'a, T>(
    fields: &mut Fields<'a>,
    key: &'static str,
    read: fn(&mut Fields<'a>) -> T,
) -> Vec<T> {
    let items = match fields.raw(key) {
        None => return Vec::new(),
        Some(Json::Array(items)) => items,
        Some(_) => {
            let message = format!("`{key}` is not a list");
            fields.doubt(ProblemCode::FieldType, key, message, "write a list of objects");
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{key}[{index}]");
        if let Some(mut inner) = object(fields, &path, item) {
            found.push(read(&mut inner));
            fields.absorb(inner);
        }
    }
    found
}

fn read_role(fields: &mut Fields<'_>) -> Role {
    let name = fields.text("name").unwrap_or_default().to_owned();
    let document_filters = fields.child("document_filters").map(|mut child| {
        let filters = access(&mut child);
        fields.absorb(child);
        filters
    });
    let FieldRules { access, fields: inner, additional_fields } = field_rules(fields);
    Role {
        name,
        apply_when: fields.condition("apply_when"),
        document_filters,
        access,
        insert: fields.condition("insert"),
        delete: fields.condition("delete"),
        search: fields.condition("search"),
        fields: inner,
        additional_fields,
    }
}

fn read_filter(fields: &mut Fields<'_>) -> DataFilter {
    let name = fields.text("name").unwrap_or_default().to_owned();
    let apply_when = fields.condition("apply_when");
    let query = plain_object(fields, "query");
    let projection = plain_object(fields, "projection");
    let other = plain_object(fields, "project");
    if projection.is_some() && other.is_some() {
        let message = "`project` and `projection` mean the same".to_owned();
        fields.doubt(ProblemCode::FieldDuplicate, "project", message, "keep `projection`");
    }
    DataFilter { name, apply_when, query, projection: projection.or(other) }
}

/// Access to a document or a field, and to what is in it.
fn field_rules(fields: &mut Fields<'_>) -> FieldRules {
    let access = access(fields);
    let additional_fields = fields.child("additional_fields").map(|mut child| {
        let access = self::access(&mut child);
        fields.absorb(child);
        access
    });
    let mut inner = BTreeMap::new();
    match fields.raw("fields") {
        None => {}
        Some(Json::Object(named)) => {
            for (name, rules) in named {
                let mut path = "fields".to_owned();
                push_key(&mut path, name);
                if let Some(mut child) = object(fields, &path, rules) {
                    inner.insert(name.clone(), field_rules(&mut child));
                    fields.absorb(child);
                }
            }
        }
        Some(_) => wrong_object(fields, "fields"),
    }
    FieldRules { access, fields: inner, additional_fields: additional_fields.unwrap_or_default() }
}

fn access(fields: &mut Fields<'_>) -> Access {
    Access { read: fields.condition("read"), write: fields.condition("write") }
}

fn plain_object(fields: &mut Fields<'_>, key: &'static str) -> Option<Json> {
    match fields.raw(key)? {
        object @ Json::Object(_) => Some(object.clone()),
        _ => {
            wrong_object(fields, key);
            None
        }
    }
}

/// The fields of an object within this one; anything else is a doubt.
fn object<'a>(fields: &mut Fields<'a>, path: &str, value: &'a Json) -> Option<Fields<'a>> {
    let object: Option<&Map<String, Json>> = value.as_object();
    if object.is_none() {
        wrong_object(fields, path);
    }
    Some(fields.within(path, object?))
}

fn wrong_object(fields: &mut Fields<'_>, path: &str) {
    let message = format!("`{path}` is not an object");
    fields.doubt(ProblemCode::FieldType, path, message, "write an object");
}
