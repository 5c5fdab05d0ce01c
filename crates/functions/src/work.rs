//! What a run waits for: timers and calls, each a number to JavaScript.

use std::{
    collections::HashMap,
    future::Future,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hookstead_isolate::{Thrown, Value};
use tokio::{runtime::Handle, sync::mpsc, task::AbortHandle};

/// The table of a run's pending work. Dropping it ends all of it.
pub(crate) struct Work {
    runtime: Handle,
    sender: mpsc::UnboundedSender<Done>,
    done: mpsc::UnboundedReceiver<Done>,
    pending: HashMap<u32, Pending>,
    next_id: u32,
    max: usize,
}

/// One answer: for whom, and what.
pub(crate) type Done = (u32, Result<Value, Thrown>);

struct Pending {
    kind: Kind,
    task: AbortHandle,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A call to a service: the run does not end before it has.
    Call,
    /// A timer that fires once, and when.
    Timeout(Instant),
    /// A timer that fires again and again: the run never waits for it.
    Interval,
}

/// There are too many operations under way already.
pub(crate) struct Full;

impl Work {
    pub(crate) fn new(runtime: Handle, max: usize) -> Self {
        let (sender, done) = mpsc::unbounded_channel();
        Self { runtime, sender, done, pending: HashMap::new(), next_id: 1, max }
    }

    /// Starts a timer.
    pub(crate) fn start_timer(&mut self, delay: Duration, repeats: bool) -> Result<u32, Full> {
        let kind = if repeats { Kind::Interval } else { Kind::Timeout(Instant::now() + delay) };
        self.start(kind, async move {
            tokio::time::sleep(delay).await;
            Ok(Value::Undefined)
        })
    }

    /// Starts a call.
    pub(crate) fn start_call(
        &mut self,
        call: impl Future<Output = Result<Value, Thrown>> + Send + 'static,
    ) -> Result<u32, Full> {
        self.start(Kind::Call, call)
    }

    /// Ends a timer before its time.
    pub(crate) fn cancel(&mut self, id: u32) {
        if let Some(pending) = self.pending.remove(&id) {
            pending.task.abort();
        }
    }

    /// The next answer, in the order of arrival.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        loop {
            match self.done.poll_recv(cx) {
                // An answer to what was cancelled meanwhile is nobody's.
                Poll::Ready(Some(done)) if self.pending.remove(&done.0).is_some() => {
                    return Poll::Ready(done);
                }
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether nothing at all is pending.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether a run that settled then must wait: for every call, and for timers that fire within
    /// the time that they are given.
    pub(crate) fn holds(&self, settled_at: Instant, timer_drain: Duration) -> bool {
        self.pending.values().any(|pending| match pending.kind {
            Kind::Call => true,
            Kind::Timeout(due) => due <= settled_at + timer_drain,
            Kind::Interval => false,
        })
    }

    fn start(
        &mut self,
        kind: Kind,
        work: impl Future<Output = Result<Value, Thrown>> + Send + 'static,
    ) -> Result<u32, Full> {
        if self.pending.len() >= self.max {
            return Err(Full);
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let sender = self.sender.clone();
        let task = self.runtime.spawn(async move {
            // The run may have ended; then nobody listens.
            let _ = sender.send((id, work.await));
        });
        self.pending.insert(id, Pending { kind, task: task.abort_handle() });
        Ok(id)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        for pending in self.pending.values() {
            pending.task.abort();
        }
    }
}
