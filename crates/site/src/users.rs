//! The users of an app: what the export says of them, and the app's functions as log-in calls them.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use bson::Bson;
use hookstead_app::{
    App, Confirmation, CustomTokenSetup, CustomUserDataSource, EmailPasswordSetup, PasswordReset,
    ProviderSetup, RunAs,
};
use hookstead_functions::{Call, DataSources, FailureKind, Functions, Invocation, User};
use hookstead_identity::{
    AppFunctions, CustomToken, CustomUserData, Directory, EmailPassword, ExtendedJson,
    FunctionFailure, FunctionFailureKind, Future, OAuthKind, OAuthServer, Providers, Users,
    UsersConfig,
};
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

use crate::{
    oauth::{metadata_fields, oauth_provider},
    provider_secrets::token_keys,
    secrets::Secrets,
};

/// Where users are kept, and what the operator decides about their sessions.
#[derive(Clone)]
pub struct UsersSettings {
    /// Where they are kept.
    pub directory: Arc<Directory>,
    /// The database that they are kept in, which is closed to users.
    pub database: String,
    /// How long an access token lives.
    pub access_token_time: Duration,
    /// How long a refresh token lives.
    pub refresh_token_time: Duration,
    /// How long another copy of the program may take to learn that a user is disabled or deleted.
    pub revocation_delay: Duration,
    /// Where Google, Facebook and Apple are, for those that the operator has moved; the others are
    /// where they say.
    pub providers: BTreeMap<OAuthKind, OAuthServer>,
}

impl fmt::Debug for UsersSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsersSettings").finish_non_exhaustive()
    }
}

/// The users of an app; `None` where nothing in it asks for one, and where custom user data is
/// declared in a way that cannot be understood: a condition may hang on it.
pub(crate) fn users(
    app: &App,
    settings: &UsersSettings,
    secrets: &Secrets<'_>,
    data: &DataSources,
    functions: &Arc<Functions>,
) -> Option<Arc<Users>> {
    if !asks_for_users(app) {
        return None;
    }
    let config = UsersConfig {
        client_app_id: app.client_app_id.clone(),
        domain_id: domain_id(app),
        providers: providers(app, settings, secrets),
        custom_user_data: custom_user_data(app, data).ok()?,
        on_user_creation: app.custom_user_data.on_user_creation_function.clone(),
        access_token_time: settings.access_token_time,
        refresh_token_time: settings.refresh_token_time,
        revocation_delay: settings.revocation_delay,
    };
    let functions = Arc::new(SystemCalls(Arc::clone(functions)));
    Some(Arc::new(Users::new(config, Arc::clone(&settings.directory), functions)))
}

/// Whether anybody can be a user of the app by what this version serves.
pub(crate) fn has_providers(app: &App) -> bool {
    if matches!(app.custom_user_data.source, CustomUserDataSource::Refused(_)) {
        return false;
    }
    let is_on = |setup: &ProviderSetup| !matches!(setup, ProviderSetup::Disabled);
    app.auth_providers.values().any(|provider| is_on(&provider.setup))
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
fn providers(app: &App, settings: &UsersSettings, secrets: &Secrets<'_>) -> Providers {
    let mut providers = Providers::default();
    let mut oauth = BTreeMap::new();
    let mut add_oauth = |kind, setup| {
        let server = settings.providers.get(&kind).cloned();
        let server = server.unwrap_or_else(|| OAuthServer::of(kind));
        oauth.insert(kind, oauth_provider(setup, server, secrets));
    };
    for provider in app.auth_providers.values() {
        match &provider.setup {
            ProviderSetup::Anonymous => providers.anonymous = true,
            ProviderSetup::ApiKey => providers.api_key = true,
            ProviderSetup::EmailPassword(setup) => {
                providers.email_password = Some(email_password(setup));
            }
            ProviderSetup::CustomToken(setup) => {
                providers.custom_token = Some(custom_token(setup, secrets));
            }
            ProviderSetup::CustomFunction(name) => providers.custom_function = Some(name.clone()),
            ProviderSetup::Google(setup) => add_oauth(OAuthKind::Google, setup),
            ProviderSetup::Facebook(setup) => add_oauth(OAuthKind::Facebook, setup),
            ProviderSetup::Apple(setup) => add_oauth(OAuthKind::Apple, setup),
            ProviderSetup::Disabled => {}
        }
    }
    providers.oauth = oauth;
    providers
}

fn email_password(setup: &EmailPasswordSetup) -> EmailPassword {
    let mut settings = EmailPassword::default();
    match &setup.confirmation {
        Confirmation::Automatic => settings.auto_confirm = true,
        Confirmation::Function(name) => settings.confirmation_function = Some(name.clone()),
        Confirmation::Email(_) => {}
    }
    match &setup.reset {
        PasswordReset::Function(name) => settings.reset_function = Some(name.clone()),
        PasswordReset::Email(_) => {}
    }
    settings
}

fn custom_token(setup: &CustomTokenSetup, secrets: &Secrets<'_>) -> CustomToken {
    CustomToken {
        audience: setup.audience.clone(),
        require_any_audience: setup.require_any_audience,
        keys: token_keys(setup, secrets),
        metadata_fields: metadata_fields(&setup.metadata_fields),
    }
}

/// Where custom user data is; an error where it is declared in a way that cannot be understood.
fn custom_user_data(app: &App, data: &DataSources) -> Result<Option<CustomUserData>, ()> {
    match &app.custom_user_data.source {
        CustomUserDataSource::Off => Ok(None),
        CustomUserDataSource::Refused(_) => Err(()),
        CustomUserDataSource::Collection { data_source, database, collection, user_id_field } => {
            let store = data.named.get(data_source).or(data.fallback.as_ref()).ok_or(())?;
            Ok(Some(CustomUserData {
                store: Arc::clone(store),
                database: database.clone(),
                collection: collection.clone(),
                user_id_field: user_id_field.clone(),
            }))
        }
    }
}

/// The functions of the app, called as system: there is no user yet.
struct SystemCalls(Arc<Functions>);

impl AppFunctions for SystemCalls {
    fn call(
        &self,
        name: &str,
        arguments: ExtendedJson,
    ) -> Future<'_, Result<Option<Bson>, FunctionFailure>> {
        let invocation = Invocation {
            entry: name.to_owned(),
            call: Call::Arguments(arguments.text().to_owned()),
            user: User::System,
            running_as_system: true,
            request: None,
        };
        Box::pin(async move {
            let reply = self.0.invoke(invocation).await.outcome;
            let reply = reply.map_err(|failure| FunctionFailure {
                kind: kind_of(failure.kind),
                message: failure.message,
            })?;
            let Some(text) = reply.result else { return Ok(None) };
            let value = serde_json::from_str::<Json>(&text).ok().map(Bson::try_from);
            let unreadable = || FunctionFailure {
                kind: FunctionFailureKind::Thrown,
                message: "its result cannot be read".to_owned(),
            };
            value.and_then(Result::ok).map(Some).ok_or_else(unreadable)
        })
    }
}

/// Whose fault it is that a function has no result.
fn kind_of(kind: FailureKind) -> FunctionFailureKind {
    match kind {
        FailureKind::FunctionExecutionError
        | FailureKind::FunctionNotFound
        | FailureKind::FunctionSyntaxError => FunctionFailureKind::Thrown,
        FailureKind::TooManyRequests => FunctionFailureKind::TooManyRequests,
        FailureKind::ExecutionTimeLimitExceeded
        | FailureKind::MemoryLimitExceeded
        | FailureKind::StoreUnavailable
        | FailureKind::NoMemory => FunctionFailureKind::Unavailable,
        FailureKind::Internal => FunctionFailureKind::Internal,
    }
}
