//! How much memory a stage may hold. A pipeline that would hold more fails, and nothing else does.
//!
//! A budget has to live as long as what it counts.

use crate::{MongoCode, QueryError, memory::HeldBytes};

/// What one stage may still take. All is given back when it is dropped.
pub(super) struct Budget {
    stage: &'static str,
    bytes_max: usize,
    used_bytes: usize,
    /// The same for all stages of the computation together.
    held: HeldBytes,
}

impl Budget {
    /// A stage that holds nothing yet.
    pub(super) fn new(stage: &'static str, bytes_max: usize) -> Self {
        Self { stage, bytes_max, used_bytes: 0, held: HeldBytes::default() }
    }

    /// Takes some bytes more.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), QueryError> {
        let used_bytes = self.used_bytes.saturating_add(bytes);
        if used_bytes > self.bytes_max {
            return Err(self.exceeded());
        }
        self.used_bytes = used_bytes;
        self.held.set(used_bytes)
    }

    /// Gives some bytes back.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(bytes);
        self.held.give_back(bytes);
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
        error.code == MongoCode::NO_DISK_USE_ALLOWED
    }

    fn exceeded(&self) -> QueryError {
        let Self { stage, bytes_max, .. } = self;
        let text = format!(
            "{stage} needs more memory than the {bytes_max} bytes that a stage may use, and \
             allowDiskUse has no effect in the embedded store: pass fewer documents or fields to \
             it, or use a MongoDB deployment"
        );
        QueryError::new(MongoCode::NO_DISK_USE_ALLOWED, text)
    }
}
