//! Schemas of collections (docs/behaviour/collection-rules.md#schemas).

use bson::{Bson, DateTime, RawDocumentBuf, doc};
use hookstead_query::{Filter, Parameters};
use serde_json::{Map, Value as Json};

/// Keywords that say something about a document to people and programs, and nothing about its
/// values.
const REMARKS: [&str; 5] = ["title", "description", "default", "examples", "primaryKey"];

/// Names of types that schemas of App Services use beside those of MongoDB.
const TYPES: [(&str, &str); 3] = [("boolean", "bool"), ("float", "double"), ("uuid", "binData")];

/// A name of a type that every value has.
const ANY_TYPE: &str = "mixed";

/// A query for the documents that fit a schema; `Err` says what is not understood.
pub(super) fn compile(schema: &Json) -> Result<Filter, String> {
    let translated = translate(schema)?;
    let schema = Bson::try_from(translated).map_err(|error| error.to_string())?;
    let query = RawDocumentBuf::try_from(&doc! { "$jsonSchema": schema })
        .map_err(|error| error.to_string())?;
    let parameters = Parameters::new(DateTime::from_millis(0), 0);
    Filter::parse(&query, &parameters).map_err(|error| error.message)
}

fn translate(schema: &Json) -> Result<Json, String> {
    let Json::Object(keywords) = schema else { return Err("a schema is not an object".into()) };
    let mut translated = Map::new();
    for (keyword, value) in keywords {
        let value = match keyword.as_str() {
            remark if REMARKS.contains(&remark) => continue,
            "bsonType" if *value == ANY_TYPE => continue,
            "bsonType" => rename(value),
            "properties" | "patternProperties" => each(value)?,
            "items"
            | "additionalItems"
            | "additionalProperties"
            | "not"
            | "allOf"
            | "anyOf"
            | "oneOf" => nested(value)?,
            _ => value.clone(),
        };
        translated.insert(keyword.clone(), value);
    }
    Ok(Json::Object(translated))
}

/// A schema, or a list of them; anything else is left as it is.
fn nested(value: &Json) -> Result<Json, String> {
    match value {
        Json::Object(_) => translate(value),
        Json::Array(items) => items.iter().map(nested).collect::<Result<_, _>>().map(Json::Array),
        other => Ok(other.clone()),
    }
}

/// Schemas by name.
fn each(schemas: &Json) -> Result<Json, String> {
    let Json::Object(schemas) = schemas else { return Err("`properties` is not an object".into()) };
    let translated = schemas.iter().map(|(name, schema)| Ok((name.clone(), translate(schema)?)));
    translated.collect::<Result<Map<_, _>, String>>().map(Json::Object)
}

fn rename(types: &Json) -> Json {
    match types {
        Json::String(name) => {
            let known = TYPES.iter().find(|(theirs, _)| theirs == name);
            Json::String(known.map_or(name.as_str(), |(_, ours)| ours).to_owned())
        }
        Json::Array(names) => Json::Array(names.iter().map(rename).collect()),
        other => other.clone(),
    }
}
