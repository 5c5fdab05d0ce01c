//! The secrets of authentication providers: without its keys, a provider accepts no token.

use hookstead_app::{App, AuthProvider, Place, Problem, ProblemCode, ProviderSetup, Severity};

use crate::secrets::Secrets;

/// The secrets of providers that are not set. Where other keys are, their tokens are accepted.
pub(crate) fn problems(app: &App, secrets: &Secrets<'_>) -> Vec<Problem> {
    let served = app.auth_providers.iter().filter(|(_, provider)| is_served(provider));
    let missing = served.flat_map(|(name, provider)| {
        let missing = provider
            .setup
            .secrets()
            .into_iter()
            .filter(|(_, name)| secrets(name).is_none_or(|secret| secret.expose().is_empty()));
        missing.map(move |(key, secret)| problem(name, &provider.declared_in, &key, secret))
    });
    missing.collect()
}

/// Whether this version lets users log in with it.
fn is_served(provider: &AuthProvider) -> bool {
    matches!(provider.setup, ProviderSetup::CustomToken(_))
}

fn problem(provider: &str, place: &Place, key: &str, secret: &str) -> Problem {
    let separator = if place.field.is_empty() { "" } else { "." };
    Problem {
        severity: Severity::Warning,
        code: ProblemCode::ProviderSecretMissing,
        file: place.file.clone(),
        line: None,
        column: None,
        excerpt: None,
        field: Some(format!("{}{separator}secret_config.{key}", place.field)),
        message: format!(
            "provider `{provider}`: the secret `{secret}` is not set, and no token that it signed \
             is accepted"
        ),
        remedy: format!("set it with `hookstead secrets set {secret}`"),
    }
}
