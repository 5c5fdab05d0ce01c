//! What a query takes from the world outside.

use bson::DateTime;

use crate::Variables;

/// A clock, a source of chance and the variables of a `let`: queries have none of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The time of the whole operation: `$$NOW`, `$currentDate`.
    pub now: DateTime,
    /// What `$sampleRate`, `$rand` and `$sample` draw from.
    pub random: u64,
    /// The variables of the `let` of a command, by name.
    pub variables: Variables,
    /// How many bytes each stage of a pipeline may hold that must see all documents at once.
    pub memory_bytes_max: usize,
}

/// What a MongoDB server allows a stage.
const MEMORY_BYTES_MAX: usize = 100 * 1024 * 1024;

impl Parameters {
    /// Without variables.
    pub fn new(now: DateTime, random: u64) -> Self {
        Self { now, random, variables: Variables::default(), memory_bytes_max: MEMORY_BYTES_MAX }
    }
}
