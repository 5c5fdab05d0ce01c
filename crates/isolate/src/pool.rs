//! Runs, as many at once as allowed, the others in order of arrival.
//!
//! Each run has a thread to itself while it lasts, so that the operating system keeps a busy
//! function from delaying the others.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::ThreadId,
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{Ending, Host, Image, Thrown, drive::drive};

/// An idle thread ends after this long.
const THREAD_IDLE_MAX: Duration = Duration::from_secs(10);
/// How much later than it should a run may end and still hand back its host. Some of the engine's
/// functions never look at the time (`Array.prototype.fill` over a length of 2^53).
const LATE_MAX: Duration = Duration::from_secs(5);
/// What a thread needs beside the engine's stack: natives, conversions, the run loop.
const THREAD_STACK_EXTRA_BYTES: usize = 1 << 20;

/// How many runs there may be.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    /// Runs at once.
    pub runs_max: usize,
    /// Runs waiting for a place.
    pub runs_waiting_max: usize,
    /// The longest stack of any run, in bytes.
    pub stack_bytes_max: usize,
}

/// What one run may use.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// Wall-clock time.
    pub time: Duration,
    /// JavaScript memory.
    pub memory_bytes: usize,
    /// Native stack, at most the pool's.
    pub stack_bytes: usize,
}

/// Too many runs wait already.
#[derive(Debug, thiserror::Error)]
#[error("too many runs are waiting")]
pub struct Busy;

/// Where runs happen.
pub struct Pool {
    limits: PoolLimits,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Arc<Idle>,
}

/// Threads that wait for a job.
type Idle = Mutex<Vec<(ThreadId, mpsc::Sender<Job>)>>;
type Job = Box<dyn FnOnce() + Send>;

impl Pool {
    /// An empty pool; threads come as runs do.
    pub fn new(limits: PoolLimits) -> Self {
        let places = Arc::new(Semaphore::new(limits.runs_max.clamp(1, Semaphore::MAX_PERMITS)));
        Self { limits, places, waiting: AtomicUsize::new(0), idle: Arc::default() }
    }

    /// Runs an image with a host; the host comes back with how the run ended.
    ///
    /// A run that has begun goes on to its end when the caller stops waiting for it. The host is
    /// lost only if the thread is, or if the run does not stop when its time is over: `None` then.
    /// A run that does not stop keeps its place.
    ///
    /// # Errors
    /// [`Busy`] when too many wait already.
    pub async fn run<H: Host>(
        &self,
        image: Arc<Image>,
        limits: RunLimits,
        host: H,
    ) -> Result<(Option<H>, Ending), Busy> {
        let place = self.place().await?;
        let (answer, answered) = oneshot::channel();
        let patience = limits.time.saturating_add(LATE_MAX);
        let job: Job = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(|| drive(&image, &limits, host)));
            drop((place, image));
            // The caller may be gone; then nobody wants to know.
            let _ = answer.send(done.ok());
        });
        if let Err(error) = self.dispatch(job) {
            return Ok((None, Ending::Broken(Thrown::new("InternalError", error.to_string()))));
        }
        Ok(match tokio::time::timeout(patience, answered).await {
            Ok(Ok(Some((host, ending)))) => (Some(host), ending),
            Ok(_) => (None, Ending::Broken(Thrown::new("InternalError", "the run panicked"))),
            Err(_) => (None, Ending::TimeLimit),
        })
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Busy> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = Waiting::enter(&self.waiting, self.limits.runs_waiting_max)?;
        Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)
    }

    /// Hands a job to an idle thread, or to a new one.
    fn dispatch(&self, mut job: Job) -> std::io::Result<()> {
        while let Some((_, thread)) = lock(&self.idle).pop() {
            match thread.send(job) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(returned)) => job = returned,
            }
        }
        let idle = Arc::clone(&self.idle);
        std::thread::Builder::new()
            .name("isolate".into())
            .stack_size(self.limits.stack_bytes_max + THREAD_STACK_EXTRA_BYTES)
            .spawn(move || work(job, &idle))?;
        Ok(())
    }
}

/// A thread's life: jobs, until none came for a while.
fn work(first: Job, idle: &Idle) {
    let id = std::thread::current().id();
    let (sender, receiver) = mpsc::channel::<Job>();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        job();
        lock(idle).push((id, sender.clone()));
        next = receiver.recv_timeout(THREAD_IDLE_MAX).ok().or_else(|| retire(id, idle, &receiver));
    }
}

/// Leaves the idle threads, unless a job is on its way already: that one is still done.
fn retire(id: ThreadId, idle: &Idle, receiver: &mpsc::Receiver<Job>) -> Option<Job> {
    let mut threads = lock(idle);
    let before = threads.len();
    threads.retain(|(thread, _)| *thread != id);
    let still_idle = threads.len() < before;
    drop(threads);
    if still_idle { None } else { receiver.recv().ok() }
}

fn lock(idle: &Idle) -> MutexGuard<'_, Vec<(ThreadId, mpsc::Sender<Job>)>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
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
