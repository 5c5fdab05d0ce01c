//! Computations that can be stopped.
//!
//! Everything that repeats work counts steps: a call of an operator, an element of an array, a
//! document that passes a stage, 256 bytes that are copied or compared. After every few thousand
//! steps, whoever runs the computation is asked whether it may go on. An answer of "no" ends it
//! with the error that was given.
//!
//! The count and the one who is asked belong to the thread, and not to the values that are handed
//! around: a computation stays on one thread from its beginning to its end (or to the end of a
//! batch, after which it may go on on another thread, under an interrupt of its own). So counting
//! is one subtraction in memory that only this thread uses: no lock, no atomic operation and no
//! indirect call, and none of the two hundred functions of the evaluator has a parameter for it.

use std::{
    cell::{Cell, RefCell},
    cmp::Ordering,
    rc::Rc,
};

use crate::{MongoCode, QueryError, memory};

/// After so many steps, somebody is asked.
const STEPS: u32 = 4096;

/// So many bytes that are copied, compared or searched count as a step.
const STEP_BYTES: usize = 256;

/// So many elements are sorted without asking anybody.
const SORT_RUN: usize = 4096;

/// A search of a text by a pattern counts as so many steps, because the pattern may go back often.
const SEARCH_STEPS: usize = 512;

/// Knows whether a computation may go on.
pub trait Interrupt {
    /// Whether the computation may go on. It is asked again if an error is not passed on.
    ///
    /// # Errors
    /// The computation ends with this error.
    fn check(&self) -> Result<(), QueryError>;

    /// Hears of work that may take as long as so many steps and cannot be stopped.
    ///
    /// # Errors
    /// The computation ends with this error instead.
    fn foresee(&self, _steps: usize) -> Result<(), QueryError> {
        Ok(())
    }

    /// Makes the memory that the computation may hold a number of bytes, more or less than before.
    ///
    /// # Errors
    /// There is no memory, and the computation ends with this error. It keeps what it had.
    fn hold(&self, _bytes: usize) -> Result<(), QueryError> {
        Ok(())
    }
}

/// Who is asked.
enum Asked {
    /// Nobody: the computation goes on.
    Nobody,
    /// Nobody: the computation has had its steps.
    Limit,
    Interrupt(Rc<dyn Interrupt>),
}

thread_local! {
    /// How many steps are left until somebody is asked.
    static LEFT: Cell<u32> = const { Cell::new(STEPS) };
    static ASKED: RefCell<Asked> = const { RefCell::new(Asked::Nobody) };
}

/// Puts back who was asked before, even if the work panics.
struct Restore {
    asked: Asked,
    left: u32,
    _memory: memory::Counting,
}

impl Drop for Restore {
    fn drop(&mut self) {
        LEFT.set(self.left);
        let before = std::mem::replace(&mut self.asked, Asked::Nobody);
        // The other one may do anything when it is dropped, so it is dropped last.
        let _other = ASKED.replace(before);
    }
}

/// Does some work that an interrupt may stop.
pub fn with_interrupt<T>(interrupt: Rc<dyn Interrupt>, work: impl FnOnce() -> T) -> T {
    let asked = ASKED.replace(Asked::Interrupt(Rc::clone(&interrupt)));
    let _memory = memory::Counting::with_interrupt();
    let _restore = Restore { asked, left: LEFT.replace(STEPS), _memory };
    let outcome = work();
    // What comes of the work is kept, and the rest given back.
    let _ = memory::settle(|bytes| interrupt.hold(bytes));
    outcome
}

/// Does some work that ends with [`MongoCode::INTERRUPTED`] after so many steps.
pub fn with_steps<T>(steps: u32, work: impl FnOnce() -> T) -> T {
    let asked = ASKED.replace(Asked::Limit);
    let _memory = memory::Counting::with_limit();
    let _restore = Restore { asked, left: LEFT.replace(steps), _memory };
    work()
}

/// Counts a step of whoever goes through documents.
///
/// # Errors
/// The computation was interrupted.
#[inline]
pub fn step() -> Result<(), QueryError> {
    match LEFT.get().checked_sub(1) {
        Some(left) => {
            LEFT.set(left);
            Ok(())
        }
        None => ask(),
    }
}

/// Counts a step, and one more for every few bytes.
///
/// # Errors
/// The computation was interrupted.
#[inline]
pub fn step_bytes(bytes: usize) -> Result<(), QueryError> {
    charge(bytes / STEP_BYTES);
    step()
}

/// Counts a search by a pattern, or its compilation, which may take as long as so many steps and
/// cannot be stopped.
pub(crate) fn step_search(text: &str, steps: usize) -> Result<(), QueryError> {
    let steps = SEARCH_STEPS.saturating_add(text.len() / STEP_BYTES).saturating_add(steps);
    charge(steps);
    // A limit of steps has been charged already.
    if steps > STEPS as usize
        && let Ok(Some(interrupt)) = asked()
    {
        interrupt.foresee(steps)?;
    }
    step()
}

/// Counts steps where nothing can fail; the next [`step`] fails instead.
#[inline]
pub(crate) fn charge(steps: usize) {
    let steps = u32::try_from(steps).unwrap_or(u32::MAX);
    LEFT.set(LEFT.get().saturating_sub(steps));
}

/// Counts bytes where nothing can fail.
#[inline]
pub(crate) fn charge_bytes(bytes: usize) {
    if bytes >= STEP_BYTES {
        charge(bytes / STEP_BYTES);
    }
}

/// Has somebody asked at the next step.
pub(crate) fn ask_soon() {
    LEFT.set(0);
}

#[cold]
#[inline(never)]
fn ask() -> Result<(), QueryError> {
    let interrupt = asked()?;
    memory::check_values()?;
    if let Some(interrupt) = interrupt {
        // First the memory: the other one may have the computation wait.
        memory::settle(|bytes| interrupt.hold(bytes))?;
        interrupt.check()?;
    }
    LEFT.set(STEPS);
    Ok(())
}

/// Asks for as much memory as is held.
#[cold]
#[inline(never)]
pub(crate) fn ask_for_memory() -> Result<(), QueryError> {
    match asked()? {
        None => Ok(()),
        Some(interrupt) => memory::settle(|bytes| interrupt.hold(bytes)),
    }
}

fn asked() -> Result<Option<Rc<dyn Interrupt>>, QueryError> {
    ASKED.with_borrow(|asked| match asked {
        Asked::Nobody => Ok(None),
        Asked::Limit => Err(interrupted()),
        Asked::Interrupt(interrupt) => Ok(Some(Rc::clone(interrupt))),
    })
}

fn interrupted() -> QueryError {
    QueryError::new(MongoCode::INTERRUPTED, "operation was interrupted")
}

/// Sorts as `sort_by` does, in pieces between which somebody is asked. The pieces grow: each pass
/// joins two sorted ones, which the sort of the standard library finds and merges.
///
/// # Errors
/// The computation was interrupted.
pub fn sort_by<T>(
    items: &mut [T],
    mut compare: impl FnMut(&T, &T) -> Ordering,
) -> Result<(), QueryError> {
    let mut run = SORT_RUN;
    loop {
        for piece in items.chunks_mut(run) {
            charge(piece.len());
            step()?;
            piece.sort_by(&mut compare);
        }
        if run >= items.len() {
            return Ok(());
        }
        run = run.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct After(Cell<u32>);

    impl Interrupt for After {
        fn check(&self) -> Result<(), QueryError> {
            let left = self.0.get().checked_sub(1).ok_or_else(interrupted)?;
            self.0.set(left);
            Ok(())
        }
    }

    fn steps_until_error() -> usize {
        (0..).find(|_| step().is_err()).unwrap_or_default()
    }

    #[test]
    fn a_limit_ends_work_after_its_steps() {
        assert_eq!(with_steps(10, steps_until_error), 10);
        assert_eq!(with_steps(10, || (steps_until_error(), step().is_err())), (10, true));
    }

    #[test]
    fn an_interrupt_is_asked_after_every_few_thousand_steps() {
        let steps = with_interrupt(Rc::new(After(Cell::new(2))), steps_until_error);
        assert_eq!(steps, 3 * STEPS as usize + 2);
    }

    #[test]
    fn an_error_that_is_not_passed_on_comes_again() {
        with_interrupt(Rc::new(After(Cell::new(0))), || {
            steps_until_error();
            assert!(step().is_err() && step().is_err());
        });
    }

    #[test]
    fn who_was_asked_before_is_asked_again() {
        with_steps(10, || {
            assert_eq!(with_steps(100, steps_until_error), 100);
            let panicked = std::panic::catch_unwind(|| with_steps(3, || panic!("as planned")));
            assert!(panicked.is_err());
            assert_eq!(steps_until_error(), 10);
        });
        (0..3 * STEPS).for_each(|_| assert_eq!(step(), Ok(())));
    }

    #[test]
    fn what_cannot_fail_lets_the_next_step_fail() {
        with_steps(100, || {
            charge(99);
            assert!(step().is_ok());
            charge_bytes(usize::MAX);
            assert!(step().is_err());
        });
    }

    #[test]
    fn sorting_in_pieces_is_sorting() {
        let mut items: Vec<u64> = (0..50_000).map(|number| number * 7919 % 10_007).collect();
        let mut pairs: Vec<(u64, usize)> = items.iter().copied().zip(0..).collect();
        sort_by(&mut pairs, |(one, _), (other, _)| one.cmp(other)).unwrap();
        assert!(pairs.is_sorted(), "equal ones stay in their order");
        let stopped = with_steps(30_000, || sort_by(&mut items, Ord::cmp));
        assert_eq!(stopped.unwrap_err().code, MongoCode::INTERRUPTED);
    }
}
