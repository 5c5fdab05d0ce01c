//! MongoDB's query language over BSON: filters, projections, updates and pipelines.
//!
//! Pure: no I/O, no clock, no randomness but what a caller hands in. Documents come and go as raw
//! BSON, so that what nobody looks at is copied and never decoded, and every type survives.

mod error;

pub use error::QueryError;
