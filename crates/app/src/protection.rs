//! Who may call an endpoint or a webhook (reference: endpoints.md §1.5).
//!
//! Only three things leave something open: `NO_VALIDATION`, the empty string, and no word about
//! validation at all. Everything else either names a check that can be made, or refuses: a secret
//! without a word of how to use it, too, for somebody meant to protect that endpoint.
//!
//! GitHub's webhooks state no method: their secret is their protection, whatever else is stated.
//! Without one they are refused, unless the export says NO_VALIDATION in so many words. Twilio's
//! have neither method nor secret and are open, as they were on the hosted service.

use crate::{
    Protection, Secret, SecretSource, ServiceKind, fields::Fields, secrets::is_secret_name,
};

const SET_METHOD: &str = "write NO_VALIDATION, SECRET_AS_QUERY_PARAM or VERIFY_PAYLOAD";
const NAME_SECRET: &str = "name the secret, and give it a value with `hookstead secrets set`";
const FILL_SECRET: &str = "fill in `options.secret`, or state NO_VALIDATION";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Validation {
    Open,
    Query,
    Signature,
}

/// What a configuration says about validation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stated {
    /// Nothing, or the empty string.
    Nothing,
    Method(Validation),
    /// Something unclear, already noted as a doubt.
    Unclear,
}

/// The protection of an endpoint.
pub(crate) fn of_endpoint(fields: &mut Fields<'_>) -> Protection {
    let stated = stated(fields, "validation_method");
    let misspelt = self::stated(fields, "verification_method");
    let stated = match (stated, misspelt) {
        (Stated::Unclear, _) | (_, Stated::Unclear) => return unclear(),
        (Stated::Nothing, other) => other,
        // The documented spelling wins, but never by opening what the other one closes.
        (Stated::Method(Validation::Open), Stated::Method(other)) if other != Validation::Open => {
            return refuse(
                fields,
                "validation-conflict",
                "verification_method",
                "`validation_method` and `verification_method` contradict each other",
                "keep `validation_method` only",
            );
        }
        (stated, _) => stated,
    };
    let name = fields.filled_text("secret_name");
    let has_secret = name.is_some() | fields.filled_text("secret_id").is_some();
    let source = name.map(|name| SecretSource::Named(name.to_owned()));
    let protection = combine(fields, stated, source, has_secret, "secret_name", NAME_SECRET);
    match name {
        Some(name) if !matches!(protection, Protection::None) && !is_secret_name(name) => refuse(
            fields,
            "secret-name",
            "secret_name",
            "the name of the secret is not one that a secret can have",
            "use letters, digits, `_` and `-`, at most 64 of them",
        ),
        _ => protection,
    }
}

/// The protection of a webhook, from its `options`.
pub(crate) fn of_webhook(kind: &ServiceKind, options: Option<&mut Fields<'_>>) -> Protection {
    let Some(fields) = options else {
        return match kind {
            ServiceKind::Github => Protection::Refused(GITHUB_WITHOUT_SECRET.to_owned()),
            _ => Protection::None,
        };
    };
    let stated = stated_by_webhook(fields);
    let secret = fields.filled_text("secret");
    let source = secret.map(|text| SecretSource::Literal(Secret::new(text.to_owned())));
    match (kind, stated, source) {
        (_, Stated::Unclear, _) => unclear(),
        (ServiceKind::Github, Stated::Method(Validation::Query), source) => {
            combine(fields, stated, source, secret.is_some(), "secret", FILL_SECRET)
        }
        (ServiceKind::Github, _, Some(source)) => Protection::GithubSignature(source),
        (ServiceKind::Github, Stated::Method(Validation::Open), None) => Protection::None,
        // GitHub's webhooks carry no validation method: the secret is their protection, and an
        // export without one has lost it.
        (ServiceKind::Github, _, None) => {
            refuse(fields, "secret-missing", "secret", GITHUB_WITHOUT_SECRET, FILL_SECRET)
        }
        (_, stated, source) => {
            combine(fields, stated, source, secret.is_some(), "secret", FILL_SECRET)
        }
    }
}

/// Why a GitHub webhook without a secret is refused.
pub(crate) const GITHUB_WITHOUT_SECRET: &str = "a GitHub webhook needs a secret";

/// Whether calls need something to be let in.
pub(crate) fn is_guarded(protection: &Protection) -> bool {
    !matches!(protection, Protection::None)
}

fn combine(
    fields: &mut Fields<'_>,
    stated: Stated,
    source: Option<SecretSource>,
    has_secret: bool,
    key: &'static str,
    remedy: &'static str,
) -> Protection {
    match (stated, source) {
        (Stated::Unclear, _) => unclear(),
        (Stated::Method(Validation::Open), _) => Protection::None,
        (Stated::Nothing, _) if !has_secret => Protection::None,
        // Somebody meant to protect this and the method is lost.
        (Stated::Nothing, _) => refuse(
            fields,
            "validation-missing",
            key,
            "there is a secret, and no word of how it is to be used",
            SET_METHOD,
        ),
        (Stated::Method(Validation::Query), Some(source)) => Protection::SecretAsQueryParam(source),
        (Stated::Method(Validation::Signature), Some(source)) => Protection::VerifyPayload(source),
        (Stated::Method(_), None) => {
            refuse(fields, "secret-missing", key, "it asks for a secret and has none", remedy)
        }
    }
}

fn stated(fields: &mut Fields<'_>, key: &'static str) -> Stated {
    let Some(raw) = fields.raw(key) else { return Stated::Nothing };
    let unknown = match raw.as_str() {
        Some("") => return Stated::Nothing,
        Some("NO_VALIDATION") => return Stated::Method(Validation::Open),
        Some("SECRET_AS_QUERY_PARAM") => return Stated::Method(Validation::Query),
        Some("VERIFY_PAYLOAD") => return Stated::Method(Validation::Signature),
        Some(other) => format!("`{key}` is `{other}`, which is not known"),
        None => format!("`{key}` is not a string"),
    };
    fields.doubt("validation-unknown", key, unknown, SET_METHOD);
    Stated::Unclear
}

/// The method of a webhook; before `validationMethod` there was the flag `secretAsQueryParam`.
fn stated_by_webhook(fields: &mut Fields<'_>) -> Stated {
    let stated = stated(fields, "validationMethod");
    let old = fields.guard_flag("secretAsQueryParam");
    match (old, stated) {
        (true, Stated::Nothing | Stated::Method(Validation::Query)) => {
            Stated::Method(Validation::Query)
        }
        (true, Stated::Method(_)) => {
            fields.doubt(
                "validation-conflict",
                "secretAsQueryParam",
                "`secretAsQueryParam` and `validationMethod` contradict each other".to_owned(),
                "keep `validationMethod` only",
            );
            Stated::Unclear
        }
        (_, stated) => stated,
    }
}

fn refuse(
    fields: &mut Fields<'_>,
    code: &'static str,
    key: &str,
    message: &str,
    remedy: &'static str,
) -> Protection {
    Protection::Refused(fields.doubt(code, key, message.to_owned(), remedy))
}

fn unclear() -> Protection {
    Protection::Refused("the validation method is unclear".to_owned())
}
