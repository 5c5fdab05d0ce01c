//! What a condition is about.

use std::fmt;

/// What a condition is about, and with it what its expansions may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A call: `can_evaluate`, and `apply_when` of filters.
    Call,
    /// An action of a service: `when`. A plain name is a field of `%%args`.
    Action,
    /// A document: roles. A plain name is a field of `%%root`.
    Document,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Call => "a call",
            Self::Action => "an action of a service",
            Self::Document => "a document",
        })
    }
}
