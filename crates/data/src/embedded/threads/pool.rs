//! The threads that read, which are started as they are needed.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use rusqlite::Connection;

use crate::embedded::threads::{STACK_BYTES, lanes::Lanes};

/// What a thread does, with a connection that it may have.
pub(crate) type Job = Box<dyn FnOnce(&mut Option<Connection>) + Send>;

/// The threads.
pub(crate) struct Pool {
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

impl Pool {
    pub(crate) fn new(threads_max: usize, lanes: Lanes) -> Self {
        Self { state: Mutex::default(), filled: Condvar::new(), threads_max, lanes }
    }

    /// How the threads are shared.
    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Counts a read as long, so that another thread may be started in its place, unless there
    /// are too many.
    pub(crate) fn begin_long(pool: &Arc<Self>) -> bool {
        if !pool.lanes.begin_long() {
            return false;
        }
        Self::start_thread(pool, &mut pool.lock());
        true
    }

    /// Lets the threads end when nothing is left to do.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a job over, to a new thread if all are busy and there may be one more.
    pub(crate) fn push(pool: &Arc<Self>, job: Job) {
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
                .stack_size(STACK_BYTES)
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
