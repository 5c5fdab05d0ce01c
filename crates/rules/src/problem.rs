//! What of a condition is not understood.

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
