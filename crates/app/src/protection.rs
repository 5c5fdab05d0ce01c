//! Who may call an endpoint or a webhook (docs/behaviour/protection.md#methods-of-validation).
//!
//! Beside the methods of App Services, the name of a scheme of `hookstead-signature` is one, such
//! as `STRIPE` or `HUBSPOT_V3` (docs/validation.md).
//!
//! Only three things leave something open: `NO_VALIDATION`, the empty string, and no word about
//! validation at all. Everything else either names a check that can be made, or refuses: a secret
//! without a word of how to use it, too, for somebody meant to protect that endpoint.
//!
//! GitHub's webhooks state no method: their secret is their protection, whatever else is stated.
//! Without one they are refused, unless the export says NO_VALIDATION in so many words. Twilio's
//! have neither method nor secret and are open, as they were on the hosted service.

use std::cmp::Ordering;

use hookstead_signature::{Scheme, method_name, of_method, presets};
use thiserror::Error;

use crate::{
    ProblemCode, Protection, SecretSource, ServiceKind,
    fields::Fields,
    nearest::{LIKENESS_MIN, most_like},
    schemes,
    secret_sources::{self, SecretSources},
    strictness::compare_protections,
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
    /// As a provider signs: the name of a scheme.
    Provider(&'static str),
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
    let secrets = secret_sources::of_endpoint(fields);
    let sources = secrets.all.clone();
    let stated = stricter(fields, stated, misspelt);
    let protection =
        combine(fields, schemes::ENDPOINT, stated, secrets, "secret_name", NAME_SECRET);
    match protection {
        Protection::None => Protection::None,
        other => secret_sources::check_names(fields, &sources).unwrap_or(other),
    }
}

/// The stricter of what two fields state. Both use the secrets of the declaration, so that most
/// methods can be ordered.
fn stricter(fields: &mut Fields<'_>, one: Stated, other: Stated) -> Stated {
    let key = "verification_method";
    let protection = |validation| {
        let secret = SecretSource::Named(String::new());
        match validation {
            Validation::Open => Protection::None,
            Validation::Query => Protection::signed(schemes::SECRET, secret),
            Validation::Signature => Protection::signed(schemes::ENDPOINT, secret),
            Validation::Provider(scheme) => Protection::signed(scheme, secret),
        }
    };
    let (first, second) = match (one, other) {
        (Stated::Unclear, _) | (_, Stated::Unclear) => return Stated::Unclear,
        (Stated::Nothing, other) => return other,
        (one, Stated::Nothing) => return one,
        (Stated::Method(one), Stated::Method(other)) => (one, other),
    };
    match compare_protections(&protection(first), &protection(second)) {
        Some(Ordering::Less) => {
            let message = "`verification_method` asks more of callers than `validation_method`, \
                and counts";
            fields.oddity_with(
                ProblemCode::ValidationConflict,
                key,
                message.to_owned(),
                "put its value into `validation_method`",
            );
            other
        }
        Some(Ordering::Equal | Ordering::Greater) => one,
        None => {
            let message =
                "`verification_method` and `validation_method` ask for two proofs".to_owned();
            let remedy = "state one way in which callers prove themselves";
            fields.doubt(ProblemCode::ValidationConflict, key, message, remedy);
            Stated::Unclear
        }
    }
}

/// The protection of a webhook, from its `options`.
pub(crate) fn of_webhook(kind: &ServiceKind, options: Option<&mut Fields<'_>>) -> Protection {
    let Some(fields) = options else {
        let lack = lack_of_silence(kind);
        return lack.map_or(Protection::None, |lack| Protection::Refused(lack.message.to_owned()));
    };
    let stated = stated_by_webhook(fields);
    let secrets = secret_sources::of_webhook(fields);
    if let Some(refused) = secret_sources::check_names(fields, &secrets.all) {
        return refused;
    }
    match (kind, stated, secrets.is_stated) {
        (_, Stated::Unclear, _) => unclear(),
        (ServiceKind::Github, Stated::Method(Validation::Query | Validation::Provider(_)), _) => {
            combine(fields, schemes::WEBHOOK, stated, secrets, "secret", FILL_SECRET)
        }
        (ServiceKind::Github, _, true) => {
            Protection::Signed { scheme: schemes::GITHUB, secrets: secrets.all, tolerance_s: None }
        }
        (ServiceKind::Github, Stated::Method(Validation::Open), false) => Protection::None,
        // GitHub's webhooks carry no validation method: the secret is their protection, and an
        // export without one has lost it.
        (ServiceKind::Github, _, false) => {
            refuse(fields, ProblemCode::SecretMissing, "secret", GITHUB_WITHOUT_SECRET, FILL_SECRET)
        }
        // The type of the service may be a misspelt `github`, where the secret protects.
        (ServiceKind::Other(_), Stated::Method(Validation::Open), true) => refuse(
            fields,
            ProblemCode::ValidationConflict,
            "validationMethod",
            "it has a secret and asks for none, and the type of its service is not known",
            "correct the `type` of the service",
        ),
        // One that says nothing about validation is protected by its secret, or open, as its type
        // has it.
        (ServiceKind::Other(_), Stated::Nothing, false) => refuse(
            fields,
            ProblemCode::ServiceType,
            "validationMethod",
            UNKNOWN_SERVICE,
            NAME_SERVICE,
        ),
        (_, stated, _) => combine(fields, schemes::WEBHOOK, stated, secrets, "secret", FILL_SECRET),
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
    secrets: SecretSources,
    key: &'static str,
    remedy: &'static str,
) -> Protection {
    let validation = match stated {
        Stated::Unclear => return unclear(),
        Stated::Method(Validation::Open) => return Protection::None,
        Stated::Nothing if !secrets.is_stated => return Protection::None,
        Stated::Method(validation) => validation,
        // Somebody meant to protect this and the method is lost.
        Stated::Nothing => {
            return refuse(
                fields,
                ProblemCode::ValidationMissing,
                key,
                match signature {
                    schemes::WEBHOOK => "there is a secret, but `validationMethod` is missing",
                    _ => "a secret is named, but `validation_method` is missing",
                },
                SET_METHOD,
            );
        }
    };
    if secrets.all.is_empty() {
        let message = match (signature, validation) {
            (schemes::WEBHOOK, _) => "the validation method needs a secret, and there is none",
            (_, Validation::Provider(_)) => {
                "the validation method needs a secret, and none is named"
            }
            _ => "VERIFY_PAYLOAD or SECRET_AS_QUERY_PARAM is set, but no secret is named",
        };
        return refuse(fields, ProblemCode::SecretMissing, key, message, remedy);
    }
    let scheme = match validation {
        Validation::Query => schemes::SECRET,
        Validation::Provider(scheme) => scheme,
        Validation::Open | Validation::Signature => signature,
    };
    Protection::Signed { scheme, secrets: secrets.all, tolerance_s: None }
}

fn stated(fields: &mut Fields<'_>, key: &'static str) -> Stated {
    let Some(raw) = fields.raw(key) else { return Stated::Nothing };
    let (message, remedy) = match raw.as_str() {
        Some("") => return Stated::Nothing,
        Some(OPEN) => return Stated::Method(Validation::Open),
        Some(QUERY) => return Stated::Method(Validation::Query),
        Some(SIGNATURE) => return Stated::Method(Validation::Signature),
        Some(other) => match of_method(other) {
            Some(scheme) => return Stated::Method(Validation::Provider(scheme.name)),
            None => (format!("`{key}` is `{other}`, which is not known"), remedy_of_method(other)),
        },
        None => (format!("`{key}` is not a string"), SET_METHOD.to_owned()),
    };
    fields.doubt(ProblemCode::ValidationUnknown, key, message, remedy);
    Stated::Unclear
}

/// What to write in place of an unknown method: the nearest name. Where that one lets everybody
/// in, the names that do not come first.
fn remedy_of_method(method: &str) -> String {
    match nearest_method(method, &[OPEN, QUERY, SIGNATURE]).as_deref() {
        Some(OPEN) => {
            format!("{SET_METHOD}; {OPEN}, which is the nearest name, lets everybody call")
        }
        Some(near) => format!("write {near}"),
        None => SET_METHOD.to_owned(),
    }
}

/// How like the name of a provider must be: there are many, and most are short.
const PROVIDER_LIKENESS_MIN: f64 = 0.87;

fn nearest_method(method: &str, own: &[&'static str]) -> Option<String> {
    let providers: Vec<String> = presets::ALL.iter().map(|scheme| method_name(scheme)).collect();
    let of_own = most_like(method, own.iter().copied(), LIKENESS_MIN);
    let names = providers.iter().map(String::as_str);
    let of_providers = most_like(method, names, PROVIDER_LIKENESS_MIN);
    let nearer = match (of_own, of_providers) {
        (Some(own), Some(provider)) => Some(if provider.0 > own.0 { provider } else { own }),
        (own, provider) => own.or(provider),
    };
    nearer.map(|(_, name)| name.to_owned())
}

/// Why a protection that an operator wants to add cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MethodError {
    /// The method is not known.
    #[error("the validation method {method:?} is not known")]
    Unknown {
        /// The method.
        method: String,
        /// The method that is most like it.
        nearest: Option<String>,
    },
    /// It would let everybody in.
    #[error("{OPEN} adds no protection")]
    Open,
    /// The scheme signs no time.
    #[error("{0} signs no time, so that there is no tolerance")]
    Timeless(String),
}

/// The protection of a validation method with these secrets.
///
/// # Errors
/// The method is not known or protects nothing, or a tolerance is given where no time is signed.
pub fn protection_of(
    method: &str,
    secrets: Vec<SecretSource>,
    tolerance_s: Option<u64>,
) -> Result<Protection, MethodError> {
    let scheme = match method {
        OPEN => return Err(MethodError::Open),
        QUERY => presets::by_name(schemes::SECRET),
        SIGNATURE => presets::by_name(schemes::ENDPOINT),
        other => of_method(other),
    };
    let unknown = || MethodError::Unknown {
        method: method.to_owned(),
        nearest: nearest_method(method, &[QUERY, SIGNATURE]),
    };
    let scheme: &Scheme = scheme.ok_or_else(unknown)?;
    if tolerance_s.is_some() && scheme.tolerance_s().is_none() {
        return Err(MethodError::Timeless(method.to_owned()));
    }
    Ok(Protection::Signed { scheme: scheme.name, secrets, tolerance_s })
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
