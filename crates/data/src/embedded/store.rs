//! The store as its callers know it.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use hookstead_memory::Budget;
use tokio::sync::Semaphore;

use super::{
    aggregate::{self, AggregateWork},
    cancel::{Pending, gone},
    commands::Work,
    computation::{Limit, is_time_limit},
    declared,
    failure::Failure,
    find::{self, Query},
    line::Line,
    moved::{self, MOVED_MAX},
    names,
    options::{EmbeddedOptions, IndexSpec},
    origin::Origin,
    parsed::{Parsed, keeping},
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

/// Transactions that have begun.
#[derive(Debug, Default)]
struct Transactions {
    lines: Vec<Weak<Line>>,
    /// With so many, or after a while, those that are over are looked for.
    lines_max: usize,
    looked_at: Option<Instant>,
}

/// How long a transaction that has lasted for too long may do so yet.
const LOOK: Duration = Duration::from_secs(1);

impl Transactions {
    /// Ends those that have lasted for too long. To look at all each time that one begins would
    /// take long where there are many.
    fn look(&mut self) {
        let is_due = self.looked_at.is_none_or(|looked_at| looked_at.elapsed() > LOOK);
        if is_due || self.lines.len() >= self.lines_max {
            self.lines.retain(|one| one.upgrade().is_some_and(|one| !one.expire()));
            self.lines_max = 2 * self.lines.len() + 16;
            self.looked_at = Some(Instant::now());
        }
    }
}

/// What is open of a file.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) shared: Arc<Shared>,
    pub(super) readers: Arc<Readers>,
    pub(super) writer: Writer,
    options: EmbeddedOptions,
    /// Those that may have a snapshot, or wait for a place.
    transactions: Mutex<Transactions>,
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
    pub(super) fn parse_long(&self, command: Box<Command>) -> Pending<Parsed> {
        self.core.readers.submit_with(move |_, shared, _| Parsed::parse(*command, &shared.memory))
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
            let shared = &store.core.shared;
            let bytes_max = shared.transaction_bytes_max;
            let gathered = aggregate::gather(made, bytes_max, &shared.memory).await?;
            let output = Arc::new(aggregate::Output { name, work, gathered });
            if output.is_movable() {
                let limit = Limit::Always(moved::ON_WRITER_MAX);
                match store.output_on_writer(limit, &output).await {
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
            store.output_on_writer(Limit::Time(store.write_compute_time()), &output).await
        })
    }

    fn output_on_writer(
        &self,
        limit: Limit,
        output: &Arc<aggregate::Output>,
    ) -> Future<'static, Answer> {
        let (shared, source) = (Arc::clone(&self.core.shared), Arc::clone(&self.source));
        let output = Arc::clone(output);
        self.core.writer.submit_long(
            0,
            limit,
            Box::new(move |writing| {
                output.write(&shared, &source, writing)?;
                Ok(Answer::Cursor(Batch::default(), None))
            }),
        )
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
                Box::pin(async move {
                    let Parsed { work, share } = parsed.await?;
                    Ok(keeping(share, store.run_parsed(name, Ok(work)).await?))
                })
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
        let transaction = Transaction::new(&self.shared, source);
        let line = Line::new(&self.shared, self.readers.pool(), transaction);
        let mut open = self.transactions.lock().unwrap_or_else(PoisonError::into_inner);
        open.look();
        open.lines.push(Arc::downgrade(&line));
        line
    }
}

/// A future that has failed already.
pub(super) fn failed<T: Send + 'static>(error: DataError) -> Future<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}
