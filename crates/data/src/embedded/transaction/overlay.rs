//! What a transaction has changed and not committed.
//!
//! For each document: as it was in the transaction's snapshot, and as it is to be. Nothing of it is
//! in the file before the commit, which takes place only if all these documents still are what
//! they were.

use std::{collections::BTreeMap, ops::RangeBounds, sync::Arc};

use bson::{RawDocument, RawDocumentBuf};
use hookstead_memory::{Part, Share};

use crate::{
    ChangeKind, DataError, ErrorKind, MongoCode, Namespace,
    embedded::{
        catalogue::{Collection, index_keys::keys_of},
        collection::{DocumentsMut as _, table::Table, writing::Writing},
        failure::{Failure, Outcome},
        threads::computation::{hold, no_memory},
    },
};

/// Rows of new documents begin here, behind all that are in the file.
pub(crate) const OWN_ROW_MIN: i64 = 1 << 62;

/// What a document takes besides its bytes, and a key of a unique index.
const ROW_BYTES: usize = 256;
const KEY_BYTES: usize = 96;

/// So much a transaction may hold of a collection without asking, and in such steps it asks.
const FREE_BYTES: usize = 16 << 10;
const STEP_BYTES: usize = 256 << 10;

/// What a transaction has changed.
#[derive(Debug)]
pub(crate) struct Overlay {
    collections: BTreeMap<Namespace, Changes>,
    bytes_max: usize,
    memory: Arc<Part>,
}

/// What it has changed in a collection.
#[derive(Debug)]
pub(crate) struct Changes {
    by_key: BTreeMap<Vec<u8>, Change>,
    by_row: BTreeMap<i64, Vec<u8>>,
    /// The keys that its documents have in unique indexes, and their rows.
    unique: BTreeMap<(i64, Vec<u8>), i64>,
    own_rows: i64,
    bytes: usize,
    bytes_max: usize,
    /// What the keys in unique indexes take.
    keys_bytes: usize,
    memory: Arc<Part>,
    /// The memory that is taken for all of it.
    share: Option<Share>,
}

/// A document that it has changed.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) row: i64,
    pub(crate) before: Option<RawDocumentBuf>,
    pub(crate) after: Option<RawDocumentBuf>,
    /// Whether anything has been done to it but updates.
    is_replaced: bool,
}

impl Overlay {
    pub(crate) fn new(bytes_max: usize, memory: &Arc<Part>) -> Self {
        Self { collections: BTreeMap::new(), bytes_max, memory: Arc::clone(memory) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.collections.values().all(Changes::is_empty)
    }

    /// How many bytes of documents it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.collections.values().map(|changes| changes.bytes).sum()
    }

    /// The changes of a collection.
    pub(crate) fn changes_mut(&mut self, name: &Namespace) -> &mut Changes {
        let others = self.bytes();
        let new = || Changes::new(&self.memory);
        let changes = self.collections.entry(name.clone()).or_insert_with(new);
        changes.bytes_max = self.bytes_max.saturating_sub(others - changes.bytes);
        changes
    }

    /// Puts everything into the file, or nothing if a document has changed meanwhile.
    pub(crate) fn commit(&self, source: &str, writing: &mut Writing<'_>) -> Outcome<()> {
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
    fn new(memory: &Arc<Part>) -> Self {
        Self {
            by_key: BTreeMap::new(),
            by_row: BTreeMap::new(),
            unique: BTreeMap::new(),
            own_rows: 0,
            bytes: 0,
            bytes_max: 0,
            keys_bytes: 0,
            memory: Arc::clone(memory),
            share: None,
        }
    }

    /// Takes memory for what it holds, in steps. Little is free.
    fn hold(&mut self, more_bytes: usize) -> Outcome<()> {
        let bytes = self.bytes + self.keys_bytes + self.by_key.len() * ROW_BYTES + more_bytes;
        let held = self.share.as_ref().map_or(FREE_BYTES, Share::bytes);
        if bytes <= held {
            return Ok(());
        }
        let wanted = bytes.next_multiple_of(STEP_BYTES);
        match hold(&mut self.share, &self.memory, wanted) {
            true => Ok(()),
            false => Err(no_memory(&self.memory, wanted).into()),
        }
    }

    fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// A changed document, by the key of its `_id`.
    pub(crate) fn of_key(&self, key: &[u8]) -> Option<&Change> {
        self.by_key.get(key)
    }

    /// A changed document, by its row.
    pub(crate) fn of_row(&self, row: i64) -> Option<&Change> {
        self.by_key.get(self.by_row.get(&row)?)
    }

    /// The documents of some rows that are there after all changes.
    pub(crate) fn in_rows(
        &self,
        rows: impl RangeBounds<i64>,
    ) -> impl DoubleEndedIterator<Item = (i64, &RawDocument)> {
        let changes = self.by_row.range(rows).filter_map(|(_, key)| self.by_key.get(key));
        changes.filter_map(|change| Some((change.row, change.after.as_deref()?)))
    }

    /// How many documents more there are.
    pub(crate) fn growth(&self) -> i64 {
        let growth = |change: &Change| {
            i64::from(change.after.is_some()) - i64::from(change.before.is_some())
        };
        self.by_key.values().map(growth).sum()
    }

    /// The row of the transaction's that has a key in a unique index.
    pub(crate) fn unique_row(&self, index: i64, key: &[u8]) -> Option<i64> {
        self.unique.get(&(index, key.to_vec())).copied()
    }

    /// A row for a new document.
    pub(crate) fn new_row(&mut self) -> i64 {
        self.own_rows += 1;
        OWN_ROW_MIN + self.own_rows
    }

    /// Notes a change; `before` counts only with the first one of a document.
    pub(crate) fn note(
        &mut self,
        collection: Option<&Collection>,
        (key, row): (Vec<u8>, i64),
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
        kind: ChangeKind,
    ) -> Outcome<()> {
        let len = |document: Option<&RawDocument>| document.map_or(0, |one| one.as_bytes().len());
        if self.bytes + len(before) + len(after) > self.bytes_max {
            return Err(Failure::refused(
                MongoCode::TRANSACTION_TOO_LARGE,
                "the transaction holds too many documents",
            ));
        }
        self.hold(len(before) + len(after))?;
        let known = self.by_key.remove(&key);
        let last = known.as_ref().and_then(|change| change.after.as_deref());
        self.bytes -= len(last);
        for index in collection.iter().flat_map(|one| &one.indexes).filter(|one| one.unique) {
            for key in last.map(|last| keys_of(index, last)).transpose()?.unwrap_or_default() {
                self.keys_bytes = self.keys_bytes.saturating_sub(key.len() + KEY_BYTES);
                self.unique.remove(&(index.id, key));
            }
            for key in after.map(|after| keys_of(index, after)).transpose()?.unwrap_or_default() {
                self.keys_bytes += key.len() + KEY_BYTES;
                self.unique.insert((index.id, key), row);
            }
        }
        let is_replaced =
            kind != ChangeKind::Update || known.as_ref().is_some_and(|known| known.is_replaced);
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
            self.by_key.insert(key, Change { row, before, after, is_replaced });
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
                (Some(row), None) => {
                    table.remove_row(*row)?;
                    change.log(&table)?;
                }
                (None, Some(after)) => table.insert(after)?,
                (Some(row), Some(after)) => {
                    table.replace_row(*row, after)?;
                    for index in &collection.indexes {
                        let keys = keys_of(index, after)?;
                        table.check_unique(index, *row, &keys, after)?;
                        table.add_entries(index, *row, &keys)?;
                    }
                    change.log(&table)?;
                }
            }
        }
        Ok(())
    }
}

impl Change {
    /// Adds it to the log of changes: all that a transaction has done to a document is one change.
    fn log(&self, table: &Table<'_>) -> Outcome<()> {
        let kind = match (&self.before, &self.after) {
            (Some(before), Some(after)) if before == after => return Ok(()),
            (Some(_), Some(_)) if self.is_replaced => ChangeKind::Replace,
            (Some(_), Some(_)) => ChangeKind::Update,
            (_, None) => ChangeKind::Delete,
            (None, Some(_)) => ChangeKind::Insert,
        };
        table.log(kind, self.before.as_deref(), self.after.as_deref())
    }
}

/// The transaction came too late.
pub(crate) fn conflict() -> DataError {
    let message = "WriteConflict error: this operation conflicted with another operation. Please \
                   retry your operation or multi-document transaction.";
    DataError::new(ErrorKind::WriteConflict, message).with_code(MongoCode::WRITE_CONFLICT)
}
