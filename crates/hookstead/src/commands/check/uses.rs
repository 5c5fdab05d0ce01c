//! What the source of a function uses, as far as that can be told without running it.

use serde::Serialize;

/// What the source of a function uses.
#[derive(Debug, Default, Serialize)]
pub(super) struct Uses {
    /// Features of the platform, such as `context.http`, in alphabetical order.
    pub(super) features: Vec<String>,
    /// Packages that it requires.
    pub(super) packages: Vec<String>,
}

/// Something that is not there and without which a function fails.
#[derive(Debug, Serialize)]
pub(super) struct Missing {
    /// `secret`, `file`, `package` or `feature`.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) name: String,
    /// What to do about it.
    pub(super) remedy: String,
}

/// What the source of a function uses, and what of it is missing.
///
/// Nothing is told apart yet: the analysis of sources belongs into `hookstead-functions`, which
/// knows what it offers, and is to be called here.
pub(super) fn of_source(_source: &str) -> (Uses, Vec<Missing>) {
    (Uses::default(), Vec::new())
}
