//! What the verifier accepts and refuses. The cases are data: `tests/vectors.json`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod page;
mod promises;
mod roundtrip;
mod vectors;
