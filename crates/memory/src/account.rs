//! What one run holds, of all kinds together.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::time::timeout;

use crate::{Budget, Share, queue::Wait};

/// What a run holds from its begin, whatever it does: its request, its tables, its stack and the
/// pages that it changes.
pub const RUN_BYTES: usize = 128 << 10;

/// Why no more can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The run holds as much as one run may.
    Limit,
    /// There is no room in the budget now.
    NoRoom,
}

/// What one run has taken of a budget, and may take. What is still taken when the run has ended
/// goes back with the last [`Held`].
pub struct Account {
    budget: Arc<Budget>,
    bytes_max: usize,
    used: AtomicUsize,
}

impl Account {
    /// An account from which nothing is taken. It may hold so many bytes besides [`RUN_BYTES`], and
    /// half of the budget at most: what can never be had is a limit, and no lack of room.
    pub fn new(budget: &Arc<Budget>, bytes_max: usize) -> Arc<Self> {
        let bytes_max = bytes_max.saturating_add(RUN_BYTES).min(budget.bytes_max() / 2);
        Arc::new(Self { budget: Arc::clone(budget), bytes_max, used: AtomicUsize::new(0) })
    }

    /// An account without limits.
    pub fn unlimited() -> Arc<Self> {
        Self::new(&Budget::unlimited(), usize::MAX)
    }

    /// The budget that it takes from.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// How many bytes the run holds.
    pub fn used_bytes(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }

    /// How much more the run may hold.
    pub fn bytes_left(&self) -> usize {
        self.bytes_max.saturating_sub(self.used_bytes())
    }

    /// Takes what a run needs to begin; false where there is no room, or others wait for it.
    pub fn try_begin(&self) -> bool {
        !self.budget.queue.has_beginners() && self.add(RUN_BYTES).is_ok()
    }

    /// Waits for what a run needs to begin, in the order of arrival.
    pub fn begin(self: &Arc<Self>) -> Wait {
        Wait::new(Arc::clone(self), RUN_BYTES, true)
    }

    /// Takes bytes for the run.
    ///
    /// # Errors
    /// The run may not hold so much, or there is no room.
    pub fn take(self: &Arc<Self>, bytes: usize) -> Result<Held, Refused> {
        self.add(bytes)?;
        Ok(Held { account: Arc::clone(self), bytes })
    }

    /// Takes bytes that are in use already, whether or not the run may hold so much.
    pub fn take_anyway(self: &Arc<Self>, bytes: usize) -> Held {
        self.budget.add_anyway(bytes);
        let before = self.used.fetch_add(bytes, Ordering::SeqCst);
        self.budget.note_run(before, before + bytes);
        Held { account: Arc::clone(self), bytes }
    }

    /// Nothing, which can grow.
    pub fn nothing(self: &Arc<Self>) -> Held {
        Held { account: Arc::clone(self), bytes: 0 }
    }

    /// Waits until there is room for so many bytes, and takes them.
    pub fn room(self: &Arc<Self>, bytes: usize) -> Wait {
        Wait::new(Arc::clone(self), bytes, false)
    }

    /// Takes bytes; where there is no room, waits for it as long as the budget says.
    ///
    /// # Errors
    /// The account's own limit, or a budget that had no room all the time.
    pub async fn take_waiting(self: &Arc<Self>, bytes: usize) -> Result<Held, Refused> {
        match self.take(bytes) {
            Err(Refused::NoRoom) => {}
            taken => return taken,
        }
        let waited = timeout(self.budget.wait_time(), self.room(bytes)).await;
        waited.unwrap_or(Err(Refused::NoRoom))
    }

    pub(crate) fn add(&self, bytes: usize) -> Result<(), Refused> {
        let after = self.used_bytes().checked_add(bytes).filter(|after| *after <= self.bytes_max);
        let after = after.ok_or(Refused::Limit)?;
        // First of the budget, then here: code that is given up in between leaves bytes taken
        // that nobody has, and never the other way round.
        if !self.budget.add(bytes, self.budget.ceiling(after)) {
            return Err(Refused::NoRoom);
        }
        self.note(bytes).inspect_err(|_| self.budget.undo(bytes))
    }

    /// Notes bytes that have been taken of the budget already.
    pub(crate) fn add_taken(&self, bytes: usize) -> Result<(), Refused> {
        self.note(bytes)
    }

    fn note(&self, bytes: usize) -> Result<(), Refused> {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.bytes_max);
        let before = self.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        let before = before.map_err(|_| Refused::Limit)?;
        self.budget.note_run(before, before + bytes);
        Ok(())
    }

    /// Forgets bytes that somebody else answers for now.
    fn hand_over(&self, bytes: usize) {
        let before = self.used.fetch_sub(bytes, Ordering::SeqCst);
        self.budget.note_run(before, before - bytes);
    }

    fn subtract(&self, bytes: usize) {
        if bytes > 0 {
            self.hand_over(bytes);
            self.budget.subtract(bytes);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let left = *self.used.get_mut();
        self.subtract(left);
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.used_bytes()).finish()
    }
}

/// Bytes that a run holds; given back when it is dropped.
pub struct Held {
    account: Arc<Account>,
    bytes: usize,
}

impl Held {
    pub(crate) fn of_taken(account: Arc<Account>, bytes: usize) -> Self {
        Self { account, bytes }
    }

    /// How many bytes this is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The account that they are of.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Takes more.
    ///
    /// # Errors
    /// The run may not hold so much, or there is no room; nothing is taken then.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Refused> {
        self.account.add(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes more; where there is no room, waits for it as long as the budget says.
    ///
    /// # Errors
    /// The account's own limit, or a budget that had no room all the time.
    pub async fn grow_waiting(&mut self, bytes: usize) -> Result<(), Refused> {
        let more = self.account.take_waiting(bytes).await?;
        self.merge(more);
        Ok(())
    }

    /// Adds what the same run holds otherwise.
    pub fn merge(&mut self, mut other: Self) {
        debug_assert!(Arc::ptr_eq(&self.account, &other.account), "both are of one run");
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// Gives back all but so many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        if let Some(surplus) = self.bytes.checked_sub(bytes) {
            self.bytes = bytes;
            self.account.subtract(surplus);
        }
    }

    /// Makes this the number of bytes, whether or not there is room.
    pub fn set(&mut self, bytes: usize) {
        if bytes > self.bytes {
            let more = self.account.take_anyway(bytes - self.bytes);
            self.merge(more);
        } else {
            self.shrink_to(bytes);
        }
    }

    /// Keeps the bytes taken for as long as the account exists.
    pub fn keep(mut self) {
        self.bytes = 0;
    }

    /// The same bytes, for what outlives the run.
    pub fn into_share(mut self) -> Share {
        let bytes = std::mem::take(&mut self.bytes);
        self.account.hand_over(bytes);
        Share::of_taken(Arc::clone(&self.account.budget), bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.account.subtract(self.bytes);
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Held").field(&self.bytes).finish()
    }
}
