//! One endpoint or webhook, with everything about it decided that does not depend on a request.

use std::sync::Arc;

use hookstead_app::{App, Endpoint, ReturnType, Service, ServiceKind, Webhook};
use hookstead_functions::{Payload, ResultFormat};
use hookstead_rules::Condition;

use crate::{
    added::{AddedTo, with_added},
    conditions::can_evaluate,
    config::SiteConfig,
    guard::Guard,
    listing::Kind,
    rights::{self, Access, Unmet},
    secrets::Secrets,
    users::has_providers,
};

/// Where the Data API lived. No route may answer in its place.
const DATA_API: &str = "/data/v1";

/// One endpoint or webhook.
pub struct Target {
    /// Which of the two.
    pub kind: Kind,
    /// For the journal: the route of an endpoint, `service/webhook` of a webhook.
    pub name: Arc<str>,
    /// The name of the function, as the functions' side knows it.
    pub entry: String,
    /// Who may call.
    pub guard: Guard,
    /// Whose rights the function runs with.
    pub access: Access,
    /// Why every request is refused for want of rights, where every one is.
    pub unmet: Option<Unmet>,
    /// What has to hold for a request to be let in.
    pub conditions: Vec<Condition>,
    /// Whether valid credentials of an unknown user make a new user.
    pub creates_users: bool,
    /// Whether the custom data of the user is looked up before the function runs.
    pub fetches_custom_data: bool,
    /// Whether the function has no source.
    pub missing: bool,
    /// Whether the result of the function is the response.
    pub respond_result: bool,
    /// How results are written when the caller does not say.
    pub format: ResultFormat,
    /// What the function gets as its argument.
    pub payload: Payload,
    /// Of a webhook: the names of its service and its own.
    pub webhook: Option<(String, String)>,
}

impl Target {
    pub(crate) fn of_endpoint(
        endpoint: &Endpoint,
        route: &str,
        app: &App,
        secrets: &Secrets<'_>,
        config: &SiteConfig,
    ) -> Self {
        let function = app.functions.get(&endpoint.function_name);
        let function = function.filter(|function| function.file.is_some());
        let added = config.added.iter().filter(|added| added.to.is_endpoint(endpoint));
        let guard = Guard::new(&with_added(&endpoint.protection, added), secrets, config);
        // What a missing function would ask for is not known, and it never runs.
        let of = |run_as, script| rights::access(run_as, script, config.application_authentication);
        let access = function.map(|function| {
            let own = endpoint.run_as.as_ref().map(|own| of(own, endpoint_script(endpoint)));
            of(&function.run_as, function_script(&function.name)).and(own.unwrap_or(Access::System))
        });
        let of_function = function.and_then(|function| function.can_evaluate.as_ref());
        let conditions = [of_function, endpoint.can_evaluate.as_ref()];
        let conditions: Vec<_> = conditions.into_iter().filter_map(can_evaluate).collect();
        let unmet = function.zip(access.as_ref()).and_then(|(function, access)| {
            let is_silent = !function.declared && endpoint.run_as.is_none();
            match Unmet::new(access, has_providers(app), &conditions) {
                Some(Unmet::Credentials) if is_silent => Some(Unmet::Undeclared),
                other => other,
            }
        });
        Self {
            kind: Kind::Endpoint,
            name: route.into(),
            entry: endpoint.function_name.clone(),
            guard,
            access: access.unwrap_or(Access::System),
            unmet,
            conditions,
            creates_users: endpoint.create_user_on_auth,
            fetches_custom_data: endpoint.fetch_custom_user_data,
            missing: function.is_none(),
            respond_result: endpoint.respond_result,
            format: match endpoint.return_type {
                Some(ReturnType::Json) => ResultFormat::Json,
                // Before there was a choice, every result was extended JSON.
                Some(ReturnType::Ejson) | None => ResultFormat::Ejson,
            },
            payload: Payload::Request,
            webhook: None,
        }
    }

    pub(crate) fn of_webhook(
        service: &Service,
        webhook: &Webhook,
        app: &App,
        secrets: &Secrets<'_>,
        config: &SiteConfig,
    ) -> Self {
        let script = webhook_script(&service.name, &webhook.name);
        let is_meant = |to: &AddedTo| to.is_webhook(&service.name, &webhook.name);
        let added = config.added.iter().filter(|added| is_meant(&added.to));
        let condition = can_evaluate(webhook.can_evaluate.as_ref());
        let access = rights::access(&webhook.run_as, script, config.application_authentication);
        Self {
            kind: Kind::Webhook,
            name: format!("{}/{}", service.name, webhook.name).into(),
            entry: webhook_entry(&service.name, &webhook.name),
            guard: Guard::new(&with_added(&webhook.protection, added), secrets, config),
            unmet: Unmet::new(&access, has_providers(app), &condition),
            conditions: condition.into_iter().collect(),
            access,
            creates_users: webhook.create_user_on_auth,
            fetches_custom_data: webhook.fetch_custom_user_data,
            missing: webhook.file.is_none(),
            respond_result: webhook.respond_result,
            format: ResultFormat::Ejson,
            payload: match service.kind {
                ServiceKind::Github => Payload::Json,
                ServiceKind::Twilio => Payload::Form,
                ServiceKind::Http | ServiceKind::Aws | ServiceKind::Gcm | ServiceKind::Other(_) => {
                    Payload::Request
                }
            },
            webhook: Some((service.name.clone(), webhook.name.clone())),
        }
    }

    /// What stands for an endpoint where none calls the function: it answers with the result.
    pub fn of_function(name: &str, route: &str) -> Self {
        Self {
            kind: Kind::Endpoint,
            name: route.into(),
            entry: name.to_owned(),
            guard: Guard::Open,
            access: Access::System,
            unmet: None,
            conditions: Vec::new(),
            creates_users: false,
            fetches_custom_data: false,
            missing: false,
            respond_result: true,
            format: ResultFormat::Ejson,
            payload: Payload::Request,
            webhook: None,
        }
    }

    /// Why every request is refused, when every one is.
    pub fn refused(&self) -> Option<String> {
        let missing = || self.missing.then(|| "its function has no source".to_owned());
        let unmet = || self.unmet.map(|unmet| unmet.reason().to_owned());
        self.guard.closed().map(|closed| closed.reason.clone()).or_else(missing).or_else(unmet)
    }
}

/// The name of a webhook's function. The leading slash keeps it apart from the functions of the
/// app, whose names are relative paths.
pub(crate) fn webhook_entry(service: &str, webhook: &str) -> String {
    format!("/service/{service}/incoming_webhook/{webhook}")
}

/// The name of the script that says whose rights a function runs with, for the functions' side.
pub(crate) fn function_script(function: &str) -> String {
    format!("/script/function/{function}")
}

/// The same for a webhook.
pub(crate) fn webhook_script(service: &str, webhook: &str) -> String {
    format!("/script{}", webhook_entry(service, webhook))
}

/// The same for the settings of an endpoint itself.
pub(crate) fn endpoint_script(endpoint: &Endpoint) -> String {
    format!("/script/endpoint/{} {}", endpoint.method, endpoint.route)
}

/// The path of a webhook's URL.
pub fn webhook_path(app: &str, service: &str, webhook: &str) -> String {
    format!(
        "/api/client/v2.0/app/{}/service/{}/incoming_webhook/{}",
        encode(app),
        encode_segment(service),
        encode_segment(webhook)
    )
}

/// Percent-encodes what a path cannot hold as it is.
pub(crate) fn encode(path: &str) -> String {
    encode_except(path, b"/-._~!$&'()*+,;=:@")
}

/// Percent-encodes a segment of a path.
fn encode_segment(segment: &str) -> String {
    encode_except(segment, b"-._~!$&'()*+,;=:@")
}

fn encode_except(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Whether a route would answer in the Data API's place.
pub(crate) fn is_reserved(route: &str) -> bool {
    let rest = route.strip_prefix(DATA_API);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
