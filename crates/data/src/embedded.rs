//! Documents in a file of their own, for apps without a MongoDB server.
//!
//! From the bottom up: the [`file`](self::file) with its [`catalogue`] of collections and indexes,
//! how a filter is looked up ([`plan`]), one [`collection`], the [`threads`] that work, a
//! [`transaction`] over several collections; then what a command does, as a [`query`], a [`write`]
//! or an aggregation [`pipeline`]; then the [`command`] itself, and the store and its sessions.

mod catalogue;
mod changes;
mod collection;
mod command;
mod data_source;
mod failure;
mod file;
mod options;
mod pipeline;
mod plan;
mod query;
mod session;
mod store;
mod threads;
mod transaction;
mod write;

pub use catalogue::index_spec::IndexSpec;
pub use changes::limits::LogLimits;
pub use data_source::EmbeddedStore;
pub use options::EmbeddedOptions;
pub use store::EmbeddedFile;
