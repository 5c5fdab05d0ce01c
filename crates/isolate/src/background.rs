//! Threads for natives that take long.
//!
//! JavaScript stands still while such a native runs here, and the thread that ran it serves others.
//! There are as many threads as processors, at a lower priority than those that serve requests.
//!
//! A run has one piece of work here at most. Work that takes longer than a slice goes back to the
//! end of the queue at its next [`pause`], so that the runs take turns. Work that has just come is
//! preferred to work that has had a slice, every other time: a short call does not wait for all the
//! long ones, and the long ones are not held up for ever by short ones.
//!
//! Values of many bytes are freed here as well: giving pages back to the system takes long, too.
//! Work of requests that no run waits for is done here, too ([`in_background`]); it has no slices.

use std::{
    cell::Cell,
    collections::VecDeque,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Condvar, LazyLock, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    Thrown, Value, limits::time::thread_time, lock::lock, processors::processors, value::panicked,
};

/// Work on another thread. It owns what it needs, and is dropped at a [`pause`] when its run ends.
pub type LongWork = Pin<Box<dyn Future<Output = Result<Value, Thrown>> + Send>>;

/// How long a piece of work runs before others have their turn.
const SLICE: Duration = Duration::from_millis(4);
/// A thread without work ends after so long.
const IDLE_MAX: Duration = Duration::from_secs(10);
/// How much lower the priority of these threads is, as `nice` counts.
const NICENESS: libc::c_int = 5;
/// From so many bytes on, a value is freed on these threads.
pub(crate) const DISCARD_BYTES_MIN: usize = 1 << 20;

thread_local! {
    /// When the slice of the work on this thread ends; `None` on other threads.
    static SLICE_END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A place between two pieces of work: others have their turn if the slice is over.
///
/// A piece should take a fraction of a millisecond.
pub async fn pause() {
    let mut is_over = SLICE_END.get().is_some_and(|end| Instant::now() >= end);
    poll_fn(|_| if std::mem::take(&mut is_over) { Poll::Pending } else { Poll::Ready(()) }).await;
}

/// How many pieces of work have begun or wait. For tests and metrics.
pub fn background_work() -> usize {
    let queue = lock(&THREADS.queue);
    queue.fresh.len() + queue.begun.len() + queue.running
}

/// Does work that takes long. `None` where it panicked, or where there was no thread for it.
/// Whoever leaves has it left out, unless it has begun.
pub async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = oneshot::channel();
    let work = async move {
        // Whoever asked may have left.
        let _ = sender.send(work());
        Ok(Value::Undefined)
    };
    begin(Box::pin(work), Duration::MAX).finished().await?;
    receiver.await.ok()
}

/// What came of a piece of work.
pub(crate) struct Finished {
    /// `None` if it would have taken more processor time than it was allowed.
    pub(crate) outcome: Option<Result<Value, Thrown>>,
    /// The processor time that it took.
    pub(crate) used: Duration,
}

/// Work that has been handed over. Dropping it ends the work at its next pause.
pub(crate) struct Ticket {
    finished: oneshot::Receiver<Finished>,
    threads: Arc<Threads>,
    is_done: bool,
}

struct Job {
    work: LongWork,
    used: Duration,
    allowed: Duration,
    finished: oneshot::Sender<Finished>,
}

#[derive(Default)]
struct Queue {
    /// Work that nobody waits for any more, and values to be freed.
    discarded: Vec<Box<dyn Send>>,
    /// Work that has not run yet.
    fresh: VecDeque<Job>,
    /// Work that has had a slice.
    begun: VecDeque<Job>,
    /// Whether `begun` is next.
    is_begun_next: bool,
    running: usize,
    threads: usize,
    idle: usize,
}

pub(crate) struct Threads {
    queue: Mutex<Queue>,
    wake: Condvar,
    threads_max: usize,
}

static THREADS: LazyLock<Arc<Threads>> = LazyLock::new(|| Arc::new(Threads::new(processors())));

/// Begins work that may take so much processor time.
pub(crate) fn begin(work: LongWork, allowed: Duration) -> Ticket {
    THREADS.begin(work, allowed)
}

/// Frees something on another thread.
pub(crate) fn discard(value: impl Send + 'static) {
    let value: Box<dyn Send> = Box::new(value);
    THREADS.enter(|queue| queue.discarded.push(value));
}

/// Frees values: many bytes on another thread, few here.
pub(crate) fn discard_values(values: &mut Vec<Value>) {
    if values.iter().map(Value::bytes).sum::<usize>() >= DISCARD_BYTES_MIN {
        discard(std::mem::take(values));
    } else {
        values.clear();
    }
}

/// Bytes that are freed on another thread, whoever drops them.
pub struct FreedElsewhere(Vec<u8>);

impl FreedElsewhere {
    /// Large bytes: handing over a few takes longer than freeing them.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for FreedElsewhere {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for FreedElsewhere {
    fn drop(&mut self) {
        discard(std::mem::take(&mut self.0));
    }
}

impl Threads {
    fn new(threads_max: usize) -> Self {
        Self { queue: Mutex::default(), wake: Condvar::new(), threads_max }
    }

    fn begin(self: &Arc<Self>, work: LongWork, allowed: Duration) -> Ticket {
        let (sender, finished) = oneshot::channel();
        let job = Job { work, used: Duration::ZERO, allowed, finished: sender };
        self.enter(|queue| queue.fresh.push_back(job));
        Ticket { finished, threads: Arc::clone(self), is_done: false }
    }

    /// Adds to the queue and sees to it that a thread takes it out.
    fn enter(self: &Arc<Self>, add: impl FnOnce(&mut Queue)) {
        let mut queue = lock(&self.queue);
        add(&mut queue);
        if queue.waiting() > queue.idle && queue.threads < self.threads_max {
            let threads = Arc::clone(self);
            let spawned =
                thread::Builder::new().name("background".into()).spawn(move || threads.work_off());
            match spawned {
                Ok(_) => queue.threads += 1,
                // Nobody would come. Those who wait for the work see that it is gone.
                Err(_) if queue.threads == 0 => {
                    queue.fresh.clear();
                    queue.discarded.clear();
                }
                Err(_) => {}
            }
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// What a thread does until it has had nothing to do for long.
    fn work_off(&self) {
        lower_priority();
        let mut queue = lock(&self.queue);
        loop {
            if !queue.discarded.is_empty() {
                let discarded = std::mem::take(&mut queue.discarded);
                drop(queue);
                drop(discarded);
                queue = lock(&self.queue);
            } else if let Some(job) = queue.next() {
                queue.running += 1;
                drop(queue);
                let rest = job.run();
                queue = lock(&self.queue);
                queue.running -= 1;
                queue.begun.extend(rest);
            } else {
                queue.idle += 1;
                let waited = self.wake.wait_timeout(queue, IDLE_MAX);
                let timeout;
                (queue, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                queue.idle -= 1;
                if timeout.timed_out() && queue.waiting() == 0 {
                    queue.threads -= 1;
                    return;
                }
            }
        }
    }

    /// Takes out the work that nobody waits for.
    fn sweep(self: &Arc<Self>) {
        self.enter(|queue| {
            let Queue { discarded, fresh, begun, .. } = queue;
            for jobs in [fresh, begun] {
                for _ in 0..jobs.len() {
                    match jobs.pop_front() {
                        Some(job) if job.finished.is_closed() => discarded.push(Box::new(job)),
                        Some(job) => jobs.push_back(job),
                        None => {}
                    }
                }
            }
        });
    }
}

impl Queue {
    /// How many threads would have something to do.
    fn waiting(&self) -> usize {
        usize::from(!self.discarded.is_empty()) + self.fresh.len() + self.begun.len()
    }

    fn next(&mut self) -> Option<Job> {
        let (first, second) = if self.is_begun_next {
            (&mut self.begun, &mut self.fresh)
        } else {
            (&mut self.fresh, &mut self.begun)
        };
        let job = first.pop_front().or_else(|| second.pop_front());
        self.is_begun_next = !self.is_begun_next;
        job
    }
}

impl Job {
    /// Runs for a slice; the job if it is not done.
    fn run(mut self) -> Option<Self> {
        if self.finished.is_closed() {
            return None;
        }
        let begun = thread_time();
        SLICE_END.set(Some(Instant::now() + SLICE));
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| self.work.as_mut().poll(&mut context)));
        SLICE_END.set(None);
        self.used += thread_time().saturating_sub(begun);
        let outcome = match polled {
            Ok(Poll::Pending) if self.used < self.allowed => return Some(self),
            Ok(Poll::Pending) => None,
            Ok(Poll::Ready(outcome)) => Some(outcome),
            Err(_) => Some(Err(panicked())),
        };
        let finished = Finished { outcome, used: self.used };
        // The work holds its arguments, and its run may need the memory.
        drop(self.work);
        // The run may have ended meanwhile.
        let _ = self.finished.send(finished);
        None
    }
}

impl Ticket {
    /// Waits until the work is done; `None` if there was no thread for it.
    pub(crate) async fn finished(mut self) -> Option<Finished> {
        let finished = (&mut self.finished).await.ok();
        self.is_done = true;
        finished
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.is_done {
            self.finished.close();
            self.threads.sweep();
        }
    }
}

/// Lets the threads that serve requests run before this one. A refusal changes nothing else.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    // SAFETY: zero is this thread, on Linux.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
    }
}

#[cfg(test)]
mod tests;
