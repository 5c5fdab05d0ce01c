//! What a transaction has changed and not committed.
//!
//! For each document: as it was in the transaction's snapshot, and as it is to be. Nothing of it is
//! in the file before the commit, which takes place only if all these documents still are what
//! they were.

use std::{collections::BTreeMap, ops::RangeBounds};

use bson::{RawDocument, RawDocumentBuf};

use super::{
    catalogue::Collection,
    documents::DocumentsMut as _,
    failure::{Failure, Outcome},
    index_keys::keys_of,
    table::Table,
    writing::Writing,
};
use crate::{DataError, ErrorKind, Namespace};

/// Rows of new documents begin here, behind all that are in the file.
pub(super) const OWN_ROW_MIN: i64 = 1 << 62;

/// `TransactionTooLarge`
pub(super) const TOO_LARGE: i32 = 257;

/// What a transaction has changed.
#[derive(Debug)]
pub(super) struct Overlay {
    collections: BTreeMap<Namespace, Changes>,
    bytes_max: usize,
}

/// What it has changed in a collection.
#[derive(Debug, Default)]
pub(super) struct Changes {
    by_key: BTreeMap<Vec<u8>, Change>,
    by_row: BTreeMap<i64, Vec<u8>>,
    /// The keys that its documents have in unique indexes, and their rows.
    unique: BTreeMap<(i64, Vec<u8>), i64>,
    own_rows: i64,
    bytes: usize,
    bytes_max: usize,
}

/// A document that it has changed.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) row: i64,
    pub(super) before: Option<RawDocumentBuf>,
    pub(super) after: Option<RawDocumentBuf>,
}

impl Overlay {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { collections: BTreeMap::new(), bytes_max }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.collections.values().all(Changes::is_empty)
    }

    /// How many bytes of documents it holds.
    pub(super) fn bytes(&self) -> usize {
        self.collections.values().map(|changes| changes.bytes).sum()
    }

    /// The changes of a collection.
    pub(super) fn changes_mut(&mut self, name: &Namespace) -> &mut Changes {
        let others = self.bytes();
        let changes = self.collections.entry(name.clone()).or_default();
        changes.bytes_max = self.bytes_max.saturating_sub(others - changes.bytes);
        changes
    }

    /// Puts everything into the file, or nothing if a document has changed meanwhile.
    pub(super) fn commit(&self, source: &str, writing: &mut Writing<'_>) -> Outcome<()> {
        writing.atomically(|writing| {
            for (name, changes) in self.collections.iter().filter(|(_, one)| !one.is_empty()) {
                let collection = writing.collection_or_new(source, name)?;
                changes.commit(Table::new(writing.connection(), &collection), &collection)?;
            }
            Ok(())
        })
    }
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// A changed document, by the key of its `_id`.
    pub(super) fn of_key(&self, key: &[u8]) -> Option<&Change> {
        self.by_key.get(key)
    }

    /// A changed document, by its row.
    pub(super) fn of_row(&self, row: i64) -> Option<&Change> {
        self.by_key.get(self.by_row.get(&row)?)
    }

    /// The documents of some rows that are there after all changes.
    pub(super) fn in_rows(
        &self,
        rows: impl RangeBounds<i64>,
    ) -> impl DoubleEndedIterator<Item = (i64, &RawDocument)> {
        let changes = self.by_row.range(rows).filter_map(|(_, key)| self.by_key.get(key));
        changes.filter_map(|change| Some((change.row, change.after.as_deref()?)))
    }

    /// How many documents more there are.
    pub(super) fn growth(&self) -> i64 {
        let growth = |change: &Change| {
            i64::from(change.after.is_some()) - i64::from(change.before.is_some())
        };
        self.by_key.values().map(growth).sum()
    }

    /// The row of the transaction's that has a key in a unique index.
    pub(super) fn unique_row(&self, index: i64, key: &[u8]) -> Option<i64> {
        self.unique.get(&(index, key.to_vec())).copied()
    }

    /// A row for a new document.
    pub(super) fn new_row(&mut self) -> i64 {
        self.own_rows += 1;
        OWN_ROW_MIN + self.own_rows
    }

    /// Notes a change; `before` counts only with the first one of a document.
    pub(super) fn note(
        &mut self,
        collection: Option<&Collection>,
        (key, row): (Vec<u8>, i64),
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Outcome<()> {
        let len = |document: Option<&RawDocument>| document.map_or(0, |one| one.as_bytes().len());
        if self.bytes + len(before) + len(after) > self.bytes_max {
            return Err(Failure::refused(TOO_LARGE, "the transaction holds too many documents"));
        }
        let known = self.by_key.remove(&key);
        let last = known.as_ref().and_then(|change| change.after.as_deref());
        self.bytes -= len(last);
        for index in collection.iter().flat_map(|one| &one.indexes).filter(|one| one.unique) {
            for key in last.map(|last| keys_of(index, last)).transpose()?.unwrap_or_default() {
                self.unique.remove(&(index.id, key));
            }
            for key in after.map(|after| keys_of(index, after)).transpose()?.unwrap_or_default() {
                self.unique.insert((index.id, key), row);
            }
        }
        let before = match known {
            Some(known) => known.before,
            None => {
                self.bytes += len(before);
                before.map(RawDocument::to_owned)
            }
        };
        self.by_row.remove(&row);
        if before.is_some() || after.is_some() {
            self.bytes += len(after);
            self.by_row.insert(row, key.clone());
            let after = after.map(RawDocument::to_owned);
            self.by_key.insert(key, Change { row, before, after });
        }
        Ok(())
    }

    fn commit(&self, mut table: Table<'_>, collection: &Collection) -> Outcome<()> {
        let mut rows = Vec::with_capacity(self.by_row.len());
        for (key, change) in &self.by_key {
            let current = table.row_of(key)?;
            if current.as_ref().map(|(_, document)| document) != change.before.as_ref() {
                return Err(conflict().into());
            }
            rows.push((current.map(|(row, _)| row), change));
        }
        // New documents come in the order in which they were inserted.
        rows.sort_by_key(|(_, change)| change.row);
        // Values may move from one document to another one: all old keys go before any comes.
        for (row, change) in &rows {
            if let (Some(row), Some(before)) = (row, &change.before) {
                for index in &collection.indexes {
                    table.remove_entries(index, *row, &keys_of(index, before)?)?;
                }
            }
        }
        for (row, change) in &rows {
            match (row, &change.after) {
                (None, None) => {}
                (Some(row), None) => table.remove_row(*row)?,
                (None, Some(after)) => table.insert(after)?,
                (Some(row), Some(after)) => {
                    table.replace_row(*row, after)?;
                    for index in &collection.indexes {
                        let keys = keys_of(index, after)?;
                        table.check_unique(index, *row, &keys, after)?;
                        table.add_entries(index, *row, &keys)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The transaction came too late.
pub(super) fn conflict() -> DataError {
    let message = "WriteConflict error: this operation conflicted with another operation. Please \
                   retry your operation or multi-document transaction.";
    DataError::new(ErrorKind::WriteConflict, message).with_code(112)
}
