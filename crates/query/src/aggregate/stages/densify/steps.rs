//! The distance between two values of a sequence without gaps.

use bson::{RawBson, RawBsonRef};

use crate::{
    QueryError,
    aggregate::{accumulators::Sum, dates::Unit},
    number::Number,
};

/// The distance between two values.
pub(super) enum Step {
    /// A number.
    Number(RawBson),
    /// So many units of time.
    Time(i64, Unit),
}

impl Step {
    pub(super) fn is_of_dates(&self) -> bool {
        matches!(self, Self::Time(..))
    }

    /// The value one step after another one.
    pub(super) fn after(&self, value: &RawBson) -> Result<RawBson, QueryError> {
        match (self, value.as_raw_bson_ref()) {
            (Self::Time(count, unit), RawBsonRef::DateTime(date)) => {
                unit.add(date, *count).map(RawBson::DateTime)
            }
            (Self::Number(step), number) => {
                let mut sum = Sum::default();
                sum.add(number);
                sum.add(step.as_raw_bson_ref());
                let next: RawBson = sum.total().raw().into();
                // A step that is lost in rounding would never come to an end.
                let moves = crate::compare(next.as_raw_bson_ref(), number).is_gt();
                let is_nan = Number::of(number).is_some_and(Number::is_nan);
                if moves && !is_nan {
                    return Ok(next);
                }
                Err(QueryError::bad_value("the step of $densify is too small for its values"))
            }
            (Self::Time(..), _) => {
                Err(QueryError::bad_value("the values of $densify are no dates"))
            }
        }
    }
}
