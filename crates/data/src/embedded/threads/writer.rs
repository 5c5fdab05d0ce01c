//! The one thread that writes.
//!
//! Everything that waits is done in one transaction of SQLite and answered after its commit, so
//! that many writes share one wait for the disk. A write that the file fails takes all back; then
//! each is done once more alone, so that only the one fails that is to blame.
//!
//! Everybody's writes wait for this thread, so that none may compute on it for long: its
//! [`Limit`] says how long, and what it has changed until then is taken back. Those that may take
//! long wait in a line of their own: between two of them, all that have come meanwhile are done.

use std::{
    cell::Cell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use hookstead_memory::Share;
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{
    Answer, DataError, ErrorKind, Future,
    embedded::{
        catalogue::Catalogue,
        changes::log::{self, Added},
        collection::writing::Writing,
        failure::{Failure, Outcome, gone},
        file::shared::Shared,
        options::EmbeddedOptions,
        threads::{
            STACK_BYTES,
            cancel::{Cancel, Outgoing, Pending},
            computation::{Computation, Limit},
        },
    },
};

/// What a group of writes may have: more would make the first of them wait for long.
const GROUP_WRITES_MAX: usize = 1_000;
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// What the queue counts in: a small write takes one of them.
const UNIT_BYTES: usize = 1024;

/// From so many bytes on, a write may take long.
const LARGE_BYTES: usize = 256 << 10;

/// The log of changes is shortened whenever so many bytes have been added, or fewer where it may
/// have little.
const LOG_BYTES_MAX: u64 = 64 << 10;

/// A write that has yet to be done. It may be done more than once, before it is answered.
pub(crate) type Work = Box<dyn FnMut(&mut Writing<'_>) -> Outcome<Answer> + Send>;

/// The writer of a file.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Queue {
    state: Mutex<State>,
    filled: Condvar,
    room: Arc<Semaphore>,
    units_max: u32,
}

#[derive(Debug, Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Each has a transaction of its own.
    long_jobs: VecDeque<Job>,
    /// Whether a long one was taken last.
    was_long: bool,
    /// How many of `jobs` are done before the next long one.
    before_long: usize,
    is_closed: bool,
}

struct Job {
    work: Work,
    answer: oneshot::Sender<Outgoing<Answer>>,
    limit: Limit,
    cancel: Cancel,
    /// Whether it may take long, and must be the only one of its transaction.
    is_long: bool,
    /// Its place in the queue, which others get when it is done.
    _room: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job").finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        options: &EmbeddedOptions,
    ) -> Result<Self, DataError> {
        let connection = shared.file.writer()?;
        let units_max =
            u32::try_from(options.queue_bytes_max / UNIT_BYTES).unwrap_or(u32::MAX >> 3);
        let units_max = units_max.clamp(1, u32::MAX >> 3);
        let queue = Arc::new(Queue {
            state: Mutex::default(),
            filled: Condvar::new(),
            room: Arc::new(Semaphore::new(units_max as usize)),
            units_max,
        });
        let worker = Worker {
            shared: Arc::clone(shared),
            connection,
            queue: Arc::clone(&queue),
            log_bytes: Cell::new(0),
        };
        let thread = thread::Builder::new()
            .name("documents-writer".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || worker.run())
            .map_err(|error| {
                DataError::new(ErrorKind::Internal, "cannot start a thread").caused_by(error)
            })?;
        Ok(Self { queue, thread: Some(thread) })
    }

    /// Hands a write over, as soon as there is room. Then it is done, whether or not somebody
    /// waits for the answer, unless its limit says otherwise. A large one may take long.
    pub(crate) fn submit(&self, bytes: usize, limit: Limit, work: Work) -> Future<'static, Answer> {
        self.submit_job(bytes, limit, bytes >= LARGE_BYTES, work)
    }

    /// The same for one that may take long: it has a transaction of its own, and those that come
    /// later may be done before it.
    pub(crate) fn submit_long(
        &self,
        bytes: usize,
        limit: Limit,
        work: Work,
    ) -> Future<'static, Answer> {
        self.submit_job(bytes, limit, true, work)
    }

    fn submit_job(
        &self,
        bytes: usize,
        limit: Limit,
        is_long: bool,
        work: Work,
    ) -> Future<'static, Answer> {
        let (answer, receiver) = oneshot::channel();
        let cancel = Cancel::default();
        let pending = Pending::new(receiver, cancel.clone());
        let units = u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX).saturating_add(1);
        let units = units.min(self.queue.units_max);
        let queue = Arc::clone(&self.queue);
        if let Ok(room) = Arc::clone(&queue.room).try_acquire_many_owned(units) {
            queue.push(Job { work, answer, limit, cancel, is_long, _room: room });
            return Box::pin(pending);
        }
        Box::pin(async move {
            let room = Arc::clone(&queue.room).acquire_many_owned(units).await;
            let _room = room.map_err(|_| gone())?;
            queue.push(Job { work, answer, limit, cancel, is_long, _room });
            pending.await
        })
    }
}

impl Drop for Writer {
    /// What has been handed over is done before. What computes for long is not waited for: the
    /// owner of the store has said before that it closes.
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.filled.notify_one();
        if let Some(thread) = self.thread.take().filter(|one| one.thread().id() != here()) {
            // A thread that has panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}

fn here() -> thread::ThreadId {
    thread::current().id()
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, job: Job) {
        let mut state = self.lock();
        if job.is_long {
            state.long_jobs.push_back(job);
        } else {
            state.jobs.push_back(job);
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Waits for a job; none comes when the queue is closed and empty.
    fn wait(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.pop() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    fn pop(&mut self) -> Option<Job> {
        if std::mem::take(&mut self.was_long) {
            self.before_long = self.jobs.len();
        }
        if self.before_long == 0
            && let Some(job) = self.long_jobs.pop_front()
        {
            self.was_long = true;
            return Some(job);
        }
        self.pop_short()
    }

    fn pop_short(&mut self) -> Option<Job> {
        self.before_long = self.before_long.saturating_sub(1);
        self.jobs.pop_front()
    }
}

/// What came of a write, and the memory that it takes.
type Done = (Outcome<Answer>, Option<Share>);

struct Worker {
    shared: Arc<Shared>,
    connection: Connection,
    queue: Arc<Queue>,
    /// Bytes that were added to the log of changes since it was shortened.
    log_bytes: Cell<u64>,
}

impl Worker {
    fn run(self) {
        while let Some(first) = self.queue.wait() {
            let may_grow = !first.is_long;
            let mut jobs = vec![first];
            let result = self.transaction(&mut jobs, may_grow);
            if result.is_err() && jobs.len() > 1 {
                for job in jobs {
                    let mut job = vec![job];
                    let result = self.transaction(&mut job, false);
                    self.answer(job, result);
                }
            } else {
                self.answer(jobs, result);
            }
        }
    }

    /// Does jobs in one transaction, and, if it may grow, those that wait with them. It fails only
    /// where the file does.
    fn transaction(&self, jobs: &mut Vec<Job>, may_grow: bool) -> Outcome<Vec<Done>> {
        let result = self.attempt(jobs, may_grow);
        if result.is_err() {
            if !self.connection.is_autocommit() {
                // Where this fails, SQLite has rolled back by itself.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            self.shared.forget_catalogue();
        }
        result
    }

    fn attempt(&self, jobs: &mut Vec<Job>, may_grow: bool) -> Outcome<Vec<Done>> {
        self.shared.file.begin(&self.connection)?;
        let catalogue = self.shared.current_catalogue(&self.connection)?;
        let mut writing = Writing::new(&self.connection, catalogue);
        let started = Instant::now();
        let mut outcomes = Vec::new();
        while let Some(job) = jobs.get_mut(outcomes.len()) {
            let computation = Computation::new(job.limit, &job.cancel, &self.shared);
            let work = || computation.run(|| (job.work)(&mut writing));
            let outcome = catch_unwind(AssertUnwindSafe(work));
            match outcome {
                Ok((Err(Failure::Storage(error)), _)) => return Err(Failure::Storage(error)),
                Ok(done) => outcomes.push(done),
                // Nobody knows what it has written before.
                Err(_) => return Err(Failure::Answer(gone())),
            }
            let is_full = jobs.len() >= GROUP_WRITES_MAX || started.elapsed() > GROUP_TIME_MAX;
            if may_grow && !is_full {
                jobs.extend(self.queue.lock().pop_short());
            }
        }
        let catalogue = writing.into_catalogue()?;
        self.shorten_log(&catalogue)?;
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.shared.publish(&catalogue);
        self.shared.signal.committed();
        Ok(outcomes)
    }

    /// Removes what is over the limits of the log of changes, when enough has been added.
    fn shorten_log(&self, catalogue: &Catalogue) -> Outcome<()> {
        let limits = &self.shared.log_limits;
        let now = catalogue.take_logged_bytes();
        let since = self.log_bytes.get() + now;
        let is_due = since > LOG_BYTES_MAX.min(limits.bytes_max / 8);
        self.log_bytes.set(if is_due { 0 } else { since });
        if is_due { log::shorten(&self.connection, limits, Added { since, now }) } else { Ok(()) }
    }

    fn answer(&self, jobs: Vec<Job>, result: Outcome<Vec<Done>>) {
        let outcomes = result.unwrap_or_else(|failure| vec![(Err(failure), None)]);
        for (job, (outcome, share)) in jobs.into_iter().zip(outcomes) {
            let answer = outcome.map_err(|failure| self.shared.file.explain(failure));
            // What it has held is given back before anybody hears of its end.
            drop(job.work);
            // Nobody may be waiting any more.
            let _ = job.answer.send(Outgoing::new(answer, share));
        }
    }
}
