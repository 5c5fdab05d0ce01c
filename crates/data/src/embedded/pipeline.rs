//! Aggregation pipelines: what they read, what they give, and what they write.

pub(crate) mod aggregate;
pub(crate) mod output;
pub(crate) mod running;
pub(crate) mod sources;
pub(crate) mod writes;
