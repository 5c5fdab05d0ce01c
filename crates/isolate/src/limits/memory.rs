//! The limit of memory: where a turn is stopped, or waits, that finds none.
//!
//! The allocator (`arena`) calls these when the run's own memory is used up, or when the budget of
//! all runs has no room. What the run has taken from the budget is counted in `arena/charge.rs`.

use crate::frame::{Seat, Step};

impl Seat {
    /// Ends the run that is under way for lack of memory.
    pub(crate) fn exhaust(&self) -> ! {
        if let Some(frame) = self.frame() {
            frame.suspend(Step::OutOfMemory);
        }
        // The engine allocates within turns only, and nobody resumes one that is out of memory.
        std::process::abort()
    }

    /// Suspends the run that is under way until there is room for what it needs.
    pub(crate) fn wait_for_room(&self) {
        match self.frame() {
            Some(frame) => frame.suspend(Step::NoRoom),
            // Without a run nothing is taken from the budget.
            None => std::process::abort(),
        }
    }
}
