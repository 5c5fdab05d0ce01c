//! The store as its callers know it.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
    time::Duration,
};

use hookstead_memory::Budget;
use hookstead_query::QueryError;
use tokio::sync::Semaphore;

use super::{
    aggregate::{self, AggregateWork},
    cancel::{Pending, gone},
    commands::Work,
    computation::Limit,
    declared,
    failure::Failure,
    find::{self, Query},
    line::Line,
    moved::{self, MOVED_MAX},
    names,
    options::{EmbeddedOptions, IndexSpec},
    origin::Origin,
    readers::Readers,
    session::EmbeddedSession,
    shared::Shared,
    table::Table,
    transaction::Transaction,
    writer::Writer,
    writing::Writing,
};
use crate::{Answer, Batch, Command, DataError, Future, Namespace, Session, Store, Target};

/// A file of documents, shared by any number of data sources.
#[derive(Debug, Clone)]
pub struct EmbeddedFile {
    core: Arc<Core>,
}

/// What is open of a file.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) readers: Arc<Readers>,
    pub(super) writer: Writer,
    options: EmbeddedOptions,
    /// Those that may have a snapshot, or wait for a place.
    transactions: Mutex<Vec<Weak<Line>>>,
    places: Arc<Semaphore>,
    /// Places for writes that are done elsewhere than on the thread that writes.
    moved: Semaphore,
}

impl EmbeddedFile {
    /// Opens the file `documents.sqlite3` in a folder; both are made where they are missing.
    ///
    /// Waits for the disk. Other processes may have the same file open.
    pub fn open(folder: &Path, options: EmbeddedOptions) -> Result<Self, DataError> {
        Self::open_within(folder, options, &Budget::unlimited())
    }

    /// The same, with a budget of memory. What is computed at a time, and what transactions have
    /// changed, takes half of it at most.
    pub fn open_within(
        folder: &Path,
        options: EmbeddedOptions,
        budget: &Arc<Budget>,
    ) -> Result<Self, DataError> {
        let shared = Shared::open(folder, &options, budget)?;
        let writer = Writer::start(&shared, &options)?;
        let readers = Arc::new(Readers::new(&shared, &options));
        let core = Core {
            shared,
            readers,
            writer,
            options,
            transactions: Mutex::default(),
            places: Arc::new(Semaphore::new(options.transactions_max.max(1))),
            moved: Semaphore::new(MOVED_MAX),
        };
        Ok(Self { core: Arc::new(core) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.core.shared.file.path()
    }

    /// The store of a data source. Sources of different names share no documents.
    pub fn data_source(&self, name: &str) -> EmbeddedStore {
        EmbeddedStore { core: Arc::clone(&self.core), source: name.into() }
    }
}

/// The documents of a data source.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    core: Arc<Core>,
    source: Arc<str>,
}

impl EmbeddedStore {
    /// Makes the indexes that are declared and missing, and drops those that are not declared.
    pub fn declare_indexes(&self, indexes: Vec<IndexSpec>) -> Future<'static, ()> {
        let source = Arc::clone(&self.source);
        let written = self.core.writer.submit(
            0,
            Limit::Open,
            Box::new(move |writing| {
                writing.atomically(|writing| declared::apply(&source, &indexes, writing))?;
                Ok(Answer::Written)
            }),
        );
        Box::pin(async { written.await.map(drop) })
    }

    /// What a command is, or why it is none; a command that may take long to read comes back.
    pub(super) fn parse_short(
        &self,
        name: &Namespace,
        command: Command,
    ) -> Result<Result<Work, DataError>, Box<Command>> {
        match self.check_name(name, &command) {
            Ok(()) => Work::parse_short(command),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Has a thread that reads find out what a command is.
    pub(super) fn parse_long(&self, command: Box<Command>) -> Pending<Work> {
        self.core.readers.submit_with(move |_, _, _| match Work::parse(*command) {
            Err(error) if error.code == Some(QueryError::INTERRUPTED) => Err(Failure::Cancelled),
            parsed => Ok(parsed?),
        })
    }

    fn check_name(&self, name: &Namespace, command: &Command) -> Result<(), DataError> {
        let named = match command {
            Command::Aggregate(aggregate) if aggregate.of_database => {
                names::check_database(&name.database)
            }
            _ => names::check(name),
        };
        named.map_err(|failure| self.error(failure))
    }

    /// Answers what does not write.
    pub(super) fn read(
        &self,
        origin: Origin,
        name: Namespace,
        work: Work,
    ) -> Future<'static, Answer> {
        match work {
            Work::Find(query) => find::run(origin, name, query),
            Work::Read(read) => {
                origin.read(&name, move |documents, cancel| read.run(documents, cancel))
            }
            Work::Aggregate(work) => aggregate::run(origin, &name, &work),
            Work::Write(..) => failed(gone()),
        }
    }

    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    pub(super) fn readers(&self) -> &Arc<Readers> {
        &self.core.readers
    }

    pub(super) fn writer(&self) -> &Writer {
        &self.core.writer
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.core.shared
    }

    pub(super) fn moved(&self) -> &Semaphore {
        &self.core.moved
    }

    pub(super) fn write_compute_time(&self) -> Duration {
        self.core.options.write_compute_time
    }

    pub(super) fn new_transaction(&self) -> Arc<Line> {
        self.core.new_transaction(&self.source)
    }

    /// The places that transactions wait for.
    pub(super) fn places(&self) -> &Arc<Semaphore> {
        &self.core.places
    }

    /// Ends a transaction after everything that was asked of it.
    pub(super) fn commit(&self, transaction: &Arc<Line>) -> Future<'static, ()> {
        let store = self.clone();
        let finished =
            Line::submit(transaction, self.readers(), |transaction, _| transaction.finish());
        Box::pin(async move {
            let Some(overlay) = finished.await? else { return Ok(()) };
            let (source, bytes) = (Arc::clone(&store.source), overlay.bytes());
            let work = Box::new(move |writing: &mut Writing<'_>| {
                overlay.commit(&source, writing)?;
                Ok(Answer::Written)
            });
            store.core.writer.submit(bytes, Limit::Size, work).await.map(drop)
        })
    }

    fn write_aggregate(&self, name: Namespace, work: AggregateWork) -> Future<'static, Answer> {
        let origin = Origin::file(&self.core.readers, &self.source);
        let made = aggregate::run(origin, &name, &work);
        let store = self.clone();
        Box::pin(async move {
            let (shared, source) = (Arc::clone(&store.core.shared), Arc::clone(&store.source));
            let gathered =
                aggregate::gather(made, shared.transaction_bytes_max, &shared.memory).await?;
            let limit = Limit::Time(store.write_compute_time());
            let written = store.core.writer.submit_alone(
                limit,
                Box::new(move |writing| {
                    match &gathered {
                        Some(gathered) => {
                            let batches = &gathered.batches;
                            aggregate::write_gathered(&source, &name, &work, batches, writing)?;
                        }
                        None => aggregate::write(&shared, &source, &name, &work, writing)?,
                    }
                    Ok(Answer::Cursor(Batch::default(), None))
                }),
            );
            written.await
        })
    }

    /// What is known to be short is not worth a thread.
    fn find_at_once(&self, name: &Namespace, query: &Query) -> Option<Batch> {
        let catalogue = self.core.shared.catalogue();
        let collection = catalogue.collection(&self.source, name)?;
        let plan = query.short_plan(collection)?;
        let batch = self
            .core
            .readers
            .at_once(|connection| query.at_once(plan, &Table::new(connection, collection)));
        // A thread finds out what is wrong.
        batch?.ok()
    }

    fn error(&self, failure: Failure) -> DataError {
        failure.into_error(self.core.shared.file.path())
    }
}

impl Target for EmbeddedStore {
    fn run(&self, name: Namespace, command: Command) -> Future<'static, Answer> {
        match self.parse_short(&name, command) {
            Ok(parsed) => {
                if let Ok(Work::Find(query)) = &parsed
                    && let Some(batch) = self.find_at_once(&name, query)
                {
                    return Box::pin(std::future::ready(Ok(Answer::Cursor(batch, None))));
                }
                self.run_parsed(name, parsed)
            }
            Err(command) => {
                let (store, parsed) = (self.clone(), self.parse_long(command));
                Box::pin(async move { store.run_parsed(name, parsed.await).await })
            }
        }
    }
}

impl EmbeddedStore {
    fn run_parsed(
        &self,
        name: Namespace,
        parsed: Result<Work, DataError>,
    ) -> Future<'static, Answer> {
        match parsed {
            Err(error) => failed(error),
            Ok(Work::Write(write, bytes)) => moved::write(self, name, write, bytes),
            Ok(Work::Aggregate(work)) if work.target(&name).is_some() => {
                self.write_aggregate(name, work)
            }
            Ok(work) => self.read(Origin::file(&self.core.readers, &self.source), name, work),
        }
    }
}

impl Store for EmbeddedStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        let source = Arc::clone(&self.source);
        Box::pin(self.core.readers.submit(move |reading| Ok(reading.catalogue.databases(&source))))
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        let source = Arc::clone(&self.source);
        Box::pin(self.core.readers.submit(move |reading| {
            let collections = reading.catalogue.collections(&source);
            let names = collections.map(|collection| &collection.namespace);
            let names = names.filter(|name| name.database == database);
            Ok(names.map(|name| name.collection.clone()).collect())
        }))
    }

    fn start_session(&self) -> Arc<dyn Session> {
        Arc::new(EmbeddedSession::new(self.clone()))
    }
}

impl Drop for Core {
    /// Nothing is computed any more, so that the writer ends soon.
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::Relaxed);
    }
}

impl Core {
    /// A transaction, which has yet to be [let in](Line::try_enter). Those that have lasted for too
    /// long end.
    fn new_transaction(&self, source: &Arc<str>) -> Arc<Line> {
        let transaction = Line::new(&self.shared, Transaction::new(&self.shared, source));
        let mut open = self.transactions.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| one.upgrade().is_some_and(|one| !one.expire()));
        open.push(Arc::downgrade(&transaction));
        transaction
    }
}

/// A future that has failed already.
pub(super) fn failed<T: Send + 'static>(error: DataError) -> Future<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}
