//! A collection in the file, within a transaction of SQLite.

use std::sync::atomic::Ordering;

use bson::{RawDocument, RawDocumentBuf};
use hookstead_query::{HeldBytes, append_key, step_bytes};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, Rows, params};

use crate::{
    ChangeKind, MongoCode,
    embedded::{
        catalogue::{
            Collection, Index, duplicate, index_keys::keys_of, mark_multikey, reread_multikey,
        },
        changes::log,
        collection::{Documents, DocumentsMut, Step, Visitor},
        failure::{Failure, Outcome},
        plan::access::{Access, Position, Ranges},
    },
};

/// A collection of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'c> {
    connection: &'c Connection,
    collection: &'c Collection,
}

/// The key of the `_id` of a document; what has none counts as null.
pub(crate) fn id_key(document: &RawDocument) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    let id = document.get("_id").ok().flatten().unwrap_or(bson::RawBsonRef::Null);
    append_key(id, &mut key);
    key
}

impl<'c> Table<'c> {
    pub(crate) fn new(connection: &'c Connection, collection: &'c Collection) -> Self {
        Self { connection, collection }
    }

    /// The row that has an `_id`, given as a key.
    pub(crate) fn row_of(&self, key: &[u8]) -> Outcome<Option<(i64, RawDocumentBuf)>> {
        let mut found = None;
        self.visit_id(key, &mut |row, document| {
            found = Some((row, document.to_owned()));
            Ok(Step::Stop)
        })?;
        Ok(found)
    }

    /// Whether a row has an `_id`, given as a key.
    pub(crate) fn has_key(&self, key: &[u8]) -> Outcome<bool> {
        let mut has = false;
        self.visit_id(key, &mut |_, _| {
            has = true;
            Ok(Step::Stop)
        })?;
        Ok(has)
    }

    /// The row other than one that has a key in an index.
    pub(crate) fn other_row(&self, index: &Index, key: &[u8], row: i64) -> Outcome<Option<i64>> {
        let mut statement = self.statement(&index.sql.other)?;
        Ok(statement.query_row(params![key, row], |row| row.get(0)).optional()?)
    }

    /// Adds what an index has for a document.
    pub(crate) fn add_entries(&self, index: &Index, row: i64, keys: &[Vec<u8>]) -> Outcome<()> {
        if keys.len() > 1 {
            mark_multikey(self.connection, index)?;
        }
        let mut statement = self.statement(&index.sql.add)?;
        for key in keys {
            statement.execute(params![key, row])?;
        }
        Ok(())
    }

    /// Removes what an index has for a document.
    pub(crate) fn remove_entries(&self, index: &Index, row: i64, keys: &[Vec<u8>]) -> Outcome<()> {
        let mut statement = self.statement(&index.sql.remove)?;
        for key in keys {
            statement.execute(params![key, row])?;
        }
        Ok(())
    }

    /// Refuses keys that another row has in a unique index.
    pub(crate) fn check_unique(
        &self,
        index: &Index,
        row: i64,
        keys: &[Vec<u8>],
        document: &RawDocument,
    ) -> Outcome<()> {
        for key in keys.iter().filter(|_| index.unique) {
            if self.other_row(index, key, row)?.is_some() {
                return Err(duplicate::of_index(self.collection, index, document, key).into());
            }
        }
        Ok(())
    }

    /// Adds a document without a look at the indexes; answers its row.
    pub(crate) fn insert_row(&self, document: &RawDocument) -> Outcome<i64> {
        let mut statement = self.statement(&self.collection.sql.insert)?;
        match statement.insert(params![id_key(document), document.as_bytes()]) {
            Err(error) if is_duplicate(&error) => {
                Err(duplicate::of_id(&self.collection.namespace, document).into())
            }
            row => Ok(row?),
        }
    }

    /// Puts a document into a row without a look at the indexes.
    pub(crate) fn replace_row(&self, row: i64, document: &RawDocument) -> Outcome<()> {
        let mut statement = self.statement(&self.collection.sql.replace)?;
        statement.execute(params![row, document.as_bytes()])?;
        Ok(())
    }

    /// Takes a row away without a look at the indexes.
    pub(crate) fn remove_row(&self, row: i64) -> Outcome<()> {
        self.statement(&self.collection.sql.remove)?.execute([row])?;
        Ok(())
    }

    /// Adds a change to the log, where the collection is watched.
    pub(crate) fn log(
        &self,
        kind: ChangeKind,
        before: Option<&RawDocument>,
        after: Option<&RawDocument>,
    ) -> Outcome<()> {
        let Some(watched) = &self.collection.watched else { return Ok(()) };
        if watched.is_on(self.connection)? {
            watched.add(log::add(self.connection, watched.id, kind, before, after)?);
        }
        Ok(())
    }

    fn statement(&self, sql: &str) -> Outcome<CachedStatement<'c>> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    fn index(&self, id: i64) -> Outcome<&'c Index> {
        let index = self.collection.indexes.iter().find(|index| index.id == id);
        index.ok_or_else(|| {
            Failure::refused(
                MongoCode::QUERY_PLAN_KILLED,
                "the index that the query used has been dropped meanwhile",
            )
        })
    }

    fn visit_rows(
        &self,
        sql: &str,
        behind: i64,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let mut statement = self.statement(sql)?;
        let row = show(&mut statement.query([behind])?, visitor)?;
        Ok(row.map(Position::Row))
    }

    fn visit_id(&self, key: &[u8], visitor: &mut Visitor<'_>) -> Outcome<()> {
        let mut statement = self.statement(&self.collection.sql.by_key)?;
        show(&mut statement.query([key])?, visitor)?;
        Ok(())
    }

    fn visit_ids(
        &self,
        ranges: &Ranges,
        behind: Option<(usize, &[u8])>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let sql = &self.collection.sql;
        let mut statement =
            self.statement(if ranges.reversed { &sql.keys_down } else { &sql.keys_up })?;
        for place in ranges.places(behind.map(|(place, _)| place)) {
            let Some(range) = ranges.ranges.get(place) else { break };
            let (mut low, mut high) = (range.low.clone(), range.high.clone());
            match behind.filter(|(behind, _)| *behind == place) {
                Some((_, key)) if ranges.reversed => high = key.to_vec(),
                Some((_, key)) => low = [key, &[0]].concat(),
                None => {}
            }
            let mut rows = statement.query(params![low, high])?;
            while let Some(row) = rows.next()? {
                if look(row, document(row)?, visitor)? == Step::Stop {
                    let key = row.get(2)?;
                    return Ok(Some(Position::Entry { range: place, key, row: row.get(0)? }));
                }
            }
        }
        Ok(None)
    }

    fn visit_index(
        &self,
        index: &Index,
        ranges: &Ranges,
        behind: Option<(usize, &[u8], i64)>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let multikey = index.multikey.load(Ordering::Relaxed);
        let reversed = ranges.reversed;
        let mut statement =
            self.statement(if reversed { &index.sql.down } else { &index.sql.up })?;
        for place in ranges.places(behind.map(|(place, ..)| place)) {
            let Some(range) = ranges.ranges.get(place) else { break };
            let (first, last) =
                if reversed { (&range.high, &range.low) } else { (&range.low, &range.high) };
            let (key, row) = match behind.filter(|(behind, ..)| *behind == place) {
                Some((_, key, row)) => (key, row),
                None => (first.as_slice(), i64::MIN),
            };
            let mut rows = statement.query(params![key, row, last])?;
            while let Some(row) = rows.next()? {
                let document = document(row)?;
                let key = row.get_ref(2)?.as_blob().unwrap_or_default();
                if multikey && !ranges.meets_first(&keys_of(index, document)?, key) {
                    continue;
                }
                if look(row, document, visitor)? == Step::Stop {
                    let (key, row) = (key.to_vec(), row.get(0)?);
                    return Ok(Some(Position::Entry { range: place, key, row }));
                }
            }
        }
        Ok(None)
    }
}

impl Documents for Table<'_> {
    fn collection(&self) -> Option<&Collection> {
        Some(self.collection)
    }

    fn visit(
        &self,
        access: &Access,
        behind: Option<&Position>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let entry = match behind {
            Some(Position::Entry { range, key, row }) => Some((*range, key.as_slice(), *row)),
            _ => None,
        };
        let row = match behind {
            Some(Position::Row(row)) => Some(*row),
            _ => None,
        };
        let sql = &self.collection.sql;
        match (access, behind) {
            (_, Some(Position::Own(_))) => Ok(None),
            (Access::Rows, _) => self.visit_rows(&sql.rows, row.unwrap_or(i64::MIN), visitor),
            (Access::RowsBackwards, _) => {
                self.visit_rows(&sql.rows_backwards, row.unwrap_or(i64::MAX), visitor)
            }
            (Access::Id(_), Some(_)) => Ok(None),
            (Access::Id(key), None) => self.visit_id(key, visitor).map(|()| None),
            (Access::Ids(ranges), _) => {
                self.visit_ids(ranges, entry.map(|(range, key, _)| (range, key)), visitor)
            }
            (Access::Index(id, ranges), _) => {
                self.visit_index(self.index(*id)?, ranges, entry, visitor)
            }
        }
    }

    fn at_row(&self, row: i64) -> Outcome<Option<RawDocumentBuf>> {
        let mut found = None;
        let mut statement = self.statement(&self.collection.sql.by_row)?;
        show(&mut statement.query([row])?, &mut |_, document| {
            found = Some(document.to_owned());
            Ok(Step::Stop)
        })?;
        Ok(found)
    }

    fn count(&self) -> Outcome<u64> {
        let mut statement = self.statement(&self.collection.sql.count)?;
        let count: i64 = statement.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

impl DocumentsMut for Table<'_> {
    fn insert(&mut self, document: &RawDocument) -> Outcome<()> {
        let mut entries = Vec::with_capacity(self.collection.indexes.len());
        for index in &self.collection.indexes {
            entries.push((index, keys_of(index, document)?));
        }
        for (index, keys) in &entries {
            if let Err(failure) = self.check_unique(index, i64::MIN, keys, document) {
                // Servers look at `_id` first, and so does the message.
                return Err(match self.has_key(&id_key(document))? {
                    true => duplicate::of_id(&self.collection.namespace, document).into(),
                    false => failure,
                });
            }
        }
        let row = self.insert_row(document)?;
        for (index, keys) in &entries {
            self.add_entries(index, row, keys)?;
        }
        self.log(ChangeKind::Insert, None, Some(document))
    }

    fn replace(
        &mut self,
        row: i64,
        before: &RawDocument,
        after: &RawDocument,
        kind: ChangeKind,
    ) -> Outcome<()> {
        let mut changes = Vec::with_capacity(self.collection.indexes.len());
        for index in &self.collection.indexes {
            let (mut old, mut new) = (keys_of(index, before)?, keys_of(index, after)?);
            if old != new {
                if new.len() > 1 {
                    mark_multikey(self.connection, index)?;
                }
                let before = old.clone();
                old.retain(|key| new.binary_search(key).is_err());
                new.retain(|key| before.binary_search(key).is_err());
                self.check_unique(index, row, &new, after)?;
                changes.push((index, old, new));
            }
        }
        self.replace_row(row, after)?;
        for (index, old, new) in &changes {
            self.remove_entries(index, row, old)?;
            self.add_entries(index, row, new)?;
        }
        self.log(kind, Some(before), Some(after))
    }

    fn remove(&mut self, row: i64, before: &RawDocument) -> Outcome<()> {
        for index in &self.collection.indexes {
            self.remove_entries(index, row, &keys_of(index, before)?)?;
        }
        self.remove_row(row)?;
        self.log(ChangeKind::Delete, Some(before), None)
    }

    fn clear(&mut self) -> Outcome<Option<u64>> {
        if let Some(watched) = &self.collection.watched
            && watched.is_on(self.connection)?
        {
            // Each of them is a change of its own.
            return Ok(None);
        }
        for index in &self.collection.indexes {
            self.statement(&index.sql.clear)?.execute([])?;
        }
        let count = self.statement(&self.collection.sql.clear)?.execute([])?;
        Ok(u64::try_from(count).ok())
    }

    fn atomically(
        &mut self,
        work: &mut dyn FnMut(&mut dyn DocumentsMut) -> Outcome<()>,
    ) -> Outcome<()> {
        savepoint(self.connection, || work(self)).inspect_err(|_| {
            for index in &self.collection.indexes {
                // If this fails, so does the next statement.
                let _ = reread_multikey(self.connection, index);
            }
        })
    }
}

/// Does something wholly, or not at all if it fails.
pub(crate) fn savepoint<T>(
    connection: &Connection,
    work: impl FnOnce() -> Outcome<T>,
) -> Outcome<T> {
    connection.prepare_cached("SAVEPOINT work")?.execute([])?;
    let outcome = work();
    match outcome {
        // After a fault of the file, the whole transaction is rolled back.
        Err(Failure::Storage(_)) => {}
        Ok(_) => {
            connection.prepare_cached("RELEASE work")?.execute([])?;
        }
        Err(_) => connection.execute_batch("ROLLBACK TO work; RELEASE work")?,
    }
    outcome
}

/// Shows rows to a visitor until it stops; answers with which that was.
fn show(rows: &mut Rows<'_>, visitor: &mut Visitor<'_>) -> Outcome<Option<i64>> {
    while let Some(row) = rows.next()? {
        if look(row, document(row)?, visitor)? == Step::Stop {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

/// Shows a document to a visitor. A large one is counted as long as SQLite has it in memory.
fn look(row: &Row<'_>, document: &RawDocument, visitor: &mut Visitor<'_>) -> Outcome<Step> {
    let _held = HeldBytes::of_document(document.as_bytes().len())?;
    visitor(row.get(0)?, document)
}

/// The document of a row, where SQLite has it. To look at it is a step of a computation.
fn document<'r>(row: &'r Row<'_>) -> Outcome<&'r RawDocument> {
    let bytes = row.get_ref(1)?.as_blob().unwrap_or_default();
    step_bytes(bytes.len())?;
    RawDocument::from_bytes(bytes).map_err(|_| Failure::Storage(damaged()))
}

fn is_duplicate(error: &rusqlite::Error) -> bool {
    const UNIQUE: i32 = rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE;
    error.sqlite_error().is_some_and(|error| error.extended_code == UNIQUE)
}

/// What SQLite would say of a row that holds no document.
fn damaged() -> rusqlite::Error {
    let code = rusqlite::ffi::SQLITE_CORRUPT;
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
}
