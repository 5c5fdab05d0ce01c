//! What of a condition is not understood, and what has no value in a call.

use std::sync::Arc;

/// A part of a condition that is not understood. The condition has no value, and refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionProblem {
    /// Where it is in the condition, such as `%or[1].%%user.nmae`; empty for the condition itself.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// Why a condition has no value, for the log. It refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoValue {
    /// In words, without any value of a document, a user or a secret.
    pub reason: Arc<str>,
}

impl NoValue {
    pub(crate) fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }
}
