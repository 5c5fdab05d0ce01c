//! What an app answers, as a table for people.

use hookstead_app::{App, Method, Place, Protection, RunAs, schemes};
use serde::Serialize;

/// Which of the two surfaces something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An HTTPS endpoint.
    Endpoint,
    /// An incoming webhook of a service.
    Webhook,
}

/// One endpoint or webhook.
#[derive(Clone)]
pub struct Listing {
    /// Which of the two.
    pub kind: Kind,
    /// The method; `*` for any.
    pub method: String,
    /// The full path, ready to be put behind the origin of the server.
    pub path: String,
    /// Who may call.
    pub protection: ProtectionKind,
    /// The function that answers; `service/webhook` for a webhook.
    pub function: String,
    /// Why every request is refused, when every one is.
    pub refused: Option<String>,
    /// What the export says of it.
    pub declaration: Declaration,
}

/// What an export says of an endpoint or a webhook.
#[derive(Clone)]
pub struct Declaration {
    /// Where it says so.
    pub place: Place,
    /// The method that it takes.
    pub method: Method,
    /// Who may call.
    pub protection: Protection,
    /// Whose rights it runs with.
    pub run_as: RunAs,
    /// Whether it was switched off.
    pub disabled: bool,
    /// The file of its function, where there is one.
    pub file: Option<String>,
    /// Of a webhook: the names of its service and its own.
    pub webhook: Option<(String, String)>,
}

impl Listing {
    /// The source of its function, in the app that it belongs to; empty where there is none.
    pub fn source<'a>(&self, app: &'a App) -> &'a str {
        let source = match &self.declaration.webhook {
            None => app.functions.get(&self.function).map(|function| &function.source),
            Some((service, webhook)) => {
                let service = app.services.get(service);
                let webhook = service.and_then(|service| service.webhooks.get(webhook));
                webhook.map(|webhook| &webhook.source)
            }
        };
        source.map_or("", String::as_str)
    }
}

/// Who may call, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProtectionKind {
    /// Anyone.
    None,
    /// Whoever gives the secret as the query parameter `secret`.
    Secret,
    /// Whoever signs the body with the secret.
    Signature,
    /// Whoever signs the body with the secret as GitHub does.
    GithubSignature,
    /// Nobody.
    Refused,
    /// Whoever proves it as this scheme has it, such as `stripe`.
    #[serde(untagged)]
    Provider(&'static str),
}

impl std::fmt::Display for ProtectionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Secret => "secret",
            Self::Signature => "signature",
            Self::GithubSignature => "github-signature",
            Self::Provider(scheme) => scheme,
            Self::Refused => "refused",
        })
    }
}

impl From<&Protection> for ProtectionKind {
    fn from(protection: &Protection) -> Self {
        match protection {
            Protection::None => Self::None,
            Protection::Signed { scheme: schemes::SECRET, .. } => Self::Secret,
            Protection::Signed { scheme: schemes::GITHUB, .. } => Self::GithubSignature,
            Protection::Signed { scheme: schemes::ENDPOINT | schemes::WEBHOOK, .. } => {
                Self::Signature
            }
            Protection::Signed { scheme, .. } => Self::Provider(scheme),
            Protection::Refused(_) => Self::Refused,
        }
    }
}
