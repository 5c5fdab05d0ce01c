//! A timer per thread, which disturbs a turn as soon as its slice is over.
//!
//! The watchdog (`watchdog`) would do, but for how late it comes: it sleeps between two looks, and
//! on a busy machine it waits for a processor. A timer of the kernel's interrupts the very thread.
//!
//! An interrupt costs a hundred microseconds on some virtual machines, so the timer is used only
//! where turns hold their thread: from the moment when the watchdog has found one that does, until
//! the timer has fired twenty times without finding another one. The first such turn after a
//! quiet time waits for the watchdog; threads whose turns end in time are not interrupted.
//!
//! What counts is the processor time of the thread. By the clock on the wall, every turn is late
//! whose thread has waited for a processor.
//!
//! Setting a timer for every turn would cost two calls into the system each. Instead a timer that
//! is set stays set: when it fires during a turn it is set anew, to the end of the slice that is
//! under way, and else the next turn sets it.

use std::{cell::Cell, mem, ptr, time::Duration};

use crate::{
    frame::Frame,
    limits::time::{SLICE, thread_time},
};

/// How long a turn may be overdue. With its slice that is less than a millisecond.
const GRACE: Duration = Duration::from_micros(400);
/// How often the timer fires in a row without finding a turn overdue, before it is given up.
const FIRES_MAX: u32 = 20;
/// When a turn that could not be suspended is disturbed again.
const RETRY: Duration = Duration::from_micros(200);

thread_local! {
    // Without destructors: the handler of the signal reads them.
    static TIMER: Cell<Option<libc::timer_t>> = const { Cell::new(None) };
    static IS_SET: Cell<bool> = const { Cell::new(false) };
    /// How often the timer may still fire without finding a turn overdue; 0: it is not used.
    static FIRES_LEFT: Cell<u32> = const { Cell::new(0) };
    /// When the timer was set, in processor time of the thread, and after how long it fires.
    static SET: Cell<(Duration, Duration)> = const { Cell::new((Duration::ZERO, Duration::ZERO)) };
}

/// This thread's timer, until it is dropped.
pub(crate) struct Alarm(Option<libc::timer_t>);

impl Alarm {
    /// Makes a timer for this thread. Without one, where the system has none left, the watchdog is
    /// all that there is.
    pub(crate) fn new(signal: libc::c_int) -> Self {
        // Under valgrind every turn is late.
        if cfg!(feature = "patient") {
            return Self(None);
        }
        // SAFETY: all zeroes is a valid value of the struct; the system writes the timer's name.
        let timer = unsafe {
            let mut event: libc::sigevent = mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = signal;
            event.sigev_notify_thread_id = libc::gettid();
            let mut timer: libc::timer_t = ptr::null_mut();
            let made = libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
            (made == 0).then_some(timer)
        };
        TIMER.set(timer);
        Self(timer)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        TIMER.set(None);
        if let Some(timer) = self.0.take() {
            // SAFETY: the timer is this value's, and nobody uses it any more.
            unsafe { libc::timer_delete(timer) };
        }
    }
}

/// A turn begins on this thread: sees to it that the timer is set, where turns hold the thread.
#[inline]
pub(crate) fn turn_begins() {
    if FIRES_LEFT.get() > 0 && !IS_SET.get() {
        set(SLICE + GRACE);
    }
}

/// A turn has held this thread for longer than it may.
pub(crate) fn turn_is_held() {
    FIRES_LEFT.set(FIRES_MAX);
}

/// The signal has come, the timer's or the watchdog's, while this turn ran, or none. Safe in a
/// signal handler, and called before the turn is suspended: it depends on the thread.
pub(crate) fn fired(frame: Option<&Frame>, is_suspended: bool) {
    let left = frame.map(Frame::time_left);
    let fires_left = match left {
        Some(None) if has_computed_since_set() => FIRES_MAX,
        _ => FIRES_LEFT.get().saturating_sub(1),
    };
    FIRES_LEFT.set(fires_left);
    match left {
        _ if fires_left == 0 => IS_SET.set(false),
        Some(Some(left)) => set(left.min(SLICE) + GRACE),
        Some(None) if !is_suspended => set(RETRY),
        // The next turn sets it.
        Some(None) | None => IS_SET.set(false),
    }
}

/// Whether the thread has had a processor for most of the time since the timer was set.
fn has_computed_since_set() -> bool {
    let (set, after) = SET.get();
    IS_SET.get() && thread_time().saturating_sub(set) >= after * 3 / 4
}

fn set(after: Duration) {
    let Some(timer) = TIMER.get() else { return };
    // SAFETY: all zeroes is a valid value of the struct.
    let mut time: libc::itimerspec = unsafe { mem::zeroed() };
    SET.set((thread_time(), after));
    // Less than a second.
    time.it_value.tv_nsec = after.subsec_nanos().into();
    // SAFETY: the timer is this thread's, and there.
    let done = unsafe { libc::timer_settime(timer, 0, &raw const time, ptr::null_mut()) };
    IS_SET.set(done == 0);
}
