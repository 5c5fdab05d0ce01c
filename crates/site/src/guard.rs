//! Who may call: the protection of an endpoint, ready to check requests with.
//!
//! Keys are resolved once, when the app is loaded. A protection that cannot be resolved becomes
//! [`Guard::Closed`], never [`Guard::Open`].

use hookstead_app::{Protection, Secret, SecretSource};
use hookstead_signature::{Key, Place, Scheme, presets};
use http::HeaderName;

use crate::{listing::Kind, site::Secrets};

/// Who may call.
pub enum Guard {
    /// Anyone.
    Open,
    /// Whoever proves that it holds the secret.
    Signed(Signed),
    /// Nobody; the reason is for the operator.
    Closed(String),
}

/// A secret, and how callers prove that they hold it.
pub struct Signed {
    /// How it is proven.
    pub scheme: &'static Scheme,
    /// The secret; one for now.
    pub keys: [Key; 1],
    /// The headers that the scheme looks at; the others need not be collected.
    pub headers: Vec<(&'static str, HeaderName)>,
}

impl Guard {
    pub(crate) fn new(protection: &Protection, kind: Kind, secrets: &Secrets<'_>) -> Self {
        let (scheme, source) = match protection {
            Protection::None => return Self::Open,
            Protection::Refused(reason) => return Self::Closed(reason.clone()),
            Protection::SecretAsQueryParam(source) => (&presets::APP_SERVICES_SECRET, source),
            Protection::GithubSignature(source) => (&presets::GITHUB, source),
            Protection::VerifyPayload(source) => match kind {
                Kind::Endpoint => (&presets::APP_SERVICES_ENDPOINT, source),
                Kind::Webhook => (&presets::APP_SERVICES_WEBHOOK, source),
            },
        };
        let (name, secret): (_, Option<Secret>) = match source {
            SecretSource::Named(name) => (format!("the secret `{name}`"), secrets(name)),
            SecretSource::Literal(secret) => ("its secret".to_owned(), Some(secret.clone())),
        };
        let Some(secret) = secret else { return Self::Closed(format!("{name} is not set")) };
        match scheme.key(secret.expose()) {
            Ok(key) => {
                Self::Signed(Signed { scheme, keys: [key], headers: scheme_headers(scheme) })
            }
            Err(_) => Self::Closed(format!("{name} is empty")),
        }
    }

    /// Why nobody may call, when nobody may.
    pub fn closed(&self) -> Option<&str> {
        match self {
            Self::Closed(reason) => Some(reason),
            Self::Open | Self::Signed(_) => None,
        }
    }

    /// Whether the secret comes in the query.
    pub fn reads_query(&self) -> bool {
        match self {
            Self::Signed(signed) => signed.reads_query(),
            Self::Open | Self::Closed(_) => false,
        }
    }
}

impl Signed {
    /// Whether the secret comes in the query.
    pub fn reads_query(&self) -> bool {
        self.scheme.ways.iter().any(|way| matches!(way.place, Place::Query { .. }))
    }
}

/// The headers in which a scheme puts its signatures.
pub fn scheme_headers(scheme: &Scheme) -> Vec<(&'static str, HeaderName)> {
    let names = scheme.ways.iter().filter_map(|way| match way.place {
        Place::Header { name, .. } | Place::ListPart { name, .. } => Some(name),
        Place::Query { .. } => None,
    });
    // Names of schemes are valid; one that were not could be in no request either.
    let known = |name: &'static str| Some((name, HeaderName::from_bytes(name.as_bytes()).ok()?));
    names.filter_map(known).collect()
}
