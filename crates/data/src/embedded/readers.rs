//! Who reads: a few threads, and connections for what is known to be short.
//!
//! A look-up by `_id` takes less time than handing it to a thread, so it is done where it is asked
//! for, on a connection that is free at the moment. Everything else goes to the threads.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError},
    thread,
};

use hookstead_query::with_steps;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{
    cancel::{Cancel, Outgoing, Pending, gone},
    catalogue::Catalogue,
    computation::Computation,
    failure::{Failure, Outcome},
    lanes::Lanes,
    options::EmbeddedOptions,
    shared::Shared,
};

/// Connections for short look-ups: as many threads ask at a time.
const SHORT_MAX: usize = 4;

/// So many steps of the evaluator a short look-up may take: well below a millisecond.
pub(super) const SHORT_STEPS_MAX: u32 = 10_000;

/// What a reader works with: one state of the file.
pub(super) struct Reading<'r> {
    pub(super) connection: &'r Connection,
    pub(super) catalogue: &'r Arc<Catalogue>,
    pub(super) cancel: &'r Cancel,
}

/// What a thread does, with a connection that it may have.
type Job = Box<dyn FnOnce(&mut Option<Connection>) + Send>;

/// The readers of a file.
#[derive(Debug)]
pub(super) struct Readers {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    short: [Mutex<Option<Connection>>; SHORT_MAX],
}

/// The threads.
pub(super) struct Pool {
    state: Mutex<State>,
    filled: Condvar,
    threads_max: usize,
    lanes: Lanes,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
    is_closed: bool,
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Readers {
    pub(super) fn new(shared: &Arc<Shared>, options: &EmbeddedOptions) -> Self {
        let threads_max = options.reader_threads_max.max(1);
        let lanes = Lanes::new(options.long_reads_max, threads_max);
        let pool = Pool { state: Mutex::default(), filled: Condvar::new(), threads_max, lanes };
        Self { shared: Arc::clone(shared), pool: Arc::new(pool), short: Default::default() }
    }

    /// Has a thread read something in one state of the file.
    pub(super) fn submit<T: Send + 'static>(
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
    pub(super) fn submit_with<T, F>(&self, work: F) -> Pending<T>
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
            let outcome = outcome.map_err(|failure| failure.into_error(shared.file.path()));
            // Nobody may be waiting any more.
            let _ = answer.send(Outgoing::new(outcome, share));
        });
        self.push(job);
        Pending::new(receiver, cancel)
    }

    /// The threads, for who computes on one of them.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Hands something to a thread; it must not panic.
    pub(super) fn push(&self, job: Job) {
        Pool::push(&self.pool, job);
    }

    /// Reads something short at once, if a connection is free. It reads with one statement and
    /// with the catalogue as it was known last; a thread must do what fails or finds nothing.
    pub(super) fn at_once<T>(
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
        self.pool.lock().is_closed = true;
        self.pool.filled.notify_all();
    }
}

impl Pool {
    /// How the threads are shared.
    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Counts a read as long, so that another thread may be started in its place, unless there
    /// are too many.
    pub(super) fn begin_long(pool: &Arc<Self>) -> bool {
        if !pool.lanes.begin_long() {
            return false;
        }
        Self::start_thread(pool, &mut pool.lock());
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a job over, to a new thread if all are busy and there may be one more.
    pub(super) fn push(pool: &Arc<Self>, job: Job) {
        let mut state = pool.lock();
        state.jobs.push_back(job);
        Self::start_thread(pool, &mut state);
        drop(state);
        pool.filled.notify_one();
    }

    /// Starts a thread if all are busy and there may be one more.
    fn start_thread(pool: &Arc<Self>, state: &mut State) {
        if state.jobs.len() > state.idle && state.threads < pool.threads_max + pool.lanes.long() {
            let theirs = Arc::clone(pool);
            let thread = thread::Builder::new()
                .name("documents-reader".to_owned())
                .stack_size(super::STACK_BYTES)
                .spawn(move || Self::run(&theirs));
            state.threads += usize::from(thread.is_ok());
            if state.threads == 0 {
                // Without any thread nobody would ever answer; dropping the job does.
                state.jobs.clear();
            }
        }
    }

    fn run(pool: &Arc<Self>) {
        let mut connection = None;
        let mut state = pool.lock();
        loop {
            if state.threads > pool.threads_max + pool.lanes.long() {
                // It was started in the place of one that has taken long, and is free again.
                state.threads -= 1;
                drop(state);
                pool.filled.notify_one();
                return;
            } else if let Some(job) = state.jobs.pop_front() {
                drop(state);
                job(&mut connection);
                state = pool.lock();
            } else if state.is_closed {
                return;
            } else {
                state.idle += 1;
                state = pool.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.idle -= 1;
            }
        }
    }
}

/// One state of the file, seen until this is dropped.
pub(super) struct Snapshot<'c>(&'c Connection);

impl<'c> Snapshot<'c> {
    pub(super) fn begin(connection: &'c Connection) -> Outcome<Self> {
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
