//! One run, from its first hook to its end, on the thread that calls.

use std::{
    mem::ManuallyDrop,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread::Thread,
    time::Instant,
};

use crate::{
    Host, Image, RunLimits, Thrown, Wake,
    engine::{Bounds, Engine, HostSlot},
};

/// The global in which the prelude leaves the object of hooks.
const HOOKS: &str = "__hookstead";

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The host said so.
    Finished,
    /// The run took longer than it may.
    TimeLimit,
    /// The run needed more memory than it may.
    MemoryLimit,
    /// An exception left the prelude: a fault of whoever wrote that.
    Broken(Thrown),
}

/// Runs an image with a host until the host says that it is finished or a limit is reached.
pub(crate) fn drive<H: Host>(image: &Image, limits: &RunLimits, host: H) -> (H, Ending) {
    let deadline = Instant::now() + limits.time;
    let bounds =
        Bounds { memory_bytes: limits.memory_bytes, stack_bytes: limits.stack_bytes, deadline };
    // Before the engine, so that it outlives the engine if something panics.
    let slot = Boxed::new(HostSlot::new(host, image));
    let ending = match Engine::new(&bounds) {
        Ok(mut engine) => {
            let outcome = turns(&mut engine, slot.0, image);
            ending(&engine, outcome)
        }
        Err(thrown) => Ending::Broken(thrown),
    };
    (slot.take().into_host(), ending)
}

/// A box that is reached through one pointer only, because the engine keeps its address.
struct Boxed<T>(*mut T);

#[expect(unsafe_code, reason = "the box is its own")]
impl<T> Boxed<T> {
    fn new(value: T) -> Self {
        Self(Box::into_raw(Box::new(value)))
    }

    fn take(self) -> T {
        let this = ManuallyDrop::new(self);
        // SAFETY: the pointer is of the box that `new` made, and it is not dropped again.
        *unsafe { Box::from_raw(this.0) }
    }
}

#[expect(unsafe_code, reason = "the box is its own")]
impl<T> Drop for Boxed<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is of the box that `new` made.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A limit explains whatever exception came of it.
fn ending(engine: &Engine, outcome: Result<(), Stop>) -> Ending {
    match outcome {
        _ if engine.is_exhausted() => Ending::MemoryLimit,
        Err(Stop::Deadline) => Ending::TimeLimit,
        _ if engine.is_expired() => Ending::TimeLimit,
        Err(Stop::Thrown(thrown)) => Ending::Broken(thrown),
        Ok(()) => Ending::Finished,
    }
}

/// Why a run stopped before its host said so.
enum Stop {
    Deadline,
    Thrown(Thrown),
}

impl From<Thrown> for Stop {
    fn from(thrown: Thrown) -> Self {
        Self::Thrown(thrown)
    }
}

#[expect(unsafe_code, reason = "the slot outlives the engine, as `drive` sees to")]
fn turns<H: Host>(
    engine: &mut Engine,
    slot: *mut HostSlot<'_, H>,
    image: &Image,
) -> Result<(), Stop> {
    // SAFETY: `drive` keeps the slot in place until the engine is gone.
    unsafe { engine.install_natives(slot)? };
    engine.evaluate(image.prelude())?;
    engine.take_hooks(HOOKS)?;
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        let mut cx = Context::from_waker(&waker);
        // SAFETY: it is the slot of `install_natives`.
        let wake = unsafe { engine.with_host(slot, |host| host.poll_wake(&mut cx)) };
        match wake {
            Poll::Ready(Wake::Finished) => return Ok(()),
            Poll::Ready(Wake::Call(hook, arguments)) => {
                engine.call_hook(hook, &arguments)?;
                engine.run_jobs();
            }
            Poll::Pending => {
                let left = engine.deadline().saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Stop::Deadline);
                }
                std::thread::park_timeout(left);
            }
        }
        if engine.is_expired() || engine.is_exhausted() {
            return Err(Stop::Deadline);
        }
    }
}

/// Wakes a parked thread.
struct Unpark(Thread);

impl std::task::Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
