//! Where functions keep documents: one trait, and two stores behind it.
//!
//! A caller sends a [`Command`] to a [`Store`], or to a [`Session`] of it, and gets an [`Answer`].
//! Documents are raw BSON on the whole way.

mod changes;
mod check;
mod command;
mod embedded;
mod error;
mod mongodb;
mod queue;
mod session;
mod store;
pub mod transfer;

pub use self::mongodb::{MongoOptions, MongoStore, ReadPreference};
pub use changes::{
    Change, ChangeKind, Changes, ConditionOfEvents, Interest, UpdateDescription, Watch,
    WatchLimits, difference, key_of_id,
};
pub use command::{
    Aggregate, ArrayFilters, Command, Count, Delete, Distinct, Find, FindAndModify, InsertMany,
    Modification, Namespace, Replacement, Update, UpdateSpec, WriteOperation, Writes,
};
pub use embedded::{EmbeddedFile, EmbeddedOptions, EmbeddedStore, IndexSpec, LogLimits};
pub use error::{DataError, ErrorKind};
pub use hookstead_query::MongoCode;
pub use queue::{Queue, QueuePlace};
pub use store::{Answer, Batch, Cursor, Future, Session, Store, Target, Updated};
