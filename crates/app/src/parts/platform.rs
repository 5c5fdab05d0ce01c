//! What else the hosted service did for an app.

use serde_json::Value as Json;

use super::{
    Part, PartKind,
    file::{Parts, flag, name_of, text, texts},
};
use crate::{
    App, Confirmation, EmailPasswordSetup, PasswordReset, ProviderSetup, endpoints,
    folder::{EntryKind, join},
    layout::{Layout, is_root},
    nearest::nearest,
};

/// The names of the configuration of the Data API, in the folder of endpoints or at the root.
const DATA_API: [&str; 2] = ["data_api_config.json", "gen_endpoints_config.json"];

/// The folders that the layouts have at the root.
const FOLDERS: [&str; 14] = [
    "auth",
    "auth_providers",
    "data_sources",
    "environments",
    "functions",
    "graphql",
    "hosting",
    "http_endpoints",
    "https_endpoints",
    "log_forwarders",
    "services",
    "sync",
    "triggers",
    "values",
];

/// A folder of packages, which is no part of an export wherever it lies.
const PACKAGES: &str = "node_modules";

/// Of several configurations the one in the folder of the version counts.
pub(super) fn read_data_api(parts: &mut Parts<'_>, layout: &Layout) {
    let [first, second] = endpoints::folders(layout);
    let paths = [first, second, ""].into_iter().flat_map(|folder| {
        let path_of = move |name| join(folder, name);
        DATA_API.into_iter().map(path_of)
    });
    for file in paths {
        let Some(config) = parts.json(&file) else { continue };
        let part = Part::new(PartKind::DataApi, "", &file)
            .with_fact("versions", &texts(&config, "/versions"))
            .active(!flag(&config, "/disabled"));
        return parts.add(part);
    }
}

pub(super) fn read_hosting(parts: &mut Parts<'_>, layout: &Layout) {
    const CONFIG: &str = "hosting/config.json";
    const FILES: &str = "hosting/files";
    let config = parts.json(CONFIG);
    let in_root = layout.root_field("/hosting").map(|(file, config)| (file.path.clone(), config));
    let count = parts.files(FILES).len();
    let (file, is_on) = match (&config, &in_root) {
        (Some(config), _) => (CONFIG.to_owned(), config.is_null() || flag(config, "/enabled")),
        (None, Some((path, config))) => (path.clone(), flag(config, "/enabled")),
        (None, None) if count > 0 => (FILES.to_owned(), true),
        (None, None) => return,
    };
    let mut part = Part::new(PartKind::Hosting, "", &file).active(is_on);
    if count > 0 {
        part = part.with_fact("files", &count.to_string());
    }
    parts.add(part);
}

pub(super) fn read_sync(parts: &mut Parts<'_>, app: &App) {
    const CONFIG: &str = "sync/config.json";
    if let Some(config) = parts.json(CONFIG) {
        let part = Part::new(PartKind::Sync, "", CONFIG).active(config.is_null() || syncs(&config));
        parts.add(of_sync(part, &config));
    }
    for source in app.data_sources.values() {
        let configs =
            ["sync", "flexible_sync"].into_iter().filter_map(|key| source.config.get(key));
        for config in configs.filter(|config| syncs(config)) {
            let part = Part::new(PartKind::Sync, &source.name, &source.declared_in.file);
            parts.add(of_sync(part, config));
        }
    }
}

fn of_sync(part: Part, config: &Json) -> Part {
    part.with_fact("type", text(config, "/type"))
        .with_fact("database", text(config, "/database_name"))
        .with_fact("data source", text(config, "/service_name"))
}

/// Whether a configuration of sync is switched on. Those without a state are where they say what
/// is synchronised.
fn syncs(config: &Json) -> bool {
    match text(config, "/state") {
        "" => !text(config, "/database_name").is_empty() || config.get("partition").is_some(),
        state => state == "enabled",
    }
}

pub(super) fn read_log_forwarders(parts: &mut Parts<'_>) {
    for file in parts.json_files("log_forwarders") {
        for forwarder in parts.items(&file) {
            parts.add(log_forwarder(&file, &forwarder));
        }
    }
}

fn log_forwarder(file: &str, forwarder: &Json) -> Part {
    let by_file = name_of(file);
    let name = Some(text(forwarder, "/name")).filter(|name| !name.is_empty());
    let mut part = Part::new(PartKind::LogForwarder, name.unwrap_or(&by_file), file)
        .with_fact("logs", &texts(forwarder, "/log_types"))
        .active(!flag(forwarder, "/disabled"));
    if text(forwarder, "/action/type") == "collection" {
        let names = ["/action/database", "/action/collection"];
        let names = names.map(|pointer| text(forwarder, pointer));
        part = part.with_fact("collection", &names.join("."));
    }
    part.with_function(text(forwarder, "/action/name"))
}

/// Providers that are not served, and emails that providers would send.
pub(super) fn read_users(parts: &mut Parts<'_>, app: &App) {
    for provider in app.auth_providers.values() {
        if let ProviderSetup::EmailPassword(setup) = &provider.setup {
            emails(parts, setup, &provider.declared_in.file);
        }
    }
}

fn emails(parts: &mut Parts<'_>, setup: &EmailPasswordSetup, file: &str) {
    let mut part = Part::new(PartKind::Email, "", file);
    if let Confirmation::Email(link) = &setup.confirmation {
        part = part.with_fact("", "to confirm an address");
        part = part.with_fact("page", link.url.as_deref().unwrap_or_default());
    }
    if let PasswordReset::Email(link) = &setup.reset {
        part = part.with_fact("", "to reset a password");
        part = part.with_fact("page", link.url.as_deref().unwrap_or_default());
    }
    if !part.facts.is_empty() {
        parts.add(part);
    }
}

pub(super) fn read_unknown_folders(parts: &mut Parts<'_>) {
    for entry in parts.list("") {
        let name = entry.name.as_str();
        let is_known = FOLDERS.contains(&name) || name == PACKAGES || name.starts_with('.');
        if entry.kind == EntryKind::File || is_known {
            continue;
        }
        let mut part = Part::new(PartKind::Folder, name, name);
        if is_root(&parts.folder.path().join(name)) {
            part = part.with_fact("", "an app of its own");
        }
        if let Some(known) = nearest(name, FOLDERS).filter(|known| is_near(name, known)) {
            part = part.with_fact("", &format!("no layout has it; is `{known}` meant?"));
        }
        parts.add(part);
    }
}

/// Whether a name is another one with a typing error in it, as opposed to somewhat like it.
fn is_near(name: &str, known: &str) -> bool {
    /// As similar as `trigers` to `triggers`; `src` and `services` are not.
    const LIKENESS_MIN: f64 = 0.9;
    strsim::jaro_winkler(&name.to_lowercase(), known) > LIKENESS_MIN
}
