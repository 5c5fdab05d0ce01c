//! Authentication providers and custom user data (docs/behaviour/export.md#users).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    ProblemCode, fields::Fields, folder::Folder, json_file::JsonFile, layout::Layout,
    reader::Reader,
};

const PROVIDERS: &str = "auth/providers.json";
const PROVIDERS_FOLDER: &str = "auth_providers";
const CUSTOM_USER_DATA: &str = "auth/custom_user_data.json";

/// The file that declares a provider, for messages.
pub(crate) fn place_of(provider: &str, layout_is_old: bool) -> (String, String) {
    if layout_is_old {
        (format!("{PROVIDERS_FOLDER}/{provider}.json"), String::new())
    } else {
        (PROVIDERS.to_owned(), format!("{provider}."))
    }
}

/// Reads the providers from the place that belongs to the version, and from the other one only
/// when that is empty: a provider switched off by moving on must not come back.
pub(crate) fn read_providers(reader: &mut Reader, layout: &Layout) -> BTreeMap<String, Json> {
    let newer_exists = reader.folder.has(PROVIDERS);
    let older_exists = reader.folder.has(PROVIDERS_FOLDER);
    if newer_exists && !(layout.is_old() && older_exists) {
        read_newer(reader)
    } else {
        read_older(reader)
    }
}

/// Reads `auth/custom_user_data.json`, which older layouts keep in the root file.
pub(crate) fn read_custom_user_data(reader: &mut Reader, layout: &Layout) -> Option<Json> {
    let own = reader.json_if_usable(CUSTOM_USER_DATA);
    let own = own.filter(|file| file.object(&mut reader.report).is_some());
    own.map(|file| file.value)
        .or_else(|| layout.root_field("/custom_user_data_config").map(|(_, config)| config.clone()))
}

/// The file that declares custom user data, for messages.
pub(crate) fn file_of_custom_user_data(folder: &Folder, layout: &Layout) -> String {
    let root = || layout.root_field("/custom_user_data_config").map(|(file, _)| file.path.clone());
    let own = folder.has(CUSTOM_USER_DATA).then(|| CUSTOM_USER_DATA.to_owned());
    own.or_else(root).unwrap_or_default()
}

fn read_newer(reader: &mut Reader) -> BTreeMap<String, Json> {
    let mut providers = BTreeMap::new();
    let Some(file) = reader.json_if_usable(PROVIDERS) else { return providers };
    for (name, provider) in file.object(&mut reader.report).into_iter().flatten() {
        if check(reader, &file, name, name, provider) {
            providers.insert(name.clone(), provider.clone());
        }
    }
    providers
}

fn read_older(reader: &mut Reader) -> BTreeMap<String, Json> {
    let mut providers = BTreeMap::new();
    for path in reader.json_files(PROVIDERS_FOLDER) {
        let Some(file) = reader.json_if_usable(&path) else { continue };
        let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
        let name = file.value.get("name").and_then(Json::as_str).unwrap_or(stem);
        if check(reader, &file, "", name, &file.value) {
            providers.insert(name.to_owned(), file.value.clone());
        }
    }
    providers
}

/// Whether a provider can be used. One whose `disabled` cannot be understood is left out.
fn check(reader: &mut Reader, file: &JsonFile, path: &str, name: &str, provider: &Json) -> bool {
    let Some(object) = provider.as_object() else {
        reader.report.error(
            ProblemCode::ProviderUnreadable,
            file.spot(path),
            format!("provider `{name}` is left out: it is not an object"),
            "correct the entry",
        );
        return false;
    };
    let mut fields = Fields::new(file, path, object);
    fields.guard_flag("disabled");
    fields.allow_unknown();
    fields.settle(&format!("provider `{name}`"), &mut reader.report).is_none()
}
