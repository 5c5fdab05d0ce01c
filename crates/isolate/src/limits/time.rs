//! The limit of time: until when a run may last, how long it may compute, and how long a turn of it
//! runs before others have theirs.
//!
//! A run is stopped where [`Clock`] says that its time is over (`run`). A turn is suspended when
//! its slice is over: the engine asks every so many calls and rounds of loops
//! ([`Frame::suspend_if_over`]), and a signal ends what does not ask (`alarm`, `watchdog`,
//! `signals`).

use std::time::{Duration, Instant};

use crate::frame::{Frame, Step};

/// How long a turn runs before others have theirs.
pub(crate) const SLICE: Duration = Duration::from_micros(500);
/// How late a turn may be that would mostly be done soon. With the slice that is less than a
/// millisecond, and the timer (`alarm`) comes later.
const LATE: Duration = Duration::from_micros(300);

/// A run's time.
pub(crate) struct Clock {
    deadline: Instant,
    cpu_left: Duration,
    slice_begun: Instant,
}

impl Clock {
    pub(crate) fn new(time: Duration, cpu_time: Duration) -> Self {
        let now = Instant::now();
        // As good as never, where the sum is too large.
        let deadline = now.checked_add(time).unwrap_or(now + Duration::from_secs(u32::MAX.into()));
        Self { deadline, cpu_left: cpu_time, slice_begun: now }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long the run may still compute.
    pub(crate) fn cpu_left(&self) -> Duration {
        self.cpu_left
    }

    /// Takes account of computing on another thread; whether the run may go on.
    pub(crate) fn spend(&mut self, used: Duration) -> bool {
        self.cpu_left = self.cpu_left.saturating_sub(used);
        Instant::now() < self.deadline && !self.cpu_left.is_zero()
    }

    /// Begins a slice of computing; when it is to end.
    pub(crate) fn begin_slice(&mut self) -> Instant {
        self.slice_begun = Instant::now();
        (self.slice_begun + SLICE.min(self.cpu_left)).min(self.deadline)
    }

    /// Ends the slice; whether the run may go on.
    pub(crate) fn end_slice(&mut self) -> bool {
        let now = Instant::now();
        self.cpu_left = self.cpu_left.saturating_sub(now - self.slice_begun);
        now < self.deadline && !self.cpu_left.is_zero()
    }
}

impl Frame {
    /// Whether the slice of time is over.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.slice_end()
    }

    /// How much of the slice of time is left; `None` if it is over.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.slice_end().checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Has the engine look at the time at the next opportunity. Safe in a signal handler.
    pub(crate) fn hurry(&self) {
        let countdown = self.countdown();
        if !countdown.is_null() {
            // SAFETY: the number is in the arena, where this turn runs.
            unsafe { countdown.write_volatile(0) };
        }
    }

    /// Suspends the turn if its slice of time is over.
    pub(crate) fn suspend_if_over(&self) {
        if self.is_over() {
            self.suspend(Step::SliceOver);
        }
    }

    /// Suspends the turn if its slice of time has been over for a while: in the middle of what is
    /// mostly done soon.
    pub(crate) fn suspend_if_late(&self) {
        if Instant::now() >= self.slice_end() + LATE {
            self.suspend(Step::SliceOver);
        }
    }
}

/// The processor time that this thread has used. Safe in a signal handler.
pub(crate) fn thread_time() -> Duration {
    clock_time(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// What a clock of the system says; zero if there is no such clock.
pub(crate) fn clock_time(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the system writes to the struct.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
