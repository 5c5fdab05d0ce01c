//! One request's panic stays that request's.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Poll,
};

/// The future panicked. The panic hook has told where.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs a future to its end or to its panic.
///
/// What the future was working on is dropped with it, so nothing half-done is seen again: the
/// caller must not look at it afterwards. It is lent, because a future that is handed over takes
/// its room twice and is moved.
pub(crate) async fn shielded<F: Future>(mut future: Pin<&mut F>) -> Result<F::Output, Panicked> {
    poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
        Ok(poll) => poll.map(Ok),
        Err(_) => Poll::Ready(Err(Panicked)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn panics_are_caught() {
        assert_eq!(shielded(pin!(async { 1 })).await.unwrap(), 1);
        let explode = async {
            tokio::task::yield_now().await;
            panic!("on purpose");
        };
        assert!(shielded(pin!(explode)).await.is_err());
    }
}
