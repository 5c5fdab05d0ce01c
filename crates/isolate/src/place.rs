//! A place: an isolate, who belongs to it and who waits for it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::MutexGuard;

use crate::{
    isolate::{Isolate, RunId},
    lock::lock,
    processors::processors,
};

/// After its first slice, a run may have so much processor time before another one enters its
/// isolate. What a run has changed is packed then, which takes as long as a slice where it is much;
/// most runs end before. The thread serves others between any two slices.
const STAY_TIME_MAX: Duration = Duration::from_millis(4);
/// So long those who wait for an isolate may have of that together.
const STAYS_TIME_MAX: Duration = Duration::from_millis(15);

/// Short runs that wait for an isolate, whichever it is.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// An isolate and who belongs to it.
pub(crate) struct Place {
    isolate: tokio::sync::Mutex<Isolate>,
    /// Where long runs wait, of which one at a time waits among the others.
    line: tokio::sync::Mutex<()>,
    /// Short runs that wait for the isolate.
    waiting: AtomicUsize,
    /// Runs that belong here.
    runs: AtomicUsize,
    is_heavy: AtomicBool,
    /// The thread that was here last: its processor has the memory at hand.
    thread: AtomicUsize,
    /// Runs that went away while another one was having its turn.
    gone: Mutex<Vec<RunId>>,
    used_at: Mutex<Instant>,
}

impl Place {
    pub(crate) fn new(isolate: Isolate) -> Self {
        Self {
            isolate: tokio::sync::Mutex::new(isolate),
            line: tokio::sync::Mutex::default(),
            waiting: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            is_heavy: AtomicBool::new(false),
            thread: AtomicUsize::new(0),
            gone: Mutex::default(),
            used_at: Mutex::new(Instant::now()),
        }
    }

    /// Waits for the isolate. Between two long runs, all the others have their turn.
    pub(crate) async fn enter(&self, is_long: bool) -> MutexGuard<'_, Isolate> {
        if is_long {
            let _first = self.line.lock().await;
            return self.isolate.lock().await;
        }
        if let Ok(isolate) = self.isolate.try_lock() {
            return isolate;
        }
        let _counted = (Counted::new(&self.waiting), Counted::new(&WAITING));
        self.isolate.lock().await
    }

    /// Whether a short run waits for the isolate.
    pub(crate) fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// For how long a run that is not done after its first slice may go on before others enter.
    /// The more of them wait, here or for the processors, the shorter.
    pub(crate) fn stay_time(&self) -> Duration {
        let here = self.waiting.load(Ordering::Relaxed);
        let share = WAITING.load(Ordering::Relaxed).div_ceil(processors());
        let waiting = u32::try_from(here.max(share)).unwrap_or(u32::MAX);
        STAY_TIME_MAX.min(STAYS_TIME_MAX / waiting.max(1))
    }

    /// After a slice, with the isolate still locked: notes how heavy it has become, and forgets who
    /// went away meanwhile.
    pub(crate) fn tidy(&self, isolate: &mut Isolate) {
        self.is_heavy.store(isolate.is_heavy(), Ordering::Relaxed);
        for run in lock(&self.gone).drain(..) {
            isolate.forget(run);
        }
    }

    /// Forgets who went away just when nobody looked: after a slice, with the isolate unlocked.
    pub(crate) fn forget_gone(&self) {
        if !lock(&self.gone).is_empty()
            && let Ok(mut isolate) = self.isolate.try_lock()
        {
            self.tidy(&mut isolate);
        }
    }

    /// A run is over, wherever it stands; the isolate forgets it, if it has not yet.
    pub(crate) fn leave(&self, run: Option<RunId>) {
        match (self.isolate.try_lock(), run) {
            (Ok(mut isolate), run) => {
                if let Some(run) = run {
                    isolate.forget(run);
                }
                self.tidy(&mut isolate);
            }
            (Err(_), Some(run)) => {
                lock(&self.gone).push(run);
                // The other one may have finished before it could see the name.
                self.forget_gone();
            }
            (Err(_), None) => self.forget_gone(),
        }
        *lock(&self.used_at) = Instant::now();
        self.runs.fetch_sub(1, Ordering::Release);
    }

    /// A run of this thread belongs here from now on.
    pub(crate) fn add_run(&self, thread: usize) {
        self.runs.fetch_add(1, Ordering::AcqRel);
        self.thread.store(thread, Ordering::Relaxed);
    }

    /// How many runs belong here.
    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Ordering::Acquire)
    }

    /// Whether the run that was here last has much memory.
    pub(crate) fn is_heavy(&self) -> bool {
        self.is_heavy.load(Ordering::Relaxed)
    }

    /// Whether this thread was here last.
    pub(crate) fn is_near(&self, thread: usize) -> bool {
        self.thread.load(Ordering::Relaxed) == thread
    }

    /// Whether nobody has used it for so long.
    pub(crate) fn is_idle(&self, idle: Duration) -> bool {
        self.runs() == 0 && lock(&self.used_at).elapsed() >= idle
    }

    /// The isolate, if nobody is in it.
    pub(crate) fn try_enter(&self) -> Option<MutexGuard<'_, Isolate>> {
        self.isolate.try_lock().ok()
    }
}

/// One more, until it is dropped.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
