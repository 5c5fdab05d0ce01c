//! What the machine has to compute with.

use std::{num::NonZero, sync::OnceLock, thread};

/// How many processors there are.
pub(crate) fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, NonZero::get))
}
