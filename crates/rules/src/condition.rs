//! A condition, as the rest of the house knows it.

use serde_json::Value as Json;

use crate::{ConditionProblem, DocumentQuery, Expansion, Scope};

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

/// A condition, ready to be evaluated.
#[derive(Debug, Clone)]
pub struct Condition {
    problems: Vec<ConditionProblem>,
}

/// Why a condition has no value, for the log. It refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct NoValue {
    /// In words, without any value of a document, a user or a secret.
    pub reason: String,
}

impl Condition {
    /// Reads a condition. It has no value where anything of it is not understood.
    pub fn parse(_json: &Json, _subject: Subject) -> Self {
        Self { problems: Vec::new() }
    }

    /// A condition that always holds.
    pub fn always() -> Self {
        Self { problems: Vec::new() }
    }

    /// What is not understood.
    pub fn problems(&self) -> &[ConditionProblem] {
        &self.problems
    }

    /// Its value, where that is the same in every scope.
    pub fn constant(&self) -> Option<bool> {
        None
    }

    /// Whether it mentions an expansion.
    pub fn uses(&self, _expansion: Expansion) -> bool {
        false
    }

    /// The functions that it calls.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// Whether it holds. `Err` refuses, and so does a role or a rule whose condition has no value:
    /// the next one must not be asked.
    ///
    /// # Errors
    /// The condition has no value.
    pub async fn evaluate(&self, _scope: &Scope<'_>) -> Result<bool, NoValue> {
        Err(NoValue { reason: "a skeleton".into() })
    }

    /// The same condition with everything in it evaluated that does not depend on the document:
    /// for the documents of one operation. `scope.documents` is not looked at.
    pub async fn bind(&self, _scope: &Scope<'_>) -> Self {
        self.clone()
    }

    /// The stored documents for which a condition that is [bound](Self::bind) has this value, as a
    /// query; `None` where no query says exactly that. A document for which the condition has no
    /// value is in neither answer. The stored document is `%%root` and `%%prevRoot` alike.
    pub fn as_query(&self, _value: bool) -> Option<DocumentQuery> {
        None
    }
}
