//! Where the documents are looked for that a filter may match.

use crate::embedded::catalogue::Collection;

/// Where candidates are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Access {
    /// Among all, in the order of their insertion.
    Rows,
    /// The same from the last to the first.
    RowsBackwards,
    /// At one `_id`, given as a key.
    Id(Vec<u8>),
    /// In ranges of `_id`.
    Ids(Ranges),
    /// In ranges of an index, given by its id.
    Index(i64, Ranges),
}

/// Ranges of keys that do not overlap, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ranges {
    pub(crate) ranges: Vec<Range>,
    /// Whether they are gone through from the last key to the first.
    pub(crate) reversed: bool,
    /// Whether each is one value of all fields.
    pub(crate) are_points: bool,
}

/// The keys from `low` on that are less than `high`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    pub(crate) low: Vec<u8>,
    pub(crate) high: Vec<u8>,
}

/// How far candidates have been gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Position {
    /// Up to a row.
    Row(i64),
    /// Up to an entry of a range.
    Entry { range: usize, key: Vec<u8>, row: i64 },
    /// Up to a row that only the transaction has.
    Own(i64),
}

/// So many points are looked at without a thread.
const POINTS_SHORT_MAX: usize = 8;

impl Access {
    /// Whether it leads to a few documents at most.
    pub(crate) fn is_short(&self, collection: &Collection) -> bool {
        match self {
            Self::Id(_) => true,
            Self::Index(id, ranges) => {
                let index = collection.indexes.iter().find(|index| index.id == *id);
                index.is_some_and(|index| index.unique)
                    && ranges.are_points
                    && ranges.ranges.len() <= POINTS_SHORT_MAX
            }
            Self::Ids(ranges) => ranges.are_points && ranges.ranges.len() <= POINTS_SHORT_MAX,
            Self::Rows | Self::RowsBackwards => false,
        }
    }
}

impl Range {
    /// Above every key.
    const END: [u8; 1] = [0xff];

    /// All keys.
    pub(crate) fn all() -> Self {
        Self { low: Vec::new(), high: Self::END.to_vec() }
    }

    /// The keys that begin with some bytes.
    pub(crate) fn of_prefix(prefix: Vec<u8>) -> Self {
        Self { high: after(&prefix), low: prefix }
    }

    /// Whether it has a key.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.low.as_slice() <= key && key < self.high.as_slice()
    }

    /// Whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.low >= self.high
    }

    /// The same range of keys whose bits are turned over.
    pub(crate) fn turned_over(&self) -> Self {
        let over = |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect::<Vec<u8>>();
        Self { low: after(&over(&self.high)), high: after(&over(&self.low)) }
    }

    /// The same range behind a prefix.
    pub(crate) fn behind(&self, prefix: &[u8]) -> Self {
        let join = |bytes: &[u8]| [prefix, bytes].concat();
        Self { low: join(&self.low), high: join(&self.high) }
    }
}

/// The first key behind all that begin with some bytes.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    let mut next = prefix.to_vec();
    while let Some(last) = next.pop() {
        if last < 0xff {
            next.push(last + 1);
            return next;
        }
    }
    Range::END.to_vec()
}

impl Ranges {
    /// Their places, in the order in which they are gone through, behind a position.
    pub(crate) fn places(&self, behind: Option<usize>) -> Box<dyn Iterator<Item = usize>> {
        let count = self.ranges.len();
        match (self.reversed, behind) {
            (false, behind) => Box::new(behind.unwrap_or(0)..count),
            (true, behind) => Box::new((0..behind.map_or(count, |place| place + 1)).rev()),
        }
    }

    /// Whether a key is the first of a document's keys that is met. The keys are sorted.
    pub(crate) fn meets_first(&self, keys: &[Vec<u8>], key: &[u8]) -> bool {
        let inside =
            |key: &&Vec<u8>| self.ranges.iter().any(|range| range.contains(key.as_slice()));
        let first = match self.reversed {
            false => keys.iter().find(inside),
            true => keys.iter().rev().find(inside),
        };
        first.is_some_and(|first| first == key)
    }
}
