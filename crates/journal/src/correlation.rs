//! The name of one request, in its response and in the journal.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

/// 24 hexadecimal digits: the second of the request, then 64 bits that nobody can guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CorrelationId {
    second: u32,
    random: u64,
}

impl CorrelationId {
    /// An id that no other request has.
    pub fn new() -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // A keyed hash of a counter: as good as random, without a call into the system.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let random = KEY.get_or_init(RandomState::new).hash_one(count);
        let second = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs());
        // The hosted service's ids roll over in 2106 as well.
        Self { second: second as u32, random }
    }
}

impl Default for CorrelationId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:016x}", self.second, self.random)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_24_hexadecimal_digits_and_differ() {
        let ids: HashSet<_> = (0..10_000).map(|_| CorrelationId::new().to_string()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
