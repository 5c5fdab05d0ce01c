//! Commands that read collections without a pipeline.

pub(crate) mod find;
pub(crate) mod origin;
pub(crate) mod read;
