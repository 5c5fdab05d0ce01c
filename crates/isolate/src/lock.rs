//! Locks that a panic elsewhere does not keep shut: what they guard is whole between two lines.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock, even if whoever held it last panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
