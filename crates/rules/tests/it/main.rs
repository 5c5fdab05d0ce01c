//! Conditions, through the API that the rest of the house has.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod data;
mod problems;
mod queries;
mod world;
