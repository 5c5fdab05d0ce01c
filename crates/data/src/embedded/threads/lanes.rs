//! How the threads that read are shared: what takes long leaves a thread for what is short.
//!
//! Nobody can know beforehand how long a read will take. So each begins on one of a few threads,
//! and one that has computed for longer than [`SHORT_MAX`] does not count among these any more:
//! another thread may be started in its place. As many of the long ones as there are processors
//! compute at a time, each for a while, and the others wait for their turn. So no number of long
//! reads, each within its limits, keeps a short one waiting for longer than its like.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};

/// What takes more processor time counts as long. Time on the clock says little: on a busy machine
/// many short reads take long by it.
const SHORT_MAX: Duration = Duration::from_millis(25);

/// How long a long one computes before others have their turn.
const TURN_MAX: Duration = Duration::from_millis(50);

/// How often one that waits for its turn looks whether it may still go on.
const LOOK: Duration = Duration::from_millis(20);

/// The processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The places on the threads that read.
#[derive(Debug)]
pub(crate) struct Lanes {
    state: Mutex<State>,
    changed: Condvar,
    long_max: usize,
    turns_max: usize,
}

#[derive(Debug, Default)]
struct State {
    long: usize,
    /// How many of these compute at the moment.
    turns: usize,
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

impl Lanes {
    /// So many reads may be long at a time, of which no more than the threads for short ones, nor
    /// than there are processors, compute at once.
    pub(crate) fn new(long_max: usize, threads_max: usize) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let turns_max = processors.min(threads_max).max(1);
        Self { state: Mutex::default(), changed: Condvar::new(), long_max, turns_max }
    }

    /// How many reads are long.
    pub(crate) fn long(&self) -> usize {
        self.state().long
    }

    /// Whether a read that began then, when its thread had computed for so long, is long.
    pub(crate) fn is_long(&self, started: Instant, computed_before: Duration) -> bool {
        started.elapsed() > SHORT_MAX && thread_time().saturating_sub(computed_before) > SHORT_MAX
    }

    pub(crate) fn is_turn_over(&self, began: Instant) -> bool {
        began.elapsed() > TURN_MAX && !self.state().waiting.is_empty()
    }

    /// Counts one more as long, which has to wait for its turn next, unless there are too many.
    pub(crate) fn begin_long(&self) -> bool {
        let mut state = self.state();
        let may = state.long < self.long_max;
        state.long += usize::from(may);
        may
    }

    /// Gives a turn to another one.
    pub(crate) fn end_turn(&self) {
        self.state().turns -= 1;
        self.changed.notify_all();
    }

    /// Waits for a turn. It has one in any case when this returns, so that it can end in order.
    pub(crate) fn wait_for_turn(&self, mut must_end: impl FnMut() -> bool) {
        let mut state = self.state();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.waiting.push_back(ticket);
        loop {
            let is_next = state.waiting.front() == Some(&ticket);
            if (is_next && state.turns < self.turns_max) || must_end() {
                state.waiting.retain(|other| *other != ticket);
                state.turns += 1;
                drop(state);
                self.changed.notify_all();
                return;
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// One that was long, and has the turn, has ended.
    pub(crate) fn end_long(&self) {
        let mut state = self.state();
        state.long -= 1;
        state.turns -= 1;
        drop(state);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
