//! The expression language of conditions: `can_evaluate`, roles, filters and the rules of services
//! (docs/behaviour/conditions.md).
//!
//! A [`Condition`] is read once, when an app is loaded, and evaluated with the [`Scope`] of a call.
//! What is not understood has no value, and a condition without a value refuses. Operators come
//! from the text of a condition alone: whatever an expansion yields is compared as the value that
//! it is.

mod condition;
mod data;
mod problem;
mod query;
mod scope;
mod user;

pub use condition::{Condition, NoValue, Subject};
pub use data::{Caller, RuledStore, Rules, RulesProblem};
pub use problem::ConditionProblem;
pub use query::DocumentQuery;
pub use scope::{App, CallFailure, Documents, Expansion, Future, Scope};
pub use user::{UserIdentity, user_document};
