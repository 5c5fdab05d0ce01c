//! Extended JSON from strangers to BSON and back, without an engine: for what clients send to a
//! data source themselves (docs/behaviour/client-api.md#extended-json).
//!
//! Both ways work in one pass over the bytes, so that a text of millions of small values takes no
//! more memory than its BSON.

mod read;
#[cfg(test)]
mod tests;
mod wrappers;
mod write;

pub(crate) use read::{ExtendedJsonError, read_array};
pub(crate) use write::{Unwritable, write_bson, write_document};
