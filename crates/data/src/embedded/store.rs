//! The store as its callers know it.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use super::{
    aggregate::{self, AggregateWork},
    cancel::gone,
    commands::{Work, WriteWork},
    declared,
    documents::Nothing,
    failure::Failure,
    find::{self, Query},
    line::Line,
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
use crate::{
    Answer, Batch, Command, DataError, ErrorKind, Future, Namespace, Session, Store, Target,
};

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
    /// Those that may have a snapshot.
    transactions: Mutex<Vec<Weak<Line>>>,
}

impl EmbeddedFile {
    /// Opens the file `documents.sqlite3` in a folder; both are made where they are missing.
    ///
    /// Waits for the disk. Other processes may have the same file open.
    pub fn open(folder: &Path, options: EmbeddedOptions) -> Result<Self, DataError> {
        let shared = Shared::open(folder, options.transaction_bytes_max)?;
        let writer = Writer::start(&shared, &options)?;
        let readers = Arc::new(Readers::new(&shared, options.reader_threads_max));
        let transactions = Mutex::default();
        Ok(Self { core: Arc::new(Core { shared, readers, writer, options, transactions }) })
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
            Box::new(move |writing| {
                writing.atomically(|writing| declared::apply(&source, &indexes, writing))?;
                Ok(Answer::Written)
            }),
        );
        Box::pin(async { written.await.map(drop) })
    }

    /// What a command is, or why it is none.
    pub(super) fn parse(&self, name: &Namespace, command: Command) -> Result<Work, DataError> {
        let named = match &command {
            Command::Aggregate(aggregate) if aggregate.of_database => {
                names::check_database(&name.database)
            }
            _ => names::check(name),
        };
        named.map_err(|failure| self.error(failure))?;
        Work::parse(command)
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
            Work::Aggregate(work) => aggregate::run(origin, &name, work),
            Work::Write(..) => failed(gone()),
        }
    }

    pub(super) fn source(&self) -> &Arc<str> {
        &self.source
    }

    pub(super) fn readers(&self) -> &Arc<Readers> {
        &self.core.readers
    }

    pub(super) fn new_transaction(&self) -> Result<Arc<Line>, DataError> {
        self.core.new_transaction(&self.source)
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
            store.core.writer.submit(bytes, work).await.map(drop)
        })
    }

    fn write(&self, name: Namespace, write: WriteWork, bytes: usize) -> Future<'static, Answer> {
        let source = Arc::clone(&self.source);
        let work = Box::new(move |writing: &mut Writing<'_>| {
            let collection = match writing.collection(&source, &name) {
                None if write.may_insert() => writing.collection_or_new(&source, &name)?,
                None => return write.run(&mut Nothing),
                Some(collection) => collection,
            };
            write.run(&mut Table::new(writing.connection(), &collection))
        });
        self.core.writer.submit(bytes, work)
    }

    fn write_aggregate(&self, name: Namespace, work: AggregateWork) -> Future<'static, Answer> {
        let (shared, source) = (Arc::clone(&self.core.shared), Arc::clone(&self.source));
        self.core.writer.submit_alone(Box::new(move |writing| {
            aggregate::write(&shared, &source, &name, &work, writing)?;
            Ok(Answer::Cursor(Batch::default(), None))
        }))
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
        match self.parse(&name, command) {
            Err(error) => failed(error),
            Ok(Work::Write(write, bytes)) => self.write(name, write, bytes),
            Ok(Work::Aggregate(work)) if work.target(&name).is_some() => {
                self.write_aggregate(name, work)
            }
            Ok(work) => {
                if let Work::Find(query) = &work
                    && let Some(batch) = self.find_at_once(&name, query)
                {
                    return Box::pin(std::future::ready(Ok(Answer::Cursor(batch, None))));
                }
                self.read(Origin::file(&self.core.readers, &self.source), name, work)
            }
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

impl Core {
    /// A transaction, if there are not too many. Those that have lasted for too long end.
    fn new_transaction(&self, source: &Arc<str>) -> Result<Arc<Line>, DataError> {
        let transaction = Line::new(&self.shared, Transaction::new(&self.shared, source));
        let mut open = self.transactions.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|one| one.upgrade().is_some_and(|one| !one.expire()));
        if open.len() >= self.options.transactions_max {
            let message = "too many transactions are open at the same time";
            return Err(DataError::new(ErrorKind::Unavailable, message));
        }
        open.push(Arc::downgrade(&transaction));
        Ok(transaction)
    }
}

/// A future that has failed already.
pub(super) fn failed<T: Send + 'static>(error: DataError) -> Future<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}
