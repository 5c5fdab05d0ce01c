//! The time of one run.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// How long a run may go on past its deadline before memory is refused to it.
const GRACE: Duration = Duration::from_secs(1);

/// Says when a run's time is over, and from then on nothing else.
pub(crate) struct Clock {
    deadline: Instant,
    over: Cell<bool>,
}

impl Clock {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { deadline, over: Cell::new(false) }
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the time is over, by now.
    pub(crate) fn is_over(&self) -> bool {
        if !self.over.get() && Instant::now() >= self.deadline {
            self.over.set(true);
        }
        self.over.get()
    }

    /// Whether the time has been over for so long that the run does not seem to notice.
    pub(crate) fn is_long_over(&self) -> bool {
        self.is_over() && Instant::now() >= self.deadline + GRACE
    }
}
