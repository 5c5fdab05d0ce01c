//! Who may call: the protection of an endpoint, ready to check requests with.
//!
//! Keys are resolved once, when the app is loaded. A protection that cannot be resolved becomes
//! [`Guard::Closed`], never [`Guard::Open`].

use hookstead_app::{Protection, SecretSource};
use hookstead_signature::{Key, Refusal, Scheme, presets};
use http::HeaderName;

use crate::{config::SiteConfig, secrets::Secrets};

/// Who may call.
pub enum Guard {
    /// Anyone.
    Open,
    /// Whoever proves to hold each of these secrets; at least one.
    Signed(Vec<Signed>),
    /// Nobody.
    Closed(Closed),
}

/// Why nobody may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The reason, for the operator.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

/// A secret, and how callers prove that they hold it.
pub struct Signed {
    /// How it is proven.
    pub scheme: &'static Scheme,
    /// The secrets, any of which may have been used.
    pub secrets: Vec<Key>,
    /// Seconds that the time of signing may be off; `None`: as the scheme has it.
    pub tolerance_s: Option<u64>,
    /// The headers that hold the proof.
    pub proofs: Vec<Header>,
    /// Further headers that the scheme reads, such as the time of signing.
    pub others: Vec<Header>,
}

/// A header as its scheme spells it, and as requests are searched for it.
pub type Header = (&'static str, HeaderName);

impl Guard {
    /// A guard that asks for all of these protections.
    pub(crate) fn new(
        protections: &[&Protection],
        secrets: &Secrets<'_>,
        config: &SiteConfig,
    ) -> Self {
        let mut all = Vec::new();
        for protection in protections {
            match signed(protection, secrets, config) {
                Ok(one) => all.extend(one),
                Err(closed) => return Self::Closed(closed),
            }
        }
        if all.is_empty() { Self::Open } else { Self::Signed(all) }
    }

    /// Why nobody may call, when nobody may.
    pub fn closed(&self) -> Option<&Closed> {
        match self {
            Self::Closed(closed) => Some(closed),
            Self::Open | Self::Signed(_) => None,
        }
    }

    /// Whether the secret comes in the query.
    pub fn reads_query(&self) -> bool {
        match self {
            Self::Signed(all) => all.iter().any(|signed| signed.scheme.has_secret_in_query()),
            Self::Open | Self::Closed(_) => false,
        }
    }
}

impl Signed {
    /// A protection by this scheme, and any of these secrets.
    ///
    /// # Errors
    /// The scheme has no such secrets.
    pub fn new<'a>(
        scheme: &'static Scheme,
        secrets: impl IntoIterator<Item = &'a str>,
        tolerance_s: Option<u64>,
    ) -> Result<Self, Refusal> {
        let secrets: Result<Vec<_>, _> =
            secrets.into_iter().map(|secret| scheme.key(secret)).collect();
        let others = scheme.other_headers().filter_map(header).collect();
        let proofs = proof_headers(scheme).collect();
        Ok(Self { scheme, secrets: secrets?, tolerance_s, proofs, others })
    }
}

/// The headers in which a scheme puts its proofs.
pub fn proof_headers(scheme: &Scheme) -> impl Iterator<Item = Header> {
    scheme.proof_headers().filter_map(header)
}

/// What a protection asks for; `None` where it asks for nothing.
fn signed(
    protection: &Protection,
    secrets: &Secrets<'_>,
    config: &SiteConfig,
) -> Result<Option<Signed>, Closed> {
    let (name, sources, tolerance_s) = match protection {
        Protection::None => return Ok(None),
        Protection::Refused(reason) => {
            return Err(Closed::new(reason, "correct its declaration"));
        }
        Protection::Signed { scheme, secrets, tolerance_s } => (*scheme, secrets, *tolerance_s),
    };
    let Some(scheme) = presets::by_name(name) else {
        let reason = format!("the scheme `{name}` is not known");
        return Err(Closed::new(&reason, "correct its validation method"));
    };
    if scheme.covers_url() && config.public_base_url.is_none() {
        let reason = format!("`{name}` covers the URL, and `public_base_url` is not set");
        let remedy = "set `public_base_url` below `[server]` to the URL under which the provider \
            reaches this server, such as \"https://hooks.example.com\"";
        return Err(Closed::new(&reason, remedy));
    }
    let mut values = Vec::new();
    let mut missing = None;
    for source in sources {
        match source {
            SecretSource::Literal(secret) => values.push(secret.clone()),
            SecretSource::Named(name) => match secrets(name) {
                Some(secret) => values.push(secret),
                // Nobody can use it, and the others are no less protection without it.
                None => missing = Some(name),
            },
        }
    }
    let set = |name: &str| format!("set it with `hookstead secrets set {name}`");
    let (what, remedy) = match sources.as_slice() {
        [SecretSource::Named(name)] => (format!("the secret `{name}`"), set(name)),
        [_] => ("its secret".to_owned(), "correct the secret in its declaration".to_owned()),
        _ => ("one of its secrets".to_owned(), "set each of them anew".to_owned()),
    };
    if values.is_empty() {
        let what = missing.map_or(what, |name| format!("the secret `{name}`"));
        let remedy = missing.map_or(remedy, |name| set(name));
        return Err(Closed::new(&format!("{what} is not set"), &remedy));
    }
    let values = values.iter().map(|secret| secret.expose());
    Signed::new(scheme, values, tolerance_s).map(Some).map_err(|refusal| match refusal {
        Refusal::EmptySecret => Closed::new(&format!("{what} is empty"), &remedy),
        _ => Closed::new(&format!("{what} is not as `{name}` has them"), &remedy),
    })
}

impl Closed {
    fn new(reason: &str, remedy: &str) -> Self {
        Self { reason: reason.to_owned(), remedy: remedy.to_owned() }
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
        Guard::new(&[&Protection::signed(scheme, secret)], &|_| None, config)
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
            let guard = guard(scheme, secret, &config);
            assert_eq!(guard.closed().map(|closed| &*closed.reason), Some(reason), "{scheme}");
        }
        assert!(matches!(guard("square", "s", &with_url), Guard::Signed(_)));
    }

    #[test]
    fn any_of_the_secrets_that_are_set_counts_and_none_is_closed() {
        let named = |name: &str| SecretSource::Named(name.to_owned());
        let set = |name: &str| (name != "old").then(|| Secret::new(name.to_owned()));
        for (names, expected) in
            [(vec!["new", "old"], Some(1)), (vec!["a", "b"], Some(2)), (vec!["old"], None)]
        {
            let secrets = names.iter().map(|name| named(name)).collect();
            let protection = Protection::Signed { scheme: "stripe", secrets, tolerance_s: Some(5) };
            let keys = match Guard::new(&[&protection], &set, &SiteConfig::default()) {
                Guard::Signed(all) => Some(all[0].secrets.len()),
                _ => None,
            };
            assert_eq!(keys, expected, "{names:?}");
        }
    }
}
