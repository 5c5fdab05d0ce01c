//! Incoming webhooks of services (docs/behaviour/export.md#webhooks).

use std::{cmp::Ordering, collections::BTreeMap};

use crate::{
    Method, Place, ProblemCode, Protection, RunAs, ServiceKind, Webhook, endpoints::parse_method,
    fields::Fields, folder::join, protection, reader::Reader, report::Spot, run_as,
    strictness::Demands,
};

/// The fields of `options`.
const OPTIONS: [&str; 6] = [
    "httpMethod",
    "validationMethod",
    "secret",
    "secret_name",
    "secret_names",
    "secretAsQueryParam",
];

/// Why a webhook is refused whose configuration is not there or no JSON.
const CONFIG_LOST: &str = "its configuration cannot be read";

/// Reads the webhooks of a service. `None` where their folder cannot be listed.
pub(crate) fn read(
    reader: &mut Reader,
    service_folder: &str,
    service: &str,
    kind: &ServiceKind,
) -> Option<BTreeMap<String, Webhook>> {
    let parent = join(service_folder, "incoming_webhooks");
    let mut webhooks: BTreeMap<String, Webhook> = BTreeMap::new();
    let listed = reader.folders(&parent);
    if !listed.is_whole {
        return None;
    }
    for lost in listed.lost {
        let config_path = join(&join(&parent, &lost), "config.json");
        webhooks.insert(lost.clone(), unreadable(&config_path, &lost));
    }
    for folder in listed.folders {
        let path = join(&parent, &folder);
        let Some(webhook) = read_webhook(reader, &path, &folder, service, kind) else { continue };
        match webhooks.get_mut(&webhook.name) {
            Some(earlier) => repeated(reader, service, earlier, &webhook),
            None => {
                webhooks.insert(webhook.name.clone(), webhook);
            }
        }
    }
    Some(webhooks)
}

fn read_webhook(
    reader: &mut Reader,
    folder: &str,
    by_folder: &str,
    service: &str,
    kind: &ServiceKind,
) -> Option<Webhook> {
    let config_path = join(folder, "config.json");
    let Ok(config) = reader.json(&config_path) else {
        return Some(unreadable(&config_path, by_folder));
    };
    let Some(config) = config else {
        let remedy = reader.remedy_of_missing(&config_path, "add the file");
        let message = "the webhook has no `config.json`; it is refused".to_owned();
        reader.report.error(
            ProblemCode::WebhookConfigMissing,
            Spot::file(folder),
            message,
            &remedy,
        );
        return Some(unreadable(&config_path, by_folder));
    };
    let Some(object) = config.object(&mut reader.report) else {
        return Some(unreadable(&config_path, by_folder));
    };
    let mut fields = Fields::new(&config, "", object);
    fields.belongs_into("options", &OPTIONS);
    let name = fields.filled_text("name").unwrap_or(by_folder).to_owned();
    let subject = format!("webhook `{service}/{name}`");
    let (method, protection) = options(&mut fields, kind);
    if fields.guard_flag("private") {
        let message = "it is private, so that nobody may call it".to_owned();
        let remedy = "leave it so, or give it a secret before it stops being private";
        fields.doubt(ProblemCode::WebhookPrivate, "private", message, remedy);
    }
    let mut webhook = Webhook {
        declared_in: config.place(""),
        name,
        file: None,
        source: String::new(),
        method,
        protection,
        run_as: run_as::read(&mut fields).unwrap_or(RunAs::System),
        can_evaluate: fields.expression("can_evaluate"),
        respond_result: fields.flag("respond_result", false),
        disable_arg_logs: fields.flag("disable_arg_logs", true),
        fetch_custom_user_data: fields.flag("fetch_custom_user_data", false),
        create_user_on_auth: fields.flag("create_user_on_auth", false),
    };
    if let Some(reason) = fields.settle(&subject, &mut reader.report) {
        webhook.protection = Protection::Refused(reason);
    }
    read_source(reader, folder, &subject, &mut webhook);
    Some(webhook)
}

/// A webhook whose configuration cannot be read. It is kept, refused, so that an outdated twin in
/// another folder does not stand in for it.
fn unreadable(config_path: &str, by_folder: &str) -> Webhook {
    Webhook {
        declared_in: Place { file: config_path.to_owned(), field: String::new() },
        name: by_folder.to_owned(),
        file: None,
        source: String::new(),
        method: Method::Any,
        protection: Protection::Refused(CONFIG_LOST.to_owned()),
        run_as: RunAs::Application,
        can_evaluate: None,
        respond_result: false,
        disable_arg_logs: true,
        fetch_custom_user_data: false,
        create_user_on_auth: false,
    }
}

/// Reads `options`: the method, and who may call.
fn options(fields: &mut Fields<'_>, kind: &ServiceKind) -> (Method, Protection) {
    let Some(mut options) = fields.child("options") else {
        if let Some(lack) = protection::lack_of_silence(kind) {
            fields.doubt(lack.code, "options", lack.message.to_owned(), lack.remedy);
        }
        return (Method::Any, protection::of_webhook(kind, None));
    };
    let method = match options.text("httpMethod") {
        None => Method::Any,
        Some(text) => parse_method(text).unwrap_or_else(|| {
            let message = format!("`httpMethod` is `{text}`, which is not known");
            let remedy = "write the name of an HTTP method, or ANY";
            options.doubt(ProblemCode::WebhookMethod, "httpMethod", message, remedy);
            Method::Any
        }),
    };
    let protection = protection::of_webhook(kind, Some(&mut options));
    fields.absorb(options);
    (method, protection)
}

fn read_source(reader: &mut Reader, folder: &str, subject: &str, webhook: &mut Webhook) {
    let path = join(folder, "source.js");
    match reader.text(&path) {
        Ok(Some(source)) => {
            webhook.file = Some(path);
            webhook.source = source;
        }
        Ok(None) => {
            let remedy = reader.remedy_of_missing(&path, "add the file");
            let message = format!("{subject} has no source file");
            reader.report.error(
                ProblemCode::WebhookFileMissing,
                Spot::file(&path),
                message,
                &remedy,
            );
        }
        Err(_) => {}
    }
}

/// Two folders for one webhook: nothing tells which of them is meant.
fn repeated(reader: &mut Reader, service: &str, earlier: &mut Webhook, later: &Webhook) {
    let reason = "it is declared twice".to_owned();
    reader.report.error(
        ProblemCode::WebhookDuplicate,
        Spot::file(&later.declared_in.file),
        format!("webhook `{service}/{}` is refused: {reason}", later.name),
        "give each of them a name of its own, or keep the one that lets fewer callers in",
    );
    earlier.protection = Protection::Refused(reason);
}

/// Adds a webhook of another folder that holds the same service. Of two webhooks of one name, or
/// of one folder where the name of one is lost, the stricter one counts.
pub(crate) fn merge(
    reader: &mut Reader,
    service: &str,
    webhooks: &mut BTreeMap<String, Webhook>,
    later: Webhook,
) {
    let is_twin = |one: &Webhook| {
        let is_same_folder = folder_of(one) == folder_of(&later);
        one.name == later.name || is_same_folder && (is_lost(one) || is_lost(&later))
    };
    let twins: Vec<_> = webhooks.values().filter(|one| is_twin(one)).map(name_of).collect();
    if twins.is_empty() {
        webhooks.insert(later.name.clone(), later);
        return;
    }
    for name in twins {
        if let Some(earlier) = webhooks.get_mut(&name) {
            merge_twins(reader, service, earlier, &later);
        }
    }
    if is_lost(&later) {
        webhooks.entry(later.name.clone()).or_insert(later);
    }
}

fn merge_twins(reader: &mut Reader, service: &str, earlier: &mut Webhook, later: &Webhook) {
    let order = Demands::of_webhook(later).compare(&Demands::of_webhook(earlier));
    let outcome = match order {
        Some(Ordering::Equal | Ordering::Less) => return,
        Some(Ordering::Greater) => "this one asks more of callers, and counts",
        None => "the two ask for different proofs, so neither is served",
    };
    let name = earlier.name.clone();
    let message = format!(
        "webhook `{service}/{name}` is declared in `{}` as well; {outcome}",
        earlier.declared_in.file
    );
    let spot = Spot::file(&later.declared_in.file);
    let remedy = "ask the same in both places";
    match order {
        Some(_) => *earlier = Webhook { name, ..later.clone() },
        None => {
            let reason = "it is declared twice, with different proofs".to_owned();
            earlier.protection = Protection::Refused(reason);
            return reader.report.error(
                ProblemCode::WebhookProtectionDiffers,
                spot,
                message,
                remedy,
            );
        }
    }
    reader.report.warn(ProblemCode::WebhookProtectionDiffers, spot, message, remedy);
}

/// The folder of a webhook, without the folders above it.
fn folder_of(webhook: &Webhook) -> Option<&str> {
    webhook.declared_in.file.rsplit('/').nth(1)
}

/// Whether the configuration cannot be read, so that the name may be another one.
fn is_lost(webhook: &Webhook) -> bool {
    matches!(&webhook.protection, Protection::Refused(reason) if reason == CONFIG_LOST)
}

fn name_of(webhook: &Webhook) -> String {
    webhook.name.clone()
}
