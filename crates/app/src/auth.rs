//! Authentication providers and custom user data (docs/behaviour/export.md#users).

mod called;
mod custom_token;
pub(crate) mod custom_user_data;
mod email_password;
mod metadata;
mod oauth;
mod provider;

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::Value as Json;

use crate::{
    AuthProvider, ProblemCode, ProviderSetup, functions::Functions, json_file::JsonFile,
    json_scan::push_key, layout::Layout, reader::Reader,
};

const PROVIDERS: &str = "auth/providers.json";
const PROVIDERS_FOLDER: &str = "auth_providers";

/// The providers found so far, by type. `None` stands for one that is left out.
type Found = BTreeMap<String, Option<AuthProvider>>;

/// Reads the providers from the place that belongs to the version, and from the other one only
/// when that is empty: a provider switched off by moving on must not come back.
pub(crate) fn read_providers(
    reader: &mut Reader,
    layout: &Layout,
    functions: &Functions,
) -> BTreeMap<String, AuthProvider> {
    let newer_exists = reader.folder.has(PROVIDERS);
    let older_exists = reader.folder.has(PROVIDERS_FOLDER);
    let mut found = Found::new();
    if newer_exists && !(layout.is_old() && older_exists) {
        read_newer(reader, functions, &mut found);
    } else {
        read_older(reader, functions, &mut found);
    }
    found.into_iter().filter_map(|(name, provider)| Some((name, provider?))).collect()
}

fn read_newer(reader: &mut Reader, functions: &Functions, found: &mut Found) {
    let Some(file) = reader.json_if_usable(PROVIDERS) else { return };
    for (name, value) in file.object(&mut reader.report).into_iter().flatten() {
        add(reader, functions, found, &Declared { file: &file, path: name, name, value });
    }
}

fn read_older(reader: &mut Reader, functions: &Functions, found: &mut Found) {
    for path in reader.json_files(PROVIDERS_FOLDER) {
        let Some(file) = reader.json_if_usable(&path) else { continue };
        let stem = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
        let name = file.value.get("name").and_then(Json::as_str).unwrap_or(stem);
        let declared = Declared { file: &file, path: "", name, value: &file.value };
        add(reader, functions, found, &declared);
    }
}

/// A provider as an export declares it.
struct Declared<'a> {
    file: &'a JsonFile,
    /// Its path in the file.
    path: &'a str,
    /// The name that its place or its file gives it.
    name: &'a str,
    value: &'a Json,
}

/// Adds a provider. Where two are of one type, nothing tells which of them is meant.
fn add(reader: &mut Reader, functions: &Functions, found: &mut Found, declared: &Declared<'_>) {
    let Declared { file, path, name, value } = declared;
    let Some(object) = value.as_object() else {
        return reader.report.error(
            ProblemCode::ProviderUnreadable,
            file.spot(path),
            format!("provider `{name}` is left out: it is not an object"),
            "correct the entry",
        );
    };
    let provider_type = object.get("type").and_then(Json::as_str).unwrap_or(name).to_owned();
    let is_disabled = object.get("disabled") == Some(&Json::Bool(true))
        && !file.is_ambiguous(&join_path(path, "disabled"));
    let setup = if is_disabled {
        Some(ProviderSetup::Disabled)
    } else {
        provider::read(reader, functions, declared, object, &provider_type)
    };
    let provider = setup.map(|setup| AuthProvider { declared_in: file.place(path), setup });
    match found.entry(provider_type) {
        Entry::Vacant(place) => {
            place.insert(provider);
        }
        Entry::Occupied(mut place) => {
            reader.report.error(
                ProblemCode::ProviderDuplicate,
                file.spot(path),
                format!("provider `{}` is left out: it is declared twice", place.key()),
                "keep one of the two, the one that lets fewer users in",
            );
            place.insert(None);
        }
    }
}

/// The path of a field of an object.
fn join_path(path: &str, key: &str) -> String {
    let mut joined = path.to_owned();
    push_key(&mut joined, key);
    joined
}
