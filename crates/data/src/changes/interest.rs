//! The changes that a stream wants, as far as a store can tell before the stream sees them.

use std::collections::HashSet;

use bson::{RawBsonRef, RawDocument};
use hookstead_query::{Filter, Parameters, append_key, append_value_key};

use super::{Change, ChangeKind, Watch};
use crate::DataError;

/// The changes that a stream wants.
#[derive(Debug)]
pub struct Interest {
    /// The keys of the ids; `None` for all documents.
    pub(crate) ids: Option<HashSet<Vec<u8>>>,
    documents: Option<Filter>,
    /// Whether a change is wanted whose document may have matched before it.
    tells_leaving: bool,
}

/// The bytes by which equal ids are found, of the `_id` of a document or of a document key.
pub fn key_of_id(document: &RawDocument) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    let id = document.get("_id").ok().flatten().unwrap_or(RawBsonRef::Null);
    append_key(id, &mut key);
    key
}

impl Interest {
    /// The changes that a stream asks for.
    ///
    /// # Errors
    /// The condition of documents is no query.
    pub(crate) fn new(watch: &Watch, parameters: &Parameters) -> Result<Self, DataError> {
        let key = |id| {
            let mut key = Vec::with_capacity(16);
            append_value_key(id, &mut key);
            key
        };
        let ids = watch.ids.as_ref().map(|ids| ids.iter().map(key).collect());
        let documents = match watch.documents.is_empty() {
            true => None,
            false => Some(Filter::parse(&watch.documents, parameters)?),
        };
        Ok(Self { ids, documents, tells_leaving: false })
    }

    /// Wants a change whose document does not match any more as well, where nobody knows what the
    /// document was before: who has seen it has to learn that it is out of reach.
    pub(crate) fn and_leaving(self) -> Self {
        Self { tells_leaving: true, ..self }
    }

    /// Whether a change is wanted; `key` is that of its document's id.
    pub(crate) fn wants(&self, change: &Change, key: &[u8]) -> bool {
        self.ids.as_ref().is_none_or(|ids| ids.contains(key)) && self.wants_document(change)
    }

    /// Whether a change of a document with a right id is wanted. One of which no document is known
    /// is for the stream to judge.
    pub(crate) fn wants_document(&self, change: &Change) -> bool {
        let Some(filter) = &self.documents else { return true };
        match change.document.as_deref().or(change.before.as_deref()) {
            // What cannot be judged here is judged by whoever reads it.
            Some(document) => self.may_leave(change) || filter.matches(document).unwrap_or(true),
            None => true,
        }
    }

    fn may_leave(&self, change: &Change) -> bool {
        let is_changed = matches!(change.kind, ChangeKind::Update | ChangeKind::Replace);
        self.tells_leaving && is_changed && change.before.is_none()
    }
}
