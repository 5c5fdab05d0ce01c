//! A turn: JavaScript running on a stack of its own, which it can leave in three ways.
//!
//! It returns; or it is suspended, because its slice of time is over, and goes on later; or it is
//! given up where it stands, because memory or stack ran out or its time is over. What is given up
//! is never resumed and nothing on its stack is dropped. Therefore **nothing on a turn's stack
//! owns anything**: what natives and hooks work with sits in the run's table.
//!
//! A turn can be suspended by a signal as well (`signals`), anywhere in the engine's own code. It
//! is not while [`Frame::is_preemptible`] says no: in natives, and while stacks are switched.

use std::{
    cell::Cell,
    ffi::c_void,
    ptr,
    time::{Duration, Instant},
};

use corosensei::{
    Coroutine, CoroutineResult, Yielder,
    stack::{DefaultStack, Stack as _},
    trap::CoroutineTrapHandler,
};

use crate::{mapping::page_bytes, pages::Pages, watchdog};

/// How long a turn runs before others have theirs.
pub(crate) const SLICE: Duration = Duration::from_micros(500);

/// Where a turn stands when it has stopped running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It came to its end.
    Done,
    /// It goes on when it is resumed.
    SliceOver,
    /// It found no memory; it does not go on.
    OutOfMemory,
    /// It used its stack up without the engine noticing; it does not go on.
    OutOfStack,
}

type Body = Coroutine<(), Step, Step, DefaultStack>;

thread_local! {
    /// The turn that runs on this thread, if one does.
    static CURRENT: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// What callbacks and signal handlers find of the turn that runs.
pub(crate) struct Frame {
    yielder: Cell<*const Yielder<(), Step>>,
    slice_end: Cell<Instant>,
    is_preemptible: Cell<bool>,
    trap: CoroutineTrapHandler<Step>,
    /// The lowest address of the stack; one page of guard lies there.
    stack_limit: usize,
    stack_base: usize,
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
// None of it depends on the thread: the engine has no thread-local state, this crate's functions
// read theirs anew after each suspension, and the handler of signals adapts what the kernel left.
unsafe impl Send for Turn {}

impl Turn {
    /// A turn that will run `body` on `stack`.
    ///
    /// # Safety
    /// `pages`, if not null, and `table` must stay where they are until the turn is dropped. The
    /// body must not own anything that it still needs when it is given up, see the module.
    pub(crate) unsafe fn new(
        stack: DefaultStack,
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
                frame.is_preemptible.set(true);
                body();
                frame.is_preemptible.set(false);
                Step::Done
            })
        };
        let frame = Box::new(Frame {
            yielder: Cell::new(ptr::null()),
            slice_end: Cell::new(Instant::now()),
            is_preemptible: Cell::new(false),
            trap: coroutine.trap_handler(),
            stack_limit,
            stack_base,
            pages,
            table,
        });
        Self { body: Some(coroutine), frame }
    }

    /// Runs until the end, or until the slice of time is over, or until something ran out.
    pub(crate) fn resume(&mut self, slice_end: Instant) -> Step {
        let Some(body) = &mut self.body else { return Step::Done };
        self.frame.slice_end.set(slice_end);
        let outer = CURRENT.replace(&raw const *self.frame);
        let watched = watchdog::watch(slice_end);
        let step = match body.resume(()) {
            CoroutineResult::Yield(step) | CoroutineResult::Return(step) => step,
        };
        drop(watched);
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

impl Frame {
    /// Whether a signal may suspend the turn where it is.
    pub(crate) fn is_preemptible(&self) -> bool {
        self.is_preemptible.get()
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
        let was_preemptible = self.is_preemptible.replace(false);
        // SAFETY: the yielder lives as long as the turn runs.
        unsafe { (*self.yielder.get()).suspend(step) };
        self.is_preemptible.set(was_preemptible);
    }

    /// Suspends the turn if its slice of time is over.
    pub(crate) fn suspend_if_over(&self) {
        if Instant::now() >= self.slice_end.get() {
            self.suspend(Step::SliceOver);
        }
    }

    /// Keeps signals from suspending the turn while `work` is done.
    pub(crate) fn undisturbed<R>(&self, work: impl FnOnce() -> R) -> R {
        self.is_preemptible.set(false);
        let result = work();
        self.is_preemptible.set(true);
        result
    }
}

/// The turn that runs on this thread; null if none does. Never kept across a suspension.
#[inline(never)]
pub(crate) fn current() -> *const Frame {
    CURRENT.get()
}

/// Ends the run that is under way on this thread for lack of memory.
pub(crate) fn exhaust() -> ! {
    // SAFETY: the engine allocates within turns only.
    if let Some(frame) = unsafe { current().as_ref() } {
        frame.suspend(Step::OutOfMemory);
    }
    // Nobody resumes a turn that is out of memory, and nobody else gets here.
    std::process::abort()
}
