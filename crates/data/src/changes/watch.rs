//! What a stream asks for, and what it gives.

use std::sync::Arc;

use bson::{Bson, DateTime, RawDocument, RawDocumentBuf};
use hookstead_query::{Filter, Parameters};

use super::Change;
use crate::{DataError, Future};

/// What a stream of changes asks for.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Only changes of the documents with these ids; `None` for all documents.
    pub ids: Option<Vec<Bson>>,
    /// Condition of documents: a change is left out if its document does not match. One whose
    /// document is not known is not left out, nor one whose document may have matched before where
    /// the store does not know that. Empty: all documents.
    pub documents: RawDocumentBuf,
    /// Condition of events. Empty: all events.
    pub filter: RawDocumentBuf,
    /// Resume token of the change behind which the stream begins; without one it begins with what
    /// happens from now on.
    pub resume_after: Option<RawDocumentBuf>,
    /// How much may wait to be read.
    pub limits: WatchLimits,
}

/// How much of a stream may wait to be read. With more, the stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchLimits {
    /// Changes.
    pub changes_max: usize,
    /// Bytes of these. A change on its own may be longer.
    pub bytes_max: usize,
}

impl Default for WatchLimits {
    fn default() -> Self {
        Self { changes_max: 1000, bytes_max: 4 << 20 }
    }
}

/// Changes of a collection, in the order of their commits.
pub trait Changes: Send {
    /// Waits for the next change. Nothing is lost when the future is dropped.
    fn next(&mut self) -> Future<'_, Arc<Change>>;

    /// Whether each deletion comes with the document as it was before.
    fn knows_what_is_deleted(&self) -> bool {
        false
    }
}

/// A condition of events.
#[derive(Debug)]
pub struct ConditionOfEvents(Option<Filter>);

impl ConditionOfEvents {
    /// The condition of a query; an empty one is met by every event.
    ///
    /// # Errors
    /// It is no query.
    pub fn new(query: &RawDocument) -> Result<Self, DataError> {
        if query.is_empty() {
            return Ok(Self(None));
        }
        Ok(Self(Some(Filter::parse(query, &parameters())?)))
    }

    /// Whether the event of a change meets it.
    ///
    /// # Errors
    /// It cannot be evaluated.
    pub fn is_met_by(&self, change: &Change) -> Result<bool, DataError> {
        match &self.0 {
            None => Ok(true),
            Some(filter) => Ok(filter.matches(&change.event())?),
        }
    }
}

/// What the conditions of a stream take from the world outside.
pub(crate) fn parameters() -> Parameters {
    use std::hash::{BuildHasher as _, RandomState};
    Parameters::new(DateTime::now(), RandomState::new().hash_one(0))
}
