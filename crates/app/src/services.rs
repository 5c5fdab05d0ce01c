//! Services, their rules, and data sources (docs/behaviour/export.md#services).

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use serde_json::Value as Json;

use crate::{
    DataSource, ProblemCode, Protection, Service, ServiceKind, ServiceRule, Webhook, data_rules,
    endpoints,
    fields::Fields,
    folder::join,
    json_file::JsonFile,
    layout::Layout,
    reader::{Reader, Unusable},
    report::Spot,
    webhooks,
};

/// Spellings of what a cluster can be.
pub(crate) const DATA_SOURCE_KINDS: [&str; 4] =
    ["mongodb-atlas", "mongodb", "datalake", "mongodb-datafederation"];

/// The services of an app.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) others: BTreeMap<String, Service>,
    pub(crate) data_sources: BTreeMap<String, DataSource>,
    /// Names of folders whose service cannot be read. A twin must not stand in for one.
    unusable: BTreeSet<String>,
    /// The services that were read, by the names of their folders.
    by_folder: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the services in every folder that may hold some. What two folders hold counts from the
/// one that belongs to the version; of two webhooks of one name the stricter one counts.
pub(crate) fn read(reader: &mut Reader, layout: &Layout) -> Services {
    let [first, second] = endpoints::folders(layout);
    let mut folders = ["data_sources", first, second, "services"];
    if layout.is_old() {
        folders.rotate_right(1);
    }
    let mut services = Services::default();
    let mut are_whole = true;
    for folder in folders {
        let listed = reader.folders(folder);
        are_whole &= listed.is_whole;
        services.unusable.extend(listed.lost);
        for name in listed.folders {
            if services.unusable.contains(&name) {
                continue;
            }
            read_service(reader, &join(folder, &name), &name, &mut services);
        }
    }
    services.refuse_twins_of_unusable(are_whole);
    services
}

impl Services {
    /// Refuses the open webhooks of services that were read, and closes data sources to users,
    /// where a folder that may protect them cannot be read.
    fn refuse_twins_of_unusable(&mut self, are_whole: bool) {
        let mut names = self.unusable.clone();
        names.extend(
            self.unusable.iter().filter_map(|one| self.by_folder.get(one)).flatten().cloned(),
        );
        for service in self.others.values_mut() {
            if are_whole && !names.contains(&service.name) {
                continue;
            }
            let open = |webhook: &&mut Webhook| matches!(webhook.protection, Protection::None);
            for webhook in service.webhooks.values_mut().filter(open) {
                let reason = "another folder may protect it, and cannot be read".to_owned();
                webhook.protection = Protection::Refused(reason);
            }
        }
        for source in self.data_sources.values_mut() {
            if !are_whole || names.contains(&source.name) {
                let reason = "another folder may rule it, and cannot be read".to_owned();
                source.rules.closed.get_or_insert(reason);
            }
        }
    }
}

fn read_service(reader: &mut Reader, folder: &str, by_folder: &str, services: &mut Services) {
    let path = join(folder, "config.json");
    let file = match reader.json(&path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            if reader.folder.has(&join(folder, "incoming_webhooks")) {
                services.unusable.insert(by_folder.to_owned());
                left_out(
                    reader,
                    Spot::file(folder),
                    "it has no `config.json`",
                    "add the file, with the `name` and the `type` of the service",
                );
            }
            return;
        }
        Err(Unusable) => {
            services.unusable.insert(by_folder.to_owned());
            return;
        }
    };
    if file.is_ambiguous("type") || file.is_ambiguous("name") {
        services.unusable.insert(by_folder.to_owned());
        let reason = "its type or its name is given twice or unclear";
        let remedy = "write `type` and `name` once, without a template that names nothing";
        return left_out(reader, file.spot("type"), reason, remedy);
    }
    let object = file.object(&mut reader.report);
    let kind = object.and_then(|object| object.get("type")).and_then(Json::as_str);
    let (Some(object), Some(kind)) = (object, kind) else {
        services.unusable.insert(by_folder.to_owned());
        let remedy = "write its `type` as App Services does, such as `http` or `mongodb-atlas`";
        return left_out(reader, file.spot("type"), "it has no `type`", remedy);
    };
    let name = match object.get("name").and_then(Json::as_str) {
        Some(name) if !name.is_empty() => name,
        _ => by_folder,
    };
    let config = object.get("config").cloned().unwrap_or_else(|| Json::Object(Default::default()));
    if DATA_SOURCE_KINDS.contains(&kind) {
        services.by_folder.entry(by_folder.to_owned()).or_default().insert(name.to_owned());
        let (name, kind, declared_in) = (name.to_owned(), kind.to_owned(), file.place(""));
        let rules = data_rules::read(reader, folder);
        let source = DataSource { name, kind, config, rules, declared_in };
        return add_data_source(reader, services, source);
    }
    let kind = parse_kind(kind);
    let Some(webhooks) = webhooks::read(reader, folder, name, &kind) else {
        services.unusable.insert(by_folder.to_owned());
        let remedy = "let the user that runs this program read its folder `incoming_webhooks`";
        return left_out(reader, Spot::file(folder), "its webhooks cannot be listed", remedy);
    };
    services.by_folder.entry(by_folder.to_owned()).or_default().insert(name.to_owned());
    let service = Service {
        name: name.to_owned(),
        kind,
        config,
        secret_config: secret_config(reader, &file, object.get("secret_config")),
        webhooks,
        rules: rules(reader, folder),
        declared_in: file.place(""),
    };
    merge(reader, services, service);
}

/// Adds a data source. Of two of one name the first counts, with the rules of both.
fn add_data_source(reader: &mut Reader, services: &mut Services, source: DataSource) {
    match services.data_sources.entry(source.name.clone()) {
        Entry::Vacant(entry) => drop(entry.insert(source)),
        Entry::Occupied(mut earlier) => {
            data_rules::merge(reader, &mut earlier.get_mut().rules, source.rules);
        }
    }
}

fn parse_kind(kind: &str) -> ServiceKind {
    match kind {
        "http" => ServiceKind::Http,
        "github" => ServiceKind::Github,
        "twilio" => ServiceKind::Twilio,
        "aws" => ServiceKind::Aws,
        "gcm" => ServiceKind::Gcm,
        other => ServiceKind::Other(other.to_owned()),
    }
}

fn merge(reader: &mut Reader, services: &mut Services, service: Service) {
    match services.others.get_mut(&service.name) {
        Some(earlier) => {
            for webhook in service.webhooks.into_values() {
                webhooks::merge(reader, &service.name, &mut earlier.webhooks, webhook);
            }
        }
        None => {
            services.others.insert(service.name.clone(), service);
        }
    }
}

fn secret_config(
    reader: &mut Reader,
    file: &JsonFile,
    raw: Option<&Json>,
) -> BTreeMap<String, String> {
    let mut secrets = BTreeMap::new();
    for (key, name) in raw.and_then(Json::as_object).into_iter().flatten() {
        match name.as_str() {
            Some(name) => {
                secrets.insert(key.clone(), name.to_owned());
            }
            None => reader.report.error(
                ProblemCode::FieldType,
                file.spot(&format!("secret_config.{key}")),
                format!("`{key}` is not the name of a secret; it is ignored"),
                "write the name of the secret as a string",
            ),
        }
    }
    secrets
}

/// The rules of a service. One that cannot be understood allows nothing.
fn rules(reader: &mut Reader, folder: &str) -> Vec<ServiceRule> {
    let paths = reader.json_files(&join(folder, "rules"));
    paths.iter().filter_map(|path| rule(reader, path)).collect()
}

fn rule(reader: &mut Reader, path: &str) -> Option<ServiceRule> {
    let file = reader.json_if_usable(path)?;
    let mut fields = Fields::new(&file, "", file.object(&mut reader.report)?);
    let name = fields.text("name").unwrap_or_default().to_owned();
    let actions = match fields.raw("actions") {
        None => Vec::new(),
        Some(actions) => texts(actions).unwrap_or_else(|| {
            let message = "`actions` is not a list of strings".to_owned();
            fields.doubt(ProblemCode::FieldType, "actions", message, "list the actions as strings");
            Vec::new()
        }),
    };
    // Exports of 2018 wrote an empty string for no condition.
    let when = match fields.raw("when") {
        Some(Json::String(text)) if text.is_empty() => None,
        _ => fields.expression("when"),
    };
    let declared_in = fields.place();
    match fields.settle(&format!("service rule `{name}`"), &mut reader.report) {
        Some(_) => None,
        None => Some(ServiceRule { name, actions, when, declared_in }),
    }
}

/// A list of strings.
pub(crate) fn texts(list: &Json) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}

fn left_out(reader: &mut Reader, spot: Spot, why: &str, remedy: &str) {
    reader.report.error(
        ProblemCode::ServiceUnreadable,
        spot,
        format!("the service is left out: {why}"),
        remedy,
    );
}
