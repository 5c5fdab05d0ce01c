//! Cases of the query language: `tests/cases`, and what does not fit into cases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod aggregate;
mod cases;
mod documented;
mod filters;
mod interrupts;
mod keys;
mod random;
mod random_expressions;
mod random_pipelines;
mod run;
mod same;
mod update;
mod update_random;
