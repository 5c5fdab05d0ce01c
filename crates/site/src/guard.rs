//! Who may call: the protection of an endpoint, ready to check requests with.
//!
//! Keys are resolved once, when the app is loaded. A protection that cannot be resolved becomes
//! [`Guard::Closed`], never [`Guard::Open`].

use hookstead_app::{Protection, SecretSource};
use hookstead_signature::{
    Key, Place, Proof, Refusal, Scheme, TimestampSource, Token, Way, presets,
};
use http::HeaderName;

use crate::{config::SiteConfig, secrets::Secrets};

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
    pub secret: [Key; 1],
    /// The headers that hold the proof.
    pub proofs: Vec<Header>,
    /// Further headers that the scheme reads, such as the time of signing.
    pub others: Vec<Header>,
}

/// A header as its scheme spells it, and as requests are searched for it.
pub type Header = (&'static str, HeaderName);

impl Guard {
    pub(crate) fn new(protection: &Protection, secrets: &Secrets<'_>, config: &SiteConfig) -> Self {
        let (scheme, source) = match protection {
            Protection::None => return Self::Open,
            Protection::Refused(reason) => return Self::Closed(reason.clone()),
            Protection::Signed { scheme, secret } => (*scheme, secret),
        };
        let Some(scheme) = presets::by_name(scheme) else {
            return Self::Closed(format!("the scheme `{scheme}` is not known"));
        };
        if covers_url(scheme) && config.public_base_url.is_none() {
            let name = scheme.name;
            let reason = format!("`{name}` covers the URL, and `public_base_url` is not set");
            return Self::Closed(reason);
        }
        let (name, secret) = match source {
            SecretSource::Named(name) => (format!("the secret `{name}`"), secrets(name)),
            SecretSource::Literal(secret) => ("its secret".to_owned(), Some(secret.clone())),
        };
        let Some(secret) = secret else { return Self::Closed(format!("{name} is not set")) };
        match Signed::new(scheme, secret.expose()) {
            Ok(signed) => Self::Signed(signed),
            Err(Refusal::EmptySecret) => Self::Closed(format!("{name} is empty")),
            Err(_) => Self::Closed(format!("{name} is not as `{}` has them", scheme.name)),
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
    /// A protection by this scheme.
    ///
    /// # Errors
    /// The scheme has no such secrets.
    pub fn new(scheme: &'static Scheme, secret: &str) -> Result<Self, Refusal> {
        let key = scheme.key(secret)?;
        let others = scheme.ways.iter().flat_map(other_headers);
        let others = others.filter_map(header).collect();
        Ok(Self { scheme, secret: [key], proofs: proof_headers(scheme).collect(), others })
    }

    /// Whether the secret comes in the query.
    pub fn reads_query(&self) -> bool {
        self.scheme.ways.iter().any(|way| matches!(way.place, Place::Query { .. }))
    }

    /// Whether the proof covers the URL of the request.
    pub fn covers_url(&self) -> bool {
        covers_url(self.scheme)
    }
}

/// The headers in which a scheme puts its proofs.
pub fn proof_headers(scheme: &Scheme) -> impl Iterator<Item = Header> {
    let names = scheme.ways.iter().filter_map(|way| match way.place {
        Place::Header { name, .. } | Place::ListPart { name, .. } => Some(name),
        Place::Query { .. } => None,
    });
    names.filter_map(header)
}

fn covers_url(scheme: &Scheme) -> bool {
    scheme.ways.iter().any(|way| tokens(way).iter().any(|token| matches!(token, Token::Url)))
}

/// The headers that a way reads beside that of the proof.
fn other_headers(way: &Way) -> impl Iterator<Item = &'static str> {
    let time = way.timestamp.and_then(|timestamp| match timestamp.source {
        TimestampSource::Header(name) => Some(name),
        TimestampSource::ListPart(_) => None,
    });
    let covered = tokens(way).iter().filter_map(|token| match token {
        Token::Header(name) => Some(*name),
        _ => None,
    });
    time.into_iter().chain(covered)
}

fn tokens(way: &Way) -> &'static [Token] {
    match way.proof {
        Proof::Hmac { signed, .. } => signed,
        Proof::Secret => &[],
    }
}

fn header(name: &'static str) -> Option<Header> {
    // Names of schemes are valid; one that were not could be in no request either.
    Some((name, HeaderName::from_bytes(name.as_bytes()).ok()?))
}

#[cfg(test)]
mod tests {
    use hookstead_app::{Secret, schemes};

    use super::*;

    fn guard(scheme: &'static str, secret: &str, config: &SiteConfig) -> Guard {
        let secret = SecretSource::Literal(Secret::new(secret.to_owned()));
        Guard::new(&Protection::Signed { scheme, secret }, &|_| None, config)
    }

    #[test]
    fn the_schemes_of_exports_are_presets() {
        for scheme in [schemes::SECRET, schemes::ENDPOINT, schemes::WEBHOOK, schemes::GITHUB] {
            let guard = guard(scheme, "s", &SiteConfig::default());
            assert!(matches!(guard, Guard::Signed(_)), "{scheme}");
        }
    }

    #[test]
    fn what_cannot_be_checked_is_closed() {
        let url = Some("https://x".to_owned());
        let with_url = SiteConfig { public_base_url: url, ..SiteConfig::default() };
        for (scheme, secret, config, reason) in [
            ("github", "", SiteConfig::default(), "its secret is empty"),
            ("nobodys", "s", SiteConfig::default(), "the scheme `nobodys` is not known"),
            ("svix", "%", SiteConfig::default(), "its secret is not as `svix` has them"),
            (
                "square",
                "s",
                SiteConfig::default(),
                "`square` covers the URL, and `public_base_url` is not set",
            ),
        ] {
            assert_eq!(guard(scheme, secret, &config).closed(), Some(reason), "{scheme}");
        }
        assert!(matches!(guard("square", "s", &with_url), Guard::Signed(_)));
    }
}
