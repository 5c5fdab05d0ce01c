//! One collection as commands see it: committed documents, or these with what a transaction has
//! done on top.

pub(crate) mod table;
pub(crate) mod validate;
pub(crate) mod writing;

use bson::{RawDocument, RawDocumentBuf};

use hookstead_query::{Filter, Sort};

use crate::{
    ChangeKind,
    embedded::{
        catalogue::Collection,
        failure::{Outcome, gone},
        plan::{
            Plan,
            access::{Access, Position},
            plan,
        },
    },
};

/// Whether to go on with the next document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Next,
    Stop,
}

/// What looks at candidates, one after the other: the row and the document.
pub(crate) type Visitor<'v> = dyn FnMut(i64, &RawDocument) -> Outcome<Step> + 'v;

/// The documents of a collection, to be read.
pub(crate) trait Documents {
    /// The collection in the file; none where nothing has been written yet.
    fn collection(&self) -> Option<&Collection>;

    /// How to go through it for a filter and in an order.
    fn plan(&self, filter: &Filter, sort: Option<&Sort>) -> Plan {
        plan(self.collection(), filter, sort)
    }

    /// Shows candidates behind a position to a visitor until it stops; answers where that was, and
    /// nothing at the end.
    fn visit(
        &self,
        access: &Access,
        behind: Option<&Position>,
        visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>>;

    /// A document by its row.
    fn at_row(&self, row: i64) -> Outcome<Option<RawDocumentBuf>>;

    /// How many there are.
    fn count(&self) -> Outcome<u64>;
}

/// A collection that is not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nothing;

impl Documents for Nothing {
    fn collection(&self) -> Option<&Collection> {
        None
    }

    fn visit(
        &self,
        _access: &Access,
        _behind: Option<&Position>,
        _visitor: &mut Visitor<'_>,
    ) -> Outcome<Option<Position>> {
        Ok(None)
    }

    fn at_row(&self, _row: i64) -> Outcome<Option<RawDocumentBuf>> {
        Ok(None)
    }

    fn count(&self) -> Outcome<u64> {
        Ok(0)
    }
}

/// The documents of a collection, to be changed. Each change is checked first: one that fails has
/// changed nothing.
pub(crate) trait DocumentsMut: Documents {
    /// Adds a document that has an `_id`.
    fn insert(&mut self, document: &RawDocument) -> Outcome<()>;

    /// Puts a document with the same `_id` in the place of one; `kind` is what it counts as.
    fn replace(
        &mut self,
        row: i64,
        before: &RawDocument,
        after: &RawDocument,
        kind: ChangeKind,
    ) -> Outcome<()>;

    /// Takes a document away.
    fn remove(&mut self, row: i64, before: &RawDocument) -> Outcome<()>;

    /// Takes all documents away at once and answers how many, where that can be done.
    fn clear(&mut self) -> Outcome<Option<u64>>;

    /// Does something wholly, or not at all if it fails.
    fn atomically(
        &mut self,
        work: &mut dyn FnMut(&mut dyn DocumentsMut) -> Outcome<()>,
    ) -> Outcome<()>;
}

impl DocumentsMut for Nothing {
    fn insert(&mut self, _document: &RawDocument) -> Outcome<()> {
        Err(gone().into())
    }

    fn replace(
        &mut self,
        _row: i64,
        _before: &RawDocument,
        _after: &RawDocument,
        _kind: ChangeKind,
    ) -> Outcome<()> {
        Err(gone().into())
    }

    fn remove(&mut self, _row: i64, _before: &RawDocument) -> Outcome<()> {
        Err(gone().into())
    }

    fn clear(&mut self) -> Outcome<Option<u64>> {
        Ok(Some(0))
    }

    fn atomically(
        &mut self,
        work: &mut dyn FnMut(&mut dyn DocumentsMut) -> Outcome<()>,
    ) -> Outcome<()> {
        work(self)
    }
}
