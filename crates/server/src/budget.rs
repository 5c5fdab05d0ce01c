//! Something that there is only so much of: requests at once. Bytes are `hookstead_memory`'s.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How much there is, and how much of it is taken.
pub(crate) struct Budget {
    used: AtomicUsize,
    max: usize,
}

/// What somebody has taken; given back when it is dropped.
pub(crate) struct Share {
    budget: Arc<Budget>,
    amount: usize,
}

impl Budget {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { used: AtomicUsize::new(0), max })
    }

    /// Takes this much; `None` when there is less.
    pub(crate) fn take(self: &Arc<Self>, amount: usize) -> Option<Share> {
        let mut share = Share { budget: Arc::clone(self), amount: 0 };
        share.grow(amount).then_some(share)
    }

    /// How much is taken.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Acquire)
    }
}

impl Share {
    /// Takes more; false, and nothing taken, when there is less.
    pub(crate) fn grow(&mut self, amount: usize) -> bool {
        let more = |used: usize| used.checked_add(amount).filter(|used| *used <= self.budget.max);
        let grown = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        if grown.is_ok() {
            self.amount += amount;
        }
        grown.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // Whoever sees that nothing is taken any more sees what was done with it, too.
        self.budget.used.fetch_sub(self.amount, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is() {
        let budget = Budget::new(10);
        let mut first = budget.take(4).unwrap();
        let second = budget.take(6).unwrap();
        assert!(budget.take(1).is_none() && !first.grow(1) && !first.grow(usize::MAX));
        assert_eq!(budget.used(), 10);
        drop(second);
        assert!(first.grow(6));
        drop(first);
        assert_eq!(budget.used(), 0);
    }
}
