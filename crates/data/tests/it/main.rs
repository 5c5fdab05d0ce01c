//! Tests of the stores, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod embedded;
mod mongodb;
