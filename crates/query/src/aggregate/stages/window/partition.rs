//! The documents of a partition, and what works in it.

use bson::{RawBson, RawDocument, RawDocumentBuf};

use crate::{
    QueryError,
    aggregate::{budget::Budget, computed::Computed, tree::Slot},
};

/// A document in its place.
pub(super) struct Entry {
    pub(super) partition: Box<[u8]>,
    pub(super) key: Box<[u8]>,
    pub(super) document: RawDocumentBuf,
}

/// The documents of a partition, in their order.
pub(super) struct Partition<'a> {
    pub(super) entries: &'a [Entry],
}

impl Partition<'_> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &RawDocument> {
        self.entries.iter().map(|entry| &*entry.document)
    }

    /// What is computed of each document.
    pub(super) fn compute(
        &self,
        input: &Computed,
        budget: &mut Budget,
    ) -> Result<Vec<Option<RawBson>>, QueryError> {
        let mut values = Vec::with_capacity(self.len());
        for document in self.documents() {
            let value = input.evaluate(document)?.map(|value| value.into_raw());
            budget.take(bytes_of(value.as_ref()))?;
            values.push(value);
        }
        Ok(values)
    }

    /// Whether two documents have the same place in the order.
    pub(super) fn are_peers(&self, one: usize, other: usize) -> bool {
        match (self.entries.get(one), self.entries.get(other)) {
            (Some(one), Some(other)) => one.key == other.key,
            _ => false,
        }
    }
}

/// A function at work in a partition.
pub(super) trait Runner: Send {
    /// The value for a document; those of a partition are asked for in their order.
    fn value(&mut self, index: usize, partition: &Partition<'_>) -> Result<Slot, QueryError>;
}

/// Roughly what a value takes.
fn bytes_of(value: Option<&RawBson>) -> usize {
    let inside = match value {
        Some(RawBson::Document(document)) => document.as_bytes().len(),
        Some(RawBson::Array(array)) => array.as_bytes().len(),
        Some(RawBson::String(text)) => text.len(),
        Some(RawBson::Binary(binary)) => binary.bytes.len(),
        _ => 0,
    };
    inside + size_of::<Option<RawBson>>()
}
