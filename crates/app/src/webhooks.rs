//! Incoming webhooks of services (reference: app-layout.md §2.4.2).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::{
    Method, Place, Protection, RunAs, ServiceKind, Webhook,
    endpoints::parse_method,
    fields::Fields,
    folder::join,
    protection::{self, GITHUB_WITHOUT_SECRET, is_guarded},
    reader::Reader,
    report::Spot,
    run_as,
};

/// Reads the webhooks of a service.
pub(crate) fn read(
    reader: &mut Reader,
    service_folder: &str,
    service: &str,
    kind: &ServiceKind,
) -> BTreeMap<String, Webhook> {
    let parent = join(service_folder, "incoming_webhooks");
    let mut webhooks: BTreeMap<String, Webhook> = BTreeMap::new();
    for folder in reader.folders(&parent) {
        let path = join(&parent, &folder);
        let Some(webhook) = read_webhook(reader, &path, &folder, service, kind) else { continue };
        match webhooks.get_mut(&webhook.name) {
            Some(earlier) => repeated(reader, service, earlier, &webhook),
            None => {
                webhooks.insert(webhook.name.clone(), webhook);
            }
        }
    }
    webhooks
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
        reader.report.error(
            "webhook-config-missing",
            Spot::file(folder),
            "the webhook has no `config.json`; it is refused".to_owned(),
            "add the file, or remove the folder",
        );
        return Some(unreadable(&config_path, by_folder));
    };
    let Some(object) = config.object(&mut reader.report) else {
        return Some(unreadable(&config_path, by_folder));
    };
    let mut fields = Fields::new(&config, "", object);
    let name = fields.filled_text("name").unwrap_or(by_folder).to_owned();
    let subject = format!("webhook `{service}/{name}`");
    let (method, protection) = options(&mut fields, kind);
    if fields.guard_flag("private") {
        let message = "it is private, so that nobody may call it".to_owned();
        fields.doubt("webhook-private", "private", message, "set `private` to false");
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
    let guarded = is_guarded(&webhook.protection);
    if let Some(reason) = fields.settle(&subject, guarded, &mut reader.report) {
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
        protection: Protection::Refused("its configuration cannot be read".to_owned()),
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
    let absent = fields.raw("options").is_none_or(|options| *options == Json::Null);
    let Some(mut options) = (if absent { None } else { fields.child("options") }) else {
        if *kind == ServiceKind::Github {
            fields.doubt(
                "secret-missing",
                "options",
                GITHUB_WITHOUT_SECRET.to_owned(),
                "fill in `options.secret`, or state NO_VALIDATION",
            );
        }
        return (Method::Any, protection::of_webhook(kind, None));
    };
    let method = match options.text("httpMethod") {
        None => Method::Any,
        Some(text) => parse_method(text).unwrap_or_else(|| {
            let message = format!("`httpMethod` is `{text}`, which is not known");
            let remedy = "write the name of an HTTP method, or ANY";
            options.doubt("webhook-method", "httpMethod", message, remedy);
            Method::Any
        }),
    };
    let protection = protection::of_webhook(kind, Some(&mut options));
    fields.absorb(options, is_guarded(&protection));
    (method, protection)
}

fn read_source(reader: &mut Reader, folder: &str, subject: &str, webhook: &mut Webhook) {
    let path = join(folder, "source.js");
    match reader.text(&path) {
        Ok(Some(source)) => {
            webhook.file = Some(path);
            webhook.source = source;
        }
        Ok(None) => reader.report.error(
            "webhook-file-missing",
            Spot::file(&path),
            format!("{subject} has no source file"),
            "add the file, or remove the webhook",
        ),
        Err(_) => {}
    }
}

/// Two folders for one webhook: nothing tells which of them is meant.
fn repeated(reader: &mut Reader, service: &str, earlier: &mut Webhook, later: &Webhook) {
    let reason = "it is declared twice".to_owned();
    reader.report.error(
        "webhook-duplicate",
        Spot::file(&later.declared_in.file),
        format!("webhook `{service}/{}` is refused: {reason}", later.name),
        "keep the one that is meant",
    );
    earlier.protection = Protection::Refused(reason);
}
