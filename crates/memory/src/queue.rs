//! Who waits for room, in the order of arrival.
//!
//! Room is given under the lock of the queue, by whoever gives bytes back: nobody who waits has to
//! race for it. Runs that are to begin and runs that are to grow wait apart, for the first need
//! little and may use what is kept for small runs.
//!
//! A run that waits for room keeps what it holds. When all large runs do, only failing can end
//! that, and the one that asked last fails. So it does where a run cannot even begin.

use std::{
    collections::{HashSet, VecDeque},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crate::{Account, Budget, Held, Refused};

/// Those that wait.
#[derive(Default)]
pub(crate) struct Queue {
    rows: Mutex<Rows>,
    /// How many wait in each row, for a look without the lock.
    beginners: AtomicUsize,
    growers: AtomicUsize,
}

#[derive(Default)]
struct Rows {
    beginners: VecDeque<Waiter>,
    growers: VecDeque<Waiter>,
}

struct Waiter {
    account: Arc<Account>,
    bytes: usize,
    place: Arc<Mutex<Place>>,
}

/// What has come of a wait.
#[derive(Default)]
struct Place {
    outcome: Option<bool>,
    waker: Option<Waker>,
}

/// Resolves when bytes have been taken, or are refused.
#[must_use = "a future does nothing unless it is polled"]
pub struct Wait {
    account: Arc<Account>,
    bytes: usize,
    begins: bool,
    place: Option<Arc<Mutex<Place>>>,
}

impl Queue {
    pub(crate) fn is_waited_in(&self) -> bool {
        self.has_beginners() || self.growers.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn has_beginners(&self) -> bool {
        self.beginners.load(Ordering::SeqCst) > 0
    }

    /// Gives room to those who have waited longest, as far as there is any.
    pub(crate) fn settle(&self, budget: &Budget) {
        let mut wakers = Vec::new();
        let mut rows = self.rows();
        let Rows { beginners, growers } = &mut *rows;
        for row in [&mut *growers, beginners] {
            while let Some(waiter) = row.pop_front_if(|waiter| waiter.is_given(budget)) {
                wakers.extend(waiter.answer(true));
            }
        }
        // Runs that wait for more must not keep others from beginning, and those that have just
        // begun have the least to lose.
        let blocking = if beginners.is_empty() { None } else { growers.len().checked_sub(1) };
        let refused = stuck(growers, budget).or(blocking);
        if let Some(last) = refused.and_then(|index| growers.remove(index)) {
            wakers.extend(last.answer(false));
        }
        self.count(&rows);
        drop(rows);
        // Without the lock: a task that is woken may run at once, and give something back.
        wakers.into_iter().for_each(Waker::wake);
    }

    fn join(&self, waiter: Waiter, begins: bool) {
        let mut rows = self.rows();
        let row = if begins { &mut rows.beginners } else { &mut rows.growers };
        row.push_back(waiter);
        self.count(&rows);
    }

    /// Takes somebody out who waits no more.
    fn leave(&self, place: &Arc<Mutex<Place>>) {
        let mut rows = self.rows();
        let stays = |waiter: &Waiter| !Arc::ptr_eq(&waiter.place, place);
        rows.beginners.retain(stays);
        rows.growers.retain(stays);
        self.count(&rows);
    }

    fn count(&self, rows: &Rows) {
        self.beginners.store(rows.beginners.len(), Ordering::SeqCst);
        self.growers.store(rows.growers.len(), Ordering::SeqCst);
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last of the large runs that wait, where no other large run is left that could give anything
/// back.
fn stuck(growers: &VecDeque<Waiter>, budget: &Budget) -> Option<usize> {
    let is_large = |waiter: &Waiter| budget.is_large(waiter.account.used_bytes());
    let large = growers.iter().filter(|waiter| is_large(waiter));
    let waiting: HashSet<_> = large.map(|waiter| Arc::as_ptr(&waiter.account)).collect();
    let all_wait = !waiting.is_empty() && waiting.len() >= budget.large_runs();
    if all_wait { growers.iter().rposition(is_large) } else { None }
}

impl Waiter {
    fn is_given(&self, budget: &Budget) -> bool {
        budget.add(self.bytes, budget.ceiling(self.account.used_bytes() + self.bytes))
    }

    /// Notes what has come of the wait, while the queue is locked: whoever leaves it must know.
    fn answer(self, outcome: bool) -> Option<Waker> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        place.outcome = Some(outcome);
        place.waker.take()
    }
}

impl Wait {
    pub(crate) fn new(account: Arc<Account>, bytes: usize, begins: bool) -> Self {
        Self { account, bytes, begins, place: None }
    }

    fn budget(&self) -> &Budget {
        self.account.budget()
    }

    /// Takes the bytes at once, if nobody is to be waited for.
    fn try_now(&self) -> Result<(), Refused> {
        let may = !self.begins || !self.budget().queue.has_beginners();
        if may { self.account.add(self.bytes) } else { Err(Refused::NoRoom) }
    }

    fn held(&self) -> Held {
        Held::of_taken(Arc::clone(&self.account), self.bytes)
    }
}

impl Future for Wait {
    type Output = Result<Held, Refused>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(place) = &self.place else {
            match self.try_now() {
                Err(Refused::NoRoom) => {}
                taken => return Poll::Ready(taken.map(|()| self.held())),
            }
            self.budget().reclaim();
            let waker = Some(cx.waker().clone());
            let place = Arc::new(Mutex::new(Place { outcome: None, waker }));
            let (account, bytes) = (Arc::clone(&self.account), self.bytes);
            let waiter = Waiter { account, bytes, place: Arc::clone(&place) };
            self.place = Some(place);
            self.budget().queue.join(waiter, self.begins);
            // Something may have been given back meanwhile.
            self.budget().queue.settle(self.budget());
            return self.poll(cx);
        };
        let mut state = place.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(outcome) = state.outcome else {
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        drop(state);
        self.place = None;
        if !outcome {
            return Poll::Ready(Err(Refused::NoRoom));
        }
        let noted = self.account.add_taken(self.bytes);
        if noted.is_err() {
            self.budget().subtract(self.bytes);
        }
        Poll::Ready(noted.map(|()| self.held()))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let budget = self.budget();
        budget.queue.leave(&place);
        let outcome = place.lock().unwrap_or_else(PoisonError::into_inner).outcome;
        if outcome == Some(true) {
            budget.subtract(self.bytes);
        } else {
            // Those behind may have been waiting for this one's turn only.
            budget.queue.settle(budget);
        }
    }
}
