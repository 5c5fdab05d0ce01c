//! Work on the runtime of a store, wherever it is asked for.
//!
//! Functions run on many threads, each with a runtime of its own that stands still while JavaScript
//! runs. A connection belongs to one runtime and must not stand still with it. So everything that
//! has to do with the driver happens on one runtime; going there and back costs less than the
//! driver's own tasks waking each other across threads.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::{DataError, ErrorKind, Future};

/// Starts some work at once, whether or not somebody waits for it. Dropping the future ends it.
pub(super) fn start<T: Send + 'static>(
    runtime: &Handle,
    work: impl std::future::Future<Output = Result<T, DataError>> + Send + 'static,
) -> Future<'static, T> {
    Box::pin(Task(runtime.spawn(work)))
}

struct Task<T>(JoinHandle<Result<T, DataError>>);

impl<T> std::future::Future for Task<T> {
    type Output = Result<T, DataError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.0).poll(context));
        Poll::Ready(result.unwrap_or_else(|error| {
            let message = "the store is being closed";
            Err(DataError::new(ErrorKind::Unavailable, message).caused_by(error))
        }))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
