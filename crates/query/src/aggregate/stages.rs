//! The stages, each with what it is parsed of and how it runs.

pub(super) mod add_fields;
pub(super) mod bucket;
pub(super) mod bucket_auto;
pub(super) mod count;
pub(super) mod densify;
pub(super) mod documents;
pub(super) mod facet;
pub(super) mod fill;
pub(super) mod filter;
mod granularity;
pub(super) mod graph_lookup;
pub(super) mod group;
pub(super) mod join;
pub(super) mod lookup;
pub(super) mod output;
pub(super) mod project;
pub(super) mod redact;
pub(super) mod replace_root;
pub(super) mod sample;
pub(super) mod slice;
pub(super) mod sort;
pub(super) mod union_with;
pub(super) mod unwind;
pub(super) mod values;
pub(super) mod window;
