//! Rules of data: a store that lets a user do what the rules of the app permit
//! (docs/behaviour/collection-rules.md#which-role).
//!
//! [`Rules`] are read once for a data source. A [`RuledStore`] is made for a caller, and is a store
//! like the one behind it. Every command goes through one `match` (`operation.rs`): it is handed on
//! with the permitted documents put into its query, or carried out document by document.

mod bound;
mod caller;
mod changes;
mod compile;
mod explain;
mod operation;
mod permitted;
mod pipeline;
mod query_check;
mod reads;
mod refusal;
mod role;
mod schema;
mod store;
mod stream;
mod update;
mod visible;
mod writes;

pub use caller::Caller;
pub use compile::{Rules, RulesCall, RulesProblem};
pub use explain::{Explanation, Outcome, Shown, Step};
pub use store::RuledStore;
