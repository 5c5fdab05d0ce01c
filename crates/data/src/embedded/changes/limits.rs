//! What an operator decides about the log of changes.

use std::time::Duration;

/// How much of the log is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Changes.
    pub changes_max: u64,
    /// Bytes of their documents.
    pub bytes_max: u64,
    /// How long a change is kept, and how long changes are kept of a collection that nobody
    /// watches any more.
    pub time: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { changes_max: 100_000, bytes_max: 64 << 20, time: Duration::from_secs(3600) }
    }
}
