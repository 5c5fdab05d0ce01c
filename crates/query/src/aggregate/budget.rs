//! How much memory a stage may hold. A pipeline that would hold more fails, and nothing else does.

use std::cell::Cell;

use crate::QueryError;

const NO_DISK_USE_ALLOWED: i32 = 292;

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// How many bytes the stages that ran on this thread have taken and not given back; it wraps. The
/// difference over a call is what the call has made its pipeline hold, or somewhat more: a stage
/// that ends does not give back.
pub fn taken_bytes() -> usize {
    TAKEN.get()
}

/// What one stage may still take.
pub(super) struct Budget {
    stage: &'static str,
    bytes_max: usize,
    used_bytes: usize,
}

impl Budget {
    /// A stage that holds nothing yet.
    pub(super) fn new(stage: &'static str, bytes_max: usize) -> Self {
        Self { stage, bytes_max, used_bytes: 0 }
    }

    /// Takes some bytes more.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), QueryError> {
        self.used_bytes = self.used_bytes.saturating_add(bytes);
        if self.used_bytes <= self.bytes_max {
            TAKEN.set(TAKEN.get().wrapping_add(bytes));
            return Ok(());
        }
        self.used_bytes -= bytes;
        Err(self.exceeded())
    }

    /// Gives some bytes back.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        TAKEN.set(TAKEN.get().wrapping_sub(bytes));
    }

    /// How many bytes are taken.
    pub(super) fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// How many bytes are left.
    pub(super) fn left_bytes(&self) -> usize {
        self.bytes_max.saturating_sub(self.used_bytes)
    }

    /// Whether an error is that of a budget.
    pub(super) fn is_exceeded(error: &QueryError) -> bool {
        error.code == NO_DISK_USE_ALLOWED
    }

    fn exceeded(&self) -> QueryError {
        let text = match self.stage {
            "$sort" => format!(
                "Sort exceeded memory limit of {} bytes, but did not opt in to external sorting. \
                 Aborting operation. Pass allowDiskUse:true to opt in.",
                self.bytes_max
            ),
            stage => format!(
                "Exceeded memory limit for {stage}, but didn't allow external sort. \
                 Pass allowDiskUse:true to opt in."
            ),
        };
        QueryError::new(NO_DISK_USE_ALLOWED, text)
    }
}
