//! Runs, as many at once as allowed, the others in order of arrival.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Ending, Host, Image, RunLimits, run};

/// How many runs there may be.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    /// Runs that have begun and not ended, those included that wait for something.
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

/// Admits runs.
pub struct Pool {
    limits: PoolLimits,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Pool {
    /// A pool in which nothing runs.
    pub fn new(limits: PoolLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.runs_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { limits, places, waiting: AtomicUsize::new(0) }
    }

    /// Runs an image with a host; the host comes back with how the run ended.
    ///
    /// The run computes on the thread that polls, half a millisecond at a time. Must be awaited
    /// within a Tokio runtime that has a timer. Dropping the future ends the run where it stands,
    /// and the host with all that it has begun.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already.
    pub async fn run<H: Host>(
        &self,
        image: Arc<Image<H>>,
        limits: RunLimits,
        host: H,
    ) -> Result<(H, Ending), Busy> {
        let _place = self.place().await?;
        Ok(run::run(image, limits, self.limits.isolates_max, host).await)
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Busy> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::enter(&self.waiting, self.limits.runs_waiting_max)?;
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)
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
