//! The changes that one stream has yet to read.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{Change, WatchLimits, interest::Interest};
use crate::{DataError, ErrorKind, MongoCode};

/// The changes that one stream has yet to read.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) interest: Arc<Interest>,
    limits: WatchLimits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    changes: VecDeque<Arc<Change>>,
    bytes: usize,
    end: Option<End>,
    waker: Option<Waker>,
}

/// Why a stream ends.
#[derive(Debug, Clone)]
pub(crate) enum End {
    /// Its reader does not keep up.
    Behind,
    /// There is no memory for what it has not read.
    NoMemory,
    /// The store says so, with MongoDB's number where there is one.
    Store(ErrorKind, Option<MongoCode>, Arc<str>),
}

impl Queue {
    pub(crate) fn new(interest: Arc<Interest>, limits: WatchLimits) -> Self {
        Self { interest, limits, state: Mutex::default() }
    }

    /// Adds a change. A stream that has too many of them ends, and what it has not read is lost.
    pub(crate) fn push(&self, change: &Arc<Change>) {
        let bytes = change.bytes_len();
        let mut state = self.lock();
        if state.end.is_some() {
            return;
        }
        let is_full = state.changes.len() >= self.limits.changes_max
            || (!state.changes.is_empty() && state.bytes + bytes > self.limits.bytes_max);
        if is_full {
            drop(state);
            return self.end(End::Behind);
        }
        state.bytes += bytes;
        state.changes.push_back(Arc::clone(change));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Ends the stream at once.
    pub(crate) fn end(&self, end: End) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        let unread = std::mem::take(&mut state.changes);
        state.bytes = 0;
        let waker = state.waker.take();
        drop(state);
        drop(unread);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Whether something waits to be read.
    pub(crate) fn has_unread(&self) -> bool {
        !self.lock().changes.is_empty()
    }

    /// The next change.
    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<Result<Arc<Change>, DataError>> {
        let mut state = self.lock();
        if let Some(change) = state.changes.pop_front() {
            state.bytes -= change.bytes_len();
            if state.changes.is_empty() {
                // A burst must not be paid for by a stream that is idle again.
                state.changes = VecDeque::new();
            }
            return Poll::Ready(Ok(change));
        }
        if let Some(end) = &state.end {
            return Poll::Ready(Err(end.error()));
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            state.waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    /// The end that a failure of the store means for all streams of a collection.
    pub(crate) fn of(error: &DataError) -> Self {
        Self::Store(error.kind, error.code, error.message.as_str().into())
    }

    fn error(&self) -> DataError {
        match self {
            Self::Behind => {
                let message = "the change stream has ended: its changes were read too slowly";
                DataError::new(ErrorKind::Refused, message)
            }
            Self::NoMemory => {
                let message = "the change stream has ended: there is no memory for its changes";
                DataError::new(ErrorKind::Unavailable, message)
            }
            Self::Store(kind, code, message) => {
                let error = DataError::new(*kind, message.to_string());
                match code {
                    Some(code) => error.with_code(*code),
                    None => error,
                }
            }
        }
    }
}
