//! `aggregate`: what a pipeline makes of collections, in batches.
//!
//! Between two batches the pipeline waits where it is, and holds no state of the file; each batch
//! reads from the state at its time. What goes to `$out` or `$merge` is gathered in the same way,
//! and then written in one transaction. Only what is too much to be gathered is computed by the
//! writer, from the state before its transaction.

use std::sync::Arc;

use bson::{Document, RawBsonRef, RawDocument};
use hookstead_memory::{Part, Share};
use hookstead_query::{Parameters, Pipeline, QueryError, Variables, validate};

use super::{
    cancel::Cancel,
    computation::{hold, no_memory},
    documents::DocumentsMut,
    failure::Outcome,
    find::{DROPPED_BYTES_MAX, FIRST_DOCUMENTS_MAX, given_up},
    origin::Origin,
    output::Target,
    running::{Course, Running, pulled},
    shared::Shared,
    sources::{Lent, Sources},
    store::failed,
    writing::Writing,
};
use crate::{Aggregate, Answer, Batch, Cursor, DataError, Future, Namespace};

/// `InvalidNamespace`
const INVALID_NAMESPACE: i32 = 73;

/// A pipeline, ready to be run.
pub(super) struct AggregateWork {
    pipeline: Arc<Pipeline>,
    parameters: Parameters,
}

impl AggregateWork {
    pub(super) fn parse(
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
            return Err(QueryError::new(INVALID_NAMESPACE, text).into());
        }
        Ok(Self { pipeline, parameters })
    }

    /// Where the documents go, if not to the caller.
    pub(super) fn target(&self, name: &Namespace) -> Option<Target<'_>> {
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
pub(super) fn run(
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

/// What a pipeline has made.
pub(super) struct Gathered {
    pub(super) batches: Vec<Batch>,
    /// Their memory.
    _share: Option<Share>,
}

/// All documents of a pipeline that has begun, unless they are more than so many bytes.
pub(super) async fn gather(
    answer: Future<'static, Answer>,
    bytes_max: usize,
    memory: &Arc<Part>,
) -> Result<Option<Gathered>, DataError> {
    let Answer::Cursor(mut batch, mut rest) = answer.await? else { return Ok(None) };
    let mut batches = Vec::new();
    let mut bytes = 0;
    let mut share = None;
    loop {
        bytes += batch.bytes_len();
        if bytes > bytes_max {
            return Ok(None);
        }
        if !hold(&mut share, memory, bytes) {
            return Err(no_memory(memory, bytes));
        }
        let is_empty = batch.is_empty();
        batches.push(batch);
        batch = match &mut rest {
            // One that has no documents may be the first.
            Some(cursor) if !is_empty || batches.len() == 1 => cursor.next_batch().await?,
            _ => return Ok(Some(Gathered { batches, _share: share })),
        };
    }
}

/// What a pipeline writes to a collection.
pub(super) struct Output {
    pub(super) name: Namespace,
    pub(super) work: AggregateWork,
    /// What it has made, unless that is too much to be kept.
    pub(super) gathered: Option<Gathered>,
}

impl Output {
    /// Whether it may take long and can be done elsewhere than on the thread that writes.
    pub(super) fn is_movable(&self) -> bool {
        self.gathered.is_some()
            && self.work.target(&self.name).is_some_and(|target| target.computes())
    }

    /// The collection that it goes to.
    pub(super) fn target_name(&self) -> Namespace {
        let target = self.work.target(&self.name);
        target.map_or_else(|| self.name.clone(), |target| target.name().clone())
    }

    /// Writes on the thread that writes, within a transaction that has written nothing yet.
    pub(super) fn write(
        &self,
        shared: &Arc<Shared>,
        source: &Arc<str>,
        writing: &mut Writing<'_>,
    ) -> Outcome<()> {
        match &self.gathered {
            Some(gathered) => {
                write_gathered(source, &self.name, &self.work, &gathered.batches, writing)
            }
            None => write(shared, source, &self.name, &self.work, writing),
        }
    }

    /// The same within a transaction of its own.
    pub(super) fn merge(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        if let (Some(target), Some(gathered)) = (self.work.target(&self.name), &self.gathered) {
            target.merge_all(gathered.batches.iter().flat_map(Batch::iter), documents)?;
        }
        Ok(Answer::Cursor(Batch::default(), None))
    }
}

/// Puts what a pipeline has made into a collection.
fn write_gathered(
    source: &Arc<str>,
    name: &Namespace,
    work: &AggregateWork,
    batches: &[Batch],
    writing: &mut Writing<'_>,
) -> Outcome<()> {
    let Some(target) = work.target(name) else { return Ok(()) };
    writing.atomically(|writing| {
        let documents = batches.iter().flat_map(Batch::iter);
        target.write(source, documents.map(|document| Ok(document.to_owned())), writing)
    })
}

/// Runs a pipeline whose documents go to a collection, within a transaction of the writer that has
/// written nothing yet.
fn write(
    shared: &Arc<Shared>,
    source: &Arc<str>,
    name: &Namespace,
    work: &AggregateWork,
    writing: &mut Writing<'_>,
) -> Outcome<()> {
    let connection = shared.take_reader()?;
    connection.execute_batch("BEGIN")?;
    let catalogue = shared.current_catalogue(&connection)?;
    let sources = Sources::new(source, &name.database);
    sources.lend(Lent::File(connection, catalogue), &Cancel::default());
    let outcome = writing.atomically(|writing| {
        let documents = pulled(&work.pipeline, &sources, &name.collection)?;
        let documents = documents.map(|one| one.map_err(|error| sources.failure(error)));
        match work.target(name) {
            Some(target) => target.write(source, documents, writing),
            None => Ok(()),
        }
    });
    if let Some(Lent::File(connection, _)) = sources.take_back() {
        shared.put_back(connection);
    }
    outcome
}
