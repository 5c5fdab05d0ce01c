//! MongoDB's query language over BSON: filters, projections, updates and pipelines.
//!
//! Pure: no I/O, no clock, no randomness but what a caller hands in. Documents come and go as raw
//! BSON, so that what nobody looks at is copied and never decoded, and every type survives.

mod aggregate;
mod bson_types;
mod code;
mod decimal;
mod decimal_math;
mod depth;
mod describe;
mod distinct;
mod error;
mod expression;
mod field_path;
mod filter;
mod interrupt;
mod key;
mod memory;
mod named;
mod number;
mod order;
mod parameters;
mod path;
mod pattern;
mod projection;
mod scan;
mod sort;
mod sum;
mod trail;
mod update;
mod variables;

pub use aggregate::{
    Collections, Documents, Leading, NoCollections, Output, Pipeline, Reading, WhenMatched,
    WhenNotMatched,
};
pub use code::MongoCode;
pub use decimal::Decimal;
pub use depth::{DEPTH_MAX, PATH_NAMES_MAX, check_path, validate};
pub use describe::value_text;
pub use distinct::Distinct;
pub use error::QueryError;
pub use expression::{Evaluated, Expression, Scope, Value};
pub use filter::{Bound, Filter, Side};
pub use interrupt::{Interrupt, sort_by, step, step_bytes, with_interrupt, with_steps};
pub use key::{append_descending_key, append_descending_value_key, append_key, append_value_key};
pub use memory::{Held, HeldBytes, gathered_bytes, resume, with_kept};
pub use order::{compare, compare_values, rank, rank_of_value};
pub use parameters::Parameters;
pub use projection::Projection;
pub use sort::{Direction, Sort};
pub use update::Update;
pub use variables::Variables;
