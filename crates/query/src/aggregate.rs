//! Pipelines: stages that make documents of documents.
//!
//! A [`Pipeline`] is parsed once, with every mistake in it found then, and runs over any sequence
//! of documents. It is pulled: a stage asks the one before it for the next document only when
//! somebody asks for one of its own, so that `$limit` ends the work of all stages before it. Stages
//! that must see everything first (`$group`, `$sort` and their kin) hold a limited number of bytes.
//!
//! Documents stay bytes. What a stage does not look at is copied as it is.

mod accumulators;
mod arguments;
mod budget;
mod computed;
mod context;
mod dates;
mod documents;
mod formula;
mod output;
mod path;
mod pipeline;
mod raw;
mod sorter;
mod stage;
mod stages;
mod tree;
mod write;

pub use self::{
    documents::{Collections, Documents, NoCollections, Reading},
    output::{Output, WhenMatched, WhenNotMatched},
    pipeline::{Leading, Pipeline},
};
