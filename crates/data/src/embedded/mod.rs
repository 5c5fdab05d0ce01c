//! Documents in a file of their own, for apps without a MongoDB server.

mod access;
mod aggregate;
mod cancel;
mod catalogue;
mod changes;
mod commands;
mod computation;
mod declared;
mod documents;
mod duplicate;
mod failure;
mod file;
mod find;
mod index_keys;
mod inserts;
mod lanes;
mod layer;
mod line;
mod moved;
mod names;
mod options;
mod origin;
mod output;
mod overlay;
mod parsed;
mod plan;
mod readers;
mod running;
mod session;
mod shared;
mod sorting;
mod sources;
mod store;
mod table;
mod text;
mod transaction;
mod turn;
mod validate;
mod writer;
mod writing;

pub use options::{EmbeddedOptions, IndexSpec};
pub use store::{EmbeddedFile, EmbeddedStore};

/// Documents may be nested deeply, and so is what goes through them.
const STACK_BYTES: usize = 8 << 20;
