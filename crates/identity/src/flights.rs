//! Work that is under way. Who asks for the same meanwhile gets the same answer.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::OnceCell;

/// Work that is under way, by what it is about.
pub(crate) struct Flights<K, T> {
    cells: Mutex<HashMap<K, Weak<OnceCell<T>>>>,
}

/// Work that is under way, as one of those who wait for it holds it.
pub(crate) struct Flight<'a, K: Hash + Eq, T> {
    /// There until it is dropped.
    cell: Option<Arc<OnceCell<T>>>,
    flights: &'a Flights<K, T>,
    key: K,
}

impl<K: Hash + Eq + Clone, T> Flights<K, T> {
    pub(crate) fn new() -> Self {
        Self { cells: Mutex::default() }
    }

    /// The work of this key that is under way, or a new one.
    pub(crate) fn join(&self, key: K) -> Flight<'_, K, T> {
        let mut cells = self.cells();
        let cell = match cells.get(&key).and_then(Weak::upgrade) {
            Some(cell) => cell,
            None => {
                let cell = Arc::default();
                cells.insert(key.clone(), Arc::downgrade(&cell));
                cell
            }
        };
        Flight { cell: Some(cell), flights: self, key }
    }
}

impl<K, T> Flights<K, T> {
    fn cells(&self) -> MutexGuard<'_, HashMap<K, Weak<OnceCell<T>>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, T: Clone> Flight<'_, K, T> {
    /// The answer of the work, which this call does unless another one does.
    pub(crate) async fn answer(&self, work: impl Future<Output = T>) -> T {
        match &self.cell {
            Some(cell) => cell.get_or_init(|| work).await.clone(),
            None => work.await,
        }
    }
}

impl<K: Hash + Eq, T> Drop for Flight<'_, K, T> {
    fn drop(&mut self) {
        let mut cells = self.flights.cells();
        // Dropped under the lock, so that the last one knows that it is the last.
        let Some(cell) = self.cell.take() else { return };
        let own = Arc::downgrade(&cell);
        let is_over = Arc::strong_count(&cell) == 1 || cell.initialized();
        if is_over && cells.get(&self.key).is_some_and(|held| held.ptr_eq(&own)) {
            // Who comes later asks anew.
            cells.remove(&self.key);
        }
        drop(cell);
    }
}
