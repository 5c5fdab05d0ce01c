//! The threads that read and the one that writes, and what ends the work on them.

pub(crate) mod cancel;
pub(crate) mod computation;
pub(crate) mod lanes;
pub(crate) mod pool;
pub(crate) mod readers;
pub(crate) mod writer;

/// Documents may be nested deeply, and so is what goes through them.
const STACK_BYTES: usize = 8 << 20;
