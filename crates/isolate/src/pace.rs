//! How long the runs of one function have taken lately, for who is next.

use std::sync::atomic::{AtomicU8, Ordering};

/// After so many short runs in a row, the next one is expected to be short.
const SHORT_RUNS_MIN: u8 = 8;

/// How long the runs of one function have taken lately. A run that is expected to take long waits
/// for its isolate behind those that are not, from its begin on.
#[derive(Debug, Default)]
pub struct Pace {
    /// How many short runs are missing; 0: the next one is expected to be short.
    short_runs_missing: AtomicU8,
}

impl Pace {
    /// Whether the next run is expected to take long.
    pub(crate) fn is_long(&self) -> bool {
        self.short_runs_missing.load(Ordering::Relaxed) > 0
    }

    /// A run has ended. Of two that end together, one may not be counted.
    pub(crate) fn note(&self, was_long: bool) {
        if was_long {
            self.short_runs_missing.store(SHORT_RUNS_MIN, Ordering::Relaxed);
        } else if let Some(fewer) = self.short_runs_missing.load(Ordering::Relaxed).checked_sub(1) {
            self.short_runs_missing.store(fewer, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_short_again_after_some_short_runs() {
        let pace = Pace::default();
        assert!(!pace.is_long());
        pace.note(true);
        for _ in 0..SHORT_RUNS_MIN {
            assert!(pace.is_long());
            pace.note(false);
        }
        assert!(!pace.is_long());
        pace.note(false);
        assert!(!pace.is_long());
    }
}
