//! A whole pipeline, and how it runs.

mod parse;

use bson::{RawDocument, RawDocumentBuf};

use super::{
    documents::{Collections, Documents, Reading, until_error},
    output::Output,
    stage::Stage,
};
use crate::{
    Filter, MongoCode, QueryError, Sort,
    interrupt::step,
    memory::{HeldBytes, Passage},
};

/// A document that leaves a pipeline is at most so long: 16 MiB, and a little for the way.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024 + 16 * 1024;

/// A parsed pipeline.
pub struct Pipeline {
    stages: Vec<Stage>,
    output: Option<Output>,
}

/// What a pipeline begins with, as far as a store can do it better.
#[derive(Clone, Copy, Default)]
pub struct Leading<'a> {
    /// Which documents are wanted at all.
    pub filter: Option<&'a Filter>,
    /// In which order they are wanted next.
    pub sort: Option<&'a Sort>,
    /// How many of them are wanted at most, after the filter and in that order.
    pub limit: Option<u64>,
}

impl Pipeline {
    /// The condition that all documents must meet before anything else is done, for an index.
    pub fn leading_filter(&self) -> Option<&Filter> {
        self.leading().filter
    }

    /// What it begins with, as far as a store can do it better. A store may do nothing of it, or
    /// the filter, or all, and hands the documents to [`Pipeline::run`] in any case.
    pub fn leading(&self) -> Leading<'_> {
        let mut leading = Leading::default();
        let mut rest = self.stages.as_slice();
        if let [Stage::Match(_, filter), others @ ..] = rest {
            leading.filter = Some(filter);
            rest = others;
        }
        match rest {
            [Stage::Sort(sort), ..] => {
                leading.sort = Some(sort.sort());
                leading.limit = sort.limit();
            }
            [Stage::Limit(limit), ..] => leading.limit = Some(*limit),
            [Stage::Skip(skip), Stage::Limit(limit), ..] => {
                leading.limit = Some(skip.saturating_add(*limit));
            }
            _ => {}
        }
        leading
    }

    /// Whether it has no need of a source: it begins with `$documents`.
    pub fn is_sourceless(&self) -> bool {
        match self.stages.first() {
            Some(Stage::Other(operation)) => operation.is_source(),
            _ => false,
        }
    }

    /// The collections that it reads besides its source, each once.
    pub fn collections(&self) -> Vec<Reading> {
        let mut readings = Vec::new();
        self.add_readings(&mut readings);
        readings.sort();
        readings.dedup();
        readings
    }

    pub(super) fn add_readings(&self, readings: &mut Vec<Reading>) {
        for stage in &self.stages {
            if let Stage::Other(operation) = stage {
                operation.add_readings(readings);
            }
        }
    }

    /// Where its documents go instead of to the caller. [`Pipeline::run`] yields them all the same,
    /// and the store does with them what this says.
    pub fn writes_to(&self) -> Option<&Output> {
        self.output.as_ref()
    }

    /// What it makes of documents. A source that leaves out what [`Pipeline::leading`] does not
    /// want leads to the same.
    pub fn run<'a>(
        &'a self,
        source: Documents<'a>,
        collections: &'a dyn Collections,
    ) -> Documents<'a> {
        let source = counted(source);
        let documents = until_error(self.run_stages(&self.stages, source, collections));
        Box::new(documents.map(|document| document.and_then(check_length)))
    }

    /// What it makes of a collection. The leading filter is the collection's to apply.
    pub fn run_over<'a>(
        &'a self,
        database: Option<&str>,
        collection: &str,
        collections: &'a dyn Collections,
    ) -> Documents<'a> {
        if self.is_sourceless() {
            return self.run(Box::new(std::iter::empty()), collections);
        }
        let filter = self.leading_filter();
        let rest = &self.stages[usize::from(filter.is_some())..];
        let source = collections.scan(database, collection, filter);
        let documents = until_error(self.run_stages(rest, counted(source), collections));
        Box::new(documents.map(|document| document.and_then(check_length)))
    }

    /// What it makes of one document, as the pipeline of an update.
    ///
    /// # Errors
    /// A stage fails on this document, or the result is too large.
    pub fn apply(&self, document: &RawDocument) -> Result<RawDocumentBuf, QueryError> {
        let mut new: Option<RawDocumentBuf> = None;
        let mut held = HeldBytes::default();
        for stage in &self.stages {
            let Stage::Transform(transform) = stage else {
                let text = "the pipeline of an update may only hold stages that change fields";
                return Err(QueryError::bad_value(text));
            };
            let made = transform.apply(new.as_deref().unwrap_or(document))?;
            held = HeldBytes::of_document(made.as_bytes().len())?;
            new = Some(made);
        }
        drop(held);
        new.map_or_else(|| Ok(document.to_owned()), check_length)
    }

    fn run_stages<'a>(
        &'a self,
        stages: &'a [Stage],
        source: Documents<'a>,
        collections: &'a dyn Collections,
    ) -> Documents<'a> {
        stages.iter().fold(source, |source, stage| run_stage(stage, source, collections))
    }
}

fn run_stage<'a>(
    stage: &'a Stage,
    source: Documents<'a>,
    collections: &'a dyn Collections,
) -> Documents<'a> {
    match stage {
        Stage::Match(_, filter) => matching(filter, source),
        Stage::Sort(sort) => sort.run(source),
        Stage::Limit(limit) => first(source, *limit),
        Stage::Skip(skip) => all_but_first(source, *skip),
        Stage::Transform(transform) => {
            let mut passage = Passage::default();
            let mut source = source;
            Box::new(std::iter::from_fn(move || {
                let next = || Some(source.next()?.and_then(|one| transform.apply(&one)));
                let (next, counted) = passage.count(next, len_of);
                Some(next?.and_then(|document| counted.map(|()| document)))
            }))
        }
        Stage::Other(operation) => counted(operation.run(source, collections)),
    }
}

/// The documents that match.
fn matching<'a>(filter: &'a Filter, source: Documents<'a>) -> Documents<'a> {
    Box::new(source.filter_map(move |document| match document {
        Ok(document) => match filter.matches(&document) {
            Ok(true) => Some(Ok(document)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        },
        Err(error) => Some(Err(error)),
    }))
}

/// The first documents.
fn first(source: Documents<'_>, limit: u64) -> Documents<'_> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Box::new(source.take(limit))
}

/// All but the first documents.
fn all_but_first(source: Documents<'_>, skip: u64) -> Documents<'_> {
    let mut left = skip;
    Box::new(source.filter(move |document| {
        let skipped = left > 0 && document.is_ok();
        left -= u64::from(skipped);
        !skipped
    }))
}

/// The same documents, each of which is a step and counts as long as it is worked on. Stages that
/// pass on what they are given or leave it out need not count: what they pull has been counted.
fn counted(documents: Documents<'_>) -> Documents<'_> {
    Box::new(Counted { documents, passage: Passage::default() })
}

struct Counted<'a> {
    documents: Documents<'a>,
    passage: Passage,
}

impl Iterator for Counted<'_> {
    type Item = Result<RawDocumentBuf, QueryError>;

    fn next(&mut self) -> Option<Self::Item> {
        let documents = &mut self.documents;
        let (next, counted) = self.passage.count(|| documents.next(), len_of);
        let next = next?;
        Some(counted.and_then(|()| step()).and(next))
    }
}

fn len_of(next: &Option<Result<RawDocumentBuf, QueryError>>) -> usize {
    match next {
        Some(Ok(document)) => document.as_bytes().len(),
        _ => 0,
    }
}

fn check_length(document: RawDocumentBuf) -> Result<RawDocumentBuf, QueryError> {
    let len = document.as_bytes().len();
    if len <= DOCUMENT_BYTES_MAX {
        return Ok(document);
    }
    let text = format!("the document has {len} bytes, and {DOCUMENT_BYTES_MAX} is the limit");
    Err(QueryError::new(MongoCode::BSON_OBJECT_TOO_LARGE, text))
}
