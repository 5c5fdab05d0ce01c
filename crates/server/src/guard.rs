//! Who may call: the protection of an endpoint, ready to check requests with.
//!
//! Keys are resolved once, when the app is loaded. A protection that cannot be resolved becomes
//! [`Guard::Closed`], never [`Guard::Open`].

use std::sync::LazyLock;

use hookstead_app::{Protection, Secret, SecretSource};
use hookstead_signature::{Key, Place, RequestParts, Scheme, presets, verify};
use http::{HeaderName, request::Parts};

use crate::{listing::Kind, parse::pairs, refusal::Refusal, site::Secrets};

/// Who may call.
pub(crate) enum Guard {
    /// Anyone.
    Open,
    /// Whoever holds the secret.
    Keyed {
        /// How the secret is proven.
        scheme: &'static Scheme,
        /// The secret; one for now.
        keys: [Key; 1],
        /// The headers that the scheme looks at; the others need not be collected.
        headers: Vec<(&'static str, HeaderName)>,
    },
    /// Nobody; the reason is for the operator.
    Closed(String),
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
            Ok(key) => Self::Keyed { scheme, keys: [key], headers: headers(scheme) },
            Err(_) => Self::Closed(format!("{name} is empty")),
        }
    }

    /// Why nobody may call, when nobody may.
    pub(crate) fn closed(&self) -> Option<&str> {
        match self {
            Self::Closed(reason) => Some(reason),
            Self::Open | Self::Keyed { .. } => None,
        }
    }

    /// Whether the secret comes in the query.
    pub(crate) fn reads_query(&self) -> bool {
        match self {
            Self::Keyed { scheme, .. } => {
                scheme.ways.iter().any(|way| matches!(way.place, Place::Query { .. }))
            }
            Self::Open | Self::Closed(_) => false,
        }
    }

    /// Checks what needs no body, so that strangers cannot make the server hold one.
    pub(crate) fn check_head(&self, kind: Kind, parts: &Parts) -> Result<(), Refusal> {
        match self {
            Self::Open => Ok(()),
            Self::Closed(reason) => Err(Refusal::internal(reason.clone())),
            Self::Keyed { .. } if self.reads_query() => self.check(kind, parts, b""),
            Self::Keyed { headers, .. } => {
                let present = headers.iter().any(|(_, name)| parts.headers.contains_key(name));
                // The full check words the refusal.
                if present { Ok(()) } else { self.check(kind, parts, b"") }
            }
        }
    }

    /// Checks a request with its body, byte for byte.
    pub(crate) fn check(&self, kind: Kind, parts: &Parts, body: &[u8]) -> Result<(), Refusal> {
        let (scheme, keys, names) = match self {
            Self::Open => return Ok(()),
            Self::Closed(reason) => return Err(Refusal::internal(reason.clone())),
            Self::Keyed { scheme, keys, headers } => (*scheme, keys, headers),
        };
        let mut headers = Vec::with_capacity(names.len());
        for (name, known) in names {
            let values = parts.headers.get_all(known).iter();
            headers.extend(values.map(|value| (*name, value.as_bytes())));
        }
        let query: Vec<_> = match (self.reads_query(), parts.uri.query()) {
            (true, Some(query)) => pairs(query.as_bytes()).collect(),
            _ => Vec::new(),
        };
        let request = RequestParts {
            method: parts.method.as_str(),
            // No scheme of an export covers the URL.
            url: "",
            headers: &headers,
            query: &query,
            body,
        };
        // Nor does one cover the time.
        verify(scheme, keys, &request, 0).map_err(|refusal| refuse(kind, scheme, &refusal, parts))
    }
}

/// How many proofs of other schemes the journal names.
const OTHERS_TOLD_MAX: usize = 4;

/// The headers in which the known schemes put their signatures, each with the first such scheme.
static SIGNATURE_HEADERS: LazyLock<Vec<(&'static str, HeaderName, &'static str)>> =
    LazyLock::new(|| {
        let mut known: Vec<(&str, HeaderName, &str)> = Vec::new();
        for scheme in presets::ALL {
            for (name, header) in headers(scheme) {
                if !known.iter().any(|(_, other, _)| *other == header) {
                    known.push((name, header, scheme.name));
                }
            }
        }
        known
    });

fn headers(scheme: &Scheme) -> Vec<(&'static str, HeaderName)> {
    let names = scheme.ways.iter().filter_map(|way| match way.place {
        Place::Header { name, .. } | Place::ListPart { name, .. } => Some(name),
        Place::Query { .. } => None,
    });
    // Names of schemes are valid; one that were not could be in no request either.
    let known = |name: &'static str| Some((name, HeaderName::from_bytes(name.as_bytes()).ok()?));
    names.filter_map(known).collect()
}

/// What a request carries that another scheme would look at: its sender is set up for that one.
fn proofs_of_others(scheme: &Scheme, by_query: bool, parts: &Parts) -> Vec<String> {
    let own = headers(scheme);
    let is_own = |header: &HeaderName| own.iter().any(|(_, name)| name == header);
    let headers = SIGNATURE_HEADERS
        .iter()
        .filter(|(_, header, _)| parts.headers.contains_key(header) && !is_own(header))
        .map(|(name, _, scheme)| format!("{name} (as {scheme} signs)"));
    let query = parts.uri.query().filter(|_| !by_query).unwrap_or_default();
    let parameter = pairs(query.as_bytes()).any(|(name, _)| name == SECRET_PARAMETER);
    let parameter = parameter.then(|| format!("the query parameter {SECRET_PARAMETER}"));
    headers.chain(parameter).take(OTHERS_TOLD_MAX).collect()
}

/// The parameter of `SECRET_AS_QUERY_PARAM`.
const SECRET_PARAMETER: &str = "secret";

/// A caller learns that a header is missing, as on the hosted service, and nothing else: not
/// whether the secret was wrong or absent, nor what was wrong with a signature.
fn refuse(
    kind: Kind,
    scheme: &Scheme,
    refusal: &hookstead_signature::Refusal,
    parts: &Parts,
) -> Refusal {
    let mut detail = format!("{refusal} ({}, {})", refusal.code(), scheme.name);
    let by_query = scheme.ways.iter().any(|way| matches!(way.place, Place::Query { .. }));
    if matches!(refusal, hookstead_signature::Refusal::Missing { .. }) {
        let others = proofs_of_others(scheme, by_query, parts);
        if !others.is_empty() {
            detail.push_str("; the request carries ");
            detail.push_str(&others.join(", "));
            detail.push_str(", which this protection does not look at");
        }
    }
    match refusal {
        hookstead_signature::Refusal::Missing { name } if !by_query => {
            let message = format!("expected to find {name} in header");
            Refusal::bad_request("InvalidParameter", message)
        }
        _ => {
            let code = match kind {
                Kind::Endpoint => "AuthError",
                Kind::Webhook => "IncomingWebhookAuthFailed",
            };
            Refusal::unauthorized(code, "the request could not be verified")
        }
    }
    .with_detail(detail)
}
