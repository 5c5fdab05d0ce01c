//! One provider that is switched on.
//!
//! Whatever is declared of it and cannot be understood leaves it out: it may say who may log in.

use serde_json::{Map, Value as Json};

use super::{Declared, called, custom_token, email_password, oauth};
use crate::{
    ProblemCode, ProviderSetup, fields::Fields, functions::Functions, nearest::nearest,
    reader::Reader,
};

/// The types of providers.
const TYPES: [&str; 8] = [
    "anon-user",
    "api-key",
    "custom-function",
    "custom-token",
    "local-userpass",
    "oauth2-apple",
    "oauth2-facebook",
    "oauth2-google",
];

/// Reads the setup of a provider; `None` where it is left out.
pub(super) fn read(
    reader: &mut Reader,
    functions: &Functions,
    declared: &Declared<'_>,
    object: &Map<String, Json>,
    provider_type: &str,
) -> Option<ProviderSetup> {
    let mut fields = Fields::new(declared.file, declared.path, object);
    fields.guard_flag("disabled");
    let name = fields.text("name").unwrap_or(declared.name);
    fields.text("type");
    let differs = |other: &&str| *other != provider_type && TYPES.contains(other);
    let other = [name, declared.name].into_iter().find(differs);
    if let Some(other) = other.filter(|_| TYPES.contains(&provider_type)) {
        let message = format!("it is called `{other}`, and its type is `{provider_type}`");
        fields.doubt(ProblemCode::ProviderType, "type", message, "write the same in both");
    }
    let mut config = fields.child_or_empty("config");
    let mut secrets = fields.child_or_empty("secret_config");
    let setup = match provider_type {
        "anon-user" => Some(ProviderSetup::Anonymous),
        "api-key" => Some(ProviderSetup::ApiKey),
        "local-userpass" => Some(ProviderSetup::EmailPassword(email_password::read(&mut config))),
        "custom-token" => custom_token::read(&mut fields, &mut config, &mut secrets)
            .map(ProviderSetup::CustomToken),
        "custom-function" => custom_function(reader, functions, &mut config),
        "oauth2-google" => oauth::read(&mut fields, &mut config, &mut secrets, oauth::Kind::Google)
            .map(ProviderSetup::Google),
        "oauth2-facebook" => {
            oauth::read(&mut fields, &mut config, &mut secrets, oauth::Kind::Facebook)
                .map(ProviderSetup::Facebook)
        }
        "oauth2-apple" => oauth::read(&mut fields, &mut config, &mut secrets, oauth::Kind::Apple)
            .map(ProviderSetup::Apple),
        _ => {
            unknown_type(&mut fields, provider_type);
            None
        }
    };
    fields.absorb(config);
    fields.absorb(secrets);
    check_unused(&mut fields, setup.as_ref());
    let subject = format!("provider `{provider_type}`");
    let doubts = fields.settle(&subject, &mut reader.report);
    let setup = setup.filter(|_| doubts.is_none())?;
    if let ProviderSetup::EmailPassword(setup) = &setup {
        email_password::check_functions(reader, functions, declared, setup);
    }
    Some(setup)
}

fn custom_function(
    reader: &mut Reader,
    functions: &Functions,
    config: &mut Fields<'_>,
) -> Option<ProviderSetup> {
    config.raw("authFunctionId");
    let name = config.text("authFunctionName").unwrap_or_default();
    if let Some((what, remedy)) = called::lack(reader, functions, name) {
        config.doubt(ProblemCode::AuthFunctionMissing, "authFunctionName", what, remedy);
        return None;
    }
    Some(ProviderSetup::CustomFunction(name.to_owned()))
}

fn unknown_type(fields: &mut Fields<'_>, provider_type: &str) {
    let remedy = match nearest(provider_type, TYPES) {
        Some(known) => format!("write `{known}`"),
        None => format!("switch it off, or write one of {}", TYPES.join(", ")),
    };
    let message = "its type is not known".to_owned();
    fields.doubt(ProblemCode::ProviderType, "type", message, remedy);
}

/// Fields that any provider may have, and only some use. A restriction that is not kept would let
/// in whom it is to keep out.
fn check_unused(fields: &mut Fields<'_>, setup: Option<&ProviderSetup>) {
    for key in ["metadata_fields", "redirect_uris"] {
        fields.raw(key);
    }
    let is_plain = !matches!(
        setup,
        None | Some(
            ProviderSetup::Google(_) | ProviderSetup::Facebook(_) | ProviderSetup::Apple(_)
        )
    );
    let restrictions = fields.raw("domain_restrictions");
    if is_plain && restrictions.is_some_and(|texts| texts.as_array() != Some(&Vec::new())) {
        let message = "`domain_restrictions` is not kept by a provider of this type".to_owned();
        let remedy = "remove the field, or switch the provider off";
        fields.doubt(ProblemCode::ProviderSetting, "domain_restrictions", message, remedy);
    }
}
