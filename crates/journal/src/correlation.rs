//! The name of one request, in its response and in the journal.

use std::{
    array, fmt,
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
        Self::at(SystemTime::now())
    }

    /// An id that no other request has, for a request of this moment.
    pub fn at(moment: SystemTime) -> Self {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        // A keyed hash of a counter: as good as random, without a call into the system.
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let random = KEY.get_or_init(RandomState::new).hash_one(count);
        let second = moment.duration_since(UNIX_EPOCH).map_or(0, |past| past.as_secs());
        // The hosted service's ids roll over in 2106 as well.
        Self { second: second as u32, random }
    }

    /// Its digits.
    pub fn digits(self) -> [u8; 24] {
        let bits = u128::from(self.second) << 64 | u128::from(self.random);
        array::from_fn(|place| b"0123456789abcdef"[(bits >> (92 - 4 * place)) as usize & 0xf])
    }
}

impl Default for CorrelationId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_id_begins_with_its_second() {
        let id = CorrelationId { second: 0x0123_4567, random: 0x89ab_cdef_0011_2233 };
        assert_eq!(id.to_string(), "0123456789abcdef00112233");
    }

    #[test]
    fn ids_are_24_hexadecimal_digits_and_differ() {
        let ids: HashSet<_> = (0..10_000).map(|_| CorrelationId::new().to_string()).collect();
        assert_eq!(ids.len(), 10_000);
        assert!(ids.iter().all(|id| id.len() == 24 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    }
}
