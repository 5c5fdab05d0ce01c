//! What a stage is.

use bson::{RawDocument, RawDocumentBuf};

use super::{
    documents::{Collections, Documents, Reading},
    output::Output,
    sorter::SortStage,
};
use crate::{Filter, QueryError};

/// A stage of a pipeline. Those that others join with are known by their names.
pub(super) enum Stage {
    /// `$match`, with its condition as it was written.
    Match(RawDocumentBuf, Filter),
    /// `$sort`.
    Sort(SortStage),
    /// `$limit`.
    Limit(u64),
    /// `$skip`.
    Skip(u64),
    /// One that makes a document of each.
    Transform(Box<dyn Transform>),
    /// Any other.
    Other(Box<dyn Operation>),
}

/// What makes one document of each.
pub(super) trait Transform: Send + Sync {
    /// The new document.
    fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError>;
}

/// What makes documents of documents.
pub(super) trait Operation: Send + Sync {
    /// The new documents. Nothing is done before the first is asked for.
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a>;

    /// Whether it makes its documents of nothing.
    fn is_source(&self) -> bool {
        false
    }

    /// Where the documents go, if this says so.
    fn output(&self) -> Option<&Output> {
        None
    }

    /// Adds the collections that it reads.
    fn add_readings(&self, _readings: &mut Vec<Reading>) {}
}
