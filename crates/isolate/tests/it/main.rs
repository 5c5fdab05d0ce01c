//! Runs from the outside: values across the border, limits, the pool.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests may panic")]

mod border;
mod clean;
mod code;
mod echo;
mod hostile;
mod json;
mod limits;
mod marks;
mod memory;
mod pool;
mod yielding;
