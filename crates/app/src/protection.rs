//! Who may call an endpoint or a webhook (docs/behaviour/protection.md#methods-of-validation).
//!
//! Only three things leave something open: `NO_VALIDATION`, the empty string, and no word about
//! validation at all. Everything else either names a check that can be made, or refuses: a secret
//! without a word of how to use it, too, for somebody meant to protect that endpoint.
//!
//! GitHub's webhooks state no method: their secret is their protection, whatever else is stated.
//! Without one they are refused, unless the export says NO_VALIDATION in so many words. Twilio's
//! have neither method nor secret and are open, as they were on the hosted service.

use std::cmp::Ordering;

use crate::{
    ProblemCode, Protection, Secret, SecretSource, ServiceKind, fields::Fields, nearest::nearest,
    schemes, secrets::is_secret_name, strictness::compare_protections,
};

const OPEN: &str = "NO_VALIDATION";
const QUERY: &str = "SECRET_AS_QUERY_PARAM";
const SIGNATURE: &str = "VERIFY_PAYLOAD";

const SET_METHOD: &str = "write VERIFY_PAYLOAD if callers sign the body, or SECRET_AS_QUERY_PARAM \
    if they send the secret in the URL";
const NAME_SECRET: &str = "add `secret_name`, and set the secret with `hookstead secrets set NAME`";
const FILL_SECRET: &str = "fill in `options.secret`";

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
    // Read in every case, for a field that nobody asked for counts as unknown.
    let name = fields.filled_text("secret_name");
    let has_secret = name.is_some() | fields.filled_text("secret_id").is_some();
    let source = name.map(|name| SecretSource::Named(name.to_owned()));
    let stated = match (stated, misspelt) {
        (Stated::Unclear, _) | (_, Stated::Unclear) => return unclear(),
        (Stated::Nothing, other) => other,
        (stated, Stated::Nothing) => stated,
        (Stated::Method(one), Stated::Method(other)) => {
            Stated::Method(stricter(fields, one, other))
        }
    };
    let protection =
        combine(fields, schemes::ENDPOINT, stated, source, has_secret, "secret_name", NAME_SECRET);
    match name {
        Some(name) if !matches!(protection, Protection::None) && !is_secret_name(name) => refuse(
            fields,
            ProblemCode::SecretName,
            "secret_name",
            "the name of the secret is not one that a secret can have",
            "use letters, digits, `_` and `-`, at most 64 of them",
        ),
        _ => protection,
    }
}

/// The stricter of what `validation_method` and `verification_method` state. Both use the secret
/// of the endpoint, so that the methods can be ordered.
fn stricter(fields: &mut Fields<'_>, one: Validation, other: Validation) -> Validation {
    let protection = |validation| {
        let secret = SecretSource::Named(String::new());
        match validation {
            Validation::Open => Protection::None,
            Validation::Query => Protection::Signed { scheme: schemes::SECRET, secret },
            Validation::Signature => Protection::Signed { scheme: schemes::ENDPOINT, secret },
        }
    };
    match compare_protections(&protection(one), &protection(other)) {
        Some(Ordering::Less) => {
            let message = "`verification_method` asks more of callers than `validation_method`, \
                and counts";
            fields.oddity_with(
                ProblemCode::ValidationConflict,
                "verification_method",
                message.to_owned(),
                "put its value into `validation_method`",
            );
            other
        }
        _ => one,
    }
}

/// The protection of a webhook, from its `options`.
pub(crate) fn of_webhook(kind: &ServiceKind, options: Option<&mut Fields<'_>>) -> Protection {
    let Some(fields) = options else {
        let lack = lack_of_silence(kind);
        return lack.map_or(Protection::None, |lack| Protection::Refused(lack.message.to_owned()));
    };
    let stated = stated_by_webhook(fields);
    let secret = fields.filled_text("secret");
    let source = secret.map(|text| SecretSource::Literal(Secret::new(text.to_owned())));
    let by_method = |fields: &mut Fields<'_>, stated, source| {
        let is_filled = secret.is_some();
        combine(fields, schemes::WEBHOOK, stated, source, is_filled, "secret", FILL_SECRET)
    };
    match (kind, stated, source) {
        (_, Stated::Unclear, _) => unclear(),
        (ServiceKind::Github, Stated::Method(Validation::Query), source) => {
            by_method(fields, stated, source)
        }
        (ServiceKind::Github, _, Some(secret)) => {
            Protection::Signed { scheme: schemes::GITHUB, secret }
        }
        (ServiceKind::Github, Stated::Method(Validation::Open), None) => Protection::None,
        // GitHub's webhooks carry no validation method: the secret is their protection, and an
        // export without one has lost it.
        (ServiceKind::Github, _, None) => {
            refuse(fields, ProblemCode::SecretMissing, "secret", GITHUB_WITHOUT_SECRET, FILL_SECRET)
        }
        // The type of the service may be a misspelt `github`, where the secret protects.
        (ServiceKind::Other(_), Stated::Method(Validation::Open), Some(_)) => refuse(
            fields,
            ProblemCode::ValidationConflict,
            "validationMethod",
            "it has a secret and asks for none, and the type of its service is not known",
            "correct the `type` of the service",
        ),
        // One that says nothing about validation is protected by its secret, or open, as its type
        // has it.
        (ServiceKind::Other(_), Stated::Nothing, None) => refuse(
            fields,
            ProblemCode::ServiceType,
            "validationMethod",
            UNKNOWN_SERVICE,
            NAME_SERVICE,
        ),
        (_, stated, source) => by_method(fields, stated, source),
    }
}

/// What a webhook lacks, and what to do about it.
pub(crate) struct Lack {
    pub(crate) code: ProblemCode,
    pub(crate) message: &'static str,
    pub(crate) remedy: &'static str,
}

/// What a webhook without `options` lacks, by the type of its service; `None` where it is open.
pub(crate) fn lack_of_silence(kind: &ServiceKind) -> Option<Lack> {
    let (code, message, remedy) = match kind {
        ServiceKind::Github => (ProblemCode::SecretMissing, GITHUB_WITHOUT_SECRET, FILL_SECRET),
        ServiceKind::Other(_) => (ProblemCode::ServiceType, UNKNOWN_SERVICE, NAME_SERVICE),
        _ => return None,
    };
    Some(Lack { code, message, remedy })
}

/// Why a webhook is refused that says nothing about validation, of a service of an unknown type.
const UNKNOWN_SERVICE: &str =
    "the type of its service is not known, so its protection is not known either";

/// What to do about the type of a service.
const NAME_SERVICE: &str = "write the `type` of the service as App Services does, such \
    as `http`, `github` or `twilio`, in small letters";

/// Why a GitHub webhook without a secret is refused.
const GITHUB_WITHOUT_SECRET: &str = "a GitHub webhook needs a secret";

fn combine(
    fields: &mut Fields<'_>,
    signature: &'static str,
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
            ProblemCode::ValidationMissing,
            key,
            match signature {
                schemes::WEBHOOK => "there is a secret, but `validationMethod` is missing",
                _ => "a secret is named, but `validation_method` is missing",
            },
            SET_METHOD,
        ),
        (Stated::Method(Validation::Query), Some(secret)) => {
            Protection::Signed { scheme: schemes::SECRET, secret }
        }
        (Stated::Method(Validation::Signature), Some(secret)) => {
            Protection::Signed { scheme: signature, secret }
        }
        (Stated::Method(_), None) => refuse(
            fields,
            ProblemCode::SecretMissing,
            key,
            match signature {
                schemes::WEBHOOK => "the validation method needs a secret, and there is none",
                _ => "VERIFY_PAYLOAD or SECRET_AS_QUERY_PARAM is set, but no secret is named",
            },
            remedy,
        ),
    }
}

fn stated(fields: &mut Fields<'_>, key: &'static str) -> Stated {
    let Some(raw) = fields.raw(key) else { return Stated::Nothing };
    let (message, remedy) = match raw.as_str() {
        Some("") => return Stated::Nothing,
        Some(OPEN) => return Stated::Method(Validation::Open),
        Some(QUERY) => return Stated::Method(Validation::Query),
        Some(SIGNATURE) => return Stated::Method(Validation::Signature),
        Some(other) => {
            (format!("`{key}` is `{other}`, which is not known"), remedy_of_method(other))
        }
        None => (format!("`{key}` is not a string"), SET_METHOD.to_owned()),
    };
    fields.doubt(ProblemCode::ValidationUnknown, key, message, remedy);
    Stated::Unclear
}

/// What to write in place of an unknown method: the nearest name. Where that one lets everybody
/// in, the names that do not come first.
fn remedy_of_method(method: &str) -> String {
    match nearest(method, [OPEN, QUERY, SIGNATURE]) {
        Some(OPEN) => {
            format!("{SET_METHOD}; {OPEN}, which is the nearest name, lets everybody call")
        }
        Some(near) => format!("write {near}"),
        None => SET_METHOD.to_owned(),
    }
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
                ProblemCode::ValidationConflict,
                "secretAsQueryParam",
                "`secretAsQueryParam` and `validationMethod` contradict each other".to_owned(),
                "state one way in which callers prove themselves, with `validationMethod`",
            );
            Stated::Unclear
        }
        (_, stated) => stated,
    }
}

fn refuse(
    fields: &mut Fields<'_>,
    code: ProblemCode,
    key: &str,
    message: &str,
    remedy: &'static str,
) -> Protection {
    Protection::Refused(fields.doubt(code, key, message.to_owned(), remedy))
}

fn unclear() -> Protection {
    Protection::Refused("the validation method is unclear".to_owned())
}
