//! The limit of runs: how many there are at once, and who waits to begin.
//!
//! A run begins when there is a place for it and memory in the budget. It gives its place up while
//! it waits for something, and takes one again before it goes on; of those that have not begun,
//! one at most stands in its way then.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use hookstead_memory::Account;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

/// How many runs there may be.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    /// Runs that compute at once; those that wait for something are limited by memory alone.
    pub runs_max: usize,
    /// Runs waiting to begin.
    pub runs_waiting_max: usize,
    /// Isolates of one image. Runs beyond that share them: what a waiting run changed is set aside.
    pub isolates_max: usize,
}

/// Too many runs wait already.
#[derive(Debug, thiserror::Error)]
#[error("too many runs are waiting")]
pub struct Busy;

/// The places for runs.
pub(crate) struct Runs {
    waiting_max: usize,
    places: Semaphore,
    /// Where those wait who have not begun: one at a time waits for a place.
    door: Semaphore,
    waiting: AtomicUsize,
}

/// A run's place, or the right to wait for one.
pub(crate) struct Permit<'a> {
    places: &'a Semaphore,
    place: Option<SemaphorePermit<'a>>,
}

impl Permit<'_> {
    /// Takes a place, if the run has none.
    pub(crate) async fn take(&mut self) {
        if self.place.is_none() {
            // Nobody closes the semaphore.
            self.place = self.places.acquire().await.ok();
        }
    }

    /// Whether the run has a place.
    pub(crate) fn is_taken(&self) -> bool {
        self.place.is_some()
    }

    /// Gives the place up, while the run waits for something.
    pub(crate) fn leave(&mut self) {
        self.place = None;
    }
}

impl Runs {
    pub(crate) fn new(limits: &PoolLimits) -> Self {
        Self {
            waiting_max: limits.runs_waiting_max,
            places: Semaphore::new(limits.runs_max.clamp(1, Semaphore::MAX_PERMITS)),
            door: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place for a run, and the memory that it needs to begin.
    pub(crate) async fn admit(&self, account: &Arc<Account>) -> Result<Permit<'_>, Busy> {
        let mut permit = Permit { places: &self.places, place: self.places.try_acquire().ok() };
        if permit.place.is_some() && account.try_begin() {
            return Ok(permit);
        }
        permit.leave();
        let _waiting = Waiting::enter(&self.waiting, self.waiting_max)?;
        // Nobody waits for memory with a place that others could use.
        let memory = timeout(account.budget().wait_time(), account.begin()).await;
        memory.map_err(|_| Busy)?.map_err(|_| Busy)?.keep();
        let _door = self.door.acquire().await;
        permit.take().await;
        Ok(permit)
    }
}

/// A place in the queue, given back however the waiting ends.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, max: usize) -> Result<Self, Busy> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let place = Self(count);
        if before < max { Ok(place) } else { Err(Busy) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
