//! One run, from its first hook to its end: a future that computes where it is polled.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hookstead_memory::{Account, Held, Refused};
use tokio::{
    sync::MutexGuard,
    task::spawn_blocking,
    time::{Sleep, timeout_at},
};

use crate::{
    Host, Image, Pace, Thrown, Value, Wake, background,
    engine::Table,
    frame::Step,
    host::Hook,
    isolate::{Isolate, RunId, new_run},
    limits::{
        Ending, RunLimits,
        runs::Permit,
        stack,
        time::{Clock, thread_time},
    },
    place::Place,
    turn::Turn,
};

/// Runs an image with a host until the host says that it is finished or a limit is reached.
/// Dropping the future ends the run where it stands.
pub(crate) async fn run<H: Host>(
    image: Arc<Image<H>>,
    limits: RunLimits,
    (permit, account): (Permit<'_>, Arc<Account>),
    isolates_max: usize,
    host: H,
) -> (H, Ending) {
    let place = place(&image, isolates_max).await;
    let pace = host.pace().map(Arc::clone);
    let mut run = Run {
        turn: None,
        clock: Clock::new(limits.time, limits.cpu_time),
        table: Boxed::new(Table::new(Some(host), &image.recipe)),
        id: new_run(),
        place,
        permit,
        unfinished: account.nothing(),
        account,
        room: None,
        wanted: 0,
        slices_left: STAY_SLICES_MAX,
        hooks_left: STAY_HOOKS_MAX,
        stayed: Duration::ZERO,
        is_long: pace.as_ref().is_some_and(|pace| pace.is_long()),
        was_long: false,
        pace,
        is_forgotten: false,
        stack_bytes: image.recipe.stack_bytes,
        allocations_max: limits.allocations_max,
    };
    let ending = run.finish().await.err().unwrap_or(Ending::Finished);
    let Some(host) = run.table.get_mut().host.take() else { unreachable!("every run has a host") };
    (host, ending)
}

/// A place for a run. A new isolate is made on a thread that nobody waits for, and where it is
/// wanted because of heavy runs, it is for those who come later.
async fn place<H: Host>(image: &Arc<Image<H>>, isolates_max: usize) -> Arc<Place> {
    let (place, claim) = image.isolates.place(isolates_max);
    let Some(claim) = claim else { return place };
    let (making, is_awaited) = (Arc::clone(image), claim.is_awaited());
    let made = spawn_blocking(move || making.isolates.make(&making.recipe, claim));
    if !is_awaited {
        return place;
    }
    place.leave(None);
    // Others may have been faster, and there may be no room. No further one is made for this run.
    let _ = made.await;
    image.isolates.place(0).0
}

struct Run<'a, H> {
    /// The turn that has begun and waits for its next slice.
    turn: Option<Turn>,
    clock: Clock,
    table: Boxed<Table<H>>,
    id: RunId,
    place: Arc<Place>,
    permit: Permit<'a>,
    account: Arc<Account>,
    /// What was taken from the budget for the next slice.
    room: Option<Held>,
    /// What was taken from the budget for arguments of natives that are being written down.
    unfinished: Held,
    /// What the budget had no room for in the slice before.
    wanted: usize,
    /// How many slices it may still have before others enter its isolate.
    slices_left: u32,
    /// The processor time of those that it has had.
    stayed: Duration,
    /// How often it may still keep its isolate between two hooks.
    hooks_left: u32,
    /// Whether it is expected not to be done then, or was not: it waits for its isolate behind
    /// those that are short.
    is_long: bool,
    /// Whether it was not done then.
    was_long: bool,
    pace: Option<Arc<Pace>>,
    /// Whether its isolate knows nothing of it any more.
    is_forgotten: bool,
    stack_bytes: usize,
    allocations_max: Option<u64>,
}

// SAFETY: the host is `Send`, and so are the values in the table. The table's pointer to the
// image's scripts and the turn's pointers to table and pages are followed by whoever polls the run.
unsafe impl<H: Send> Send for Run<'_, H> {}

/// So many slices a run may have before others enter its isolate, however little it computes.
const STAY_SLICES_MAX: u32 = 16;
/// So many slices any run may have at a time while no short one waits: a long one that has much
/// memory is packed and unpacked less often.
const SLICES_ALONE_MAX: u32 = 20;
/// So often a run keeps its isolate between two hooks. Most runs have two. Nobody has a turn in
/// between: a run that waits costs more, because other workers take over then.
const STAY_HOOKS_MAX: u32 = 2;

/// Arguments of a hook are counted from this size on.
const LARGE_BYTES: usize = 16 << 10;

impl<H: Host> Run<'_, H> {
    /// Turns and waiting, until the host has had enough.
    async fn finish(&mut self) -> Result<(), Ending> {
        let place = Arc::clone(&self.place);
        let mut isolate: Option<MutexGuard<'_, Isolate>> = None;
        loop {
            match self.wake(&place, &mut isolate).await? {
                Wake::Finished => {
                    // Before others enter: they would pack what nobody needs any more.
                    if let Some(isolate) = &mut isolate {
                        isolate.forget(self.id);
                        self.is_forgotten = true;
                    }
                    return Ok(());
                }
                Wake::Call(hook, arguments) => {
                    isolate = self.call(&place, isolate, hook, arguments).await?;
                }
            }
        }
    }

    /// What the host wants next; it may take until the deadline.
    async fn wake<'p>(
        &mut self,
        place: &'p Place,
        kept: &mut Option<MutexGuard<'p, Isolate>>,
    ) -> Result<Wake, Ending> {
        let deadline = self.clock.deadline();
        let mut alarm: Option<std::pin::Pin<Box<Sleep>>> = None;
        poll_fn(|cx| {
            if let Poll::Ready(wake) = self.poll_host(cx) {
                return Poll::Ready(Ok(wake));
            }
            // Others may enter the isolate and compute meanwhile.
            if kept.take().is_some() {
                place.forget_gone();
            }
            self.permit.leave();
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
        self.permit.leave();
        let alarm = tokio::time::Instant::from_std(self.clock.deadline());
        let Table { host: Some(host), waits_for, result, .. } = self.table.get_mut() else {
            unreachable!("every run has a host")
        };
        let answer = poll_fn(|cx| host.poll_wait(*waits_for, cx));
        match timeout_at(alarm, answer).await {
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
        self.permit.leave();
        let Some(work) = self.table.get_mut().work.take() else { return Ok(()) };
        let alarm = tokio::time::Instant::from_std(self.clock.deadline());
        let ticket = background::begin(work, self.clock.cpu_left());
        let finished = timeout_at(alarm, ticket.finished()).await;
        let outcome = match finished {
            Err(_) => return Err(Ending::TimeLimit),
            Ok(None) => Err(Thrown::new("InternalError", "there is no thread for this work")),
            Ok(Some(finished)) => match finished.outcome {
                Some(outcome) if self.clock.spend(finished.used) => outcome,
                _ => return Err(Ending::TimeLimit),
            },
        };
        self.table.get_mut().finish_work(outcome);
        Ok(())
    }

    fn poll_host(&mut self, cx: &mut Context<'_>) -> Poll<Wake> {
        match &mut self.table.get_mut().host {
            Some(host) => host.poll_wake(cx),
            None => Poll::Ready(Wake::Finished),
        }
    }

    /// Takes a place to compute; it may take until the deadline.
    async fn take_place(&mut self) -> Result<(), Ending> {
        let deadline = tokio::time::Instant::from_std(self.clock.deadline());
        timeout_at(deadline, self.permit.take()).await.map_err(|_| Ending::TimeLimit)
    }

    /// Room for what the turn needs; it may take as long as the budget has it, or until the
    /// deadline.
    async fn make_room(&mut self) -> Result<(), Ending> {
        self.room = Some(self.wait_for_room(self.wanted).await?);
        Ok(())
    }

    /// Counts arguments of natives that grow slice by slice.
    async fn count_unfinished(&mut self) -> Result<(), Ending> {
        let bytes = self.table.get_mut().unfinished_bytes();
        let bytes = if bytes < LARGE_BYTES { 0 } else { bytes };
        match bytes.checked_sub(self.unfinished.bytes()) {
            Some(0) => {}
            Some(missing) => match self.unfinished.grow(missing) {
                Ok(()) => {}
                Err(Refused::Limit) => return Err(Ending::MemoryLimit),
                Err(Refused::NoRoom) => {
                    let more = self.wait_for_room(missing).await?;
                    self.unfinished.merge(more);
                }
            },
            None => self.unfinished.shrink_to(bytes),
        }
        Ok(())
    }

    async fn wait_for_room(&mut self, bytes: usize) -> Result<Held, Ending> {
        if !self.clock.end_slice() {
            return Err(Ending::TimeLimit);
        }
        self.permit.leave();
        let longest = std::time::Instant::now() + self.account.budget().wait_time();
        let until = self.clock.deadline().min(longest);
        let room = timeout_at(until.into(), self.account.room(bytes)).await;
        // Waiting is not computing.
        self.clock.begin_slice();
        match room {
            Ok(Ok(held)) => Ok(held),
            Ok(Err(Refused::Limit)) => Err(Ending::MemoryLimit),
            Ok(Err(Refused::NoRoom)) | Err(_) => Err(Ending::NoRoom),
        }
    }

    /// Calls a hook and runs what jobs come of it, in as many slices as it takes. A run that has
    /// just begun keeps its isolate for the next hook.
    async fn call<'p>(
        &mut self,
        place: &'p Place,
        mut kept: Option<MutexGuard<'p, Isolate>>,
        hook: Hook,
        arguments: Vec<Value>,
    ) -> Result<Option<MutexGuard<'p, Isolate>>, Ending> {
        let bytes: usize = arguments.iter().map(Value::bytes).sum();
        let _held = (bytes >= LARGE_BYTES).then(|| self.account.take_anyway(bytes));
        let table = self.table.get_mut();
        (table.call, table.failure) = (arguments, None);
        loop {
            if !self.permit.is_taken() {
                self.take_place().await?;
            }
            let mut isolate = match kept.take() {
                Some(isolate) => isolate,
                None => place.enter(self.is_long).await,
            };
            let step = self.slices(&mut isolate, hook).await;
            place.tidy(&mut isolate);
            if step == Ok(Step::Done) && self.hooks_left > 0 {
                self.hooks_left -= 1;
                kept = Some(isolate);
                break;
            }
            drop(isolate);
            place.forget_gone();
            let step = step?;
            self.count_unfinished().await?;
            match step {
                Step::Done => break,
                Step::SliceOver if !self.clock.end_slice() => return Err(Ending::TimeLimit),
                Step::SliceOver => tokio::task::yield_now().await,
                Step::Waiting => self.wait().await?,
                Step::Working => self.work().await?,
                Step::NoRoom => self.make_room().await?,
                Step::OutOfMemory => return Err(Ending::MemoryLimit),
                Step::OutOfStack => return Err(Ending::StackLimit),
            }
        }
        if let Some(turn) = self.turn.take() {
            turn.end();
        }
        let is_in_time = self.clock.end_slice();
        match self.table.get_mut().failure.take() {
            Some(thrown) => Err(Ending::Broken(thrown)),
            None if !is_in_time => Err(Ending::TimeLimit),
            None => Ok(kept),
        }
    }

    /// One slice, or as many as the run may have before others enter its isolate.
    async fn slices(&mut self, isolate: &mut Isolate, hook: Hook) -> Result<Step, Ending> {
        let mut step = self.slice(isolate, hook);
        let mut slices = 1;
        while step == Ok(Step::SliceOver) && self.may_go_on(slices) && self.clock.end_slice() {
            slices += 1;
            tokio::task::yield_now().await;
            let begun = thread_time();
            step = self.slice(isolate, hook);
            self.stayed += thread_time().saturating_sub(begun);
        }
        self.was_long |= step == Ok(Step::SliceOver);
        self.is_long |= self.was_long;
        step
    }

    /// Whether the run, after so many slices, has its next one before others enter its isolate.
    fn may_go_on(&mut self, slices: u32) -> bool {
        // What is being written down has to be counted first.
        if self.table.get_mut().unfinished_bytes() >= LARGE_BYTES {
            return false;
        }
        let may_stay = self.slices_left > 0 && self.stayed < self.place.stay_time();
        self.slices_left = self.slices_left.saturating_sub(1);
        may_stay || (slices < SLICES_ALONE_MAX && !self.place.is_awaited())
    }

    /// One slice of a turn, which begins if there is none.
    fn slice(&mut self, isolate: &mut Isolate, hook: Hook) -> Result<Step, Ending> {
        isolate.enter(self.id, &self.account).map_err(|_| Ending::NoRoom)?;
        if let Some(held) = self.room.take() {
            isolate.add_held(held);
        }
        if self.turn.is_none() {
            self.turn = Some(self.begin(isolate, hook)?);
        }
        isolate.set_allocations_left(self.allocations_max);
        let slice_end = self.clock.begin_slice();
        let step = self.turn.as_mut().map_or(Step::Done, |turn| turn.resume(slice_end));
        self.allocations_max = isolate.allocations_left();
        self.wanted = isolate.settle();
        Ok(step)
    }

    fn begin(&self, isolate: &Isolate, hook: Hook) -> Result<Turn, Ending> {
        let stack = stack::take(self.stack_bytes).map_err(|_| Ending::NoRoom)?;
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

impl<H> Drop for Run<'_, H> {
    /// Ends the run where it stands.
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.end();
        }
        if let Some(pace) = &self.pace {
            pace.note(self.was_long);
        }
        self.place.leave((!self.is_forgotten).then_some(self.id));
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
