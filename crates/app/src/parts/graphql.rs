//! GraphQL, which had the types that schemas describe, and what custom resolvers answer.

use serde_json::Value as Json;

use super::{
    Part, PartKind,
    file::{Parts, name_of, text},
};
use crate::App;

pub(super) fn read(parts: &mut Parts<'_>, app: &App) {
    let resolvers = parts.json_files("graphql/custom_resolvers");
    if parts.folder.has("graphql/config.json") || !resolvers.is_empty() {
        let part = Part::new(PartKind::Graphql, "", "graphql");
        let part = if has_schema(app) || !resolvers.is_empty() {
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

/// Whether a collection has a schema with fields.
fn has_schema(app: &App) -> bool {
    let collections =
        app.data_sources.values().flat_map(|source| source.rules.collections.values());
    collections.filter_map(|rules| rules.schema.as_ref()).any(|schema| {
        let properties = schema.get("properties").and_then(Json::as_object);
        properties.is_some_and(|properties| !properties.is_empty())
    })
}
