//! What an app answers, as a table for people.

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

impl std::fmt::Display for ProtectionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Secret => "secret",
            Self::Signature => "signature",
            Self::GithubSignature => "github-signature",
            Self::Refused => "refused",
        })
    }
}

impl From<&hookstead_app::Protection> for ProtectionKind {
    fn from(protection: &hookstead_app::Protection) -> Self {
        use hookstead_app::Protection;
        match protection {
            Protection::None => Self::None,
            Protection::SecretAsQueryParam(_) => Self::Secret,
            Protection::VerifyPayload(_) => Self::Signature,
            Protection::GithubSignature(_) => Self::GithubSignature,
            Protection::Refused(_) => Self::Refused,
        }
    }
}
