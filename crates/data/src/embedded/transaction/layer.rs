//! A collection as a transaction sees it: its snapshot, and its own changes on top.

use std::ops::RangeBounds;

use bson::{RawDocument, RawDocumentBuf};
use hookstead_query::{Filter, Sort};
use rusqlite::Connection;

use crate::{
    ChangeKind, DataError, Namespace,
    embedded::{
        catalogue::{Collection, duplicate, index_keys::keys_of},
        collection::{
            Documents, DocumentsMut, Step, Visitor,
            table::{Table, id_key},
        },
        failure::Outcome,
        plan::{
            Plan,
            access::{Access, Position},
            plan,
        },
        transaction::overlay::{Changes, OWN_ROW_MIN},
    },
};

/// A collection with the changes of a transaction.
#[derive(Debug)]
pub(crate) struct Layer<'c> {
    name: &'c Namespace,
    collection: Option<&'c Collection>,
    table: Option<Table<'c>>,
    changes: &'c mut Changes,
}

impl<'c> Layer<'c> {
    /// The collection may not be there yet.
    pub(crate) fn new(
        connection: &'c Connection,
        collection: Option<&'c Collection>,
        name: &'c Namespace,
        changes: &'c mut Changes,
    ) -> Self {
        let table = collection.map(|collection| Table::new(connection, collection));
        Self { name, collection, table, changes }
    }

    /// Candidates of the snapshot, as they are after the changes.
    fn visit_snapshot(
        &self,
        access: &Access,
        behind: Option<&Position>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let Some(table) = self.table else { return Ok(None) };
        let in_place = matches!(access, Access::Rows | Access::RowsBackwards);
        table.visit(access, behind, &mut |row, document| match self.changes.of_row(row) {
            None => visitor(row, document),
            Some(change) if in_place => match &change.after {
                Some(after) => visitor(row, after),
                None => Ok(Step::Next),
            },
            Some(_) => Ok(Step::Next),
        })
    }

    /// Changed documents of some rows.
    fn visit_own(
        &self,
        rows: impl RangeBounds<i64>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        for (row, document) in self.changes.in_rows(rows) {
            if visitor(row, document)? == Step::Stop {
                return Ok(Some(Position::Own(row)));
            }
        }
        Ok(None)
    }

    /// New documents first, from the last to the first, then those of the snapshot.
    fn visit_backwards(
        &self,
        behind: Option<&Position>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        let access = &Access::RowsBackwards;
        let end = match behind {
            Some(Position::Row(_)) => return self.visit_snapshot(access, behind, visitor),
            Some(Position::Own(row)) => *row,
            _ => i64::MAX,
        };
        for (row, document) in self.changes.in_rows(OWN_ROW_MIN..end).rev() {
            if visitor(row, document)? == Step::Stop {
                return Ok(Some(Position::Own(row)));
            }
        }
        self.visit_snapshot(access, None, visitor)
    }

    fn duplicate_in(&self, row: i64, document: &RawDocument) -> Outcome<Option<DataError>> {
        let (Some(table), Some(collection)) = (self.table, self.collection) else {
            return Ok(None);
        };
        let changes = &self.changes;
        for index in collection.indexes.iter().filter(|index| index.unique) {
            for key in keys_of(index, document)? {
                let own = changes.unique_row(index.id, &key).filter(|other| *other != row);
                let theirs = table
                    .other_row(index, &key, row)?
                    .filter(|other| changes.of_row(*other).is_none());
                if own.or(theirs).is_some() {
                    return Ok(Some(duplicate::of_index(collection, index, document, &key)));
                }
            }
        }
        Ok(None)
    }
}

impl Documents for Layer<'_> {
    fn collection(&self) -> Option<&Collection> {
        self.collection
    }

    /// What has changed is not at its place in an index.
    fn plan(&self, filter: &Filter, sort: Option<&Sort>) -> Plan {
        let plan = plan(self.collection, filter, sort);
        let is_sorted = match plan.access {
            Access::Rows | Access::RowsBackwards | Access::Id(_) => plan.is_sorted,
            Access::Ids(_) | Access::Index(..) => sort.is_none_or(Sort::is_empty),
        };
        Plan { is_sorted, ..plan }
    }

    fn visit(
        &self,
        access: &Access,
        behind: Option<&Position>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        if let (Access::Id(key), None) = (access, behind)
            && let Some(change) = self.changes.of_key(key)
        {
            if let Some(after) = &change.after {
                visitor(change.row, after)?;
            }
            return Ok(None);
        }
        if let Access::RowsBackwards = access {
            return self.visit_backwards(behind, visitor);
        }
        if let Some(Position::Own(row)) = behind {
            return self.visit_own(row + 1.., visitor);
        }
        if let Some(position) = self.visit_snapshot(access, behind, visitor)? {
            return Ok(Some(position));
        }
        match access {
            Access::Id(_) | Access::RowsBackwards => Ok(None),
            // Documents that were there have been shown in their places.
            Access::Rows => self.visit_own(OWN_ROW_MIN.., visitor),
            Access::Ids(_) | Access::Index(..) => self.visit_own(.., visitor),
        }
    }

    fn at_row(&self, row: i64) -> Outcome<Option<RawDocumentBuf>> {
        match (self.changes.of_row(row), self.table) {
            (Some(change), _) => Ok(change.after.clone()),
            (None, Some(table)) => table.at_row(row),
            (None, None) => Ok(None),
        }
    }

    fn count(&self) -> Outcome<u64> {
        let stored = self.table.map(|table| table.count()).transpose()?.unwrap_or_default();
        Ok(stored.saturating_add_signed(self.changes.growth()))
    }
}

impl DocumentsMut for Layer<'_> {
    fn insert(&mut self, document: &RawDocument) -> Outcome<()> {
        let key = id_key(document);
        let (is_there, row) = match (self.changes.of_key(&key), self.table) {
            (Some(change), _) => (change.after.is_some(), Some(change.row)),
            (None, Some(table)) => (table.has_key(&key)?, None),
            (None, None) => (false, None),
        };
        if is_there {
            return Err(duplicate::of_id(self.name, document).into());
        }
        if let Some(duplicate) = self.duplicate_in(row.unwrap_or_default(), document)? {
            return Err(duplicate.into());
        }
        let row = row.unwrap_or_else(|| self.changes.new_row());
        self.changes.note(self.collection, (key, row), None, Some(document), ChangeKind::Insert)
    }

    fn replace(
        &mut self,
        row: i64,
        before: &RawDocument,
        after: &RawDocument,
        kind: ChangeKind,
    ) -> Outcome<()> {
        if let Some(duplicate) = self.duplicate_in(row, after)? {
            return Err(duplicate.into());
        }
        let key = id_key(after);
        self.changes.note(self.collection, (key, row), Some(before), Some(after), kind)
    }

    fn remove(&mut self, row: i64, before: &RawDocument) -> Outcome<()> {
        let key = id_key(before);
        self.changes.note(self.collection, (key, row), Some(before), None, ChangeKind::Delete)
    }

    fn clear(&mut self) -> Outcome<Option<u64>> {
        Ok(None)
    }

    /// A transaction of which something fails is over.
    fn atomically(
        &mut self,
        work: &mut dyn FnMut(&mut dyn DocumentsMut) -> Outcome<()>,
    ) -> Outcome<()> {
        work(self)
    }
}
