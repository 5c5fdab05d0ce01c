//! `metadata_fields`: what of a token becomes data of the user
//! (docs/behaviour/users.md#custom-tokens).

use crate::{MetadataField, ProblemCode, fields::Fields};

/// Longer names of fields were refused by the hosted service.
const NAME_CHARS_MAX: usize = 63;

/// The metadata fields of a provider.
pub(super) fn read(fields: &mut Fields<'_>) -> Vec<MetadataField> {
    let mut read = Vec::new();
    for mut entry in fields.children("metadata_fields") {
        let path = path_of(entry.text("name").unwrap_or_default());
        let last = path.last().cloned().unwrap_or_default();
        let field_name = entry.filled_text("field_name").map_or(last, str::to_owned);
        if path.iter().any(String::is_empty) {
            let message = "`name` is not the path of a field".to_owned();
            let remedy = r"write the keys with dots between them, and `\.` for a dot in a key";
            entry.doubt(ProblemCode::ProviderSetting, "name", message, remedy);
        } else if field_name.chars().count() > NAME_CHARS_MAX {
            let message = format!("the name has more than {NAME_CHARS_MAX} characters");
            let remedy = "write a shorter `field_name`";
            entry.doubt(ProblemCode::ProviderSetting, "field_name", message, remedy);
        }
        read.push(MetadataField { required: entry.guard_flag("required"), path, field_name });
        fields.absorb(entry);
    }
    read
}

/// The keys of a path: dots lie between keys, and `\.` is a dot in a key.
fn path_of(text: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut rest = text;
    while let Some(at) = rest.find('.') {
        let is_escaped = rest[..at].ends_with('\\');
        let key = if is_escaped { format!("{}.", &rest[..at - 1]) } else { rest[..at].to_owned() };
        if let Some(last) = path.last_mut() {
            last.push_str(&key);
        }
        if !is_escaped {
            path.push(String::new());
        }
        rest = &rest[at + 1..];
    }
    if let Some(last) = path.last_mut() {
        last.push_str(rest);
    }
    path
}
