//! In which order a run's commands take effect.
//!
//! Many functions start a write, do not wait for it, and read what they wrote. A read therefore
//! begins once the writes that the run started before it have ended. Writes do not wait for each
//! other: those of a `Promise.all` go on at once.
//!
//! A session decides what belongs to its transaction by the order in which it is handed commands,
//! which has to be that of the run. Each command has a task of its own, and who polls them first is
//! up to the threads: so they queue.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, Weak},
};

use hookstead_data::{DataError, Future, QueuePlace, Session};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// So many data sources are known without a look at which of them have writes under way.
const SOURCES_MIN: usize = 16;

/// The writes of a run that are under way, by their data source.
///
/// Writes that no read separates are a group. A read waits for the end of the last group, which
/// does not come before that of the groups before it. So a write and a read take the same time,
/// however many there are.
#[derive(Default)]
pub(crate) struct Writes {
    sources: HashMap<String, Group>,
    /// With so many sources, those without writes are forgotten.
    sources_max: usize,
}

/// Writes that no read separates.
struct Group {
    end: Weak<GroupEnd>,
    ended: watch::Receiver<()>,
    /// Whether a read waits for it, so that no more writes join it.
    is_full: bool,
}

/// It exists as long as a write of its group, or of a group before it, is under way.
struct GroupEnd {
    _end: watch::Sender<()>,
    next: OnceLock<Arc<GroupEnd>>,
}

impl Drop for GroupEnd {
    /// One group after the other, because there may be as many as a run has operations.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(group) = next {
            next = Arc::into_inner(group).and_then(|mut group| group.next.take());
        }
    }
}

/// A write is under way as long as this exists.
pub(crate) struct WriteGuard {
    _end: Arc<GroupEnd>,
}

/// Writes that a read waits for.
pub(crate) struct Barrier(Option<watch::Receiver<()>>);

impl Writes {
    /// Notes a write that begins.
    pub(crate) fn begin(&mut self, source: &str) -> WriteGuard {
        let before = self.sources.get(source).and_then(|group| {
            let end = group.end.upgrade()?;
            Some((end, group.is_full))
        });
        if let Some((end, false)) = before {
            return WriteGuard { _end: end };
        }
        let (sender, ended) = watch::channel(());
        let end = Arc::new(GroupEnd { _end: sender, next: OnceLock::new() });
        if let Some((before, _)) = before {
            // It is the last one, so it has none yet.
            let _ = before.next.set(Arc::clone(&end));
        }
        self.forget_ended();
        let group = Group { end: Arc::downgrade(&end), ended, is_full: false };
        self.sources.insert(source.to_owned(), group);
        WriteGuard { _end: end }
    }

    /// What a read that begins now has to wait for.
    pub(crate) fn barrier(&mut self, source: &str) -> Barrier {
        let group = self.sources.get_mut(source).filter(|group| group.end.strong_count() > 0);
        Barrier(group.map(|group| {
            group.is_full = true;
            group.ended.clone()
        }))
    }

    fn forget_ended(&mut self) {
        if self.sources.len() >= self.sources_max.max(SOURCES_MIN) {
            self.sources.retain(|_, group| group.end.strong_count() > 0);
            self.sources_max = 2 * self.sources.len();
        }
    }
}

impl Barrier {
    /// Waits until they have ended, well or not.
    pub(crate) async fn wait(self) {
        if let Some(mut ended) = self.0 {
            // Nothing is ever sent: it returns when the sender has gone.
            while ended.changed().await.is_ok() {}
        }
    }
}

/// A session, and when it is a command's turn.
pub(crate) struct SessionCall {
    session: Arc<dyn Session>,
    place: QueuePlace,
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

impl SessionCall {
    pub(super) fn new(session: Arc<dyn Session>, place: QueuePlace, share: Arc<Share>) -> Self {
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
        place.wait().await;
        let started = start(&*session);
        drop(place);
        let outcome = started.await;
        share.leave(&*session);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    fn is_over(barrier: Barrier) -> bool {
        let wait = pin!(barrier.wait());
        wait.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn a_read_waits_for_all_writes_before_it_and_for_none_behind() {
        let mut writes = Writes::default();
        let (first, second) = (writes.begin("a"), writes.begin("a"));
        let between = writes.barrier("a");
        let third = writes.begin("a");
        let last = writes.barrier("a");
        assert!(is_over(writes.barrier("b")));
        drop(third);
        assert!(!is_over(writes.barrier("a")), "a later group ends with those before it");
        drop(second);
        assert!(!is_over(writes.barrier("a")));
        let fourth = writes.begin("a");
        drop(first);
        assert!(is_over(between) && is_over(last));
        assert!(!is_over(writes.barrier("a")));
        drop(fourth);
        assert!(is_over(writes.barrier("a")));
    }

    #[test]
    fn many_groups_can_end_in_any_order() {
        for is_reversed in [false, true] {
            let mut writes = Writes::default();
            let mut guards = Vec::new();
            for _ in 0..10_000 {
                guards.push(writes.begin("a"));
                let _ = writes.barrier("a");
            }
            if is_reversed {
                guards.reverse();
            }
            guards.into_iter().for_each(drop);
            assert!(is_over(writes.barrier("a")));
        }
    }

    #[test]
    fn sources_without_writes_are_forgotten() {
        let mut writes = Writes::default();
        for number in 0..10_000 {
            drop(writes.begin(&number.to_string()));
        }
        assert!(writes.sources.len() <= 2 * SOURCES_MIN);
    }
}
