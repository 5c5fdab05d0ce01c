//! Work that nobody waits for any more stops soon.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use hookstead_memory::Share;
use tokio::sync::oneshot;

use crate::{
    DataError,
    embedded::failure::{Failure, Outcome, gone},
};

/// Tells work whether somebody still waits for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Goes on only if somebody waits.
    pub(crate) fn check(&self) -> Outcome<()> {
        if self.is_cancelled() { Err(Failure::Cancelled) } else { Ok(()) }
    }

    /// Whether nobody waits any more.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What came of work, and the memory that it takes until somebody has received it.
#[derive(Debug)]
pub(crate) struct Outgoing<T> {
    answer: Result<T, DataError>,
    _share: Option<Share>,
}

impl<T> Outgoing<T> {
    pub(crate) fn new(answer: Result<T, DataError>, share: Option<Share>) -> Self {
        Self { answer, _share: share }
    }
}

/// Waits for the outcome of work; dropping it cancels the work.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    answer: oneshot::Receiver<Outgoing<T>>,
    cancel: Cancel,
}

impl<T> Pending<T> {
    pub(crate) fn new(answer: oneshot::Receiver<Outgoing<T>>, cancel: Cancel) -> Self {
        Self { answer, cancel }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, DataError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(context)
            .map(|outgoing| outgoing.map_or_else(|_| Err(gone()), |outgoing| outgoing.answer))
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        self.cancel.0.store(true, Ordering::Relaxed);
    }
}
