//! The keys that custom tokens are checked with: they are secrets, which may not be set, or not
//! fit.

use hookstead_app::{
    App, AuthProvider, CustomTokenSetup, Place, Problem, ProblemCode, ProviderSetup, Secret,
    Severity,
};
use hookstead_identity::{TokenKeyError, TokenKeys};

use crate::secrets::Secrets;

/// The keys that can be used; `None` where there are none, so that no token is accepted.
pub(crate) fn token_keys(setup: &CustomTokenSetup, secrets: &Secrets<'_>) -> Option<TokenKeys> {
    let names = match &setup.keys {
        hookstead_app::TokenKeys::Jwks(url) => return Some(TokenKeys::jwks(url.clone())),
        hookstead_app::TokenKeys::Hs256(names) | hookstead_app::TokenKeys::Rs256(names) => names,
    };
    let keys: Vec<Secret> =
        names.iter().filter_map(|name| key(setup, name, secrets).ok()).collect();
    make(setup, keys.iter().map(Secret::expose)).ok()
}

/// The secrets of providers that are not set, or hold no key. Tokens of the other keys are
/// accepted.
pub(crate) fn problems(app: &App, secrets: &Secrets<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (provider_name, provider) in &app.auth_providers {
        let ProviderSetup::CustomToken(setup) = &provider.setup else {
            problems.extend(client_secret_problem(provider_name, provider, secrets));
            continue;
        };
        for (field, name) in provider.setup.secrets() {
            if let Err((why, remedy)) = key(setup, name, secrets) {
                let message = format!(
                    "provider `{provider_name}`: the secret `{name}` {why}; no token that was \
                     signed with it is accepted"
                );
                problems.push(problem(&provider.declared_in, &field, message, remedy));
            }
        }
    }
    problems
}

/// The secret of a provider that speaks OAuth 2.0 is not set.
fn client_secret_problem(
    provider_name: &str,
    provider: &AuthProvider,
    secrets: &Secrets<'_>,
) -> Option<Problem> {
    let needed = provider.setup.secrets();
    let (field, name) = needed.first()?;
    if secrets(name).is_some_and(|secret| !secret.expose().is_empty()) {
        return None;
    }
    let message = format!(
        "provider `{provider_name}`: the secret `{name}` is not set; nobody can log in by a \
         browser, a code or an access token"
    );
    let remedy = format!("set it with `hookstead secrets set {name}`");
    Some(problem(&provider.declared_in, field, message, remedy))
}

/// The key that a secret holds, or why there is none, with a remedy.
fn key(
    setup: &CustomTokenSetup,
    name: &str,
    secrets: &Secrets<'_>,
) -> Result<Secret, (String, String)> {
    let secret = secrets(name).filter(|secret| !secret.expose().is_empty());
    let set = || format!("set it with `hookstead secrets set {name}`");
    let secret = secret.ok_or_else(|| ("is not set".to_owned(), set()))?;
    match make(setup, [secret.expose()]) {
        Ok(_) => Ok(secret),
        Err(error) => Err((unfit(&error), set())),
    }
}

fn make<'a>(
    setup: &CustomTokenSetup,
    keys: impl IntoIterator<Item = &'a str>,
) -> Result<TokenKeys, TokenKeyError> {
    match &setup.keys {
        hookstead_app::TokenKeys::Hs256(_) => TokenKeys::hs256(keys),
        hookstead_app::TokenKeys::Rs256(_) => TokenKeys::rs256(keys),
        hookstead_app::TokenKeys::Jwks(url) => Ok(TokenKeys::jwks(url.clone())),
    }
}

fn unfit(error: &TokenKeyError) -> String {
    match error {
        TokenKeyError::Length { bytes, .. } => {
            format!("has {bytes} bytes, and a key of HS256 has 32 to 512")
        }
        TokenKeyError::PublicSecret { .. } => {
            "holds a key as PEM, and HS256 wants a secret that both sides know".to_owned()
        }
        TokenKeyError::PublicKey { .. } => {
            "holds no public key of RSA as PEM, of 2048 to 8192 bits".to_owned()
        }
        TokenKeyError::Count(_) => error.to_string(),
    }
}

fn problem(place: &Place, field: &str, message: String, remedy: String) -> Problem {
    let separator = if place.field.is_empty() { "" } else { "." };
    Problem {
        severity: Severity::Warning,
        code: ProblemCode::ProviderSecret,
        file: place.file.clone(),
        line: None,
        column: None,
        excerpt: None,
        field: Some(format!("{}{separator}secret_config.{field}", place.field)),
        message,
        remedy,
    }
}
