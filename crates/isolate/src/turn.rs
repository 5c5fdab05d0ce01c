//! A turn: JavaScript running on a stack of its own, which it can leave in three ways.
//!
//! It returns; or it is suspended, because its slice of time is over, and goes on later; or it is
//! given up where it stands, because memory or stack ran out or its time is over. What is given up
//! is never resumed and nothing on its stack is dropped. Therefore **nothing on a turn's stack
//! owns anything**: what natives and hooks work with sits in the run's table.
//!
//! A turn can be suspended by a signal as well (`signals`), anywhere in the engine's own code. It
//! is not while [`Frame::is_preemptible`] says no: in natives, in the allocator, and while stacks
//! are switched. Wherever it can be, nothing depends on the thread: the next instruction may be
//! another thread's. So the engine's callbacks find their turn through their arena ([`Seat`]); the
//! address of a thread-local variable is not safe even between its computation and its use.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr,
    sync::atomic::{AtomicBool, Ordering, compiler_fence},
    time::{Duration, Instant},
};

use corosensei::{
    Coroutine, CoroutineResult, Yielder,
    stack::{DefaultStack, Stack as _},
    trap::CoroutineTrapHandler,
};

use crate::{engine::Classes, mapping::page_bytes, pages::Pages, watchdog};

/// How long a turn runs before others have theirs.
pub(crate) const SLICE: Duration = Duration::from_micros(500);
/// How late a turn may be that would mostly be done soon. With the slice that is less than a
/// millisecond, and the timer (`alarm`) comes later.
const LATE: Duration = Duration::from_micros(300);

/// Where a turn stands when it has stopped running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It came to its end.
    Done,
    /// It goes on when it is resumed.
    SliceOver,
    /// It waits for the host, and goes on when it is resumed.
    Waiting,
    /// It waits for work that another thread has to do, and goes on when it is resumed.
    Working,
    /// The budget of all runs has no room for what it needs; it goes on when it is resumed.
    NoRoom,
    /// It found no memory; it does not go on.
    OutOfMemory,
    /// It used its stack up without the engine noticing; it does not go on.
    OutOfStack,
}

type Body = Coroutine<(), Step, Step, DefaultStack>;

thread_local! {
    /// The turn that runs on this thread, if one does: for signal handlers.
    static CURRENT: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// Who runs in an arena.
pub(crate) struct Seat {
    frame: Cell<*const Frame>,
    /// The allocator is at work. What it knows of the machine is no run's own.
    is_busy: AtomicBool,
    /// What the engine counts down to its next look at the time; null if it is not known.
    countdown: Cell<*mut c_int>,
    /// What the prelude has told of its objects; null if nothing.
    classes: Cell<*const Classes>,
}

// SAFETY: who owns the arena decides who runs in it, and where; nobody else follows the pointers.
unsafe impl Send for Seat {}

/// What callbacks and signal handlers find of the turn that runs.
pub(crate) struct Frame {
    yielder: Cell<*const Yielder<(), Step>>,
    slice_end: Cell<Instant>,
    is_preemptible: AtomicBool,
    trap: CoroutineTrapHandler<Step>,
    /// The lowest address of the stack; one page of guard lies there.
    stack_limit: usize,
    stack_base: usize,
    seat: *const Seat,
    pages: *const Pages,
    /// The table of the run, for the natives.
    table: *mut c_void,
}

/// JavaScript that has begun and not come to its end.
pub(crate) struct Turn {
    body: Option<Body>,
    frame: Box<Frame>,
}

// SAFETY: what is on the stack of a suspended turn is the engine's, this crate's or the kernel's.
// None of it depends on the thread: neither the engine nor what this crate runs where it can be
// suspended has thread-local state, and the handler of signals adapts what the kernel left.
unsafe impl Send for Turn {}

impl Turn {
    /// A turn that will run `body` on `stack`.
    ///
    /// # Safety
    /// `seat`, `pages`, if not null, and `table` must stay where they are until the turn is
    /// dropped. The body must not own anything that it still needs when it is given up, see the
    /// module.
    pub(crate) unsafe fn new(
        stack: DefaultStack,
        seat: *const Seat,
        pages: *const Pages,
        table: *mut c_void,
        body: impl FnOnce(),
    ) -> Self {
        let (stack_limit, stack_base) = (stack.limit().get(), stack.base().get());
        // SAFETY: the caller vouches for what the body borrows.
        let coroutine: Body = unsafe {
            Coroutine::with_stack_unchecked(stack, move |yielder: &Yielder<(), Step>, ()| {
                // SAFETY: a turn that runs has a frame.
                let frame = &*current();
                frame.yielder.set(yielder);
                frame.set_preemptible(true);
                body();
                frame.set_preemptible(false);
                Step::Done
            })
        };
        let frame = Box::new(Frame {
            yielder: Cell::new(ptr::null()),
            slice_end: Cell::new(Instant::now()),
            is_preemptible: AtomicBool::new(false),
            trap: coroutine.trap_handler(),
            stack_limit,
            stack_base,
            seat,
            pages,
            table,
        });
        Self { body: Some(coroutine), frame }
    }

    /// Runs until the end, or until the slice of time is over, or until something ran out.
    pub(crate) fn resume(&mut self, slice_end: Instant) -> Step {
        let Some(body) = &mut self.body else { return Step::Done };
        self.frame.slice_end.set(slice_end);
        let frame = &raw const *self.frame;
        let outer = CURRENT.replace(frame);
        let seat = self.frame.seat();
        seat.frame.set(frame);
        // A turn may have been given up in the allocator.
        seat.is_busy.store(false, Ordering::Relaxed);
        let watched = watchdog::watch(slice_end);
        let step = match body.resume(()) {
            CoroutineResult::Yield(step) | CoroutineResult::Return(step) => step,
        };
        drop(watched);
        self.frame.seat().frame.set(ptr::null());
        CURRENT.set(outer);
        step
    }

    /// Ends the turn where it stands and gives its stack back.
    pub(crate) fn into_stack(mut self) -> Option<DefaultStack> {
        self.give_up().map(Coroutine::into_stack)
    }

    fn give_up(&mut self) -> Option<Body> {
        let mut body = self.body.take()?;
        if body.started() && !body.done() {
            // SAFETY: nothing on the stack of a turn owns anything.
            unsafe { body.force_reset() };
        }
        Some(body)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.give_up());
    }
}

impl Seat {
    /// A seat in which nobody sits.
    pub(crate) fn new() -> Self {
        Self {
            frame: Cell::new(ptr::null()),
            is_busy: AtomicBool::new(false),
            countdown: Cell::new(ptr::null_mut()),
            classes: Cell::new(ptr::null()),
        }
    }

    /// The turn that runs in the arena, if one does.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        // SAFETY: a turn takes its frame back when it stops running.
        unsafe { self.frame.get().as_ref() }
    }

    /// Keeps signals from suspending the turn while the allocator works.
    #[inline]
    pub(crate) fn busy<R>(&self, work: impl FnOnce() -> R) -> R {
        self.is_busy.store(true, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        let result = work();
        compiler_fence(Ordering::SeqCst);
        self.is_busy.store(false, Ordering::Relaxed);
        result
    }

    /// Ends the run that is under way for lack of memory.
    pub(crate) fn exhaust(&self) -> ! {
        if let Some(frame) = self.frame() {
            frame.suspend(Step::OutOfMemory);
        }
        // The engine allocates within turns only, and nobody resumes one that is out of memory.
        std::process::abort()
    }

    /// Suspends the run that is under way until there is room for what it needs.
    pub(crate) fn wait_for_room(&self) {
        match self.frame() {
            Some(frame) => frame.suspend(Step::NoRoom),
            // Without a run nothing is taken from the budget.
            None => std::process::abort(),
        }
    }

    /// What the prelude has told of its objects.
    pub(crate) fn classes(&self) -> Option<&Classes> {
        // SAFETY: who sets them keeps them as long as the arena.
        unsafe { self.classes.get().as_ref() }
    }

    /// What the prelude tells of its objects. It must stay there as long as the arena does.
    pub(crate) fn set_classes(&self, classes: *const Classes) {
        self.classes.set(classes);
    }

    /// Where the engine counts down to its next look at the time. It must stay there.
    pub(crate) fn set_countdown(&self, countdown: *mut c_int) {
        self.countdown.set(countdown);
    }
}

impl Frame {
    fn seat(&self) -> &Seat {
        // SAFETY: it outlives the turn, as `Turn::new` demands.
        unsafe { &*self.seat }
    }

    /// Whether a signal may suspend the turn where it is.
    pub(crate) fn is_preemptible(&self) -> bool {
        self.is_in_engine() && !self.seat().is_busy.load(Ordering::Relaxed)
    }

    /// Whether the turn is in the engine's code or in what the engine calls to allocate: there it
    /// can be given up.
    pub(crate) fn is_in_engine(&self) -> bool {
        self.is_preemptible.load(Ordering::Relaxed)
    }

    fn set_preemptible(&self, is_preemptible: bool) {
        compiler_fence(Ordering::SeqCst);
        self.is_preemptible.store(is_preemptible, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
    }

    /// From now on no signal suspends the turn, which is about to end.
    pub(crate) fn calm_down(&self) {
        self.set_preemptible(false);
    }

    /// From now on signals may suspend the turn again.
    pub(crate) fn stir_up(&self) {
        self.set_preemptible(true);
    }

    /// Whether the slice of time is over.
    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.slice_end.get()
    }

    /// How much of the slice of time is left; `None` if it is over.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.slice_end.get().checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Has the engine look at the time at the next opportunity. Safe in a signal handler.
    pub(crate) fn hurry(&self) {
        let countdown = self.seat().countdown.get();
        if !countdown.is_null() {
            // SAFETY: the number is in the arena, where this turn runs.
            unsafe { countdown.write_volatile(0) };
        }
    }

    /// The table of the run.
    pub(crate) fn table(&self) -> *mut c_void {
        self.table
    }

    /// The pages of the isolate, if it has an image.
    pub(crate) fn pages(&self) -> Option<&Pages> {
        // SAFETY: they outlive the turn, as `Turn::new` demands.
        unsafe { self.pages.as_ref() }
    }

    /// How much stack there is below an address, if it is on this stack.
    pub(crate) fn stack_left(&self, address: usize) -> Option<usize> {
        let is_inside = (self.stack_limit..self.stack_base).contains(&address);
        is_inside.then(|| (address - self.stack_limit).saturating_sub(page_bytes()))
    }

    /// Whether an address is in the guard below the stack.
    pub(crate) fn is_guard(&self, address: usize) -> bool {
        (self.stack_limit..self.stack_limit + page_bytes()).contains(&address)
    }

    /// How to leave the turn from a signal handler, for good.
    pub(crate) fn trap(&self) -> CoroutineTrapHandler<Step> {
        self.trap
    }

    /// Suspends the turn.
    pub(crate) fn suspend(&self, step: Step) {
        let was_preemptible = self.is_in_engine();
        self.set_preemptible(false);
        // SAFETY: the yielder lives as long as the turn runs.
        unsafe { (*self.yielder.get()).suspend(step) };
        self.set_preemptible(was_preemptible);
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
        if Instant::now() >= self.slice_end.get() + LATE {
            self.suspend(Step::SliceOver);
        }
    }

    /// Keeps signals from suspending the turn while `work` is done.
    pub(crate) fn undisturbed<R>(&self, work: impl FnOnce() -> R) -> R {
        let was_preemptible = self.is_in_engine();
        self.set_preemptible(false);
        let result = work();
        self.set_preemptible(was_preemptible);
        result
    }
}

/// The turn that runs on this thread; null if none does. For where no signal suspends it.
#[inline(never)]
pub(crate) fn current() -> *const Frame {
    CURRENT.get()
}
