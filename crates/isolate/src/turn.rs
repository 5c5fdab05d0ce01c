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

use std::{ffi::c_void, time::Instant};

use corosensei::{
    Coroutine, CoroutineResult, Yielder,
    stack::{DefaultStack, Stack as _},
};

use crate::{
    Thrown,
    frame::{Frame, Seat, Step, current},
    limits::stack,
    pages::Pages,
    watchdog,
};

type Body = Coroutine<(), Step, Step, DefaultStack>;

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
                frame.begin(yielder);
                body();
                frame.calm_down();
                Step::Done
            })
        };
        let (trap, stack) = (coroutine.trap_handler(), stack_limit..stack_base);
        // SAFETY: as above.
        let frame = unsafe { Frame::new(trap, stack, seat, pages.cast(), table) };
        Self { body: Some(coroutine), frame: Box::new(frame) }
    }

    /// Runs until the end, or until the slice of time is over, or until something ran out.
    pub(crate) fn resume(&mut self, slice_end: Instant) -> Step {
        let Some(body) = &mut self.body else { return Step::Done };
        let outer = self.frame.enter(slice_end);
        let watched = watchdog::watch(slice_end);
        let step = match body.resume(()) {
            CoroutineResult::Yield(step) | CoroutineResult::Return(step) => step,
        };
        drop(watched);
        self.frame.leave(outer);
        step
    }

    /// Ends the turn where it stands and keeps its stack for the next one.
    pub(crate) fn end(mut self) {
        if let Some(body) = self.give_up() {
            stack::put_back(body.into_stack());
        }
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

/// Runs a turn to its end, however many slices that takes.
pub(crate) fn to_end(mut turn: Turn, deadline: Instant) -> Result<(), Thrown> {
    let step = loop {
        match turn.resume(deadline) {
            Step::SliceOver if Instant::now() < deadline => {}
            step => break step,
        }
    };
    turn.end();
    match step {
        Step::Done => Ok(()),
        Step::SliceOver | Step::Waiting | Step::Working | Step::NoRoom => {
            Err(Thrown::new("InternalError", "this takes too long to load"))
        }
        Step::OutOfMemory => Err(out_of_memory()),
        Step::OutOfStack => Err(Thrown::new("InternalError", "stack overflow")),
    }
}

/// What a turn fails with that finds no memory.
pub(crate) fn out_of_memory() -> Thrown {
    Thrown::new("InternalError", "out of memory")
}
