//! What a caller decides about an embedded store.

use std::time::Duration;

use crate::embedded::changes::limits::LogLimits;

/// Limits of an embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// How many threads read, beside those with a read that takes long.
    pub reader_threads_max: usize,
    /// How many reads that take long may be under way; one more fails.
    pub long_reads_max: usize,
    /// How long a command may compute, unless it has to do so on the one thread that writes.
    pub operation_time: Duration,
    /// How long a write may compute on the thread that writes, while all other writes wait.
    pub write_compute_time: Duration,
    /// How many bytes of writes wait for their turn; more writes wait to be let in. Each counts
    /// for 1 KiB at least.
    pub queue_bytes_max: usize,
    /// How many bytes of documents a transaction may change.
    pub transaction_bytes_max: usize,
    /// How long the file may become; then writes that make it longer fail.
    pub file_bytes_max: Option<u64>,
    /// How much of the log of changes is kept, for streams that go on after a break.
    pub log: LogLimits,
    /// How many collections may be watched; to watch one more fails.
    pub watched_collections_max: u64,
    /// How many transactions may be open at the same time; one more waits.
    pub transactions_max: usize,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            reader_threads_max: 4,
            long_reads_max: 64,
            operation_time: Duration::from_secs(60),
            write_compute_time: Duration::from_secs(2),
            queue_bytes_max: 64 << 20,
            transaction_bytes_max: 64 << 20,
            file_bytes_max: None,
            log: LogLimits::default(),
            watched_collections_max: 100,
            transactions_max: 64,
        }
    }
}
