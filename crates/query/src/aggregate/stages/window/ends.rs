//! Functions that pick values by their places: `$first`, `$lastN`, `$shift`, `$push`.

use bson::{RawBson, RawBsonRef};

use super::{
    bounds::Frame,
    partition::{Partition, Runner},
};
use crate::{
    QueryError,
    aggregate::{tree::Slot, write::ArrayBuffer},
    interrupt::step,
};

/// What is picked out of a window.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pick {
    First,
    Last,
    FirstN(usize),
    LastN(usize),
    All,
}

/// Picks values out of windows.
pub(super) struct Picking {
    pub(super) pick: Pick,
    pub(super) frame: Frame,
    pub(super) inputs: Vec<Option<RawBson>>,
}

impl Runner for Picking {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        let (start, end) = self.frame.at(index)?;
        let window = self.inputs.get(start..end).unwrap_or_default();
        let some = match self.pick {
            Pick::First => return Ok(one(window.first())),
            Pick::Last => return Ok(one(window.last())),
            Pick::FirstN(number) => &window[..number.min(window.len())],
            Pick::LastN(number) => &window[window.len() - number.min(window.len())..],
            Pick::All => return present(window),
        };
        let mut array = ArrayBuffer::default();
        for value in some {
            array.push(raw(value.as_ref()))?;
        }
        Ok(Slot::Array(array))
    }
}

/// The value of the document so many places away.
pub(super) struct Shifting {
    pub(super) by: i64,
    pub(super) default: RawBson,
    pub(super) inputs: Vec<Option<RawBson>>,
}

impl Runner for Shifting {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        let place = i64::try_from(index).ok().and_then(|index| index.checked_add(self.by));
        let place = place.and_then(|place| usize::try_from(place).ok());
        Ok(match place.and_then(|place| self.inputs.get(place)) {
            Some(value) => Slot::from_option(value.clone()),
            None => Slot::Value(self.default.clone()),
        })
    }
}

/// What is missing is no part of the array.
fn present(window: &[Option<RawBson>]) -> Result<Slot, QueryError> {
    let mut array = ArrayBuffer::default();
    for value in window.iter().flatten() {
        step()?;
        array.push(value.as_raw_bson_ref())?;
    }
    Ok(Slot::Array(array))
}

fn one(value: Option<&Option<RawBson>>) -> Slot {
    match value {
        Some(value) => Slot::from_option(value.clone()),
        None => Slot::Value(RawBson::Null),
    }
}

fn raw(value: Option<&RawBson>) -> RawBsonRef<'_> {
    value.map_or(RawBsonRef::Null, RawBson::as_raw_bson_ref)
}
