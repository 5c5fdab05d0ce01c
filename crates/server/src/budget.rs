//! Something that there is only so much of: requests at once. Bytes are `hookstead_memory`'s.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// This part of all is for connections that have few or none yet,
const RESERVED_FOR_FEW: usize = 4;
/// and this one for those that have none.
const RESERVED_FOR_NEW: usize = 16;
const FEW_MAX: u64 = 7;

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

    /// Whether a connection that has so many already may have one more: a few connections cannot
    /// take what is reserved for those that have little or nothing.
    pub(crate) fn has_room_beside(&self, own: u64) -> bool {
        let left = self.max.saturating_sub(self.used());
        match own {
            0 => true,
            1..=FEW_MAX => left > self.max / RESERVED_FOR_NEW,
            _ => left > self.max / RESERVED_FOR_FEW,
        }
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

    #[test]
    fn the_last_are_for_those_that_have_few_or_none() {
        let budget = Budget::new(160);
        let room = || [0, 1, 7, 8, 200].map(|own| budget.has_room_beside(own));
        let mut share = budget.take(119).unwrap();
        assert_eq!(room(), [true; 5]);
        assert!(share.grow(1));
        assert_eq!(room(), [true, true, true, false, false]);
        assert!(share.grow(30));
        assert_eq!(room(), [true, false, false, false, false]);
    }
}
