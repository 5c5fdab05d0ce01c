//! Functions that want the least, the greatest or the middle of a window: `$min`, `$topN`,
//! `$percentile` and their kin.
//!
//! All values of the partition are ranked once. What is in the window is tallied by rank in a tree
//! of sums, which finds the value with a number of smaller ones in as many steps as the length has
//! bits.

use bson::{RawBson, RawBsonRef};

use super::slide::{Slide, value_at};
use crate::{
    QueryError,
    aggregate::{tree::Slot, write::ArrayBuffer},
    interrupt::{charge, sort_by},
};

/// Which of the ranked values are wanted.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// The first.
    First,
    /// The last.
    Last,
    /// The first ones.
    FirstN(usize),
    /// The last ones, in their order.
    LastN(usize),
    /// The last ones, the other way round.
    GreatestN(usize),
    /// Those that shares of all are not above.
    Percentiles(Vec<f64>),
    /// The one that half of all are not above.
    Median,
}

/// A window by ranks.
pub(super) struct Tally {
    wanted: Wanted,
    /// For each document, the rank of its value; none for what does not count.
    ranks: Vec<Option<usize>>,
    /// For each rank, the document.
    places: Vec<usize>,
    /// Sums of counts, each over as many ranks as the lowest bit of its number says.
    sums: Vec<usize>,
    count: usize,
}

impl Tally {
    /// Ranks values by their keys; those without one do not count.
    pub(super) fn new(wanted: Wanted, keys: &[Option<Vec<u8>>]) -> Result<Self, QueryError> {
        let mut places: Vec<usize> = keys
            .iter()
            .enumerate()
            .filter(|(_, key)| key.is_some())
            .map(|(place, _)| place)
            .collect();
        sort_by(&mut places, |one, other| keys[*one].cmp(&keys[*other]).then(one.cmp(other)))?;
        let mut ranks = vec![None; keys.len()];
        for (rank, place) in places.iter().enumerate() {
            ranks[*place] = Some(rank);
        }
        let sums = vec![0; places.len() + 1];
        Ok(Self { wanted, ranks, places, sums, count: 0 })
    }

    fn change(&mut self, index: usize, comes: bool) {
        let Some(Some(rank)) = self.ranks.get(index) else { return };
        let mut node = rank + 1;
        while node < self.sums.len() {
            if comes {
                self.sums[node] += 1;
            } else {
                self.sums[node] -= 1;
            }
            node += lowest_bit(node);
        }
        if comes {
            self.count += 1;
        } else {
            self.count -= 1;
        }
    }

    /// The document in the window with so many before it.
    fn at(&self, number: usize) -> Option<usize> {
        charge(1);
        if number >= self.count {
            return None;
        }
        let (mut node, mut left) = (0, number);
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            let next = node + step;
            if let Some(sum) = self.sums.get(next)
                && *sum <= left
            {
                node = next;
                left -= sum;
            }
            step /= 2;
        }
        self.places.get(node).copied()
    }

    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 0 to the length"
    )]
    fn percentile(&self, share: f64) -> Option<usize> {
        let position = (self.count as f64 * share).ceil() as usize;
        self.at(position.saturating_sub(1).min(self.count.checked_sub(1)?))
    }
}

impl Slide for Tally {
    fn add(&mut self, index: usize, _: Option<RawBsonRef<'_>>) {
        self.change(index, true);
    }

    fn remove(&mut self, index: usize, _: Option<RawBsonRef<'_>>) {
        self.change(index, false);
    }

    fn value(&self, inputs: &[Option<RawBson>]) -> Result<Slot, QueryError> {
        let first_of = |number: usize| self.count - number.min(self.count);
        let numbers: Vec<Option<usize>> = match &self.wanted {
            Wanted::First => return Ok(single(self.at(0), inputs)),
            Wanted::Last => return Ok(single(self.at(self.count.wrapping_sub(1)), inputs)),
            Wanted::Median => return Ok(double(self.percentile(0.5), inputs)),
            Wanted::FirstN(number) => {
                (0..*number.min(&self.count)).map(|number| self.at(number)).collect()
            }
            Wanted::LastN(number) => {
                (first_of(*number)..self.count).map(|number| self.at(number)).collect()
            }
            Wanted::GreatestN(number) => {
                (first_of(*number)..self.count).rev().map(|number| self.at(number)).collect()
            }
            Wanted::Percentiles(shares) => {
                let mut array = ArrayBuffer::default();
                for share in shares {
                    if let Slot::Value(value) = double(self.percentile(*share), inputs) {
                        array.push(value.as_raw_bson_ref())?;
                    }
                }
                return Ok(Slot::Array(array));
            }
        };
        let mut array = ArrayBuffer::default();
        for place in numbers.into_iter().flatten() {
            array.push(value_at(inputs, place).unwrap_or(RawBsonRef::Null))?;
        }
        Ok(Slot::Array(array))
    }
}

fn lowest_bit(number: usize) -> usize {
    number & number.wrapping_neg()
}

fn single(place: Option<usize>, inputs: &[Option<RawBson>]) -> Slot {
    let value = place.and_then(|place| value_at(inputs, place));
    Slot::Value(value.unwrap_or(RawBsonRef::Null).into())
}

/// Percentiles are doubles.
fn double(place: Option<usize>, inputs: &[Option<RawBson>]) -> Slot {
    let value = place.and_then(|place| value_at(inputs, place));
    let number = value.and_then(crate::number::Number::of);
    Slot::Value(number.map_or(RawBson::Null, |number| RawBson::Double(number.to_double())))
}
