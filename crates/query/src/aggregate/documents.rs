//! Sequences of documents that are pulled, one by one.

use bson::RawDocumentBuf;

use crate::{Filter, QueryError};

/// Documents that come when they are asked for. Nothing comes after an error.
pub type Documents<'a> = Box<dyn Iterator<Item = Result<RawDocumentBuf, QueryError>> + Send + 'a>;

/// The collections that a pipeline reads besides its source.
pub trait Collections: Send + Sync {
    /// The documents of a collection that match; all of them without a filter, and none where there
    /// is no such collection. Without a database, the one of the pipeline is meant. Exactly those
    /// that match come, whether an index was of use or not.
    fn scan<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        filter: Option<&'a Filter>,
    ) -> Documents<'a>;

    /// Whether an equality on a path is answered without reading the whole collection. Where it is,
    /// `$lookup` asks for what it needs; elsewhere it reads a collection once and remembers it.
    fn has_index(&self, _database: Option<&str>, _collection: &str, _path: &str) -> bool {
        false
    }
}

/// A collection that a pipeline reads besides its source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reading {
    /// Another database than that of the pipeline.
    pub database: Option<String>,
    /// The collection.
    pub collection: String,
}

/// No collection at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCollections;

impl Collections for NoCollections {
    fn scan<'a>(
        &'a self,
        _database: Option<&str>,
        _collection: &str,
        _filter: Option<&'a Filter>,
    ) -> Documents<'a> {
        Box::new(std::iter::empty())
    }
}

/// Documents that are made all at once when the first is asked for.
pub(super) fn deferred<'a>(
    make: impl FnOnce() -> Result<Documents<'a>, QueryError> + Send + 'a,
) -> Documents<'a> {
    Box::new(Deferred::Waiting(Box::new(make)))
}

/// One error.
pub(super) fn failed<'a>(error: QueryError) -> Documents<'a> {
    Box::new(std::iter::once(Err(error)))
}

/// The same documents up to the first error.
pub(super) fn until_error(documents: Documents<'_>) -> Documents<'_> {
    let mut ended = false;
    Box::new(documents.take_while(move |document| {
        let goes_on = !ended;
        ended = document.is_err();
        goes_on
    }))
}

type Make<'a> = Box<dyn FnOnce() -> Result<Documents<'a>, QueryError> + Send + 'a>;

enum Deferred<'a> {
    Waiting(Make<'a>),
    Coming(Documents<'a>),
}

impl Iterator for Deferred<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Self::Waiting(_) = self {
            let nothing = Self::Coming(Box::new(std::iter::empty()));
            if let Self::Waiting(make) = std::mem::replace(self, nothing) {
                *self = Self::Coming(make().unwrap_or_else(failed));
            }
        }
        match self {
            Self::Coming(documents) => documents.next(),
            Self::Waiting(_) => None,
        }
    }
}
