//! Values of which no two are equal, and a quick look-up of them: comparing each with each would
//! take hours for large arrays.

use std::collections::HashSet;

use bson::{RawBson, RawBsonRef};

use crate::append_key;

/// Different values, in their order.
#[derive(Debug, Default)]
pub(super) struct ValueSet {
    values: Vec<RawBson>,
    /// Equal values have the same key.
    keys: HashSet<Vec<u8>>,
}

impl ValueSet {
    /// The values without those that are equal to an earlier one.
    pub(super) fn new(values: Vec<RawBson>) -> Self {
        let mut set = Self::default();
        for value in values {
            if set.keys.insert(key(value.as_raw_bson_ref())) {
                set.values.push(value);
            }
        }
        set
    }

    /// The values in their order.
    pub(super) fn values(&self) -> &[RawBson] {
        &self.values
    }

    /// Whether one of the values is equal to another value.
    pub(super) fn contains(&self, value: RawBsonRef<'_>) -> bool {
        self.keys.contains(&key(value))
    }

    /// The values of which none of the others is an equal.
    pub(super) fn without<'a>(&'a self, others: &[RawBsonRef<'_>]) -> Vec<RawBsonRef<'a>> {
        let mut rest: Vec<(Vec<u8>, RawBsonRef<'a>)> = self
            .values
            .iter()
            .map(|value| (key(value.as_raw_bson_ref()), value.as_raw_bson_ref()))
            .collect();
        let found: HashSet<Vec<u8>> =
            others.iter().map(|other| key(*other)).filter(|key| self.keys.contains(key)).collect();
        rest.retain(|(key, _)| !found.contains(key));
        rest.into_iter().map(|(_, value)| value).collect()
    }
}

fn key(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut key = Vec::new();
    append_key(value, &mut key);
    key
}
