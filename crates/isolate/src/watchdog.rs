//! The watchdog: a signal for a turn that does not notice that its slice is over.
//!
//! The engine asks for the time in loops and calls of JavaScript, but not in all of its own
//! functions: `Array.prototype.fill` over a forged length runs for months. A thread of its own
//! looks at who is overdue; it sleeps while nothing runs. A thread on which a turn has computed for
//! too long has a timer from then on (`alarm`), which comes sooner.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::{
    alarm::{self, Alarm},
    limits::{
        stack,
        time::{SLICE, clock_time},
    },
    lock::lock,
    signals,
};

/// How long a turn may be overdue before it is disturbed.
const GRACE: Duration = match cfg!(feature = "patient") {
    true => Duration::from_secs(60),
    false => Duration::from_micros(500),
};
/// How often the watchdog looks.
const PERIOD: Duration = Duration::from_millis(3);
/// How long a turn takes until it is overdue, in nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "it is a minute at most")]
const OVERDUE_AFTER_NS: u64 = (SLICE.as_nanos() + GRACE.as_nanos()) as u64;
/// The watchdog lies down when nothing has run for so many looks.
const IDLE_LOOKS_MAX: u32 = 4000;
/// Chores are done once in so many looks.
const LOOKS_PER_CHORE: u32 = 1000;
/// The mark of a thread on which no turn runs.
const NEVER: u64 = u64::MAX;

/// A thread that runs turns.
struct Post {
    thread: libc::pthread_t,
    /// The clock of its processor time.
    clock: libc::clockid_t,
    /// When its turn is to be disturbed, in nanoseconds since the start.
    overdue_at: AtomicU64,
    /// Whether a turn began since the last look.
    was_busy: AtomicBool,
    /// Whether a turn has held the thread for longer than it may, and the thread does not know yet.
    is_held: AtomicBool,
    /// Since the start, in nanoseconds: for how long the thread had not computed at the last look.
    rested_ns: AtomicU64,
}

/// What is done when little happens; it says whether it is still needed.
type Chore = Box<dyn Fn() -> bool + Send>;

struct Watch {
    start: Instant,
    chores: Mutex<Vec<Chore>>,
    posts: Mutex<Vec<Arc<Post>>>,
    asleep: AtomicBool,
    /// The watchdog's thread, if there is one.
    dog: Mutex<Option<Thread>>,
}

static WATCH: LazyLock<Watch> = LazyLock::new(|| Watch {
    start: Instant::now(),
    chores: Mutex::default(),
    posts: Mutex::default(),
    asleep: AtomicBool::new(true),
    dog: Mutex::default(),
});

/// This thread's post; it leaves with the thread.
struct Manned(Arc<Post>, #[expect(dead_code, reason = "it goes with the thread")] Alarm);

impl Drop for Manned {
    fn drop(&mut self) {
        lock(&WATCH.posts).retain(|post| !Arc::ptr_eq(post, &self.0));
    }
}

thread_local! {
    static POST: Manned = Manned::new();
}

impl Manned {
    fn new() -> Self {
        // SAFETY: asks who this thread is.
        let thread = unsafe { libc::pthread_self() };
        let mut clock = libc::CLOCK_MONOTONIC;
        // SAFETY: the thread is this one, and the system writes to the variable. A thread without a
        // clock is taken for one that always computes.
        unsafe { libc::pthread_getcpuclockid(thread, &raw mut clock) };
        let post = Arc::new(Post {
            thread,
            clock,
            overdue_at: AtomicU64::new(NEVER),
            was_busy: AtomicBool::new(false),
            is_held: AtomicBool::new(false),
            rested_ns: AtomicU64::new(0),
        });
        lock(&WATCH.posts).push(Arc::clone(&post));
        Self(post, Alarm::new(signals::DISTURBANCE))
    }
}

/// Has a chore done when nothing runs, and every few seconds while something does.
pub(crate) fn when_idle(chore: impl Fn() -> bool + Send + 'static) {
    lock(&WATCH.chores).push(Box::new(chore));
}

/// Watches a turn on this thread until it is dropped.
pub(crate) struct Watched(());

/// Has this thread disturbed once the slice is well over.
pub(crate) fn watch(slice_end: Instant) -> Watched {
    let overdue = (slice_end + GRACE).saturating_duration_since(WATCH.start);
    let overdue_ns = nanoseconds(overdue);
    POST.with(|post| {
        post.0.overdue_at.store(overdue_ns, Ordering::Relaxed);
        // The watchdog first says that it sleeps and then looks once more; here it is the other way
        // round, and neither may overtake itself.
        post.0.was_busy.swap(true, Ordering::SeqCst);
        if post.0.is_held.load(Ordering::Relaxed) {
            post.0.is_held.store(false, Ordering::Relaxed);
            alarm::turn_is_held();
        }
    });
    alarm::turn_begins();
    if WATCH.asleep.load(Ordering::SeqCst) {
        WATCH.wake();
    }
    Watched(())
}

impl Drop for Watched {
    fn drop(&mut self) {
        POST.with(|post| post.0.overdue_at.store(NEVER, Ordering::Relaxed));
    }
}

impl Post {
    /// For how long the thread has not computed since the start, give or take a constant.
    fn rested_ns(&self, now: u64) -> u64 {
        now.saturating_sub(nanoseconds(clock_time(self.clock)))
    }

    /// Tells the thread if its turn, which is overdue, has computed all the time: by the clock on
    /// the wall, turns are late as well whose thread waits for a processor.
    fn find_held(&self, now: u64, overdue_at: u64) {
        let rested = self.rested_ns(now);
        let rested_since_look =
            rested.saturating_sub(self.rested_ns.swap(rested, Ordering::Relaxed));
        let computed = (now - overdue_at + OVERDUE_AFTER_NS).saturating_sub(rested_since_look);
        if computed >= OVERDUE_AFTER_NS {
            self.is_held.store(true, Ordering::Relaxed);
        }
    }
}

impl Watch {
    #[cold]
    fn wake(&self) {
        let mut dog = lock(&self.dog);
        if !self.asleep.swap(false, Ordering::SeqCst) {
            return;
        }
        match &*dog {
            Some(dog) => dog.unpark(),
            None => {
                let spawned = thread::Builder::new()
                    .name("watchdog".into())
                    .stack_size(64 << 10)
                    .spawn(|| WATCH.look_out());
                // Without a watchdog, turns end where they look at the time themselves. The next
                // turn tries again.
                match spawned {
                    Ok(handle) => *dog = Some(handle.thread().clone()),
                    Err(_) => self.asleep.store(true, Ordering::SeqCst),
                }
            }
        }
    }

    fn look_out(&self) -> ! {
        signals::install();
        let (mut looks, mut idle_looks) = (0_u32, 0);
        loop {
            thread::sleep(PERIOD);
            looks = looks.wrapping_add(1);
            idle_looks = if self.look() { 0 } else { idle_looks + 1 };
            if looks % LOOKS_PER_CHORE == 0 {
                self.do_chores();
            }
            if idle_looks < IDLE_LOOKS_MAX {
                continue;
            }
            idle_looks = 0;
            self.do_chores();
            self.asleep.store(true, Ordering::SeqCst);
            // A turn that began before it could see the mark is not left alone.
            if self.look() {
                self.asleep.store(false, Ordering::SeqCst);
            }
            while self.asleep.load(Ordering::SeqCst) {
                thread::park();
            }
        }
    }

    fn do_chores(&self) {
        lock(&self.chores).retain(|chore| chore());
        stack::shrink();
    }

    /// Disturbs who is overdue; whether anything runs or ran.
    fn look(&self) -> bool {
        let now = nanoseconds(self.start.elapsed());
        let mut is_busy = false;
        // The lock keeps the threads alive: none leaves without it.
        for post in lock(&self.posts).iter() {
            let overdue_at = post.overdue_at.load(Ordering::Relaxed);
            is_busy |= overdue_at != NEVER || post.was_busy.swap(false, Ordering::SeqCst);
            if now > overdue_at {
                post.find_held(now, overdue_at);
                signals::disturb(post.thread);
            } else {
                post.rested_ns.store(post.rested_ns(now), Ordering::Relaxed);
            }
        }
        is_busy
    }
}

/// Less than those of five hundred years.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER - 1)
}
