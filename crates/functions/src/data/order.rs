//! In which order a run's commands take effect.
//!
//! Many functions start a write, do not wait for it, and read what they wrote. A read therefore
//! begins once the writes that the run started before it have ended. Writes do not wait for each
//! other: those of a `Promise.all` go on at once.
//!
//! A session decides what belongs to its transaction by the order in which it is handed commands,
//! which has to be that of the run. Each command has a task of its own, and who polls them first is
//! up to the threads: so they queue.

use std::sync::{Arc, PoisonError};

use hookstead_data::{DataError, Future, Session};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

/// The writes of a run that are under way, each with its data source.
#[derive(Default)]
pub(crate) struct Writes {
    under_way: Vec<(String, watch::Receiver<()>)>,
}

/// A write is under way as long as this exists.
pub(crate) struct WriteGuard {
    _end: watch::Sender<()>,
}

/// Writes that a read waits for.
pub(crate) struct Barrier(Vec<watch::Receiver<()>>);

impl Writes {
    /// Notes a write that begins.
    pub(crate) fn begin(&mut self, source: &str) -> WriteGuard {
        self.forget_ended();
        let (end, ended) = watch::channel(());
        self.under_way.push((source.to_owned(), ended));
        WriteGuard { _end: end }
    }

    /// What a read that begins now has to wait for.
    pub(crate) fn barrier(&mut self, source: &str) -> Barrier {
        self.forget_ended();
        let writes = self.under_way.iter().filter(|(of, _)| of == source);
        Barrier(writes.map(|(_, ended)| ended.clone()).collect())
    }

    fn forget_ended(&mut self) {
        self.under_way.retain(|(_, ended)| ended.has_changed().is_ok());
    }
}

impl Barrier {
    /// Waits until they have ended, well or not.
    pub(crate) async fn wait(self) {
        for mut ended in self.0 {
            // Nothing is ever sent: it returns when the sender has gone.
            while ended.changed().await.is_ok() {}
        }
    }
}

/// The commands of a session that have not been handed to it.
#[derive(Default)]
pub(crate) struct Queue {
    last: Option<oneshot::Receiver<()>>,
}

/// A command's place in the queue; whoever comes behind it waits as long as this exists.
pub(crate) struct Place {
    before: Option<oneshot::Receiver<()>>,
    _left: oneshot::Sender<()>,
}

/// A session, and when it is a command's turn.
pub(crate) struct SessionCall {
    session: Arc<dyn Session>,
    place: Place,
    share: Arc<Share>,
}

/// The share that a session has of the transactions of its run.
pub(crate) struct Share {
    places: Arc<Semaphore>,
    mine: std::sync::Mutex<Option<OwnedSemaphorePermit>>,
}

impl Share {
    pub(super) fn of(places: &Arc<Semaphore>) -> Self {
        Self { places: Arc::clone(places), mine: std::sync::Mutex::default() }
    }

    /// Waits for a place.
    async fn enter(&self) {
        if self.mine().is_some() {
            return;
        }
        if let Ok(place) = Arc::clone(&self.places).acquire_owned().await {
            // Two commands may have waited for it.
            self.mine().get_or_insert(place);
        }
    }

    /// Gives the place up, once the session is in no transaction any more.
    fn leave(&self, session: &dyn Session) {
        if !session.in_transaction() {
            *self.mine() = None;
        }
    }

    fn mine(&self) -> std::sync::MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.mine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    pub(super) fn join(&mut self) -> Place {
        let (left, last) = oneshot::channel();
        Place { before: self.last.replace(last), _left: left }
    }
}

impl SessionCall {
    pub(super) fn new(session: Arc<dyn Session>, place: Place, share: Arc<Share>) -> Self {
        Self { session, place, share }
    }

    /// Waits until the run may have one transaction more, if the command is in one that is new.
    pub(crate) fn admission(&self) -> impl std::future::Future<Output = ()> + Send + 'static {
        let share = self.session.in_transaction().then(|| Arc::clone(&self.share));
        async move {
            if let Some(share) = share {
                share.enter().await;
            }
        }
    }

    /// Hands something to the session when it is its turn, and waits for what comes of it.
    pub(super) async fn hand_over<T>(
        self,
        start: impl FnOnce(&(dyn Session + 'static)) -> Future<'static, T>,
    ) -> Result<T, DataError> {
        let Self { session, mut place, share } = self;
        if let Some(before) = place.before.take() {
            // Nothing is ever sent: it returns when the one before has been handed over.
            let _ = before.await;
        }
        let started = start(&*session);
        drop(place);
        let outcome = started.await;
        share.leave(&*session);
        outcome
    }
}
