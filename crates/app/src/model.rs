//! The model that every layout is read into (docs/behaviour/export.md#versions).

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use serde_json::Value as Json;

mod users;

pub use users::*;

use crate::{Lines, ModuleFiles, Part};

mod data_rules;

pub use data_rules::{
    Access, CollectionName, CollectionRules, DataFilter, DataRules, FieldRules, Role,
};

/// An exported application, whatever layout it came in.
pub struct App {
    /// The folder that holds the root configuration.
    pub root: PathBuf,
    /// The slug in every URL, such as `myapp-abcde`. The name stands in where an export has none.
    pub client_app_id: String,
    /// The application's name.
    pub name: String,
    /// The identity of the application and its project on the hosted service, where the export
    /// tells.
    pub identity: Identity,
    /// The layout, such as `20230101`.
    pub config_version: u32,
    /// `LOCAL` or `GLOBAL`, as exported.
    pub deployment_model: Option<String>,
    /// Such as `US-VA`, as exported.
    pub location: Option<String>,
    /// Such as `aws-us-east-1`, as exported.
    pub provider_region: Option<String>,
    /// The active environment and its values.
    pub environment: Environment,
    /// Origins that browsers may call from; empty means every one
    /// (docs/behaviour/origins.md#allowed-origins).
    pub allowed_request_origins: Vec<String>,
    /// By name. One whose rights cannot be understood is left out.
    pub functions: BTreeMap<String, Function>,
    /// In the order of the export.
    pub endpoints: Vec<Endpoint>,
    /// Services other than data sources, by name.
    pub services: BTreeMap<String, Service>,
    /// By service name.
    pub data_sources: BTreeMap<String, DataSource>,
    /// By name.
    pub values: BTreeMap<String, AppValue>,
    /// By their type, such as `anon-user`. One that cannot be understood is left out.
    pub auth_providers: BTreeMap<String, AuthProvider>,
    /// What the app keeps of its users.
    pub custom_user_data: CustomUserData,
    /// What `functions/package.json` declares: package name to version range.
    pub dependencies: BTreeMap<String, String>,
    /// The files that functions can require.
    pub modules: Arc<ModuleFiles>,
    /// What the export holds and this version does not serve.
    pub parts: Vec<Part>,
    /// Where the fields of the export are, for messages.
    pub lines: Lines,
}

/// Ids that the hosted service gave.
#[derive(Debug, Default, Clone)]
pub struct Identity {
    /// The ObjectId of the application, 24 hexadecimal digits.
    pub app_id: Option<String>,
    /// The id of the project.
    pub project_id: Option<String>,
}

/// The active environment (docs/behaviour/export.md#values-and-environments).
#[derive(Debug, Default, Clone)]
pub struct Environment {
    /// `""`, `development`, `testing`, `qa` or `production`.
    pub tag: String,
    /// The values of that environment, by name.
    pub values: BTreeMap<String, Json>,
}

/// A function and how it is to be called.
#[derive(Clone)]
pub struct Function {
    /// Its path below `functions/` without `.js`, such as `utils/add`.
    pub name: String,
    /// The source file, relative to the folder of the app. Absent when the manifest names a
    /// function that has no file.
    pub file: Option<String>,
    /// The source text; empty without a file.
    pub source: String,
    /// Whether clients may not call it.
    pub private: bool,
    /// Whose rights it runs with. Without any setting: [`RunAs::Application`].
    pub run_as: RunAs,
    /// A JSON expression that must hold before the function runs; `None` means always.
    pub can_evaluate: Option<Json>,
    /// Whether its arguments stay out of the log.
    pub disable_arg_logs: bool,
    /// Whether the function has an entry in a manifest. Without one the defaults above hold.
    pub declared: bool,
    /// Where it is declared: its entry, or its source where it has none.
    pub declared_in: Place,
}

/// Whose rights a function runs with (docs/behaviour/rights.md#whose-rights).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunAs {
    /// The system user, whom no rule binds.
    System,
    /// The user that the request's credentials name.
    Application,
    /// A fixed user, by id.
    User(String),
    /// The user whom this JavaScript function returns.
    Script(String),
}

/// An HTTPS endpoint (docs/behaviour/export.md#endpoints).
#[derive(Clone)]
pub struct Endpoint {
    /// Where it is declared, for messages: file, and field path such as `[3]`.
    pub declared_in: Place,
    /// The path after `/app/<id>/endpoint`, with its leading `/`. May be empty in odd exports.
    pub route: String,
    /// The method.
    pub method: Method,
    /// The name of the function that answers; it may not exist.
    pub function_name: String,
    /// Who may call.
    pub protection: Protection,
    /// Whether the function's result is the response.
    pub respond_result: bool,
    /// How results are written when the caller does not say. `None` when the export does not say.
    pub return_type: Option<ReturnType>,
    /// Whether the endpoint answers as if it were not there.
    pub disabled: bool,
    /// Whether the user's custom data is looked up before the function runs.
    pub fetch_custom_user_data: bool,
    /// Whether valid credentials of an unknown user make a new user.
    pub create_user_on_auth: bool,
    /// A JSON expression of the endpoint itself, found in some documentation samples.
    pub can_evaluate: Option<Json>,
    /// `run_as_*` of the endpoint itself, found in documentation samples; it belongs to the
    /// function.
    pub run_as: Option<RunAs>,
}

/// A service that is not a data source (docs/behaviour/export.md#services).
#[derive(Clone)]
pub struct Service {
    /// The name from its configuration, not from its folder.
    pub name: String,
    /// What it talks to.
    pub kind: ServiceKind,
    /// Its `config`, as exported.
    pub config: Json,
    /// Its `secret_config`: key to the name of a secret.
    pub secret_config: BTreeMap<String, String>,
    /// By name.
    pub webhooks: BTreeMap<String, Webhook>,
    /// In the order of their files.
    pub rules: Vec<ServiceRule>,
    /// Where it is declared.
    pub declared_in: Place,
}

/// What a service talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceKind {
    /// Plain HTTP.
    Http,
    /// GitHub: its webhooks are signed as GitHub signs.
    Github,
    /// Twilio: its webhooks take the form fields as one object.
    Twilio,
    /// Amazon Web Services.
    Aws,
    /// Push notifications.
    Gcm,
    /// Anything else, as spelt in the export.
    Other(String),
}

/// A rule that allows actions of a service (docs/behaviour/export.md#service-rules).
#[derive(Debug, Clone)]
pub struct ServiceRule {
    /// Its name.
    pub name: String,
    /// Such as `get` or `ses:*`; nothing is allowed without.
    pub actions: Vec<String>,
    /// A JSON expression; `None` means always.
    pub when: Option<Json>,
    /// Where it is declared.
    pub declared_in: Place,
}

/// An incoming webhook of a service (docs/behaviour/export.md#webhooks).
#[derive(Clone)]
pub struct Webhook {
    /// Where it is declared.
    pub declared_in: Place,
    /// The name from its configuration.
    pub name: String,
    /// The source file, relative to the folder of the app; absent when there is none.
    pub file: Option<String>,
    /// The source text; empty without a file.
    pub source: String,
    /// The method; [`Method::Any`] where the export names none.
    pub method: Method,
    /// Who may call.
    pub protection: Protection,
    /// Whose rights it runs with. Without any setting: [`RunAs::System`].
    pub run_as: RunAs,
    /// A JSON expression that must hold before the function runs; `None` means always.
    pub can_evaluate: Option<Json>,
    /// Whether the function's result is the response.
    pub respond_result: bool,
    /// Whether its arguments stay out of the log.
    pub disable_arg_logs: bool,
    /// Whether the user's custom data is looked up before the function runs.
    pub fetch_custom_user_data: bool,
    /// Whether valid credentials of an unknown user make a new user.
    pub create_user_on_auth: bool,
}

/// A linked cluster (docs/behaviour/export.md#data-sources).
#[derive(Debug, Clone)]
pub struct DataSource {
    /// The name that functions use.
    pub name: String,
    /// `mongodb-atlas`, `mongodb`, `datalake` or `mongodb-datafederation`, as spelt.
    pub kind: String,
    /// Its `config`, as exported.
    pub config: Json,
    /// What users may do with its documents.
    pub rules: DataRules,
    /// Where it is declared.
    pub declared_in: Place,
}

/// What `context.values.get` returns.
#[derive(Debug, Clone)]
pub enum AppValue {
    /// A JSON value.
    Plain(Json),
    /// The value of the secret of this name.
    FromSecret(String),
}

/// Who may call an endpoint or a webhook (docs/behaviour/protection.md#methods-of-validation).
///
/// There is no variant for "unknown": what cannot be understood is [`Protection::Refused`].
#[derive(Clone)]
pub enum Protection {
    /// Anyone.
    None,
    /// Whoever proves that it holds the secret.
    Signed {
        /// How it is proven: the name of a preset of `hookstead-signature`, such as those in
        /// [`schemes`]. One that is not known there refuses every call.
        scheme: &'static str,
        /// The secrets, any of which may have been used; at least one.
        secrets: Vec<SecretSource>,
        /// Seconds that the time of signing may be off; `None`: as the scheme has it.
        tolerance_s: Option<u64>,
    },
    /// Nobody, because the configuration cannot be understood; the reason is for the log.
    Refused(String),
}

impl Protection {
    /// A protection by one secret.
    pub fn signed(scheme: &'static str, secret: SecretSource) -> Self {
        Self::Signed { scheme, secrets: vec![secret], tolerance_s: None }
    }
}

/// The schemes that App Services had.
pub mod schemes {
    /// The secret itself, as the query parameter `secret`.
    pub const SECRET: &str = "app-services-secret";
    /// The body of a request to an endpoint, signed with the secret.
    pub const ENDPOINT: &str = "app-services-endpoint";
    /// The body of a request to a webhook, signed with the secret.
    pub const WEBHOOK: &str = "app-services-webhook";
    /// The body, signed with the secret as GitHub does.
    pub const GITHUB: &str = "github";
}

/// Where the secret of a protection comes from.
#[derive(Clone)]
pub enum SecretSource {
    /// An app secret, by name; its value is looked up when the app is served.
    Named(String),
    /// A secret spelt out in the configuration of a webhook.
    Literal(Secret),
}

/// A secret: a type that can be neither printed nor formatted.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text of a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for comparing and signing only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The method of an endpoint or a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    /// `*` on endpoints, `ANY` on webhooks.
    Any,
}

impl fmt::Display for Method {
    /// As HTTP spells it; `*` for any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Any => "*",
        })
    }
}

/// How a result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnType {
    /// Plain JSON.
    Json,
    /// Canonical extended JSON.
    Ejson,
}

/// A place in the export, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, relative to the folder of the app.
    pub file: String,
    /// The path of the field in it, empty for the whole file.
    pub field: String,
}
