//! `aggregate`: what a pipeline makes of collections, in batches.
//!
//! Between two batches the pipeline waits where it is, and holds no state of the file; each batch
//! reads from the state at its time. What goes to `$out` or `$merge` is gathered in the same way,
//! and then written in one transaction. Only what is too much to be gathered is computed by the
//! writer, from the state before its transaction.

use std::sync::Arc;

use bson::{Document, RawBsonRef, RawDocument};
use hookstead_query::{Parameters, Pipeline, QueryError, Variables, validate};

use crate::{
    Aggregate, Answer, Batch, Cursor, DataError, Future, MongoCode, Namespace,
    embedded::{
        failure::Outcome,
        pipeline::{
            output::Target,
            running::{Course, Running},
            sources::Sources,
        },
        query::{
            find::{DROPPED_BYTES_MAX, FIRST_DOCUMENTS_MAX, given_up},
            origin::{Lent, Origin},
        },
        threads::cancel::Cancel,
    },
    store::failed,
};

/// A pipeline, ready to be run.
pub(crate) struct AggregateWork {
    pub(crate) pipeline: Arc<Pipeline>,
    parameters: Parameters,
}

impl AggregateWork {
    pub(crate) fn parse(
        aggregate: &Aggregate,
        mut parameters: Parameters,
    ) -> Result<Self, DataError> {
        read_options(&aggregate.options, &mut parameters)?;
        let pipeline = Arc::new(Pipeline::parse(&aggregate.pipeline, &parameters)?);
        if aggregate.of_database && !pipeline.is_sourceless() {
            let first = aggregate.pipeline.first().and_then(|stage| stage.iter().next());
            let first = first.and_then(Result::ok).map_or("", |(name, _)| name.as_str());
            let text =
                format!("{{aggregate: 1}} is not valid for '{first}'; a collection is required.");
            return Err(QueryError::new(MongoCode::INVALID_NAMESPACE, text).into());
        }
        Ok(Self { pipeline, parameters })
    }

    /// Where the documents go, if not to the caller.
    pub(crate) fn target(&self, name: &Namespace) -> Option<Target<'_>> {
        let output = self.pipeline.writes_to()?;
        Some(Target::new(output, &name.database, &self.parameters))
    }
}

fn read_options(options: &RawDocument, parameters: &mut Parameters) -> Result<(), QueryError> {
    for (name, value) in options.iter().flatten() {
        match (name.as_str(), value) {
            ("let", RawBsonRef::Document(variables)) => {
                validate(variables)?;
                let variables = Document::try_from(variables)
                    .map_err(|error| QueryError::bad_value(error.to_string()))?;
                parameters.variables = Variables::of(variables)?;
            }
            ("collation", RawBsonRef::Document(collation))
                if !collation.get_str("locale").is_ok_and(|locale| locale == "simple") =>
            {
                return Err(QueryError::not_supported("a collation"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How far a pipeline has come.
enum Stage {
    New(Box<Course>, String),
    Running(Running),
    Over,
}

impl Stage {
    /// The next batch, and how it goes on. What was lent comes back.
    fn advance(
        self,
        documents_max: usize,
        lent: Lent,
        cancel: &Cancel,
    ) -> (Outcome<(Batch, Self)>, Option<Lent>) {
        let mut running = match self {
            Self::Over => return (Ok((Batch::default(), Self::Over)), Some(lent)),
            Self::Running(running) => {
                running.sources().lend(lent, cancel);
                running
            }
            Self::New(course, collection) => {
                course.sources.lend(lent, cancel);
                match Running::begin(course, &collection) {
                    Ok(running) => running,
                    Err((course, failure)) => {
                        return (Err(failure), course.sources.take_back());
                    }
                }
            }
        };
        let outcome = running.next_batch(documents_max);
        let lent = running.sources().take_back();
        let outcome = outcome.map(|(batch, is_last)| {
            (batch, if is_last { Self::Over } else { Self::Running(running) })
        });
        (outcome, lent)
    }
}

/// Runs a pipeline whose documents go to the caller.
pub(crate) fn run(
    origin: Origin,
    name: &Namespace,
    work: &AggregateWork,
) -> Future<'static, Answer> {
    let sources = Sources::new(origin.source(), &name.database);
    let pipeline = Arc::clone(&work.pipeline);
    let course = Course { pipeline, sources, held_bytes: Default::default() };
    let stage = Stage::New(Box::new(course), name.collection.clone());
    let mut cursor = AggregateCursor { origin, stage: Some(stage) };
    let first = cursor.ask(FIRST_DOCUMENTS_MAX);
    Box::pin(async move {
        let (batch, stage) = first.await?;
        let rest: Option<Box<dyn Cursor>> = match stage {
            Stage::Over => None,
            stage => {
                cursor.stage = Some(stage);
                Some(Box::new(cursor))
            }
        };
        Ok(Answer::Cursor(batch, rest))
    })
}

struct AggregateCursor {
    origin: Origin,
    /// With whom asks for a batch; it is lost if that is given up.
    stage: Option<Stage>,
}

impl AggregateCursor {
    fn ask(&mut self, documents_max: usize) -> Future<'static, (Batch, Stage)> {
        let Some(stage) = self.stage.take() else { return failed(given_up()) };
        self.origin.lend(move |lent, cancel| stage.advance(documents_max, lent, cancel))
    }
}

impl Drop for AggregateCursor {
    /// What stages hold takes long to be dropped; that is for a thread of the store.
    fn drop(&mut self) {
        if self.held_bytes() > DROPPED_BYTES_MAX
            && let Some(stage) = self.stage.take()
        {
            self.origin.readers().push(Box::new(move |_| drop(stage)));
        }
    }
}

impl Cursor for AggregateCursor {
    fn held_bytes(&self) -> usize {
        match &self.stage {
            Some(Stage::Running(running)) => running.held_bytes(),
            _ => 0,
        }
    }

    fn next_batch(&mut self) -> Future<'_, Batch> {
        Box::pin(async {
            let (batch, stage) = self.ask(usize::MAX).await?;
            self.stage = Some(stage);
            Ok(batch)
        })
    }
}
