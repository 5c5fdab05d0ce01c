//! The time of one run: until when it may last, and how long it may compute.

use std::time::{Duration, Instant};

use crate::turn::SLICE;

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
