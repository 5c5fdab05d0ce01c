//! `$setWindowFields`: into each document, what functions make of the documents around it.
//!
//! All documents are read, and sorted by partition and within it. Then they leave one by one, with
//! the values of the functions. A [`Runner`] is asked for one document after the other, so that it
//! can move its window along instead of looking at all of it every time.

mod bounds;
mod change;
mod ends;
mod fill;
mod function;
mod parse;
mod partition;
mod rank;
mod slide;
mod tally;

use bson::{RawBsonRef, RawDocumentBuf};

use self::{
    function::Function,
    partition::{Entry, Partition, Runner},
};
use crate::{
    MongoCode, QueryError, Sort,
    aggregate::{
        budget::Budget,
        computed::Computed,
        documents::{Collections, Documents, deferred},
        stage::Operation,
        tree::{Mode, Tree},
    },
    append_key,
    interrupt::{sort_by, step},
};

pub(in crate::aggregate) use self::parse::parse;

struct Window {
    partition_by: Option<Computed>,
    sort: Option<Sort>,
    /// Each fills the slot of its number in the tree.
    functions: Vec<Function>,
    tree: Tree,
    bytes_max: usize,
}

impl Operation for Window {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        deferred(move || {
            let mut budget = Budget::new("$setWindowFields", self.bytes_max);
            let mut entries = Vec::new();
            for document in source {
                let entry = self.entry(document?)?;
                let keys_bytes = entry.partition.len() + entry.key.len();
                budget.take(keys_bytes + entry.document.as_bytes().len() + size_of::<Entry>())?;
                entries.push(entry);
            }
            // Those with equal keys stay in their order.
            sort_by(&mut entries, |one, other| {
                one.partition.cmp(&other.partition).then_with(|| one.key.cmp(&other.key))
            })?;
            let held_bytes = budget.used_bytes();
            Ok(Box::new(Passing {
                window: self,
                entries,
                budget,
                held_bytes,
                start: 0,
                end: 0,
                index: 0,
                runners: Vec::new(),
            }))
        })
    }
}

impl Window {
    fn entry(&self, document: RawDocumentBuf) -> Result<Entry, QueryError> {
        let mut partition = Vec::new();
        if let Some(partition_by) = &self.partition_by {
            partition_by.with(&document, |value| {
                if let Some(RawBsonRef::Array(_)) = value {
                    let text = "An expression used to partition cannot evaluate to value of type \
                                array";
                    return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
                }
                append_key(value.unwrap_or(RawBsonRef::Null), &mut partition);
                Ok(())
            })?;
        }
        let mut key = Vec::new();
        if let Some(sort) = &self.sort {
            sort.append_key(&document, &mut key)?;
        }
        Ok(Entry { partition: partition.into(), key: key.into(), document })
    }
}

/// Documents on their way out.
struct Passing<'a> {
    window: &'a Window,
    entries: Vec<Entry>,
    budget: Budget,
    /// What the documents take; the rest is given back after each partition.
    held_bytes: usize,
    start: usize,
    end: usize,
    index: usize,
    runners: Vec<Box<dyn Runner>>,
}

impl Iterator for Passing<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.index >= self.entries.len() {
            return None;
        }
        let document = self.document();
        self.index += 1;
        Some(document)
    }
}

impl Passing<'_> {
    fn document(&mut self) -> Result<RawDocumentBuf, QueryError> {
        if self.index == self.end {
            self.begin_partition()?;
        }
        let partition = Partition { entries: &self.entries[self.start..self.end] };
        let place = self.index - self.start;
        let mut slots = Vec::with_capacity(self.runners.len());
        for runner in &mut self.runners {
            step()?;
            slots.push(runner.value(place, &partition)?);
        }
        let document = &self.entries[self.index].document;
        self.window.tree.apply_with(Mode::Add, document, &slots)
    }

    fn begin_partition(&mut self) -> Result<(), QueryError> {
        self.start = self.end;
        let rest = &self.entries[self.start..];
        let len = rest.iter().take_while(|entry| entry.partition == rest[0].partition).count();
        self.end = self.start + len;
        self.runners.clear();
        let taken = self.budget.used_bytes() - self.held_bytes;
        self.budget.give_back(taken);
        let partition = Partition { entries: &rest[..len] };
        for function in &self.window.functions {
            self.runners.push(function.start(&partition, &mut self.budget)?);
        }
        Ok(())
    }
}
