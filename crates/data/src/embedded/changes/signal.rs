//! Tells the watcher of commits.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Tells the watcher that something has been committed, or that it has to look at its streams.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    /// Whether somebody watches: otherwise a commit costs one look at this.
    is_heard: AtomicBool,
    is_given: Mutex<bool>,
    given: Condvar,
}

impl Signal {
    /// Something was committed.
    pub(crate) fn committed(&self) {
        if self.is_heard.load(Ordering::Acquire) {
            self.give();
        }
    }

    /// Wakes the watcher in any case.
    pub(crate) fn give(&self) {
        *self.lock() = true;
        self.given.notify_one();
    }

    /// Says whether commits are to be told.
    pub(crate) fn hear(&self, is_heard: bool) {
        self.is_heard.store(is_heard, Ordering::Release);
    }

    /// Waits until it is given, or for a time where there is one; answers whether it was given.
    pub(crate) fn wait(&self, time: Option<Duration>) -> bool {
        let mut is_given = self.lock();
        while !*is_given {
            is_given = match time {
                None => self.given.wait(is_given).unwrap_or_else(PoisonError::into_inner),
                Some(time) => {
                    let waited = self.given.wait_timeout(is_given, time);
                    let (mut is_given, _) = waited.unwrap_or_else(PoisonError::into_inner);
                    return std::mem::take(&mut *is_given);
                }
            };
        }
        std::mem::take(&mut *is_given)
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
