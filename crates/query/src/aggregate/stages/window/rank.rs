//! `$documentNumber`, `$rank`, `$denseRank`: the place of a document in the order.

use super::partition::{Partition, Runner};
use crate::{
    QueryError,
    aggregate::{accumulators::whole, tree::Slot},
};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Documents.
    Number,
    /// Documents, but those with equal values have the same number.
    Rank,
    /// Different values.
    DenseRank,
}

/// A count that goes along.
pub(super) struct Counting {
    place: Place,
    rank: i64,
}

impl Counting {
    pub(super) fn new(place: Place) -> Self {
        Self { place, rank: 0 }
    }
}

impl Runner for Counting {
    fn value(&mut self, index: usize, partition: &Partition<'_>) -> Result<Slot, QueryError> {
        let number = i64::try_from(index + 1).unwrap_or(i64::MAX);
        let is_new = index == 0 || !partition.are_peers(index - 1, index);
        match self.place {
            Place::Number => self.rank = number,
            Place::Rank if is_new => self.rank = number,
            Place::DenseRank if is_new => self.rank += 1,
            Place::Rank | Place::DenseRank => {}
        }
        Ok(Slot::Value(whole(self.rank).into()))
    }
}
