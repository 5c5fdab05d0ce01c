//! Pipelines whose documents go to a collection: gathered first, and then written at once.

use std::sync::Arc;

use hookstead_memory::{Part, Share};

use crate::{
    Answer, Batch, DataError, Future, Namespace,
    embedded::{
        collection::{DocumentsMut, writing::Writing},
        data_source::EmbeddedStore,
        failure::Outcome,
        file::shared::Shared,
        pipeline::{
            aggregate::{self, AggregateWork},
            running::pulled,
            sources::Sources,
        },
        query::origin::{Lent, Origin},
        threads::{
            cancel::Cancel,
            computation::{Limit, hold, is_time_limit, no_memory},
        },
        write::moved,
    },
};

/// What a pipeline has made.
struct Gathered {
    batches: Vec<Batch>,
    /// Their memory.
    _share: Option<Share>,
}

/// All documents of a pipeline that has begun, unless they are more than so many bytes.
async fn gather(
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
struct Output {
    name: Namespace,
    work: AggregateWork,
    /// What it has made, unless that is too much to be kept.
    gathered: Option<Gathered>,
}

impl Output {
    /// Whether it may take long and can be done elsewhere than on the thread that writes.
    fn is_movable(&self) -> bool {
        self.gathered.is_some()
            && self.work.target(&self.name).is_some_and(|target| target.computes())
    }

    /// The collection that it goes to.
    fn target_name(&self) -> Namespace {
        let target = self.work.target(&self.name);
        target.map_or_else(|| self.name.clone(), |target| target.name().clone())
    }

    /// Writes on the thread that writes, within a transaction that has written nothing yet.
    fn write(
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
    fn merge(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
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

/// Runs a pipeline that writes.
pub(crate) fn run(
    store: &EmbeddedStore,
    name: Namespace,
    work: AggregateWork,
) -> Future<'static, Answer> {
    let origin = Origin::file(store.readers(), store.source());
    let made = aggregate::run(origin, &name, &work);
    let store = store.clone();
    Box::pin(async move {
        let shared = store.shared();
        let bytes_max = shared.transaction_bytes_max;
        let gathered = gather(made, bytes_max, &shared.memory).await?;
        let output = Arc::new(Output { name, work, gathered });
        if output.is_movable() {
            let limit = Limit::Always(moved::ON_WRITER_MAX);
            match output_on_writer(&store, limit, &output).await {
                Err(error) if is_time_limit(&error) => {}
                answer => return answer,
            }
            let theirs = Arc::clone(&output);
            let movable: moved::Movable = Arc::new(move |documents| theirs.merge(documents));
            let (to, keeps_part) = (output.target_name(), false);
            let moved = moved::try_elsewhere(&store, &to, &movable, keeps_part).await?;
            if let Some(answer) = moved {
                return Ok(answer);
            }
        }
        output_on_writer(&store, Limit::Time(store.write_compute_time()), &output).await
    })
}

fn output_on_writer(
    store: &EmbeddedStore,
    limit: Limit,
    output: &Arc<Output>,
) -> Future<'static, Answer> {
    let (shared, source) = (Arc::clone(store.shared()), Arc::clone(store.source()));
    let output = Arc::clone(output);
    store.writer().submit_long(
        0,
        limit,
        Box::new(move |writing| {
            output.write(&shared, &source, writing)?;
            Ok(Answer::Cursor(Batch::default(), None))
        }),
    )
}
