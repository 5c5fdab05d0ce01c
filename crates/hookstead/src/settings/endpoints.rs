//! `[[endpoints]]`: protection that is added to endpoints and webhooks of the app.

use hookstead_app::{
    App, Method, MethodError, Protection, SecretSource, protection_of, secrets::is_secret_name,
};
use hookstead_site::{AddedProtection, AddedTo};
use toml::{Table, Value};

use super::{
    error::{SettingError, SettingErrors},
    nearest,
    value::{string, strings},
};

/// The name of the section.
pub(super) const SECTION: &str = "endpoints";

/// What the default file says of it.
pub(super) const DOC: &str = r#"
# Protection beside that of the export, for an endpoint or a webhook: callers prove both, or the
# one that asks for more of the same. docs/validation.md lists the methods.
#
# [[endpoints]]
# route = "/orders"                  # or webhook = "service/name"
# method = "POST"                    # without it: every method of the route
# validation_method = "STRIPE"
# secret_name = "stripe_key"         # or secret_names = ["new", "old"], any of which counts
# tolerance_s = 300                  # seconds that the time of signing may be off
"#;

const KEYS: [&str; 7] = [
    "route",
    "method",
    "webhook",
    "validation_method",
    "secret_name",
    "secret_names",
    "tolerance_s",
];

/// How many entries there may be, and how many secrets one of them may name.
const ENTRIES_MAX: usize = 1000;
const SECRETS_MAX: usize = 8;

/// Seconds that a tolerance may have.
const TOLERANCE_S_MAX: u64 = 86_400;

/// The protections that are added, in the order of the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct AddedProtections {
    origin: String,
    entries: Vec<AddedProtection>,
    /// As the file has them.
    values: Vec<Value>,
}

impl PartialEq for AddedProtections {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl AddedProtections {
    /// All of them.
    pub(crate) fn all(&self) -> &[AddedProtection] {
        &self.entries
    }

    /// The secrets that they name.
    pub(crate) fn secret_names(&self) -> impl Iterator<Item = &str> {
        let sources = self.entries.iter().flat_map(|entry| match &entry.protection {
            Protection::Signed { secrets, .. } => secrets.as_slice(),
            Protection::None | Protection::Refused(_) => &[],
        });
        sources.filter_map(|source| match source {
            SecretSource::Named(name) => Some(name.as_str()),
            SecretSource::Literal(_) => None,
        })
    }

    /// Refuses entries for what the app does not have: somebody meant to protect something.
    pub(crate) fn check_names(&self, app: &App) -> Result<(), SettingErrors> {
        let errors: Vec<_> = self
            .entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| !is_in(app, &entry.to))
            .map(|(index, entry)| self.unknown(index, entry, app))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(SettingErrors(errors)) }
    }

    fn unknown(&self, index: usize, entry: &AddedProtection, app: &App) -> SettingError {
        let (problem, wanted, names): (String, String, Vec<String>) = match &entry.to {
            AddedTo::Endpoint { route, method } => {
                let names = app.endpoints.iter().map(|one| one.route.clone()).collect();
                let with = match method {
                    Method::Any => String::new(),
                    method => format!(" with the method {method}"),
                };
                (format!("the app has no endpoint {route:?}{with}"), route.clone(), names)
            }
            AddedTo::Webhook { service, name } => {
                let names = app.services.values().flat_map(|service| {
                    service.webhooks.keys().map(|name| format!("{}/{name}", service.name))
                });
                let wanted = format!("{service}/{name}");
                (format!("the app has no webhook {wanted:?}"), wanted, names.collect())
            }
        };
        let near = nearest(&wanted, names.iter().map(String::as_str));
        SettingError {
            origin: self.origin.clone(),
            problem: format!("[[{SECTION}]] number {}: {problem}", index + 1),
            remedy: match near {
                Some(near) if near != wanted => format!("did you mean {near:?}?"),
                _ => "correct the entry, or remove it if it protects nothing any more".to_owned(),
            },
        }
    }

    /// Takes the list of a file.
    pub(super) fn set(&mut self, origin: &str, value: &Value) -> Result<(), String> {
        let wanted = || format!("must be sections [[{SECTION}]], at most {ENTRIES_MAX} of them");
        let values = value.as_array().ok_or_else(wanted)?;
        if values.len() > ENTRIES_MAX {
            return Err(wanted());
        }
        for (index, value) in values.iter().enumerate() {
            let table = value.as_table().ok_or_else(wanted)?;
            let entry = entry(table).map_err(|why| format!("number {}: {why}", index + 1))?;
            self.entries.push(entry);
        }
        self.origin = origin.to_owned();
        self.values.clone_from(values);
        Ok(())
    }
}

fn is_in(app: &App, to: &AddedTo) -> bool {
    let of_service = |(service, webhook): (&str, &str)| to.is_webhook(service, webhook);
    let mut webhooks = app.services.values().flat_map(|service| {
        service.webhooks.keys().map(|name| (service.name.as_str(), name.as_str()))
    });
    app.endpoints.iter().any(|endpoint| to.is_endpoint(endpoint)) || webhooks.any(of_service)
}

fn entry(table: &Table) -> Result<AddedProtection, String> {
    if let Some(other) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let near = nearest(other, KEYS).map(|near| format!("; did you mean {near}?"));
        let keys = || format!("; the keys are {}", KEYS.join(", "));
        return Err(format!("it has no key {other:?}{}", near.unwrap_or_else(keys)));
    }
    let text = |key: &str| match table.get(key) {
        None => Ok(None),
        Some(value) => match string(value) {
            Ok("") | Err(_) => Err(format!("{key} must be a text in quotes, and not empty")),
            Ok(text) => Ok(Some(text)),
        },
    };
    let to = added_to(text("route")?, text("method")?, text("webhook")?)?;
    let method = text("validation_method")?;
    let method = method.ok_or("it needs a validation_method, such as \"STRIPE\"")?;
    let secrets = match (text("secret_name")?, table.get("secret_names")) {
        (Some(name), None) => vec![name.to_owned()],
        (None, Some(names)) => strings(names)
            .map_err(|_| "secret_names must be a list of texts, such as [\"new\", \"old\"]")?,
        _ => return Err("it needs one of secret_name and secret_names".to_owned()),
    };
    // What is no name may be the secret itself, and is not shown.
    if secrets.is_empty()
        || secrets.len() > SECRETS_MAX
        || !secrets.iter().all(|s| is_secret_name(s))
    {
        return Err(format!(
            "it must name 1 to {SECRETS_MAX} secrets, with names of letters, digits, `_` and `-`"
        ));
    }
    let tolerance_s = table.get("tolerance_s").map(|value| {
        let seconds = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let seconds = seconds.filter(|seconds| (1..=TOLERANCE_S_MAX).contains(seconds));
        seconds.ok_or(format!("tolerance_s must be a number from 1 to {TOLERANCE_S_MAX}"))
    });
    let secrets = secrets.into_iter().map(SecretSource::Named).collect();
    let protection = protection_of(method, secrets, tolerance_s.transpose()?);
    let protection = protection.map_err(|error| match &error {
        MethodError::Unknown { nearest: Some(near), .. } => {
            format!("{error}; did you mean {near}?")
        }
        MethodError::Unknown { .. } => format!("{error}; docs/validation.md lists the methods"),
        _ => error.to_string(),
    })?;
    Ok(AddedProtection { to, protection })
}

fn added_to(
    route: Option<&str>,
    method: Option<&str>,
    webhook: Option<&str>,
) -> Result<AddedTo, String> {
    match (route, method, webhook) {
        (Some(route), method, None) => {
            let method = method.map_or(Some(Method::Any), hookstead_app::parse_method);
            let method = method.ok_or("method must be GET, POST, PUT, PATCH, DELETE, HEAD or *")?;
            Ok(AddedTo::Endpoint { route: route.to_owned(), method })
        }
        (None, None, Some(webhook)) => {
            let parts = webhook.split_once('/');
            let (service, name) = parts.ok_or("webhook must be \"service/name\"")?;
            Ok(AddedTo::Webhook { service: service.to_owned(), name: name.to_owned() })
        }
        _ => Err("it needs either a route, and perhaps its method, or a webhook".to_owned()),
    }
}
