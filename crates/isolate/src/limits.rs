//! What a run may use, and how it ends: one file for each limit.

pub(crate) mod memory;
pub(crate) mod runs;
pub(crate) mod stack;
pub(crate) mod time;

use std::time::Duration;

use crate::Thrown;

/// What one run may use. Memory and stack are the image's to limit.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// From its begin to its end.
    pub time: Duration,
    /// In JavaScript and in natives; waiting does not count.
    pub cpu_time: Duration,
    /// A test's lever: the n-th allocation finds no memory.
    pub allocations_max: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The host said so.
    Finished,
    /// The run took longer than it may.
    TimeLimit,
    /// The run needed more memory than it may.
    MemoryLimit,
    /// The budget of all runs had no room for what the run needed, and others did not end in time.
    NoRoom,
    /// The run used up its stack where no exception could be thrown.
    StackLimit,
    /// An exception left the prelude: a fault of whoever wrote that.
    Broken(Thrown),
}
