//! What an app runs with, beside its export.

/// What the operator has decided and set up, as far as it says what runs.
pub struct Circumstances<'a> {
    /// Whether there is a secret of a name.
    pub has_secret: &'a dyn Fn(&str) -> bool,
    /// The names of the data sources.
    pub data_sources: Vec<&'a str>,
    /// Whether one of them is the embedded store.
    pub is_embedded: bool,
    /// Whether callers run as system although they should log in.
    pub user_is_system: bool,
}
