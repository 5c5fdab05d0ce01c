//! Cases of the query language: `tests/cases`, and what does not fit into cases.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod aggregate;
mod cases;
mod cost;
mod depth;
mod depth_of_expressions;
mod depth_of_stages;
mod depth_of_updates;
mod documented;
mod filters;
mod hostile;
mod interrupts;
mod keys;
mod random;
mod random_expressions;
mod random_pipelines;
mod run;
mod same;
mod sizes;
mod update;
mod update_random;
