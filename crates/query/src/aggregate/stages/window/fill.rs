//! `$locf` and `$linearFill`: values for documents that have none, from those around them.

use std::sync::Arc;

use bson::{RawBson, RawBsonRef, RawDocumentBuf, rawdoc};

use super::{
    partition::{Partition, Runner},
    slide::value_at,
};
use crate::{
    MongoCode, QueryError,
    aggregate::{formula::Formula, tree::Slot},
    compare,
    expression::type_name,
    interrupt::step,
    number::Number,
};

/// What a point between two others is computed of.
pub(super) fn between() -> RawDocumentBuf {
    rawdoc! {
        "$add": [
            "$y1",
            {
                "$multiply": [
                    { "$subtract": ["$x", "$x1"] },
                    {
                        "$divide": [
                            { "$subtract": ["$y2", "$y1"] },
                            { "$subtract": ["$x2", "$x1"] },
                        ]
                    },
                ]
            },
        ]
    }
}

/// `$locf`: the last value that there was.
pub(super) struct Carrying {
    inputs: Vec<Option<RawBson>>,
    last: RawBson,
}

impl Carrying {
    pub(super) fn new(inputs: Vec<Option<RawBson>>) -> Self {
        Self { inputs, last: RawBson::Null }
    }
}

impl Runner for Carrying {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        if let Some(value) = value_at(&self.inputs, index)
            && !is_null(value)
        {
            self.last = value.into();
        }
        Ok(Slot::Value(self.last.clone()))
    }
}

/// `$linearFill`: the value on the line between those before and after.
pub(super) struct Interpolating {
    pub(super) xs: Vec<Option<RawBson>>,
    pub(super) ys: Vec<Option<RawBson>>,
    pub(super) between: Arc<Formula>,
    /// The last point with a value, and the next one as far as it is known.
    pub(super) before: Option<usize>,
    pub(super) after: usize,
}

impl Interpolating {
    fn compute(&mut self, index: usize) -> Result<RawBson, QueryError> {
        let x = self.check(index)?;
        let y = value_at(&self.ys, index).filter(|value| !is_null(*value));
        if let Some(y) = y {
            let found = RawBson::from(y);
            if Number::of(y).is_none() {
                let text = format!(
                    "Value to be filled must be numeric or nullish, but found {}",
                    type_name(Some(y))
                );
                return Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
            }
            self.before = Some(index);
            return Ok(found);
        }
        let mut after = self.after.max(index + 1);
        while after < self.ys.len() && value_at(&self.ys, after).is_none_or(is_null) {
            step()?;
            after += 1;
        }
        let filled = match (self.before, value_at(&self.ys, after)) {
            (Some(before), Some(y2)) => {
                let of = |values, index| value_at(values, index).unwrap_or(RawBsonRef::Null);
                self.between.value(&[
                    ("x", x),
                    ("x1", of(&self.xs, before)),
                    ("y1", of(&self.ys, before)),
                    ("x2", of(&self.xs, after)),
                    ("y2", y2),
                ])
            }
            _ => Ok(RawBson::Null),
        };
        self.after = after;
        filled
    }

    /// The place of a document in the order, which must be a number or a date of its own.
    fn check(&self, index: usize) -> Result<RawBsonRef<'_>, QueryError> {
        let mismatch = |text| Err(QueryError::new(MongoCode::TYPE_MISMATCH, text));
        let is_date = |value| matches!(value, RawBsonRef::DateTime(_));
        let x = value_at(&self.xs, index);
        let Some(x) = x.filter(|x| Number::of(*x).is_some() || is_date(*x)) else {
            return mismatch(format!(
                "Value of the sortBy field must be numeric or a date, but found {}",
                type_name(x)
            ));
        };
        let before = index.checked_sub(1).and_then(|before| value_at(&self.xs, before));
        if let Some(before) = before {
            if compare(before, x).is_eq() {
                let text = "There can be no repeated values in the sort field";
                return Err(QueryError::new(MongoCode::LINEAR_FILL_SORT_VALUE_TWICE, text));
            }
            if is_date(before) != is_date(x) {
                return mismatch(format!(
                    "Conflicting sort value types, previously received type {}, but found {}",
                    type_name(Some(before)),
                    type_name(Some(x))
                ));
            }
        }
        Ok(x)
    }
}

impl Runner for Interpolating {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        self.compute(index).map(Slot::Value)
    }
}

fn is_null(value: RawBsonRef<'_>) -> bool {
    matches!(value, RawBsonRef::Null | RawBsonRef::Undefined)
}
