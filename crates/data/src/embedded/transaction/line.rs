//! The commands of a transaction, one after the other in the order in which they were given.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::embedded::{
    failure::{Outcome, gone},
    file::shared::Shared,
    threads::{
        cancel::{Cancel, Outgoing, Pending},
        computation::Computation,
        pool::Pool,
        readers::Readers,
    },
    transaction::Transaction,
};

type Job = Box<dyn FnOnce(&mut Transaction) + Send>;

/// A transaction, and who waits for it.
pub(crate) struct Line {
    shared: Arc<Shared>,
    pool: Arc<Pool>,
    transaction: Mutex<Transaction>,
    waiting: Mutex<Waiting>,
    is_doomed: AtomicBool,
    /// What is known of the transaction without waiting for the thread that works on it.
    is_over: Arc<AtomicBool>,
    /// One of so many places that transactions may have, while it is not over.
    place: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    is_running: bool,
}

impl Line {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        pool: &Arc<Pool>,
        transaction: Transaction,
    ) -> Arc<Self> {
        let (transaction, waiting) = (Mutex::new(transaction), Mutex::default());
        let (shared, is_doomed) = (Arc::clone(shared), AtomicBool::new(false));
        Arc::new(Self {
            shared,
            pool: Arc::clone(pool),
            transaction,
            waiting,
            is_doomed,
            is_over: Arc::default(),
            place: Arc::default(),
        })
    }

    /// Has a thread do something when everything before it is done.
    pub(crate) fn submit<T: Send + 'static>(
        line: &Arc<Self>,
        readers: &Readers,
        work: impl FnOnce(&mut Transaction, &Cancel) -> Outcome<T> + Send + 'static,
    ) -> Pending<T> {
        let (answer, receiver) = oneshot::channel();
        let cancel = Cancel::default();
        let (shared, theirs) = (Arc::clone(&line.shared), cancel.clone());
        let is_over = Arc::clone(&line.is_over);
        let place = Arc::clone(&line.place);
        let pool = Arc::clone(&line.pool);
        let job: Job = Box::new(move |transaction| {
            let work = || theirs.check().and_then(|()| work(transaction, &theirs));
            let computation = Computation::of_read(&shared, &theirs, &pool);
            let outcome = catch_unwind(AssertUnwindSafe(|| computation.run(work)));
            let (outcome, share) = outcome.unwrap_or_else(|_| {
                transaction.abort();
                (Err(gone().into()), None)
            });
            // Before the answer: who hears of the end may begin another one at once.
            is_over.store(transaction.is_over(), Ordering::Release);
            if transaction.is_over() {
                leave(&place);
            }
            // Nobody may be waiting any more.
            let answered = outcome.map_err(|failure| shared.file.explain(failure));
            let _ = answer.send(Outgoing::new(answered, share));
        });
        let mut waiting = line.waiting();
        waiting.jobs.push_back(job);
        if !waiting.is_running {
            waiting.is_running = true;
            let line = Arc::clone(line);
            readers.push(Box::new(move |_| line.run()));
        }
        Pending::new(receiver, cancel)
    }

    /// Takes a place, if it has none and one is free; whether it has one then.
    pub(crate) fn try_enter(&self, places: &Arc<Semaphore>) -> bool {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = Arc::clone(places).try_acquire_owned().ok();
        }
        place.is_some()
    }

    /// Waits for a place. Who waits longest has the next one.
    pub(crate) async fn enter(&self, places: &Arc<Semaphore>) {
        let Ok(permit) = Arc::clone(places).acquire_owned().await else { return };
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(permit);
    }

    /// Lets nothing more come of the transaction.
    pub(crate) fn doom(&self) {
        self.is_doomed.store(true, Ordering::Relaxed);
    }

    /// Ends the transaction if it has lasted for too long; answers whether it is over.
    pub(crate) fn expire(&self) -> bool {
        // Whatever runs at the moment looks by itself.
        let is_over = self.is_over.load(Ordering::Acquire)
            || self.transaction.try_lock().is_ok_and(|mut transaction| transaction.expire());
        if is_over {
            leave(&self.place);
        }
        is_over
    }

    fn run(&self) {
        let mut transaction = self.transaction.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let mut waiting = self.waiting();
            let Some(job) = waiting.jobs.pop_front() else {
                waiting.is_running = false;
                return;
            };
            drop(waiting);
            if self.is_doomed.load(Ordering::Relaxed) {
                transaction.abort();
            }
            job(&mut transaction);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    /// To end a transaction takes the file, for which nobody who just drops it should wait.
    fn drop(&mut self) {
        let transaction = self.transaction.get_mut().unwrap_or_else(PoisonError::into_inner);
        if transaction.is_open() {
            let (transaction, place) = (transaction.take(), Arc::clone(&self.place));
            Pool::push(
                &self.pool,
                Box::new(move |_| {
                    drop(transaction);
                    leave(&place);
                }),
            );
        }
    }
}

/// Gives up the place of a transaction that is over.
fn leave(place: &Mutex<Option<OwnedSemaphorePermit>>) {
    *place.lock().unwrap_or_else(PoisonError::into_inner) = None;
}
