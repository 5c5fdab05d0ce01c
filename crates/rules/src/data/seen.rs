//! Documents that a caller has seen.

use std::{
    collections::VecDeque,
    hash::{BuildHasher as _, RandomState},
};

/// So many are remembered of a stream, the last that changed.
const DOCUMENTS_MAX: usize = 1024;

/// The documents whose last change a caller has seen. Their ids are not kept, but numbers that
/// nobody can foresee are made of them.
#[derive(Default)]
pub(super) struct Seen {
    numbers: VecDeque<u64>,
    hasher: RandomState,
}

impl Seen {
    /// Notes whether the last change of a document is seen, by the key of its id.
    pub(super) fn note(&mut self, key: &[u8], is_seen: bool) {
        self.forget(key);
        if !is_seen {
            return;
        }
        if self.numbers.len() >= DOCUMENTS_MAX {
            self.numbers.pop_front();
        }
        self.numbers.push_back(self.hasher.hash_one(key));
    }

    /// Forgets a document; answers whether its last change was seen.
    pub(super) fn forget(&mut self, key: &[u8]) -> bool {
        let number = self.hasher.hash_one(key);
        let Some(at) = self.numbers.iter().rposition(|one| *one == number) else { return false };
        self.numbers.remove(at);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{DOCUMENTS_MAX, Seen};

    #[test]
    fn the_last_change_of_a_document_counts() {
        let mut seen = Seen::default();
        seen.note(b"a", true);
        seen.note(b"b", true);
        seen.note(b"b", false);
        assert!(seen.forget(b"a") && !seen.forget(b"a") && !seen.forget(b"b"));
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut seen = Seen::default();
        for number in 0..=DOCUMENTS_MAX {
            seen.note(&number.to_le_bytes(), true);
        }
        assert_eq!(seen.numbers.len(), DOCUMENTS_MAX);
        assert!(!seen.forget(&0_usize.to_le_bytes()) && seen.forget(&1_usize.to_le_bytes()));
    }
}
