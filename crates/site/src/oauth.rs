//! Google, Facebook and Apple: what the export says of them, and what the operator does.

use hookstead_app::{App, OAuthSetup, Problem, ProblemCode, ProviderSetup, Severity};
use hookstead_identity::{ClientSecret, MetadataField, OAuthProvider, OAuthServer};

use crate::secrets::Secrets;

/// A provider, with its secret where that is set.
pub(crate) fn oauth_provider(
    setup: &OAuthSetup,
    server: OAuthServer,
    secrets: &Secrets<'_>,
) -> OAuthProvider {
    let secret = setup.client_secret.as_deref().and_then(secrets);
    let secret = secret.filter(|secret| !secret.expose().is_empty());
    OAuthProvider {
        client_id: setup.client_id.clone(),
        client_secret: secret.map(|secret| ClientSecret::new(secret.expose())),
        open_id: setup.open_id,
        metadata_fields: metadata_fields(&setup.metadata_fields),
        redirect_uris: setup.redirect_uris.clone(),
        domain_restrictions: setup.domain_restrictions.clone(),
        server,
    }
}

/// What of a provider becomes data of a user.
pub(crate) fn metadata_fields(fields: &[hookstead_app::MetadataField]) -> Vec<MetadataField> {
    let field = |field: &hookstead_app::MetadataField| MetadataField {
        name: dotted(&field.path),
        field_name: Some(field.field_name.clone()),
        required: field.required,
    };
    fields.iter().map(field).collect()
}

/// Keys as one path: dots that belong to a key are escaped.
fn dotted(path: &[String]) -> String {
    let escaped: Vec<_> = path.iter().map(|key| key.replace('.', "\\.")).collect();
    escaped.join(".")
}

/// What keeps browsers from logging in.
pub(crate) fn problems(app: &App, base_url: Option<&str>) -> Vec<Problem> {
    if base_url.is_some() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (name, provider) in &app.auth_providers {
        let (ProviderSetup::Google(setup)
        | ProviderSetup::Facebook(setup)
        | ProviderSetup::Apple(setup)) = &provider.setup
        else {
            continue;
        };
        if setup.redirect_uris.is_empty() {
            continue;
        }
        let place = &provider.declared_in;
        let separator = if place.field.is_empty() { "" } else { "." };
        problems.push(Problem {
            severity: Severity::Warning,
            code: ProblemCode::ProviderSetting,
            file: place.file.clone(),
            line: None,
            column: None,
            excerpt: None,
            field: Some(format!("{}{separator}redirect_uris", place.field)),
            message: format!(
                "provider `{name}`: browsers cannot log in, because nothing says where the \
                 provider is to send them"
            ),
            remedy: "set `[server] public_base_url` to the URL that browsers reach the server at"
                .to_owned(),
        });
    }
    problems
}
