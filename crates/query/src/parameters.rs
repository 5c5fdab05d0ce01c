//! What a query takes from the world outside.

use bson::{DateTime, Document};

/// A clock, a source of chance and the variables of a `let`: queries have none of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// The time of the whole operation: `$$NOW`, `$currentDate`.
    pub now: DateTime,
    /// What `$sampleRate`, `$rand` and `$sample` draw from.
    pub random: u64,
    /// The variables of the `let` of a command, by name.
    pub variables: Document,
}

impl Parameters {
    /// Without variables.
    pub fn new(now: DateTime, random: u64) -> Self {
        Self { now, random, variables: Document::new() }
    }
}
