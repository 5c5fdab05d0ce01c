//! What callbacks and signal handlers find of the turn that runs.
//!
//! It stands below all that looks for it: the arena has a [`Seat`], in which the [`Frame`] of the
//! turn is that runs there, and a thread knows the frame of the turn that runs on it. So `classes`
//! and `pages` are addresses here; those who put them there know their types.

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ops::Range,
    ptr,
    sync::atomic::{AtomicBool, Ordering, compiler_fence},
    time::Instant,
};

use corosensei::{Yielder, trap::CoroutineTrapHandler};

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
    /// What the prelude has told of its objects (`engine::Classes`); null if nothing.
    classes: Cell<*const c_void>,
}

// SAFETY: who owns the arena decides who runs in it, and where; nobody else follows the pointers.
unsafe impl Send for Seat {}

/// What callbacks and signal handlers find of the turn that runs.
pub(crate) struct Frame {
    yielder: Cell<*const Yielder<(), Step>>,
    slice_end: Cell<Instant>,
    is_preemptible: AtomicBool,
    trap: CoroutineTrapHandler<Step>,
    /// The addresses of the stack. The lowest page of it is a guard.
    stack: Range<usize>,
    seat: *const Seat,
    /// The pages of the isolate (`pages::Pages`); null if it has no image.
    pages: *const c_void,
    /// The table of the run, for the natives.
    table: *mut c_void,
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

    /// What the prelude has told of its objects.
    pub(crate) fn classes(&self) -> *const c_void {
        self.classes.get()
    }

    /// What the prelude tells of its objects. It must stay there as long as the arena does.
    pub(crate) fn set_classes(&self, classes: *const c_void) {
        self.classes.set(classes);
    }

    /// Where the engine counts down to its next look at the time. It must stay there.
    pub(crate) fn set_countdown(&self, countdown: *mut c_int) {
        self.countdown.set(countdown);
    }
}

impl Frame {
    /// The frame of a turn that has not begun.
    ///
    /// # Safety
    /// `seat`, `pages`, if not null, and `table` must stay where they are as long as the frame.
    pub(crate) unsafe fn new(
        trap: CoroutineTrapHandler<Step>,
        stack: Range<usize>,
        seat: *const Seat,
        pages: *const c_void,
        table: *mut c_void,
    ) -> Self {
        Self {
            yielder: Cell::new(ptr::null()),
            slice_end: Cell::new(Instant::now()),
            is_preemptible: AtomicBool::new(false),
            trap,
            stack,
            seat,
            pages,
            table,
        }
    }

    /// A turn begins to run on this thread; answers which one ran before.
    pub(crate) fn enter(&self, slice_end: Instant) -> *const Self {
        self.slice_end.set(slice_end);
        let outer = CURRENT.replace(self);
        let seat = self.seat();
        seat.frame.set(self);
        // A turn may have been given up in the allocator.
        seat.is_busy.store(false, Ordering::Relaxed);
        outer
    }

    /// The turn has stopped running on this thread.
    pub(crate) fn leave(&self, outer: *const Self) {
        self.seat().frame.set(ptr::null());
        CURRENT.set(outer);
    }

    /// The body of the turn begins: from now on it can be suspended.
    pub(crate) fn begin(&self, yielder: *const Yielder<(), Step>) {
        self.yielder.set(yielder);
        self.set_preemptible(true);
    }

    /// When the slice of time ends.
    pub(crate) fn slice_end(&self) -> Instant {
        self.slice_end.get()
    }

    /// Where the engine counts down to its next look at the time; null if that is not known.
    pub(crate) fn countdown(&self) -> *mut c_int {
        self.seat().countdown.get()
    }

    /// The pages of the isolate (`pages::Pages`); null if it has no image.
    pub(crate) fn pages(&self) -> *const c_void {
        self.pages
    }

    /// The addresses of the stack. The lowest page of it is a guard.
    pub(crate) fn stack(&self) -> Range<usize> {
        self.stack.clone()
    }

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

    /// The table of the run.
    pub(crate) fn table(&self) -> *mut c_void {
        self.table
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
