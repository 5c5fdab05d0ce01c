//! How `$sort` runs: all documents in an order, or only the first of them if a `$limit` follows.

use std::{cmp::Ordering, collections::BinaryHeap};

use bson::RawDocumentBuf;

use super::{
    budget::Budget,
    documents::{Documents, deferred},
};
use crate::{QueryError, Sort, interrupt::sort_by};

/// An order, and how many documents are wanted in it.
pub(super) struct SortStage {
    sort: Sort,
    limit: Option<u64>,
    bytes_max: usize,
}

impl SortStage {
    pub(super) fn new(sort: Sort, bytes_max: usize) -> Self {
        Self { sort, limit: None, bytes_max }
    }

    /// The order.
    pub(super) fn sort(&self) -> &Sort {
        &self.sort
    }

    /// How many documents are wanted, if not all.
    pub(super) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Wants only the first documents from now on.
    pub(super) fn limit_to(&mut self, limit: u64) {
        self.limit = Some(self.limit.map_or(limit, |before| before.min(limit)));
    }

    /// The documents in order.
    pub(super) fn run<'a>(&'a self, source: Documents<'a>) -> Documents<'a> {
        deferred(move || {
            let mut sorter = Sorter::new(self.limit, Budget::new("$sort", self.bytes_max));
            let mut key = Vec::new();
            for document in source {
                let document = document?;
                key.clear();
                self.sort.append_key(&document, &mut key)?;
                sorter.add(&key, document)?;
            }
            Ok(Box::new(sorter.finish()?.map(Ok)))
        })
    }
}

/// Documents that wait to be sorted by keys. Those with equal keys stay in their order.
struct Sorter {
    limit: Option<usize>,
    budget: Budget,
    /// With a limit, the greatest on top, to be thrown out by a smaller one.
    heap: BinaryHeap<Entry>,
    all: Vec<Entry>,
    count: usize,
}

struct Entry {
    key: Box<[u8]>,
    position: usize,
    document: RawDocumentBuf,
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.document.as_bytes().len()
    }
}

impl Sorter {
    fn new(limit: Option<u64>, budget: Budget) -> Self {
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        Self { limit, budget, heap: BinaryHeap::new(), all: Vec::new(), count: 0 }
    }

    fn add(&mut self, key: &[u8], document: RawDocumentBuf) -> Result<(), QueryError> {
        let position = self.count;
        self.count += 1;
        let Some(limit) = self.limit else {
            let entry = Entry { key: key.into(), position, document };
            self.budget.take(entry.bytes())?;
            self.all.push(entry);
            return Ok(());
        };
        let is_full = self.heap.len() >= limit;
        if is_full && self.heap.peek().is_none_or(|greatest| *greatest.key <= *key) {
            return Ok(());
        }
        if is_full && let Some(greatest) = self.heap.pop() {
            self.budget.give_back(greatest.bytes());
        }
        let entry = Entry { key: key.into(), position, document };
        self.budget.take(entry.bytes())?;
        self.heap.push(entry);
        Ok(())
    }

    fn finish(self) -> Result<impl Iterator<Item = RawDocumentBuf>, QueryError> {
        let mut all = match self.limit {
            Some(_) => self.heap.into_vec(),
            None => self.all,
        };
        sort_by(&mut all, Ord::cmp)?;
        let mut budget = self.budget;
        Ok(all.into_iter().map(move |entry| {
            budget.give_back(entry.bytes());
            entry.document
        }))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key).then(self.position.cmp(&other.position))
    }
}
