//! What went wrong outside of a run: the log names it, the function does not.
//!
//! A function may answer its caller with any message that it catches, so such a message holds
//! neither addresses nor paths.

use std::sync::{Arc, Mutex, PoisonError};

use crate::LogLevel;

/// Faults that are kept of a run; a loop of tries has one more for each.
const FAULTS_MAX: usize = 16;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What the function was told, unless the detail says all of it.
    pub(crate) message: String,
    /// What only the operator is told.
    pub(crate) detail: String,
    /// How grave it is.
    pub(crate) level: LogLevel,
    /// Whether a store could not be reached or could not do its work: trying again later helps.
    pub(crate) is_outage: bool,
}

/// The faults of a run, shared with its calls under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Keeps a fault, unless it is there already.
    pub(crate) fn note(&self, fault: Fault) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < FAULTS_MAX && !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Takes what is kept.
    pub(crate) fn take(&self) -> Vec<Fault> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
