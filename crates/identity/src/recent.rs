//! A bounded memory of what was used lately.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Threads that look for different keys seldom wait for each other.
const SHARDS: usize = 16;

/// What was used lately, up to a weight. A value lives in the young generation; when that has half
/// of the weight, it becomes the old one, and what was old and not used since is dropped.
pub(crate) struct Recent<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    hasher: RandomState,
    /// Of the young generation of one shard.
    weight_max: usize,
}

struct Shard<K, V> {
    young: HashMap<K, (V, usize)>,
    old: HashMap<K, (V, usize)>,
    young_weight: usize,
}

impl<K: Hash + Eq, V: Clone> Recent<K, V> {
    /// A memory for values of this weight together.
    pub(crate) fn new(weight_max: usize) -> Self {
        let shard =
            || Mutex::new(Shard { young: HashMap::new(), old: HashMap::new(), young_weight: 0 });
        Self {
            shards: std::array::from_fn(|_| shard()),
            hasher: RandomState::new(),
            weight_max: weight_max / SHARDS / 2,
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let mut shard = self.shard(key);
        if let Some((value, _)) = shard.young.get(key) {
            return Some(value.clone());
        }
        let (key, (value, weight)) = shard.old.remove_entry(key)?;
        shard.insert(key, value.clone(), weight, self.weight_max);
        Some(value)
    }

    pub(crate) fn insert(&self, key: K, value: V, weight: usize) {
        self.shard(&key).insert(key, value, weight, self.weight_max);
    }

    /// The value of a key, which is made where there is none.
    pub(crate) fn get_or_insert(&self, key: K, weight: usize, make: impl FnOnce() -> V) -> V {
        let mut shard = self.shard(&key);
        if let Some((value, _)) = shard.young.get(&key) {
            return value.clone();
        }
        let value = shard.old.remove(&key).map_or_else(make, |(value, _)| value);
        shard.insert(key, value.clone(), weight, self.weight_max);
        value
    }

    pub(crate) fn remove(&self, key: &K) {
        let mut shard = self.shard(key);
        if let Some((_, weight)) = shard.young.remove(key) {
            shard.young_weight -= weight;
        }
        shard.old.remove(key);
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits count")]
        let index = self.hasher.hash_one(key) as usize % SHARDS;
        // Nothing that holds the lock runs code of others, so that no panic leaves it half done.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn insert(&mut self, key: K, value: V, weight: usize, weight_max: usize) {
        if let Some((_, former)) = self.young.insert(key, (value, weight)) {
            self.young_weight -= former;
        }
        self.young_weight += weight;
        if self.young_weight > weight_max {
            self.old = std::mem::take(&mut self.young);
            self.young_weight = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_is_bounded() {
        let recent = Recent::new(16 * 2 * 100);
        recent.insert(0, "used", 1);
        for key in 1..100_000 {
            recent.insert(key, "once", 1);
            assert_eq!(recent.get(&0), Some("used"));
        }
        let held: usize = recent
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap())
            .map(|shard| shard.young.len() + shard.old.len())
            .sum();
        assert!(held <= 16 * 2 * 101, "{held}");
        recent.remove(&0);
        assert_eq!(recent.get(&0), None);
    }
}
