//! The users of an app: what the export says of them, and the app's functions as log-in calls them.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bson::Bson;
use hookstead_app::{App, RunAs};
use hookstead_functions::{Call, DataSources, Functions, Invocation, User};
use hookstead_identity::{
    AppFunctions, CustomToken, CustomUserData, Directory, EmailPassword, FunctionFailure, Future,
    Providers, Users, UsersConfig,
};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

/// Where users are kept, and what the operator decides about their sessions.
#[derive(Clone)]
pub struct UsersSettings {
    /// Where they are kept.
    pub directory: Arc<Directory>,
    /// How long an access token lives.
    pub access_token_time: Duration,
    /// How long a refresh token lives.
    pub refresh_token_time: Duration,
    /// How long another copy of the program may take to learn that a user is disabled or deleted.
    pub revocation_delay: Duration,
}

impl fmt::Debug for UsersSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsersSettings").finish_non_exhaustive()
    }
}

/// The users of an app; `None` where nothing in it asks for one.
pub(crate) fn users(
    app: &App,
    settings: &UsersSettings,
    data: &DataSources,
    functions: &Arc<Functions>,
) -> Option<Arc<Users>> {
    if !asks_for_users(app) {
        return None;
    }
    let custom = app.custom_user_data.as_ref().and_then(Json::as_object);
    let custom = custom.filter(|custom| flag(custom, "enabled"));
    let config = UsersConfig {
        client_app_id: app.client_app_id.clone(),
        domain_id: domain_id(app),
        providers: providers(app),
        custom_user_data: custom.and_then(|custom| custom_user_data(custom, data)),
        on_user_creation: custom.and_then(|custom| text(custom, "on_user_creation_function_name")),
        access_token_time: settings.access_token_time,
        refresh_token_time: settings.refresh_token_time,
        revocation_delay: settings.revocation_delay,
    };
    let functions = Arc::new(SystemCalls(Arc::clone(functions)));
    Some(Arc::new(Users::new(config, Arc::clone(&settings.directory), functions)))
}

/// Whether anybody can be a user of the app.
pub(crate) fn has_providers(app: &App) -> bool {
    let Providers { anonymous, email_password, api_key, custom_token, custom_function } =
        providers(app);
    anonymous
        || email_password.is_some()
        || api_key
        || custom_token.is_some()
        || custom_function.is_some()
}

/// Whether an app has any use for users.
pub fn asks_for_users(app: &App) -> bool {
    has_providers(app) || names_users(app)
}

/// Whether a function, an endpoint or a webhook runs as a user whom the caller does not name.
fn names_users(app: &App) -> bool {
    let functions = app.functions.values().map(|function| &function.run_as);
    let endpoints = app.endpoints.iter().filter_map(|endpoint| endpoint.run_as.as_ref());
    let webhooks = app.services.values().flat_map(|service| service.webhooks.values());
    functions
        .chain(endpoints)
        .chain(webhooks.map(|webhook| &webhook.run_as))
        .any(|run_as| matches!(run_as, RunAs::User(_) | RunAs::Script(_)))
}

/// What tokens name the app by: the id that the hosted service gave it, or one of the same form
/// that its slug always has.
pub(crate) fn domain_id(app: &App) -> String {
    let is_id = |id: &&String| id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match app.identity.app_id.as_ref().filter(is_id) {
        Some(id) => id.to_ascii_lowercase(),
        None => {
            let digest = Sha256::digest(app.client_app_id.as_bytes());
            digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect()
        }
    }
}

/// The providers that are enabled.
fn providers(app: &App) -> Providers {
    let enabled: BTreeMap<&str, &Map<String, Json>> = app
        .auth_providers
        .iter()
        .filter_map(|(name, provider)| Some((name.as_str(), provider.as_object()?)))
        .filter(|(_, provider)| !flag(provider, "disabled"))
        .collect();
    let config = |name| {
        let provider = enabled.get(name)?;
        Some(provider.get("config").and_then(Json::as_object).cloned().unwrap_or_default())
    };
    Providers {
        anonymous: enabled.contains_key("anon-user"),
        email_password: config("local-userpass").map(|config| email_password(&config)),
        api_key: enabled.contains_key("api-key"),
        custom_token: config("custom-token").map(|config| custom_token(&config)),
        custom_function: config("custom-function")
            .and_then(|config| text(&config, "authFunctionName")),
    }
}

fn email_password(config: &Map<String, Json>) -> EmailPassword {
    let named = |switch, name| flag(config, switch).then(|| text(config, name)).flatten();
    EmailPassword {
        auto_confirm: flag(config, "autoConfirm"),
        confirmation_function: named("runConfirmationFunction", "confirmationFunctionName"),
        confirmation_url: text(config, "emailConfirmationUrl"),
        reset_function: named("runResetFunction", "resetFunctionName"),
        reset_url: text(config, "resetPasswordUrl"),
    }
}

fn custom_token(config: &Map<String, Json>) -> CustomToken {
    let audience = match config.get("audience") {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(list)) => {
            list.iter().filter_map(Json::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    };
    let audience = audience.into_iter().filter(|one| !one.is_empty()).collect();
    CustomToken { audience, require_any_audience: flag(config, "requireAnyAudience") }
}

fn custom_user_data(custom: &Map<String, Json>, data: &DataSources) -> Option<CustomUserData> {
    let source = text(custom, "mongo_service_name")?;
    Some(CustomUserData {
        store: Arc::clone(data.named.get(&source).or(data.fallback.as_ref())?),
        database: text(custom, "database_name")?,
        collection: text(custom, "collection_name")?,
        user_id_field: text(custom, "user_id_field")?,
    })
}

/// A field that is true; anything else counts as false.
fn flag(object: &Map<String, Json>, name: &str) -> bool {
    object.get(name) == Some(&Json::Bool(true))
}

/// A text that is not empty.
fn text(object: &Map<String, Json>, name: &str) -> Option<String> {
    let text = object.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
    text.map(str::to_owned)
}

/// The functions of the app, called as system: there is no user yet.
struct SystemCalls(Arc<Functions>);

impl AppFunctions for SystemCalls {
    fn call(
        &self,
        name: &str,
        arguments: Vec<Bson>,
    ) -> Future<'_, Result<Option<Bson>, FunctionFailure>> {
        let invocation = Invocation {
            entry: name.to_owned(),
            call: Call::Arguments(Bson::Array(arguments).into_canonical_extjson().to_string()),
            user: User::System,
            running_as_system: true,
            request: None,
        };
        Box::pin(async move {
            let reply = self.0.invoke(invocation).await.outcome;
            let reply = reply.map_err(|failure| FunctionFailure { message: failure.message })?;
            let Some(text) = reply.result else { return Ok(None) };
            let value = serde_json::from_str::<Json>(&text).ok().map(Bson::try_from);
            let unreadable = || FunctionFailure { message: "its result cannot be read".to_owned() };
            value.and_then(Result::ok).map(Some).ok_or_else(unreadable)
        })
    }
}
