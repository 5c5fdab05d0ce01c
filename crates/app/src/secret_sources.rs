//! Which secrets protect an endpoint or a webhook.

use crate::{
    ProblemCode, Protection, Secret, SecretSource, fields::Fields, secrets::is_secret_name,
};

/// How many secrets may protect one endpoint at once.
pub(crate) const SECRETS_MAX: usize = 8;

/// The secrets that a declaration names or spells out, and whether it speaks of secrets at all.
pub(crate) struct SecretSources {
    pub(crate) all: Vec<SecretSource>,
    pub(crate) is_stated: bool,
}

/// The secrets of an endpoint: `secret_name`, or several in `secret_names`.
pub(crate) fn of_endpoint(fields: &mut Fields<'_>) -> SecretSources {
    let all = named(fields);
    let has_id = fields.filled_text("secret_id").is_some();
    SecretSources { is_stated: has_id || !all.is_empty(), all }
}

/// The secrets of a webhook: the text in `secret`, or names as of an endpoint.
pub(crate) fn of_webhook(fields: &mut Fields<'_>) -> SecretSources {
    let literal = fields.filled_text("secret");
    let mut all = named(fields);
    if let Some(text) = literal {
        if !all.is_empty() {
            fields.doubt(
                ProblemCode::ValidationConflict,
                "secret",
                "it has a secret, and names others".to_owned(),
                "keep one of `secret`, `secret_name` and `secret_names`",
            );
        }
        all.push(SecretSource::Literal(Secret::new(text.to_owned())));
    }
    SecretSources { is_stated: !all.is_empty(), all }
}

/// Refuses names that no secret can have.
pub(crate) fn check_names(fields: &mut Fields<'_>, all: &[SecretSource]) -> Option<Protection> {
    let is_bad = |source: &SecretSource| match source {
        SecretSource::Named(name) => !is_secret_name(name),
        SecretSource::Literal(_) => false,
    };
    all.iter().any(is_bad).then(|| {
        Protection::Refused(fields.doubt(
            ProblemCode::SecretName,
            "secret_name",
            "the name of the secret is not one that a secret can have".to_owned(),
            "use letters, digits, `_` and `-`, at most 64 of them",
        ))
    })
}

fn named(fields: &mut Fields<'_>) -> Vec<SecretSource> {
    let one = fields.filled_text("secret_name");
    let several = fields.texts("secret_names");
    let problem = if one.is_some() && !several.is_empty() {
        Some("`secret_name` and `secret_names` are both there".to_owned())
    } else {
        (several.len() > SECRETS_MAX).then(|| format!("there are more than {SECRETS_MAX} names"))
    };
    if let Some(problem) = problem {
        let remedy = "keep `secret_name` for one secret, or `secret_names` for a few";
        fields.doubt(ProblemCode::ValidationConflict, "secret_names", problem, remedy);
    }
    let names = one.into_iter().chain(several);
    names.map(|name| SecretSource::Named(name.to_owned())).collect()
}
