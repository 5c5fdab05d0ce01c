//! A whole pipeline: parsed, joined, run.

use bson::{RawDocument, RawDocumentBuf};

use super::{
    documents::{Collections, Documents, until_error},
    stage::{Context, Place, Stage, parse},
    stages::{self, output::Output},
};
use crate::{
    Filter, MongoCode, Parameters, QueryError, Sort,
    depth::{PIPELINE_DEPTH_MAX, STAGES_MAX, check_stack},
    interrupt::step,
    memory::{HeldBytes, Passage},
    validate,
};

/// A document that leaves a pipeline is at most so long: 16 MiB, and a little for the way.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024 + 16 * 1024;

/// A parsed pipeline.
pub struct Pipeline {
    stages: Vec<Stage>,
    output: Option<Output>,
}

/// A collection that a pipeline reads besides its source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reading {
    /// Another database than that of the pipeline.
    pub database: Option<String>,
    /// The collection.
    pub collection: String,
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
    /// Parses a pipeline.
    pub fn parse(stages: &[RawDocumentBuf], parameters: &Parameters) -> Result<Self, QueryError> {
        Self::parse_at(Place::Top, stages, parameters)
    }

    /// Parses the pipeline of an update, which may hold a few stages only.
    pub fn parse_update(
        stages: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        Self::parse_at(Place::Update, stages, parameters)
    }

    fn parse_at(
        place: Place,
        stages: &[RawDocumentBuf],
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        // So that nothing behind has to think of broken bytes and bottomless nesting.
        stages.iter().try_for_each(|stage| validate(stage))?;
        let stages = stages.iter().map(|stage| &**stage);
        let context = Context { parameters, place, depth: 0, stages_around: 0, index: 0 };
        Self::parse_in(stages, context)
    }

    pub(super) fn parse_in<'s>(
        documents: impl ExactSizeIterator<Item = &'s RawDocument>,
        context: Context<'_>,
    ) -> Result<Self, QueryError> {
        check_stack()?;
        let count = documents.len();
        let stages_around = context.stages_around + count;
        if stages_around > STAGES_MAX {
            let all =
                if count > STAGES_MAX { "" } else { ", with those of the pipelines around it" };
            let text = format!("Pipeline length must be no longer than {STAGES_MAX} stages{all}");
            return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
        }
        if context.depth > PIPELINE_DEPTH_MAX {
            let text = format!(
                "Maximum number of nested sub-pipelines exceeded. Limit is {PIPELINE_DEPTH_MAX}"
            );
            return Err(QueryError::new(MongoCode::MAX_SUB_PIPELINE_DEPTH_EXCEEDED, text));
        }
        let mut stages = Vec::with_capacity(count);
        for (index, document) in documents.enumerate() {
            let index_in_all = context.index + index;
            let inside = Context { index: index_in_all, stages_around, ..context };
            let (name, mut parsed) = parse(document, inside)?;
            if matches!(name.as_str(), "$out" | "$merge") && index + 1 < count {
                let text = format!("{name} can only be the final stage in the pipeline");
                return Err(QueryError::new(MongoCode::STAGE_NOT_LAST, text));
            }
            stages.append(&mut parsed);
        }
        let output = stages::output::take(&mut stages);
        let stages = stages::join::adjacent(stages, context.parameters)?;
        Ok(Self { stages, output })
    }

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
        Stage::Match(_, filter) => stages::filter::run(filter, source),
        Stage::Sort(sort) => sort.run(source),
        Stage::Limit(limit) => stages::slice::limit(source, *limit),
        Stage::Skip(skip) => stages::slice::skip(source, *skip),
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
    let text = format!(
        "BSONObj size: {len} (0x{len:X}) is invalid. \
         Size must be between 0 and {DOCUMENT_BYTES_MAX}(16MB)"
    );
    Err(QueryError::new(MongoCode::BSON_OBJECT_TOO_LARGE, text))
}
