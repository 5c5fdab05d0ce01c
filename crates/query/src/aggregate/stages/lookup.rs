//! `$lookup`: into each document, an array of those of another collection that belong to it.
//!
//! They belong to it by equal values of two fields, by a pipeline that knows variables of the
//! document, or by both. Equal values are found through a [`Table`] of the other documents: of
//! those that some documents ask for, as long as the collection has an index for that or few
//! documents come, and else of all, read once.

mod inner;
mod parse;
pub(super) mod table;

use std::collections::VecDeque;

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use self::{inner::Inner, table::Table};
use super::values::{Values, filter_for};
use crate::{
    Parameters, QueryError,
    aggregate::{
        budget::Budget,
        documents::{Collections, Documents, Reading},
        path::Path,
        stage::Operation,
        write::{ArrayBuffer, Writer},
    },
    memory::{HeldBytes, with_kept},
};

pub(in crate::aggregate) use self::parse::parse;

/// So many documents ask together at first, and so many at most. Few at first, as a `$limit` may
/// want no more.
const BATCH_FIRST: usize = 16;
const BATCH_MAX: usize = 512;

/// A batch ends with the document that exceeds this.
const BATCH_BYTES_MAX: usize = 1 << 20;

struct Lookup {
    /// Without a collection, the pipeline brings its documents along.
    from: Option<String>,
    /// Where the array goes.
    into: Path,
    join: Option<Join>,
    inner: Option<Inner>,
    parameters: Parameters,
}

/// Two fields that are to be equal.
struct Join {
    local: Values,
    foreign: crate::path::Path,
}

impl Operation for Lookup {
    fn run<'a>(&'a self, source: Documents<'a>, collections: &'a dyn Collections) -> Documents<'a> {
        let budget = Budget::new("$lookup", self.parameters.memory_bytes_max);
        let looking = Looking { lookup: self, collections, budget, cached: None };
        match &self.join {
            Some(join) => {
                let from = self.from.as_deref().unwrap_or_default();
                let has_index = collections.has_index(None, from, join.foreign.as_str());
                let plan = if has_index { Plan::Ask } else { Plan::AskOnce };
                Box::new(Joining {
                    join,
                    looking,
                    source,
                    plan,
                    asking: VecDeque::new(),
                    asked: None,
                    failure: None,
                    batch_max: BATCH_FIRST,
                    held: HeldBytes::default(),
                })
            }
            None => {
                let mut looking = looking;
                Box::new(source.map(move |document| looking.without_join(document?)))
            }
        }
    }

    fn add_readings(&self, readings: &mut Vec<Reading>) {
        if let Some(collection) = &self.from {
            readings.push(Reading { database: None, collection: collection.clone() });
        }
        if let Some(inner) = &self.inner {
            inner.add_readings(readings);
        }
    }
}

/// What all ways of looking something up work with.
struct Looking<'a> {
    lookup: &'a Lookup,
    collections: &'a dyn Collections,
    budget: Budget,
    /// What the pipeline makes that is the same for all documents. Inside, none means that it is
    /// too much to be kept.
    cached: Option<Option<Vec<RawDocumentBuf>>>,
}

impl Looking<'_> {
    fn without_join(&mut self, document: RawDocumentBuf) -> Result<RawDocumentBuf, QueryError> {
        let lookup = self.lookup;
        let Some(inner) = &lookup.inner else { return Ok(document) };
        if self.cached.is_none() && inner.has_constant_part() {
            self.cached = Some(self.constant_part(inner)?);
        }
        let (pipeline, _held) = with_kept(|| inner.parse_for(&document, &lookup.parameters));
        let pipeline = pipeline?;
        let from = lookup.from.as_deref().unwrap_or_default();
        let source: Documents<'_> = match &self.cached {
            Some(Some(documents)) => Box::new(documents.iter().cloned().map(Ok)),
            _ if inner.has_constant_part() => inner.constant.run_over(None, from, self.collections),
            _ => match &pipeline {
                Some(pipeline) => {
                    let found = pipeline.run_over(None, from, self.collections);
                    return lookup.document(&document, found, &mut self.budget);
                }
                None => inner.constant.run_over(None, from, self.collections),
            },
        };
        let found = match &pipeline {
            Some(pipeline) => pipeline.run(source, self.collections),
            None => source,
        };
        lookup.document(&document, found, &mut self.budget)
    }

    fn constant_part(&mut self, inner: &Inner) -> Result<Option<Vec<RawDocumentBuf>>, QueryError> {
        let from = self.lookup.from.as_deref().unwrap_or_default();
        let mut kept = Vec::new();
        let mut bytes = 0;
        for document in inner.constant.run_over(None, from, self.collections) {
            let document = document?;
            let len = document.as_bytes().len() + size_of::<RawDocumentBuf>();
            // Half of it is left for the answers.
            if bytes + len > self.lookup.parameters.memory_bytes_max / 2 {
                self.budget.give_back(bytes);
                return Ok(None);
            }
            bytes += len;
            self.budget.take(len)?;
            kept.push(document);
        }
        Ok(Some(kept))
    }

    /// The document with those that its values lead to in a table.
    fn joined(
        &mut self,
        document: &RawDocument,
        table: &Table,
        join: &Join,
    ) -> Result<RawDocumentBuf, QueryError> {
        let found = table.find(document, &join.local)?;
        let source: Documents<'_> = Box::new(found.into_iter().cloned().map(Ok));
        let Some(inner) = &self.lookup.inner else {
            return self.lookup.document(document, source, &mut self.budget);
        };
        let (pipeline, _held) = with_kept(|| inner.parse_for(document, &self.lookup.parameters));
        let pipeline = pipeline?;
        let source = inner.constant.run(source, self.collections);
        let found = match &pipeline {
            Some(pipeline) => pipeline.run(source, self.collections),
            None => source,
        };
        self.lookup.document(document, found, &mut self.budget)
    }
}

impl Lookup {
    /// A document with what was found for it.
    fn document(
        &self,
        document: &RawDocument,
        found: Documents<'_>,
        budget: &mut Budget,
    ) -> Result<RawDocumentBuf, QueryError> {
        let mut array = ArrayBuffer::default();
        let mut bytes = 0;
        for found in found {
            let grown = array.push(RawBsonRef::Document(&found?))?;
            bytes += grown;
            budget.take(grown)?;
        }
        let mut writer = Writer::with_capacity(document.as_bytes().len() + bytes);
        self.into.replace(document, &mut writer, &mut |writer, name| {
            writer.append_array(name, &array)
        })?;
        budget.give_back(bytes);
        writer.finish()
    }
}

/// How the other documents are read.
enum Plan {
    /// Those that some documents ask for, again and again.
    Ask,
    /// The same for the first documents; for the rest, all.
    AskOnce,
    /// From now on, all.
    All,
    /// All of them are here.
    Known(Table),
}

struct Joining<'a> {
    join: &'a Join,
    looking: Looking<'a>,
    source: Documents<'a>,
    plan: Plan,
    /// Documents that are to ask together, in this order.
    asking: VecDeque<Vec<RawDocumentBuf>>,
    /// Those that have asked, and what all of them asked for.
    asked: Option<(Table, std::vec::IntoIter<RawDocumentBuf>)>,
    /// What the source failed with behind them.
    failure: Option<QueryError>,
    batch_max: usize,
    /// The memory of the documents.
    held: HeldBytes,
}

impl Iterator for Joining<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((table, documents)) = &mut self.asked {
                if let Some(document) = documents.next() {
                    return Some(self.looking.joined(&document, table, self.join));
                }
                self.looking.budget.give_back(table.bytes());
                self.asked = None;
            }
            if let Some(batch) = self.asking.pop_front() {
                if let Err(error) = self.ask(batch) {
                    return Some(Err(error));
                }
                continue;
            }
            if let Some(error) = self.failure.take() {
                return Some(Err(error));
            }
            if let Plan::All = self.plan {
                match self.read_all() {
                    Ok(plan) => self.plan = plan,
                    Err(error) => return Some(Err(error)),
                }
            }
            if let Plan::Known(table) = &self.plan {
                let document = self.source.next()?;
                return Some(
                    document.and_then(|document| self.looking.joined(&document, table, self.join)),
                );
            }
            match self.next_batch() {
                Ok(batch) if batch.is_empty() && self.failure.is_none() => return None,
                Ok(batch) => self.asking.extend((!batch.is_empty()).then_some(batch)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Joining<'_> {
    fn next_batch(&mut self) -> Result<Vec<RawDocumentBuf>, QueryError> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        self.held = HeldBytes::default();
        while batch.len() < self.batch_max && bytes < BATCH_BYTES_MAX {
            match self.source.next() {
                Some(Ok(document)) => {
                    bytes += document.as_bytes().len() + size_of::<RawDocumentBuf>();
                    self.held.set(bytes)?;
                    batch.push(document);
                }
                Some(Err(found)) => {
                    self.failure = Some(found);
                    break;
                }
                None => break,
            }
        }
        self.batch_max = (self.batch_max * 2).min(BATCH_MAX);
        if let Plan::AskOnce = self.plan {
            self.plan = Plan::All;
        }
        Ok(batch)
    }

    /// Looks up what some documents ask for: in halves, if it is too much to be held at once.
    fn ask(&mut self, mut batch: Vec<RawDocumentBuf>) -> Result<(), QueryError> {
        match self.table_for(&batch) {
            Ok(table) => self.asked = Some((table, batch.into_iter())),
            Err(error) if Budget::is_exceeded(&error) && batch.len() > 1 => {
                let second = batch.split_off(batch.len() / 2);
                self.asking.push_front(second);
                self.asking.push_front(batch);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn table_for(&mut self, batch: &[RawDocumentBuf]) -> Result<Table, QueryError> {
        let looking = &mut self.looking;
        let filter =
            filter_for(batch, &self.join.local, &self.join.foreign, &looking.lookup.parameters)?;
        let from = looking.lookup.from.as_deref().unwrap_or_default();
        let documents = looking.collections.scan(None, from, Some(&filter));
        Table::read(documents, &self.join.foreign, &mut looking.budget)
    }

    fn read_all(&mut self) -> Result<Plan, QueryError> {
        let looking = &mut self.looking;
        let from = looking.lookup.from.as_deref().unwrap_or_default();
        // Half of it is left for the answers.
        let bytes_max = looking.budget.left_bytes() / 2;
        let mut budget = Budget::new("$lookup", bytes_max);
        let documents = looking.collections.scan(None, from, None);
        match Table::read(documents, &self.join.foreign, &mut budget) {
            Ok(table) => {
                drop(budget);
                looking.budget.take(table.bytes())?;
                Ok(Plan::Known(table))
            }
            Err(error) if Budget::is_exceeded(&error) => Ok(Plan::Ask),
            Err(error) => Err(error),
        }
    }
}
