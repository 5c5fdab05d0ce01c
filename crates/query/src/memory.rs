//! The memory that a computation holds, counted on the thread that computes.
//!
//! Three kinds of bytes are counted: new values of expressions, what stages and sorts gather, and
//! documents on their way from one stage to the next. The first mebibyte is free, so that a short
//! read never asks. Whoever runs the computation ([`Interrupt`](crate::Interrupt)) is asked for
//! more before it is used, in steps of a mebibyte, and hears of what is not needed any more every
//! few thousand steps.
//!
//! The counts belong to the thread, as those of steps do. A pipeline may go on on another thread:
//! [`resume`] tells the new computation what the pipeline holds already.

use std::cell::Cell;

use crate::{MongoCode, QueryError, interrupt};

const MIB: usize = 1 << 20;

/// So much a computation holds without asking.
const FREE_BYTES: usize = MIB;

/// So much a computation with a limit of steps may hold, which nobody can be asked for.
pub(crate) const SHORT_BYTES_MAX: usize = 4 * MIB;

/// So large all new values together may be that an evaluation works on at one moment.
const EVALUATED_BYTES_MAX: usize = 128 * MIB;

/// A smaller value is not counted: how many there are is limited by the size of the command.
const VALUE_BYTES_MIN: usize = 256;

/// A smaller document is not counted while it passes: one or two of them pass at a time.
const DOCUMENT_BYTES_MIN: usize = 16 << 10;

struct Counts {
    /// New values of expressions.
    evaluated: Cell<usize>,
    /// What stages and sorts hold, and results.
    gathered: Cell<usize>,
    /// Documents between two stages.
    passing: Cell<usize>,
    /// What somebody else has counted, because it was there before this computation.
    resumed: Cell<usize>,
    /// Up to where nobody has to be asked.
    granted: Cell<usize>,
}

thread_local! {
    static COUNTS: Counts = const { Counts::new(usize::MAX) };
}

impl Counts {
    const fn new(granted: usize) -> Self {
        Self {
            evaluated: Cell::new(0),
            gathered: Cell::new(0),
            passing: Cell::new(0),
            resumed: Cell::new(0),
            granted: Cell::new(granted),
        }
    }

    fn held(&self) -> usize {
        self.evaluated.get().saturating_add(self.gathered.get()).saturating_add(self.passing.get())
    }

    fn is_granted(&self) -> bool {
        self.held() <= self.granted.get()
    }

    fn check(&self) -> Result<(), QueryError> {
        if self.evaluated.get() > EVALUATED_BYTES_MAX {
            return Err(too_much());
        }
        if self.is_granted() { Ok(()) } else { interrupt::ask_for_memory() }
    }

    fn swap(&self, other: &Self) {
        self.evaluated.swap(&other.evaluated);
        self.gathered.swap(&other.gathered);
        self.passing.swap(&other.passing);
        self.resumed.swap(&other.resumed);
        self.granted.swap(&other.granted);
    }
}

fn too_much() -> QueryError {
    let text = format!("an expression holds values of more than {EVALUATED_BYTES_MAX} bytes");
    QueryError::new(MongoCode::EXCEEDED_MEMORY_LIMIT, text)
}

/// The counts of a computation. Those of the one around it come back when this is dropped.
pub(crate) struct Counting(Counts);

impl Counting {
    /// With somebody who is asked for memory.
    pub(crate) fn with_interrupt() -> Self {
        Self::new(FREE_BYTES)
    }

    /// With a fixed limit.
    pub(crate) fn with_limit() -> Self {
        Self::new(SHORT_BYTES_MAX)
    }

    fn new(granted: usize) -> Self {
        let counts = Counts::new(granted);
        COUNTS.with(|current| current.swap(&counts));
        Self(counts)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        COUNTS.with(|current| current.swap(&self.0));
    }
}

/// Has exactly as much granted as is held, where somebody is asked at all: `hold` is told how many
/// bytes that is.
pub(crate) fn settle(hold: impl FnOnce(usize) -> Result<(), QueryError>) -> Result<(), QueryError> {
    COUNTS.with(|counts| {
        if counts.granted.get() == usize::MAX {
            return Ok(());
        }
        let resumed = counts.resumed.get();
        let wanted = counts.held().saturating_sub(resumed).next_multiple_of(MIB).max(FREE_BYTES);
        let granted = wanted.saturating_add(resumed);
        if granted != counts.granted.get() {
            hold(wanted)?;
            counts.granted.set(granted);
        }
        Ok(())
    })
}

/// Refuses values that have become too large where nothing could fail.
pub(crate) fn check_values() -> Result<(), QueryError> {
    let evaluated = COUNTS.with(|counts| counts.evaluated.get());
    if evaluated > EVALUATED_BYTES_MAX { Err(too_much()) } else { Ok(()) }
}

/// The bytes of new values of an expression, given back when they are dropped. Operators stand in
/// one another, and each may hold much while the inner ones work: all of them together are limited.
#[derive(Debug, Default)]
pub struct Held {
    bytes: usize,
}

impl Held {
    /// The bytes of a value that is there already. If that is too much, the next step fails.
    pub(crate) fn of(bytes: usize) -> Self {
        if bytes < VALUE_BYTES_MIN {
            return Self::default();
        }
        COUNTS.with(|counts| {
            counts.evaluated.set(counts.evaluated.get().saturating_add(bytes));
            if !counts.is_granted() || counts.evaluated.get() > EVALUATED_BYTES_MAX {
                interrupt::ask_soon();
            }
        });
        Self { bytes }
    }

    /// Counts a list of so many elements that are looked at where they stand.
    pub(crate) fn add_elements<T>(&mut self, count: usize) -> Result<(), QueryError> {
        self.grow_to(self.bytes.saturating_add(count.saturating_mul(size_of::<T>())))
    }

    /// Counts what has grown to a number of bytes.
    #[inline]
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), QueryError> {
        COUNTS.with(|counts| {
            let others = counts.evaluated.get().saturating_sub(self.bytes);
            counts.evaluated.set(others.saturating_add(bytes));
            self.bytes = bytes;
            counts.check()
        })
    }
}

impl Clone for Held {
    fn clone(&self) -> Self {
        Self::of(self.bytes)
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if self.bytes > 0 {
            COUNTS.with(|counts| {
                counts.evaluated.set(counts.evaluated.get().saturating_sub(self.bytes));
            });
        }
    }
}

/// Bytes that somebody gathers during a computation, such as a sort; given back when this is
/// dropped.
#[derive(Debug, Default)]
pub struct HeldBytes {
    bytes: usize,
}

impl HeldBytes {
    /// Counts what has grown, or shrunk, to a number of bytes.
    ///
    /// # Errors
    /// There is no memory for them now. They are counted all the same until this is dropped.
    #[inline]
    pub fn set(&mut self, bytes: usize) -> Result<(), QueryError> {
        COUNTS.with(|counts| {
            let others = counts.gathered.get().saturating_sub(self.bytes);
            counts.gathered.set(others.saturating_add(bytes));
            let has_grown = bytes > self.bytes;
            self.bytes = bytes;
            if has_grown { counts.check() } else { Ok(()) }
        })
    }

    /// Counts some bytes more.
    ///
    /// # Errors
    /// As those of [`HeldBytes::set`].
    pub fn add(&mut self, bytes: usize) -> Result<(), QueryError> {
        self.set(self.bytes.saturating_add(bytes))
    }

    /// Gives some bytes back.
    pub fn give_back(&mut self, bytes: usize) {
        // Less never fails.
        let _ = self.set(self.bytes.saturating_sub(bytes));
    }

    /// A document that is large enough to be counted while something is done with it.
    ///
    /// # Errors
    /// As those of [`HeldBytes::set`].
    #[inline]
    pub fn of_document(bytes: usize) -> Result<Self, QueryError> {
        let mut held = Self::default();
        if bytes >= DOCUMENT_BYTES_MIN {
            held.set(bytes)?;
        }
        Ok(held)
    }

    /// How many bytes this is.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Leaves the bytes counted until the computation ends: they are part of what comes of it.
    pub fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for HeldBytes {
    #[inline]
    fn drop(&mut self) {
        if self.bytes > 0 {
            COUNTS.with(|counts| {
                counts.gathered.set(counts.gathered.get().saturating_sub(self.bytes));
            });
        }
    }
}

/// Counts bytes until the computation ends: they are part of what comes of it.
pub(crate) fn keep_bytes(bytes: usize) -> Result<(), QueryError> {
    let mut held = HeldBytes::default();
    held.set(bytes)?;
    held.keep();
    Ok(())
}

/// Does some work, and hands over what it has kept counted.
pub fn with_kept<T>(work: impl FnOnce() -> T) -> (T, HeldBytes) {
    let before = gathered_bytes();
    let outcome = work();
    let bytes = gathered_bytes().saturating_sub(before);
    (outcome, HeldBytes { bytes })
}

/// The bytes that stages hold in this computation.
pub fn gathered_bytes() -> usize {
    COUNTS.with(|counts| counts.gathered.get())
}

/// Tells a computation of bytes that its stages hold since an earlier one, and that are counted by
/// whoever kept them in between.
pub fn resume(bytes: usize) {
    COUNTS.with(|counts| {
        counts.gathered.set(counts.gathered.get().saturating_add(bytes));
        counts.resumed.set(counts.resumed.get().saturating_add(bytes));
        counts.granted.set(counts.granted.get().saturating_add(bytes));
    });
}

/// A place between two stages, and the size of the document that has passed it last. When the next
/// one is asked for, the last has gone on; when one comes, those that it was made of have gone.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    bytes: usize,
    /// The count as it was left here. It is another one when a later place has counted since.
    passing: usize,
}

impl Passage {
    /// Counts the document that `next` gives, whose length is known by `len`.
    #[inline]
    pub(crate) fn count<T>(
        &mut self,
        next: impl FnOnce() -> T,
        len: impl FnOnce(&T) -> usize,
    ) -> (T, Result<(), QueryError>) {
        COUNTS.with(|counts| {
            self.forget(counts);
            let others = counts.passing.get();
            let given = next();
            let bytes = len(&given);
            self.bytes = if bytes >= DOCUMENT_BYTES_MIN { bytes } else { 0 };
            self.passing = others.saturating_add(self.bytes);
            counts.passing.set(self.passing);
            let checked = if self.bytes > 0 { counts.check() } else { Ok(()) };
            (given, checked)
        })
    }

    fn forget(&self, counts: &Counts) {
        if self.bytes > 0 && counts.passing.get() == self.passing {
            counts.passing.set(self.passing - self.bytes);
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        COUNTS.with(|counts| self.forget(counts));
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;
    use crate::{Interrupt, step, with_interrupt, with_steps};

    /// Grants so many bytes, and remembers what it was asked for.
    struct Grants {
        bytes_max: usize,
        asked: RefCell<Vec<usize>>,
    }

    impl Grants {
        fn new(bytes_max: usize) -> Rc<Self> {
            Rc::new(Self { bytes_max, asked: RefCell::default() })
        }

        fn asked(&self) -> Vec<usize> {
            self.asked.borrow().iter().map(|bytes| bytes / MIB).collect()
        }
    }

    impl Interrupt for Grants {
        fn check(&self) -> Result<(), QueryError> {
            Ok(())
        }

        fn hold(&self, bytes: usize) -> Result<(), QueryError> {
            if bytes > self.bytes_max {
                return Err(QueryError::new(MongoCode::INTERRUPTED, "no memory"));
            }
            self.asked.borrow_mut().push(bytes);
            Ok(())
        }
    }

    fn many_steps() {
        (0..5_000).for_each(|_| assert_eq!(step(), Ok(())));
    }

    #[test]
    fn a_mebibyte_is_free_and_more_is_asked_for_in_mebibytes() {
        let grants = Grants::new(usize::MAX);
        with_interrupt(Rc::clone(&grants) as _, || {
            let mut held = HeldBytes::default();
            held.set(MIB).unwrap();
            assert!(grants.asked().is_empty());
            held.set(MIB + 1).unwrap();
            held.set(2 * MIB).unwrap();
            let value = Held::of(5 * MIB);
            many_steps();
            assert_eq!(grants.asked(), [2, 7], "both kinds count together");
            drop((held, value));
            many_steps();
        });
        assert_eq!(grants.asked(), [2, 7, 1]);
    }

    #[test]
    fn what_is_not_granted_fails_and_what_is_given_back_can_be_had_again() {
        with_interrupt(Grants::new(4 * MIB), || {
            let mut held = HeldBytes::default();
            assert!(held.set(5 * MIB).is_err());
            held.set(0).unwrap();
            held.set(4 * MIB).unwrap();
            drop(held);
            let value = Held::of(5 * MIB);
            assert!(step().is_err() && step().is_err());
            drop(value);
            many_steps();
        });
    }

    #[test]
    fn what_was_there_before_is_not_asked_for_again() {
        let grants = Grants::new(3 * MIB);
        with_interrupt(Rc::clone(&grants) as _, || {
            resume(50 * MIB);
            many_steps();
            let mut held = HeldBytes::default();
            held.set(3 * MIB).unwrap();
            assert!(held.set(4 * MIB).is_err());
        });
        assert_eq!(grants.asked(), [3, 1]);
    }

    #[test]
    fn a_result_stays_counted_until_the_computation_ends() {
        let grants = Grants::new(usize::MAX);
        with_interrupt(Rc::clone(&grants) as _, || {
            let mut held = HeldBytes::default();
            held.set(3 * MIB).unwrap();
            held.keep();
            many_steps();
            assert_eq!(gathered_bytes(), 3 * MIB);
        });
        assert_eq!((grants.asked(), gathered_bytes()), (vec![3], 0));
    }

    #[test]
    fn without_anybody_to_ask_work_of_few_steps_ends_at_a_limit() {
        let failed = with_steps(1000, || {
            let mut held = HeldBytes::default();
            held.set(SHORT_BYTES_MAX).unwrap();
            held.set(SHORT_BYTES_MAX + 1)
        });
        assert_eq!(failed.unwrap_err().code, MongoCode::INTERRUPTED);
        HeldBytes::default().set(1 << 40).unwrap();
    }

    #[test]
    fn a_document_counts_until_the_next_one_is_asked_for() {
        let passing = || COUNTS.with(|counts| counts.passing.get());
        let (mut outer, mut inner) = (Passage::default(), Passage::default());
        for (within, made) in [(50_000, 20_000), (90_000, 70_000), (10, 10)] {
            let (_, counted) = outer.count(
                || {
                    let _ = inner.count(|| within, |len| *len);
                    assert_eq!(passing(), if within < DOCUMENT_BYTES_MIN { 0 } else { within });
                    made
                },
                |len| *len,
            );
            counted.unwrap();
            assert_eq!(passing(), if made < DOCUMENT_BYTES_MIN { 0 } else { made });
        }
    }
}
