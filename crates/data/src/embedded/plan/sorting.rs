//! Documents in an order that no index has.

use std::{cmp::Ordering, collections::BinaryHeap};

use bson::{RawDocument, RawDocumentBuf};
use hookstead_query::{HeldBytes, Sort, sort_by};

use crate::{
    MongoCode,
    embedded::failure::{Failure, Outcome},
};

/// What is sorted at a time may take so much memory, as with servers.
const BYTES_MAX: usize = 100 << 20;

/// What an entry takes beside its bytes.
const ENTRY_BYTES: usize = 96;

/// Takes documents in any order and gives them back in one; of many, the first only.
pub(crate) struct Sorter<'s> {
    sort: &'s Sort,
    documents_max: usize,
    entries: BinaryHeap<Entry>,
    count: usize,
    bytes: usize,
    held: HeldBytes,
}

struct Entry {
    key: Vec<u8>,
    /// Of equal keys, what came first stays first.
    place: usize,
    row: i64,
    document: RawDocumentBuf,
}

impl<'s> Sorter<'s> {
    /// Without a maximum, all are kept.
    pub(crate) fn new(sort: &'s Sort, documents_max: Option<usize>) -> Self {
        let documents_max = documents_max.unwrap_or(usize::MAX);
        Self {
            sort,
            documents_max,
            entries: BinaryHeap::new(),
            count: 0,
            bytes: 0,
            held: HeldBytes::default(),
        }
    }

    pub(crate) fn add(&mut self, row: i64, document: &RawDocument) -> Outcome<()> {
        let mut key = Vec::new();
        self.sort.append_key(document, &mut key)?;
        self.count += 1;
        if self.entries.len() >= self.documents_max {
            if self.entries.peek().is_none_or(|last| last.key <= key) {
                return Ok(());
            }
            self.bytes -= self.entries.pop().map_or(0, |last| last.bytes());
        }
        let entry = Entry { key, place: self.count, row, document: document.to_owned() };
        self.bytes += entry.bytes();
        if self.bytes > BYTES_MAX {
            let message = format!(
                "the sort needs more memory than the {BYTES_MAX} bytes that it may use, and \
                 allowDiskUse has no effect in the embedded store: sort fewer documents, declare \
                 an index with the fields of the sort, or use a MongoDB deployment"
            );
            return Err(Failure::refused(MongoCode::NO_DISK_USE_ALLOWED, message));
        }
        self.held.set(self.bytes)?;
        self.entries.push(entry);
        Ok(())
    }

    /// The rows and documents in their order, and their memory.
    pub(crate) fn finish(
        self,
    ) -> Outcome<(impl Iterator<Item = (i64, RawDocumentBuf)>, HeldBytes)> {
        let mut entries = self.entries.into_vec();
        sort_by(&mut entries, Ord::cmp)?;
        let sorted = entries.into_iter().map(|entry| (entry.row, entry.document));
        Ok((sorted, self.held))
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.key.len() + self.document.as_bytes().len() + ENTRY_BYTES
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then(self.place.cmp(&other.place))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Entry {}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
