//! Accumulators that pick one value, or some, out of many.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, VecDeque},
};

use bson::{RawBson, RawBsonRef};

use crate::{
    QueryError,
    aggregate::{
        budget::Budget,
        write::{ArrayBuffer, Writer},
    },
    append_key, compare,
};

/// What a value takes besides its bytes, roughly.
const VALUE_BYTES: usize = 96;

/// The least or the greatest values; null and what is missing do not count.
pub(in crate::aggregate) struct Best {
    greatest: bool,
    /// How many, and as an array; without it one.
    number: Option<usize>,
    one: Option<RawBson>,
    /// By their keys, and by when they came.
    values: BTreeMap<(Box<[u8]>, u64), RawBson>,
    count: u64,
    key: Vec<u8>,
}

impl Best {
    pub(super) fn new(greatest: bool, number: Option<usize>) -> Self {
        Self { greatest, number, one: None, values: BTreeMap::new(), count: 0, key: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        value: Option<RawBsonRef<'_>>,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        let Some(value) = value else { return Ok(()) };
        if matches!(value, RawBsonRef::Null | RawBsonRef::Undefined) {
            return Ok(());
        }
        if self.number.is_none() {
            return self.add_one(value, budget);
        }
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        append_key(value, &mut key);
        let added = self.add_key(&key, value, budget);
        self.key = key;
        added
    }

    fn add_one(&mut self, value: RawBsonRef<'_>, budget: &mut Budget) -> Result<(), QueryError> {
        if let Some(one) = &self.one {
            let compared = compare(value, one.as_raw_bson_ref());
            if compared != if self.greatest { Ordering::Greater } else { Ordering::Less } {
                return Ok(());
            }
            budget.give_back(bytes_of(one.as_raw_bson_ref()));
        }
        budget.take(bytes_of(value))?;
        self.one = Some(RawBson::from(value));
        Ok(())
    }

    fn add_key(
        &mut self,
        key: &[u8],
        value: RawBsonRef<'_>,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        if self.values.len() >= self.number.unwrap_or(1) {
            let worst = match self.greatest {
                true => self.values.first_entry(),
                false => self.values.last_entry(),
            };
            let Some(worst) = worst else { return Ok(()) };
            let is_better = match self.greatest {
                true => *key > *worst.key().0,
                false => *key < *worst.key().0,
            };
            if !is_better {
                return Ok(());
            }
            budget.give_back(2 * worst.key().0.len() + VALUE_BYTES);
            worst.remove();
        }
        budget.take(2 * key.len() + VALUE_BYTES)?;
        self.values.insert((key.into(), self.count), RawBson::from(value));
        self.count += 1;
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut Writer, name: &str) -> Result<(), QueryError> {
        match (self.number, self.greatest) {
            (None, _) => write_one(self.one.as_ref(), writer, name),
            (_, false) => write_all(self.values.values(), writer, name),
            (_, true) => write_all(self.values.values().rev(), writer, name),
        }
    }
}

/// The first or the last values; what is missing counts as null.
pub(in crate::aggregate) struct Ends {
    last: bool,
    number: Option<usize>,
    values: VecDeque<RawBson>,
}

impl Ends {
    pub(super) fn new(last: bool, number: Option<usize>) -> Self {
        Self { last, number, values: VecDeque::new() }
    }

    /// Whether nothing that comes can change it any more.
    pub(super) fn is_full(&self) -> bool {
        !self.last && self.values.len() >= self.number.unwrap_or(1)
    }

    pub(super) fn add(
        &mut self,
        value: Option<RawBsonRef<'_>>,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        if self.is_full() {
            return Ok(());
        }
        if self.values.len() >= self.number.unwrap_or(1)
            && let Some(first) = self.values.pop_front()
        {
            budget.give_back(bytes_of(first.as_raw_bson_ref()));
        }
        let value = value.unwrap_or(RawBsonRef::Null);
        budget.take(bytes_of(value))?;
        self.values.push_back(value.into());
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut Writer, name: &str) -> Result<(), QueryError> {
        match self.number {
            None => write_one(self.values.front(), writer, name),
            Some(_) => write_all(self.values.iter(), writer, name),
        }
    }
}

/// The values of the documents that come first or last in an order; missing ones count as null.
pub(in crate::aggregate) struct Ranked {
    bottom: bool,
    number: Option<usize>,
    values: BTreeMap<(Box<[u8]>, u64), RawBson>,
    count: u64,
}

impl Ranked {
    pub(super) fn new(bottom: bool, number: Option<usize>) -> Self {
        Self { bottom, number, values: BTreeMap::new(), count: 0 }
    }

    pub(super) fn add(
        &mut self,
        key: &[u8],
        value: Option<RawBsonRef<'_>>,
        budget: &mut Budget,
    ) -> Result<(), QueryError> {
        let value = value.unwrap_or(RawBsonRef::Null);
        let is_full = self.values.len() >= self.number.unwrap_or(1);
        if is_full {
            let worst = match self.bottom {
                true => self.values.first_entry(),
                false => self.values.last_entry(),
            };
            let Some(worst) = worst else { return Ok(()) };
            let is_better = match self.bottom {
                true => *key >= *worst.key().0,
                false => *key < *worst.key().0,
            };
            if !is_better {
                return Ok(());
            }
            budget.give_back(key.len() + bytes_of(worst.get().as_raw_bson_ref()));
            worst.remove();
        }
        budget.take(key.len() + bytes_of(value))?;
        self.values.insert((key.into(), self.count), value.into());
        self.count += 1;
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut Writer, name: &str) -> Result<(), QueryError> {
        match self.number {
            None => write_one(self.values.values().next(), writer, name),
            Some(_) => write_all(self.values.values(), writer, name),
        }
    }
}

fn bytes_of(value: RawBsonRef<'_>) -> usize {
    let inner = match value {
        RawBsonRef::Document(document) => document.as_bytes().len(),
        RawBsonRef::Array(array) => array.as_bytes().len(),
        RawBsonRef::String(text) => text.len(),
        RawBsonRef::Binary(binary) => binary.bytes.len(),
        _ => 16,
    };
    inner + VALUE_BYTES
}

fn write_one(value: Option<&RawBson>, writer: &mut Writer, name: &str) -> Result<(), QueryError> {
    writer.append(name, value.map_or(RawBsonRef::Null, RawBson::as_raw_bson_ref))
}

fn write_all<'v>(
    values: impl Iterator<Item = &'v RawBson>,
    writer: &mut Writer,
    name: &str,
) -> Result<(), QueryError> {
    let mut array = ArrayBuffer::default();
    for value in values {
        array.push(value.as_raw_bson_ref())?;
    }
    writer.append_array(name, &array)
}
