//! How users of an app prove who they are, and what is known of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use hookstead_data::Store;

use crate::{MetadataField, OAuthKind, OAuthProvider, TokenKeys};

/// What an app and its operator say of users. It may change while the program runs.
pub struct UsersConfig {
    /// The slug of the app, which is the audience of custom tokens where none is named.
    pub client_app_id: String,
    /// What tokens name the app by: 24 hexadecimal digits.
    pub domain_id: String,
    /// How users prove who they are.
    pub providers: Providers,
    /// Where more is known of a user, when the app says so.
    pub custom_user_data: Option<CustomUserData>,
    /// A function that is called with every new user; when it throws, there is no new user.
    pub on_user_creation: Option<String>,
    /// How long an access token lives.
    pub access_token_time: Duration,
    /// How long a refresh token lives.
    pub refresh_token_time: Duration,
    /// How long another copy may take to learn that a user is disabled or deleted.
    pub revocation_delay: Duration,
}

/// The providers that are enabled; what is not there refuses.
#[derive(Debug, Default, Clone)]
pub struct Providers {
    /// Whether anybody may have an anonymous user.
    pub anonymous: bool,
    /// Email and password.
    pub email_password: Option<EmailPassword>,
    /// Whether API keys are accepted.
    pub api_key: bool,
    /// JSON Web Tokens of others.
    pub custom_token: Option<CustomToken>,
    /// The function that says who somebody is.
    pub custom_function: Option<String>,
    /// Google, Facebook and Apple.
    pub oauth: BTreeMap<OAuthKind, OAuthProvider>,
}

/// Settings of the provider `local-userpass` (docs/behaviour/users.md#email-and-password).
#[derive(Debug, Default, Clone)]
pub struct EmailPassword {
    /// Whether a new user is confirmed at once.
    pub auto_confirm: bool,
    /// The function that confirms new users.
    pub confirmation_function: Option<String>,
    /// The function that decides about a new password.
    pub reset_function: Option<String>,
}

/// Settings of the provider `custom-token` (docs/behaviour/users.md#custom-tokens).
#[derive(Debug, Default, Clone)]
pub struct CustomToken {
    /// The audiences that a token must have; empty means the slug of the app.
    pub audience: Vec<String>,
    /// Whether one of them is enough.
    pub require_any_audience: bool,
    /// What tokens are checked with. Without it no token is valid.
    pub keys: Option<TokenKeys>,
    /// What is copied to the data of the user.
    pub metadata_fields: Vec<MetadataField>,
}

/// Where more is known of a user (docs/behaviour/users.md#custom-user-data).
#[derive(Clone)]
pub struct CustomUserData {
    /// The store of the data source.
    pub store: Arc<dyn Store>,
    /// The database.
    pub database: String,
    /// The collection.
    pub collection: String,
    /// The field that holds the id of the user, as text or as an ObjectId.
    pub user_id_field: String,
}
