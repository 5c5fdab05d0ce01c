//! The expression language of conditions: `can_evaluate`, roles, filters and the rules of services
//! (docs/behaviour/conditions.md#a-condition).
//!
//! A [`Condition`] is read once, when an app is loaded, and evaluated with the [`Scope`] of a call.
//! What is not understood has no value, and a condition without a value refuses. Operators come
//! from the text of a condition alone: whatever an expansion yields is compared as the value that
//! it is.

mod bind;
mod condition;
mod convert;
mod data;
mod evaluate;
mod expansion;
mod leaf;
mod limits;
mod node;
mod parse;
mod problem;
mod query;
mod reader;
mod resolve;
mod scope;
mod source;
mod subject;
mod user;
mod value;

pub use condition::Condition;
pub use data::{
    Caller, Explanation, Outcome, RuledStore, Rules, RulesCall, RulesProblem, Shown, Step,
};
pub use expansion::Expansion;
pub use problem::{ConditionProblem, NoValue};
pub use query::DocumentQuery;
pub use scope::{App, CallFailure, Documents, Future, Scope};
pub use subject::Subject;
pub use user::{UserIdentity, user_document};
