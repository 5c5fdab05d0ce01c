//! Expressions of conditions, as far as an app is looked through for what they mention.

use serde_json::Value as Json;

/// Deeper values of an expression are not searched for functions.
const DEPTH_MAX: usize = 64;

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
                        let name = value.get("name").and_then(Json::as_str);
                        names.push(name.unwrap_or_default().to_owned());
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
