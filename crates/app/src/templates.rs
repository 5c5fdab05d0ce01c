//! Templates such as `%(%%environment.values.host)` in the strings of configuration files.
//!
//! The hosted service replaced them when an app was deployed, so they are replaced on reading
//! (docs/behaviour/export.md#values-and-environments).

use serde_json::Value as Json;

use crate::{Environment, json_scan::push_key};

const OPEN: &str = "%(";
const CLOSE: char = ')';
const TAG: &str = "%%environment.tag";
/// Longer paths of what failed are cut: every field that anybody asks about lies above.
const PATH_BYTES_MAX: usize = 256;

const VALUES: &str = "%%environment.values.";

/// Replaces every template below a value. Returns the fields whose templates name nothing,
/// each with its template.
pub(crate) fn expand(value: &mut Json, environment: &Environment) -> Vec<(String, String)> {
    let mut failed = Vec::new();
    walk(value, environment, &mut String::new(), &mut failed);
    failed
}

fn walk(
    value: &mut Json,
    environment: &Environment,
    path: &mut String,
    failed: &mut Vec<(String, String)>,
) {
    let path_len = path.len();
    match value {
        Json::String(text) if text.contains(OPEN) => match replace(text, environment) {
            Ok(replaced) => *text = replaced,
            Err(template) => {
                let cut = path.floor_char_boundary(PATH_BYTES_MAX);
                failed.push((path[..cut].to_owned(), template));
            }
        },
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, environment, path, failed);
                path.truncate(path_len);
            }
        }
        Json::Object(fields) => {
            for (key, field) in fields.iter_mut() {
                push_key(path, key);
                walk(field, environment, path, failed);
                path.truncate(path_len);
            }
        }
        _ => {}
    }
}

/// The text with its templates replaced, or the first template that names nothing.
fn replace(text: &str, environment: &Environment) -> Result<String, String> {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, template)) = rest.split_once(OPEN) {
        replaced.push_str(before);
        match template.split_once(CLOSE) {
            // Source code and prose may hold `%(` without meaning a template.
            Some((name, after)) if name.trim_start().starts_with("%%") => {
                let value = lookup(name.trim(), environment);
                replaced.push_str(&value.ok_or_else(|| format!("{OPEN}{name}{CLOSE}"))?);
                rest = after;
            }
            _ => {
                replaced.push_str(OPEN);
                rest = template;
            }
        }
    }
    replaced.push_str(rest);
    Ok(replaced)
}

fn lookup(name: &str, environment: &Environment) -> Option<String> {
    if name == TAG {
        return Some(environment.tag.clone());
    }
    let mut steps = name.strip_prefix(VALUES)?.split('.');
    let first = environment.values.get(steps.next()?)?;
    match steps.try_fold(first, |value, step| value.get(step))? {
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
