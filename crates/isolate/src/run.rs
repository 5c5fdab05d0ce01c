//! One run, from its first hook to its end: a future that computes where it is polled.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::Sleep};

use crate::{
    Host, Image, Thrown, Value, Wake, background,
    clock::Clock,
    engine::Table,
    host::Hook,
    image::no_memory,
    isolate::{Isolate, Place, RunId, new_run},
    stacks,
    turn::{Step, Turn},
};

/// What one run may use. Memory and stack are the image's to limit.
#[derive(Debug, Clone)]
pub struct RunLimits {
    /// From its begin to its end.
    pub time: Duration,
    /// In JavaScript and in natives; waiting does not count.
    pub cpu_time: Duration,
    /// A test's lever: the n-th allocation finds no memory.
    pub allocations_max: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The host said so.
    Finished,
    /// The run took longer than it may.
    TimeLimit,
    /// The run needed more memory than it may.
    MemoryLimit,
    /// The run used up its stack where no exception could be thrown.
    StackLimit,
    /// An exception left the prelude: a fault of whoever wrote that.
    Broken(Thrown),
}

/// Runs an image with a host until the host says that it is finished or a limit is reached.
/// Dropping the future ends the run where it stands.
pub(crate) async fn run<H: Host>(
    image: Arc<Image<H>>,
    limits: RunLimits,
    isolates_max: usize,
    host: H,
) -> (H, Ending) {
    let place = match place(&image, isolates_max).await {
        Ok(place) => place,
        Err(thrown) => return (host, Ending::Broken(thrown)),
    };
    let mut run = Run {
        turn: None,
        clock: Clock::new(limits.time, limits.cpu_time),
        table: Boxed::new(Table::new(Some(host), &image.recipe)),
        id: new_run(),
        place,
        stack_bytes: image.recipe.stack_bytes,
        allocations_max: limits.allocations_max,
    };
    let ending = run.finish().await.err().unwrap_or(Ending::Finished);
    let Some(host) = run.table.get_mut().host.take() else { unreachable!("every run has a host") };
    (host, ending)
}

/// A place for a run. A new isolate is made on a thread that nobody waits for.
async fn place<H: Host>(image: &Arc<Image<H>>, isolates_max: usize) -> Result<Arc<Place>, Thrown> {
    let claim = match image.isolates.place(isolates_max) {
        Ok(place) => return Ok(place),
        Err(claim) => claim,
    };
    let making = Arc::clone(image);
    let made = spawn_blocking(move || making.isolates.make(&making.recipe, claim)).await;
    made.unwrap_or_else(|error| Err(Thrown::new("InternalError", error.to_string())))?;
    // Others may have been faster. No further one is made for this run.
    let place = image.isolates.place(0);
    place.map_err(|_| Thrown::new("InternalError", "there is no isolate"))
}

struct Run<H> {
    /// The turn that has begun and waits for its next slice.
    turn: Option<Turn>,
    clock: Clock,
    table: Boxed<Table<H>>,
    id: RunId,
    place: Arc<Place>,
    stack_bytes: usize,
    allocations_max: Option<u64>,
}

// SAFETY: the host is `Send`, and so are the values in the table. The table's pointer to the
// image's scripts and the turn's pointers to table and pages are followed by whoever polls the run.
unsafe impl<H: Send> Send for Run<H> {}

impl<H: Host> Run<H> {
    /// Turns and waiting, until the host has had enough.
    async fn finish(&mut self) -> Result<(), Ending> {
        loop {
            match self.wake().await? {
                Wake::Finished => return Ok(()),
                Wake::Call(hook, arguments) => self.call(hook, arguments).await?,
            }
        }
    }

    /// What the host wants next; it may take until the deadline.
    async fn wake(&mut self) -> Result<Wake, Ending> {
        let deadline = self.clock.deadline();
        let mut alarm: Option<std::pin::Pin<Box<Sleep>>> = None;
        poll_fn(|cx| {
            if let Poll::Ready(wake) = self.poll_host(cx) {
                return Poll::Ready(Ok(wake));
            }
            let alarm = alarm.get_or_insert_with(|| {
                Box::pin(tokio::time::sleep_until(tokio::time::Instant::from_std(deadline)))
            });
            alarm.as_mut().poll(cx).map(|()| Err(Ending::TimeLimit))
        })
        .await
    }

    /// The answer for which JavaScript stands still; it may take until the deadline.
    async fn wait(&mut self) -> Result<(), Ending> {
        if !self.clock.end_slice() {
            return Err(Ending::TimeLimit);
        }
        let alarm = tokio::time::Instant::from_std(self.clock.deadline());
        let Table { host: Some(host), waits_for, result, .. } = self.table.get_mut() else {
            unreachable!("every run has a host")
        };
        let answer = poll_fn(|cx| host.poll_wait(*waits_for, cx));
        match tokio::time::timeout_at(alarm, answer).await {
            Ok(answer) => *result = answer,
            Err(_) => return Err(Ending::TimeLimit),
        }
        Ok(())
    }

    /// What another thread has to do for a native; it may take until the deadline, and counts as
    /// computing.
    async fn work(&mut self) -> Result<(), Ending> {
        if !self.clock.end_slice() {
            return Err(Ending::TimeLimit);
        }
        let Some(work) = self.table.get_mut().work.take() else { return Ok(()) };
        let alarm = tokio::time::Instant::from_std(self.clock.deadline());
        let ticket = background::begin(work, self.clock.cpu_left());
        let finished = tokio::time::timeout_at(alarm, ticket.finished()).await;
        let outcome = match finished {
            Err(_) => return Err(Ending::TimeLimit),
            Ok(None) => Err(Thrown::new("InternalError", "there is no thread for this work")),
            Ok(Some(finished)) => match finished.outcome {
                Some(outcome) if self.clock.spend(finished.used) => outcome,
                _ => return Err(Ending::TimeLimit),
            },
        };
        self.table.get_mut().result = outcome;
        Ok(())
    }

    fn poll_host(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        match &mut self.table.get_mut().host {
            Some(host) => host.poll_wake(cx),
            None => Poll::Ready(Wake::Finished),
        }
    }

    /// Calls a hook and runs what jobs come of it, in as many slices as it takes.
    async fn call(&mut self, hook: Hook, arguments: Vec<Value>) -> Result<(), Ending> {
        let table = self.table.get_mut();
        (table.call, table.failure) = (arguments, None);
        let place = Arc::clone(&self.place);
        loop {
            let mut isolate = place.isolate.lock().await;
            let step = self.slice(&mut isolate, hook);
            place.tidy(&mut isolate);
            drop(isolate);
            place.forget_gone();
            match step? {
                Step::Done => break,
                Step::SliceOver if !self.clock.end_slice() => return Err(Ending::TimeLimit),
                Step::SliceOver => tokio::task::yield_now().await,
                Step::Waiting => self.wait().await?,
                Step::Working => self.work().await?,
                Step::OutOfMemory => return Err(Ending::MemoryLimit),
                Step::OutOfStack => return Err(Ending::StackLimit),
            }
        }
        if let Some(turn) = self.turn.take() {
            stacks::put_back(turn);
        }
        let is_in_time = self.clock.end_slice();
        match self.table.get_mut().failure.take() {
            Some(thrown) => Err(Ending::Broken(thrown)),
            None if !is_in_time => Err(Ending::TimeLimit),
            None => Ok(()),
        }
    }

    /// One slice of a turn, which begins if there is none.
    fn slice(&mut self, isolate: &mut Isolate, hook: Hook) -> Result<Step, Ending> {
        isolate.enter(self.id).map_err(|_| Ending::MemoryLimit)?;
        if self.turn.is_none() {
            self.turn = Some(self.begin(isolate, hook)?);
        }
        isolate.set_allocations_left(self.allocations_max);
        let slice_end = self.clock.begin_slice();
        let step = self.turn.as_mut().map_or(Step::Done, |turn| turn.resume(slice_end));
        self.allocations_max = isolate.allocations_left();
        Ok(step)
    }

    fn begin(&self, isolate: &Isolate, hook: Hook) -> Result<Turn, Ending> {
        let stack = stacks::take(self.stack_bytes).map_err(|e| Ending::Broken(no_memory(&e)))?;
        let (engine, hooks, table) = (isolate.engine(), isolate.hooks(), self.table.0);
        let body = move || {
            engine.enter_stack();
            // SAFETY: the isolate outlives its runs, and the run its turns. While the turn runs,
            // natives alone touch the table, and none of them what is borrowed here.
            let outcome = unsafe { engine.call_hook(&*hooks, hook, &(*table).call) };
            match outcome {
                Ok(()) => engine.run_jobs(),
                // SAFETY: as above.
                Err(thrown) => unsafe { (*table).failure = Some(thrown) },
            }
        };
        // SAFETY: seat, pages and table stay where they are until the run is dropped, and the turn
        // is dropped before them. The body owns nothing.
        Ok(unsafe { Turn::new(stack, isolate.seat(), isolate.pages(), table.cast(), body) })
    }
}

impl<H> Drop for Run<H> {
    /// Ends the run where it stands.
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            stacks::put_back(turn);
        }
        self.place.leave(self.id);
        self.table.get_mut().discard_large();
    }
}

/// A box that is reached through one pointer only, because a turn keeps its address.
struct Boxed<T>(*mut T);

impl<T> Boxed<T> {
    fn new(value: T) -> Self {
        Self(Box::into_raw(Box::new(value)))
    }

    /// The value, while no turn runs.
    fn get_mut(&mut self) -> &mut T {
        // SAFETY: the pointer is of the box that `new` made, and turns run within `Turn::resume`.
        unsafe { &mut *self.0 }
    }
}

impl<T> Drop for Boxed<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is of the box that `new` made.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
