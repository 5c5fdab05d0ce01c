//! The caller's side of a run.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use hookstead_memory::Account;

use crate::{LongWork, Pace, Thrown, Value};

/// A method of the object that the prelude leaves in the global `__hookstead`.
pub type Hook = &'static str;

/// One run's table: what its natives work on and what is pending.
///
/// It goes into the run with [`crate::Pool::run`] and comes back when the run has ended; whatever
/// it still holds then (timers, sockets, calls under way) ends when it is dropped.
pub trait Host: Send + Sized + 'static {
    /// The functions that JavaScript finds on the global `__host` while the prelude is evaluated,
    /// beside `script` and `wait`. They cannot be called before a run begins.
    const NATIVES: &'static [Native<Self>];

    /// The hooks that [`Wake::Call`] may name.
    const HOOKS: &'static [Hook];

    /// What the run may hold, and holds, of memory of all kinds; without one it is not counted.
    fn account(&self) -> Option<&Arc<Account>> {
        None
    }

    /// How long the runs of the same function have taken; without one a run is taken for short.
    fn pace(&self) -> Option<&Arc<Pace>> {
        None
    }

    /// What to do once JavaScript has nothing left to do by itself.
    ///
    /// Called after every turn; the waker must be woken when another answer becomes possible.
    fn poll_wake(&mut self, cx: &mut Context<'_>) -> Poll<Wake>;

    /// The answer that `__host.wait(id)` returns. JavaScript stands still until there is one.
    ///
    /// The waker must be woken when it becomes possible. A host whose prelude never waits need not
    /// have any.
    fn poll_wait(&mut self, id: f64, cx: &mut Context<'_>) -> Poll<Result<Value, Thrown>> {
        let _ = (id, cx);
        Poll::Ready(Err(Thrown::new("InternalError", "there is nothing to wait for")))
    }
}

/// What a run does next.
#[derive(Debug)]
pub enum Wake {
    /// Calls a hook, then drains the job queue.
    Call(Hook, Vec<Value>),
    /// Ends the run.
    Finished,
}

/// A function of Rust's that JavaScript can call.
pub struct Native<H> {
    /// Its name on `__host`.
    pub name: &'static str,
    /// Its code.
    pub call: NativeCall<H>,
}

/// The code of a native. On the thread that runs JavaScript nothing may block or compute for long.
pub enum NativeCall<H> {
    /// Runs at once. Its time must not depend on the size of its arguments.
    Short(fn(&mut H, &[Value]) -> Result<Value, Thrown>),
    /// Runs at once, and may take its arguments or leave work for another thread.
    Split(fn(&mut H, &mut [Value]) -> Answer),
    /// Depends on its arguments alone, so that a long call can run on another thread.
    Pure(Pure),
}

/// What a [`NativeCall::Split`] native returns.
pub enum Answer {
    /// The result.
    Now(Result<Value, Thrown>),
    /// Work whose result is the native's. JavaScript stands still until it is done.
    Later(LongWork),
}

/// A native without a host.
pub struct Pure {
    /// Whether a call with these arguments takes longer than a fraction of a millisecond.
    pub is_long: fn(&[Value]) -> bool,
    /// A short call.
    pub short: fn(&[Value]) -> Result<Value, Thrown>,
    /// A long call. It calls [`crate::pause`] between pieces of work.
    pub long: fn(Vec<Value>) -> LongWork,
}
