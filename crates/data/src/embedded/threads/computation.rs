//! What ends a computation: nobody waits for it any more, it has had its time, or the store closes.
//!
//! Every piece of work on a thread of the store runs within a [`Computation`], which the evaluator
//! of queries asks every few thousand steps (`hookstead_query::with_interrupt`). So whatever a
//! command computes, its thread is free again within milliseconds of the end of its run.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use hookstead_memory::{Part, Share};
use hookstead_query::{Interrupt, QueryError, with_interrupt};

use crate::{
    DataError, ErrorKind, MongoCode,
    embedded::{
        failure::{Failure, Outcome},
        file::shared::Shared,
        threads::{cancel::Cancel, lanes::thread_time, pool::Pool},
    },
};

/// Roughly how long a step takes.
const STEP_TIME: Duration = Duration::from_nanos(60);

/// What one piece of work may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// So long; it is given up when nobody waits for it any more.
    Time(Duration),
    /// So long, whether or not somebody waits for it.
    Always(Duration),
    /// As long as the store is open.
    Open,
    /// As long as it takes: its size is limited in another way.
    Size,
}

/// Why a computation has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    GivenUp,
    Closing,
    TimeLimit,
    TooManyLong,
    /// It has asked for so many bytes.
    NoMemory(usize),
}

/// One piece of work on the thread that does it.
pub(crate) struct Computation {
    limit: Limit,
    started: Instant,
    /// The processor time that the thread had used before.
    computed_before: Duration,
    cancel: Cancel,
    is_closing: Arc<AtomicBool>,
    /// The threads of which it takes one, and since when it has a turn as one that takes long.
    pool: Option<(Arc<Pool>, Cell<Option<Instant>>)>,
    stop: Cell<Option<Stop>>,
    memory: Arc<Part>,
    share: RefCell<Option<Share>>,
}

impl Computation {
    pub(crate) fn new(limit: Limit, cancel: &Cancel, shared: &Shared) -> Self {
        Self {
            limit,
            started: Instant::now(),
            computed_before: Duration::ZERO,
            cancel: cancel.clone(),
            is_closing: Arc::clone(&shared.is_closing),
            pool: None,
            stop: Cell::new(None),
            memory: Arc::clone(&shared.memory),
            share: RefCell::new(None),
        }
    }

    /// A read on one of the threads for reads.
    pub(crate) fn of_read(shared: &Shared, cancel: &Cancel, pool: &Arc<Pool>) -> Self {
        let limit = Limit::Time(shared.operation_time);
        let mut computation = Self::new(limit, cancel, shared);
        computation.computed_before = thread_time();
        computation.pool = Some((Arc::clone(pool), Cell::new(None)));
        computation
    }

    /// Does the work; what a long computation has taken of the threads is given back. With the
    /// outcome comes the memory that it takes.
    pub(crate) fn run<T>(self, work: impl FnOnce() -> Outcome<T>) -> (Outcome<T>, Option<Share>) {
        let this = Rc::new(self);
        let interrupt: Rc<dyn Interrupt> = Rc::clone(&this) as _;
        let outcome = with_interrupt(interrupt, work);
        let share = this.share.take();
        let outcome = match (outcome, this.stop.get()) {
            (Err(Failure::Cancelled), Some(Stop::TimeLimit)) => Err(time_limit().into()),
            (Err(Failure::Cancelled), Some(Stop::Closing)) => Err(closing().into()),
            (Err(Failure::Cancelled), Some(Stop::TooManyLong)) => Err(too_many_long().into()),
            (Err(Failure::Cancelled), Some(Stop::NoMemory(bytes))) => {
                Err(no_memory(&this.memory, bytes).into())
            }
            (outcome, _) => outcome,
        };
        (outcome, share)
    }

    fn end(&self, stop: Stop) -> QueryError {
        self.stop.set(Some(stop));
        QueryError::new(MongoCode::INTERRUPTED, "operation was interrupted")
    }

    fn look(&self) -> Option<Stop> {
        let is_closing = self.is_closing.load(Ordering::Relaxed);
        let (time_max, is_given_up) = match self.limit {
            Limit::Size => return None,
            Limit::Open => return is_closing.then_some(Stop::Closing),
            Limit::Time(time) => (time, self.cancel.is_cancelled()),
            Limit::Always(time) => (time, false),
        };
        let ends_now = is_closing && !matches!(self.limit, Limit::Always(_));
        match () {
            () if is_given_up => Some(Stop::GivenUp),
            () if ends_now => Some(Stop::Closing),
            () if self.started.elapsed() > time_max => Some(Stop::TimeLimit),
            () => None,
        }
    }

    /// A computation that takes long makes room for short ones.
    fn make_room(&self) -> Option<Stop> {
        let (pool, turn) = self.pool.as_ref()?;
        let lanes = pool.lanes();
        match turn.get() {
            None if lanes.is_long(self.started, self.computed_before) => {
                if !Pool::begin_long(pool) {
                    return Some(Stop::TooManyLong);
                }
            }
            Some(began) if lanes.is_turn_over(began) => lanes.end_turn(),
            _ => return None,
        }
        // From here on it counts as a long one, and does not have the turn.
        turn.set(Some(Instant::now()));
        let mut stop = None;
        lanes.wait_for_turn(|| {
            stop = self.look();
            stop.is_some()
        });
        turn.set(Some(Instant::now()));
        stop
    }
}

impl Interrupt for Computation {
    fn check(&self) -> Result<(), QueryError> {
        match self.look().or_else(|| self.make_room()) {
            None => Ok(()),
            Some(stop) => Err(self.end(stop)),
        }
    }

    /// On the thread that writes, what may take long is not begun: it is done elsewhere.
    fn foresee(&self, steps: usize) -> Result<(), QueryError> {
        let time = STEP_TIME.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        match self.limit {
            Limit::Always(time_max) if time > time_max => Err(self.end(Stop::TimeLimit)),
            _ => Ok(()),
        }
    }

    fn hold(&self, bytes: usize) -> Result<(), QueryError> {
        match hold(&mut self.share.borrow_mut(), &self.memory, bytes) {
            true => Ok(()),
            false => Err(self.end(Stop::NoMemory(bytes))),
        }
    }
}

/// Makes a share a number of bytes; false where there is no room.
pub(crate) fn hold(share: &mut Option<Share>, memory: &Arc<Part>, bytes: usize) -> bool {
    match share {
        Some(share) if bytes <= share.bytes() => {
            share.shrink_to(bytes);
            true
        }
        Some(share) => share.grow(bytes - share.bytes()),
        None => {
            *share = memory.take(bytes);
            share.is_some()
        }
    }
}

/// What fails for lack of memory. What can never be had is a limit.
pub(crate) fn no_memory(memory: &Part, bytes: usize) -> DataError {
    let bytes_max = memory.large_bytes_max();
    let (kind, message) = match bytes > bytes_max {
        true => {
            let text =
                format!("the operation needs more memory than the limit of {bytes_max} bytes");
            (ErrorKind::Refused, text)
        }
        false => {
            let text = "the server has no memory left for this operation now; try again later";
            (ErrorKind::Unavailable, text.to_owned())
        }
    };
    DataError::new(kind, message).with_code(MongoCode::EXCEEDED_MEMORY_LIMIT).with_detail(format!(
        "it asked for {bytes} bytes, and the embedded store has {} of {bytes_max} in use (half of \
         [limits] memory_mib)",
        memory.used_bytes()
    ))
}

impl Drop for Computation {
    fn drop(&mut self) {
        if let Some((pool, turn)) = &self.pool
            && turn.get().is_some()
        {
            pool.lanes().end_long();
        }
    }
}

/// What a computation fails with that has had its time.
fn time_limit() -> DataError {
    DataError::new(ErrorKind::Refused, "operation exceeded time limit")
        .with_code(MongoCode::MAX_TIME_EXPIRED)
}

/// Whether a failure is that of a computation that has had its time.
pub(crate) fn is_time_limit(error: &DataError) -> bool {
    error.kind == ErrorKind::Refused && error.code == Some(MongoCode::MAX_TIME_EXPIRED)
}

fn closing() -> DataError {
    let message = "interrupted at shutdown";
    DataError::new(ErrorKind::Unavailable, message).with_code(MongoCode::INTERRUPTED_AT_SHUTDOWN)
}

fn too_many_long() -> DataError {
    let message = "too many operations that take long are under way; try again later";
    DataError::new(ErrorKind::Unavailable, message).with_code(MongoCode::EXCEEDED_TIME_LIMIT)
}
