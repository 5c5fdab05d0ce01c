//! What a run waits for: timers and calls, each a number to JavaScript.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use hookstead_isolate::{Thrown, Value};
use hookstead_memory::Account;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::AbortHandle,
    time::{Sleep, sleep_until},
};

use crate::{
    Limits,
    memory::{Answered, Broken, CALL_BYTES},
};

/// No timer waits longer, as in Node.js.
const DELAY_MAX: Duration = Duration::from_millis(i32::MAX as u64);

/// The table of a run's pending work. Dropping it ends all of it.
///
/// Timers fire in the order in which they are due. They cost no task each: a script can start and
/// cancel millions in its time.
pub(crate) struct Work {
    runtime: Handle,
    /// Most runs make no calls.
    calls: Option<Calls>,
    calls_max: usize,
    pending: HashMap<u32, Pending>,
    timers: BTreeSet<(Instant, u32)>,
    /// Ends when the first timer is due.
    alarm: Option<Pin<Box<Sleep>>>,
    next_id: u32,
    /// Answers that came while another one was waited for.
    early: VecDeque<Delivery>,
    max: usize,
    account: Arc<Account>,
}

/// How calls under way deliver their answers.
struct Calls {
    sender: mpsc::UnboundedSender<(Delivery, OwnedSemaphorePermit)>,
    done: mpsc::UnboundedReceiver<(Delivery, OwnedSemaphorePermit)>,
    /// A call holds its place until JavaScript has its answer, so that answers do not pile up.
    places: Arc<Semaphore>,
}

impl Calls {
    fn new(max: usize) -> Self {
        let (sender, done) = mpsc::unbounded_channel();
        Self { sender, done, places: Arc::new(Semaphore::new(max)) }
    }
}

/// One answer: for whom, and what.
pub(crate) type Done = (u32, Result<Value, Broken>);

/// An answer that waits for JavaScript, and counts as held meanwhile.
type Delivery = (u32, Answered);

enum Pending {
    /// A call to a service: the run does not end before it has.
    Call { task: AbortHandle },
    /// A timer that fires once, and when.
    Timeout(Instant),
    /// A timer that fires again and again, and when it does next: the run never waits for it.
    Interval(Instant),
}

/// Why nothing more can be started.
pub(crate) enum Full {
    /// There are too many operations under way already.
    Operations,
    /// The calls under way hold too much memory already.
    Bytes,
}

impl Work {
    pub(crate) fn new(runtime: Handle, limits: &Limits, account: Arc<Account>) -> Self {
        Self {
            runtime,
            calls: None,
            calls_max: limits.outbound_calls_max,
            pending: HashMap::new(),
            timers: BTreeSet::new(),
            alarm: None,
            next_id: 1,
            early: VecDeque::new(),
            max: limits.async_operations_max,
            account,
        }
    }

    /// Starts a timer.
    pub(crate) fn start_timer(&mut self, delay: Duration, repeats: bool) -> Result<u32, Full> {
        let id = self.id()?;
        let due = Instant::now() + delay.min(DELAY_MAX);
        self.timers.insert((due, id));
        let pending = if repeats { Pending::Interval(due) } else { Pending::Timeout(due) };
        self.pending.insert(id, pending);
        Ok(id)
    }

    /// Starts a call that was given so many bytes, which the run has to answer for. Beyond the
    /// limit of calls at once it begins when another one has been answered. What it waits for
    /// before does not count as a call.
    pub(crate) fn start_call(
        &mut self,
        bytes: usize,
        before: impl Future<Output = ()> + Send + 'static,
        call: impl Future<Output = Answered> + Send + 'static,
    ) -> Result<u32, Full> {
        let id = self.id()?;
        let given = self.account.take(bytes).map_err(|_| Full::Bytes)?;
        let account = Arc::clone(&self.account);
        let calls = self.calls.get_or_insert_with(|| Calls::new(self.calls_max));
        let (sender, places) = (calls.sender.clone(), Arc::clone(&calls.places));
        let task = self.runtime.spawn(async move {
            before.await;
            // Nobody closes the semaphore.
            let Ok(place) = places.acquire_owned().await else { return };
            let answer = match account.take_waiting(CALL_BYTES).await {
                Ok(_buffers) => call.await,
                Err(refused) => Err(refused.into()),
            };
            drop(given);
            // The run may have ended; then nobody listens.
            let _ = sender.send(((id, answer), place));
        });
        self.pending.insert(id, Pending::Call { task: task.abort_handle() });
        Ok(id)
    }

    /// Ends a timer before its time.
    pub(crate) fn cancel(&mut self, id: u32) {
        if let Some(pending) = self.pending.remove(&id) {
            self.forget(id, &pending);
        }
    }

    /// The next answer: calls in the order of arrival, then timers that are due.
    pub(crate) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        if let Some((id, answer)) = self.early.pop_front() {
            return Poll::Ready((id, delivered(answer)));
        }
        while let Some(calls) = &mut self.calls
            && let Poll::Ready(Some(((id, answer), _place))) = calls.done.poll_recv(cx)
        {
            // An answer to what was cancelled meanwhile is nobody's.
            if let Some(pending) = self.pending.remove(&id) {
                self.forget(id, &pending);
                return Poll::Ready((id, delivered(answer)));
            }
        }
        self.poll_timer(cx).map(|id| (id, Ok(Value::Undefined)))
    }

    /// The answer for one piece of work; those for others wait until somebody asks for the next.
    pub(crate) fn poll_answer(
        &mut self,
        id: u32,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Value, Broken>> {
        while let Some(calls) = &mut self.calls
            && let Poll::Ready(Some((done, _place))) = calls.done.poll_recv(cx)
        {
            let Some(pending) = self.pending.remove(&done.0) else { continue };
            self.forget(done.0, &pending);
            if done.0 == id {
                return Poll::Ready(delivered(done.1));
            }
            self.early.push_back(done);
        }
        if self.pending.contains_key(&id) {
            return Poll::Pending;
        }
        let thrown = Thrown::new("InternalError", "there is nothing to wait for");
        Poll::Ready(Err(thrown.into()))
    }

    /// Whether nothing at all is pending.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.early.is_empty()
    }

    /// Whether a run that settled then must wait: for every call, and for timers that fire within
    /// the time that they are given.
    pub(crate) fn holds(&self, settled_at: Instant, timer_drain: Duration) -> bool {
        self.pending.values().any(|pending| match pending {
            Pending::Call { .. } => true,
            Pending::Timeout(due) => *due <= settled_at + timer_drain,
            Pending::Interval(_) => false,
        })
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<u32> {
        loop {
            let Some(&(due, id)) = self.timers.first() else { return Poll::Pending };
            if due <= Instant::now() {
                self.timers.pop_first();
                self.pending.remove(&id);
                return Poll::Ready(id);
            }
            let due = due.into();
            let alarm = self.alarm.get_or_insert_with(|| {
                let _context = self.runtime.enter();
                Box::pin(sleep_until(due))
            });
            if alarm.deadline() != due {
                alarm.as_mut().reset(due);
            }
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn id(&mut self) -> Result<u32, Full> {
        if self.pending.len() >= self.max {
            return Err(Full::Operations);
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        Ok(id)
    }

    /// Takes back what a piece of work, no longer pending, took up.
    fn forget(&mut self, id: u32, pending: &Pending) {
        match pending {
            Pending::Call { task } => task.abort(),
            Pending::Timeout(due) | Pending::Interval(due) => {
                self.timers.remove(&(*due, id));
            }
        }
    }
}

/// What JavaScript gets, from now on its own to hold.
fn delivered(answer: Answered) -> Result<Value, Broken> {
    answer.map(|(value, _held)| value)
}

impl Drop for Work {
    fn drop(&mut self) {
        for pending in self.pending.values() {
            if let Pending::Call { task } = pending {
                task.abort();
            }
        }
    }
}
