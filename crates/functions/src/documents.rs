//! Documents on their way between JavaScript and BSON, exact for every type, and to JSON.
//!
//! The isolate's side is a run of items; the classes in it are those of the border.

mod json;
mod marks;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use json::json_text;
pub(crate) use read::read_document;
pub(crate) use write::{append_bson, append_count, append_document};
