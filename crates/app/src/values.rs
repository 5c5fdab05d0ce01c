//! Values and environments (docs/behaviour/export.md#values-and-environments).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    AppValue, Environment, ProblemCode, fields::Fields, layout::Layout, reader::Reader,
    report::Spot,
};

/// The name of the file for the empty tag.
const NO_ENVIRONMENT: &str = "no-environment";

/// More environments are not named.
const NAMES_TOLD_MAX: usize = 20;

/// Reads the active environment: the operator's choice, or what the export says.
pub(crate) fn read_environment(
    reader: &mut Reader,
    layout: &Layout,
    chosen: Option<&str>,
) -> Environment {
    let exported = layout.root_text("/environment").unwrap_or_default();
    let tag = match chosen.unwrap_or(&exported) {
        NO_ENVIRONMENT => "",
        tag => tag,
    };
    let mut environment = Environment { tag: tag.to_owned(), values: BTreeMap::new() };
    if tag.contains(['/', '\\']) {
        missing(reader, Spot::file("environments"), tag);
        return environment;
    }
    let path = format!("environments/{}.json", if tag.is_empty() { NO_ENVIRONMENT } else { tag });
    match reader.json_unexpanded(&path) {
        Ok(Some(file)) => match file.value.get("values").and_then(Json::as_object) {
            Some(values) => {
                environment.values =
                    values.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
            }
            None => reader.report.error(
                ProblemCode::EnvironmentValuesMissing,
                file.spot("values"),
                "the environment has no object `values`".to_owned(),
                "write its values as one object",
            ),
        },
        Ok(None) if !tag.is_empty() => missing(reader, Spot::file(&path), tag),
        _ => {}
    }
    environment
}

/// Reads the values of the app.
pub(crate) fn read(reader: &mut Reader) -> BTreeMap<String, AppValue> {
    let mut values = BTreeMap::new();
    for path in reader.json_files("values") {
        let Some((name, value)) = read_value(reader, &path) else { continue };
        if values.contains_key(&name) {
            reader.report.error(
                ProblemCode::ValueDuplicate,
                Spot::file(&path),
                format!("value `{name}` is there twice; this one is ignored"),
                "give one of them another name",
            );
            continue;
        }
        values.insert(name, value);
    }
    values
}

fn read_value(reader: &mut Reader, path: &str) -> Option<(String, AppValue)> {
    let file = reader.json_if_usable(path)?;
    let mut fields = Fields::new(&file, "", file.object(&mut reader.report)?);
    let stem = path.trim_start_matches("values/").trim_end_matches(".json");
    let name = fields.filled_text("name").unwrap_or(stem).to_owned();
    let from_secret = fields.guard_flag("from_secret");
    fields.flag("private", true);
    let raw = fields.raw("value").unwrap_or(&Json::Null);
    let value = match (from_secret, raw) {
        (false, plain) => AppValue::Plain(plain.clone()),
        (true, Json::String(secret)) => AppValue::FromSecret(secret.clone()),
        (true, _) => {
            let message = "`value` is not the name of a secret".to_owned();
            fields.doubt(
                ProblemCode::ValueSecret,
                "value",
                message,
                "write the name of the secret",
            );
            AppValue::Plain(Json::Null)
        }
    };
    let doubt = fields.settle(&format!("value `{name}`"), &mut reader.report);
    doubt.is_none().then_some((name, value))
}

fn missing(reader: &mut Reader, spot: Spot, tag: &str) {
    let files = reader.json_files("environments");
    let stem = |path: &String| Some(path.rsplit('/').next()?.strip_suffix(".json")?.to_owned());
    let names: Vec<_> = files.iter().filter_map(stem).take(NAMES_TOLD_MAX).collect();
    let choose = "choose another environment with `--environment`";
    let otherwise = match names.is_empty() {
        true => format!("add the file, or {choose}"),
        false => format!("add the file, or {choose}; there are {}", names.join(", ")),
    };
    let remedy = reader.remedy_of_missing(&spot.file, &otherwise);
    let message = format!("the environment `{tag}` has no file, and so no values");
    reader.report.warn(ProblemCode::EnvironmentMissing, spot, message, &remedy);
}
