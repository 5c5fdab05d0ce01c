//! Who reads: a few threads, and connections for what is known to be short.
//!
//! A look-up by `_id` takes less time than handing it to a thread, so it is done where it is asked
//! for, on a connection that is free at the moment. Everything else goes to the threads.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, TryLockError},
};

use hookstead_query::with_steps;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::embedded::{
    catalogue::Catalogue,
    failure::{Failure, Outcome, gone},
    file::shared::Shared,
    options::EmbeddedOptions,
    threads::{
        cancel::{Cancel, Outgoing, Pending},
        computation::Computation,
        lanes::Lanes,
        pool::{Job, Pool},
    },
};

/// Connections for short look-ups: as many threads ask at a time.
const SHORT_MAX: usize = 4;

/// So many steps of the evaluator a short look-up may take: well below a millisecond.
pub(crate) const SHORT_STEPS_MAX: u32 = 10_000;

/// What a reader works with: one state of the file.
pub(crate) struct Reading<'r> {
    pub(crate) connection: &'r Connection,
    pub(crate) catalogue: &'r Arc<Catalogue>,
    pub(crate) cancel: &'r Cancel,
}

/// The readers of a file.
#[derive(Debug)]
pub(crate) struct Readers {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    short: [Mutex<Option<Connection>>; SHORT_MAX],
}

impl Readers {
    pub(crate) fn new(shared: &Arc<Shared>, options: &EmbeddedOptions) -> Self {
        let threads_max = options.reader_threads_max.max(1);
        let lanes = Lanes::new(options.long_reads_max, threads_max);
        let pool = Arc::new(Pool::new(threads_max, lanes));
        Self { shared: Arc::clone(shared), pool, short: Default::default() }
    }

    /// Has a thread read something in one state of the file.
    pub(crate) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reading<'_>) -> Outcome<T> + Send + 'static,
    ) -> Pending<T> {
        self.submit_with(move |connection, shared, cancel| {
            let connection = match connection {
                Some(connection) => connection,
                None => connection.insert(shared.file.reader()?),
            };
            let _snapshot = Snapshot::begin(connection)?;
            let catalogue = shared.current_catalogue(connection)?;
            work(&Reading { connection, catalogue: &catalogue, cancel })
        })
    }

    /// Has a thread do something that may use its connection or bring one along.
    pub(crate) fn submit_with<T, F>(&self, work: F) -> Pending<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Option<Connection>, &Arc<Shared>, &Cancel) -> Outcome<T> + Send + 'static,
    {
        let (answer, receiver) = oneshot::channel();
        let cancel = Cancel::default();
        let (shared, theirs) = (Arc::clone(&self.shared), cancel.clone());
        let pool = Arc::clone(&self.pool);
        let job: Job = Box::new(move |connection| {
            let work = || theirs.check().and_then(|()| work(connection, &shared, &theirs));
            let computation = Computation::of_read(&shared, &theirs, &pool);
            let outcome = catch_unwind(AssertUnwindSafe(|| computation.run(work)));
            let (outcome, share) = outcome.unwrap_or_else(|_| (Err(Failure::Answer(gone())), None));
            let outcome = outcome.map_err(|failure| shared.file.explain(failure));
            // Nobody may be waiting any more.
            let _ = answer.send(Outgoing::new(outcome, share));
        });
        self.push(job);
        Pending::new(receiver, cancel)
    }

    /// The threads, for who computes on one of them.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Hands something to a thread; it must not panic.
    pub(crate) fn push(&self, job: Job) {
        Pool::push(&self.pool, job);
    }

    /// Reads something short at once, if a connection is free. It reads with one statement and
    /// with the catalogue as it was known last; a thread must do what fails or finds nothing.
    pub(crate) fn at_once<T>(
        &self,
        work: impl FnOnce(&Connection) -> Outcome<T>,
    ) -> Option<Outcome<T>> {
        for short in &self.short {
            let mut connection = match short.try_lock() {
                Ok(connection) => connection,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => continue,
            };
            if connection.is_none() {
                *connection = Some(self.shared.file.reader().ok()?);
            }
            return with_steps(SHORT_STEPS_MAX, || connection.as_ref().map(work));
        }
        None
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.pool.close();
    }
}

/// One state of the file, seen until this is dropped.
pub(crate) struct Snapshot<'c>(&'c Connection);

impl<'c> Snapshot<'c> {
    pub(crate) fn begin(connection: &'c Connection) -> Outcome<Self> {
        connection.prepare_cached("BEGIN")?.execute([])?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // Nothing was written, so nothing can fail that matters.
        let _ = self.0.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
    }
}
