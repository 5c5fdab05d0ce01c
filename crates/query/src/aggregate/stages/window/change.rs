//! `$derivative`, `$integral` and `$expMovingAvg`: how values change along the order.

use std::sync::Arc;

use bson::{Decimal128, RawBson, RawBsonRef, RawDocumentBuf, rawdoc};

use super::{
    bounds::Frame,
    partition::{Partition, Runner},
    slide::value_at,
};
use crate::{
    Decimal, MongoCode, QueryError,
    aggregate::{accumulators::Sum, formula::Formula, tree::Slot},
    compare, decimal_math,
    interrupt::step,
    number::Number,
};

/// The points of a partition: a time or a number, and a value.
pub(super) struct Points {
    pub(super) xs: Vec<Option<RawBson>>,
    pub(super) ys: Vec<Option<RawBson>>,
    /// How many milliseconds the unit has in which the result is measured.
    pub(super) unit_ms: Option<i64>,
}

/// What a derivative is computed of.
pub(super) fn slope() -> RawDocumentBuf {
    rawdoc! {
        "$multiply": [
            { "$divide": [{ "$subtract": ["$y2", "$y1"] }, { "$subtract": ["$x2", "$x1"] }] },
            "$scale",
        ]
    }
}

/// What the area between two points is computed of.
pub(super) fn area() -> RawDocumentBuf {
    rawdoc! {
        "$divide": [
            { "$multiply": [{ "$add": ["$y1", "$y2"] }, { "$subtract": ["$x2", "$x1"] }] },
            2.0,
        ]
    }
}

/// `$derivative`: from the first to the last document of a window, by how much per unit.
pub(super) struct Deriving {
    pub(super) points: Points,
    pub(super) frame: Frame,
    pub(super) slope: Arc<Formula>,
}

impl Deriving {
    fn compute(&mut self, index: usize) -> Result<RawBson, QueryError> {
        let (start, end) = self.frame.at(index)?;
        if start == end {
            return Ok(RawBson::Null);
        }
        let points = &self.points;
        let (x1, x2) = (self.time(start)?, self.time(end - 1)?);
        let (y1, y2) = (value_at(&points.ys, start), value_at(&points.ys, end - 1));
        let (Some(y1), Some(y2)) = (not_null(y1), not_null(y2)) else {
            let text = "$derivative input must not be null or missing";
            return Err(QueryError::new(MongoCode::DERIVATIVE_OF_NULL, text));
        };
        // There is no slope at one point.
        if compare(x1, x2).is_eq() {
            return Ok(RawBson::Null);
        }
        let scale = RawBsonRef::Int64(points.unit_ms.unwrap_or(1));
        self.slope.value(&[("x1", x1), ("x2", x2), ("y1", y1), ("y2", y2), ("scale", scale)])
    }

    fn time(&self, index: usize) -> Result<RawBsonRef<'_>, QueryError> {
        let refused = |code, text| Err(QueryError::new(code, text));
        match (value_at(&self.points.xs, index), self.points.unit_ms) {
            (Some(date @ RawBsonRef::DateTime(_)), Some(_)) => Ok(date),
            (_, Some(_)) => {
                let text = "$derivative with 'unit' expects the sortBy field to be a Date";
                refused(MongoCode::DERIVATIVE_UNIT_WITHOUT_DATE, text)
            }
            (Some(RawBsonRef::DateTime(_)), None) => refused(
                MongoCode::DERIVATIVE_DATE_WITHOUT_UNIT,
                "$derivative needs a 'unit' where sortBy is a date",
            ),
            (Some(number), None) if Number::of(number).is_some() => Ok(number),
            (_, None) => {
                let text = "$derivative (with no 'unit') expects the sortBy field to be numeric";
                refused(MongoCode::DERIVATIVE_OVER_NO_NUMBER, text)
            }
        }
    }
}

impl Runner for Deriving {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        self.compute(index).map(Slot::Value)
    }
}

/// `$integral`: the area below the points of a window.
pub(super) struct Integrating {
    points: Points,
    frame: Frame,
    area: Arc<Formula>,
    start: usize,
    end: usize,
    sum: Sum,
    /// Points that are not numbers.
    nan_count: usize,
}

impl Integrating {
    pub(super) fn new(points: Points, frame: Frame, area: Arc<Formula>) -> Self {
        Self { points, frame, area, start: 0, end: 0, sum: Sum::default(), nan_count: 0 }
    }

    fn compute(&mut self, index: usize) -> Result<RawBson, QueryError> {
        let (start, end) = self.frame.at(index)?;
        while self.end < end {
            step()?;
            let is_nan = self.check(self.end)?;
            self.nan_count += usize::from(is_nan);
            if self.end > self.start {
                let area = self.between(self.end - 1)?;
                self.sum.add(area.as_raw_bson_ref());
            }
            self.end += 1;
        }
        while self.start < start {
            step()?;
            self.nan_count -= usize::from(self.check(self.start)?);
            if self.start + 1 < self.end {
                let area = self.between(self.start)?;
                self.sum.remove(area.as_raw_bson_ref());
            }
            self.start += 1;
        }
        if start == end {
            return Ok(RawBson::Null);
        }
        if self.nan_count > 0 {
            return Ok(RawBson::Double(f64::NAN));
        }
        let total: RawBson = self.sum.total().raw().into();
        match self.points.unit_ms {
            None => Ok(total),
            Some(unit_ms) => Ok(divided(total, unit_ms)),
        }
    }

    /// The area from a point to the next one.
    fn between(&self, index: usize) -> Result<RawBson, QueryError> {
        if self.check(index)? || self.check(index + 1)? {
            return Ok(RawBson::Int32(0));
        }
        let points = &self.points;
        let of = |values, index| value_at(values, index).unwrap_or(RawBsonRef::Null);
        self.area.value(&[
            ("x1", of(&points.xs, index)),
            ("x2", of(&points.xs, index + 1)),
            ("y1", of(&points.ys, index)),
            ("y2", of(&points.ys, index + 1)),
        ])
    }

    /// Refuses what is no point; tells whether it is not a number.
    fn check(&self, index: usize) -> Result<bool, QueryError> {
        let (x, y) = (value_at(&self.points.xs, index), value_at(&self.points.ys, index));
        let of_x = x.and_then(Number::of);
        let is_date = matches!(x, Some(RawBsonRef::DateTime(_)));
        let Some(of_y) = y.and_then(Number::of).filter(|_| is_date || of_x.is_some()) else {
            let text = "$integral needs a number or a date in the field of sortBy, and a number \
                        as its input";
            return Err(QueryError::new(MongoCode::INTEGRAL_OF_WRONG_TYPES, text));
        };
        if self.points.unit_ms.is_some() && !is_date {
            let text = "$integral with 'unit' expects the sortBy field to be a Date";
            return Err(QueryError::new(MongoCode::INTEGRAL_UNIT_WITHOUT_DATE, text));
        }
        if self.points.unit_ms.is_none() && is_date {
            let text = "$integral (with no 'unit') expects the sortBy field to be numeric";
            return Err(QueryError::new(MongoCode::INTEGRAL_DATE_WITHOUT_UNIT, text));
        }
        Ok(of_y.is_nan() || of_x.is_some_and(Number::is_nan))
    }
}

impl Runner for Integrating {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        self.compute(index).map(Slot::Value)
    }
}

/// `$expMovingAvg`: a mean in which older values count less and less.
pub(super) struct Averaging {
    inputs: Vec<Option<RawBson>>,
    /// How much a new value counts, and how much the mean before it.
    alpha: Decimal128,
    rest: Decimal128,
    mean: Option<Decimal128>,
    is_decimal: bool,
}

impl Averaging {
    pub(super) fn new(inputs: Vec<Option<RawBson>>, alpha: Decimal128) -> Self {
        let rest = decimal_math::subtract(decimal_math::from_integer(1), alpha);
        Self { inputs, alpha, rest, mean: None, is_decimal: false }
    }
}

impl Runner for Averaging {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        let value = value_at(&self.inputs, index);
        if let Some(new) = value.and_then(as_decimal) {
            self.is_decimal |= matches!(value, Some(RawBsonRef::Decimal128(_)));
            self.mean = Some(match self.mean {
                None => new,
                Some(mean) => {
                    let new = decimal_math::multiply(new, self.alpha);
                    decimal_math::add(new, decimal_math::multiply(mean, self.rest))
                }
            });
        }
        Ok(Slot::Value(match self.mean {
            None => RawBson::Null,
            Some(mean) if self.is_decimal => RawBson::Decimal128(mean),
            Some(mean) => RawBson::Double(Decimal::unpack(mean).nearest_double()),
        }))
    }
}

/// A number as a decimal.
pub(super) fn as_decimal(value: RawBsonRef<'_>) -> Option<Decimal128> {
    match value {
        RawBsonRef::Int32(number) => Some(decimal_math::from_integer(number.into())),
        RawBsonRef::Int64(number) => Some(decimal_math::from_integer(number)),
        RawBsonRef::Double(number) => Some(decimal_math::from_double(number)),
        RawBsonRef::Decimal128(number) => Some(number),
        _ => None,
    }
}

fn not_null(value: Option<RawBsonRef<'_>>) -> Option<RawBsonRef<'_>> {
    value.filter(|value| !matches!(value, RawBsonRef::Null | RawBsonRef::Undefined))
}

#[expect(clippy::cast_precision_loss, reason = "the milliseconds of a week are few")]
fn divided(total: RawBson, unit_ms: i64) -> RawBson {
    match total {
        RawBson::Decimal128(total) => {
            RawBson::Decimal128(decimal_math::divide(total, decimal_math::from_integer(unit_ms)))
        }
        total => {
            let number = Number::of(total.as_raw_bson_ref()).map_or(0.0, Number::to_double);
            RawBson::Double(number / unit_ms as f64)
        }
    }
}
