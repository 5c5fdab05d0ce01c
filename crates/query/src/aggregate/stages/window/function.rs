//! The functions, and how each begins its work in a partition.

use std::sync::Arc;

use bson::{Decimal128, RawBson, RawBsonRef};

use super::{
    bounds::Bounds,
    change::{Averaging, Deriving, Integrating, Points},
    ends::{Pick, Picking, Shifting},
    fill::{Carrying, Interpolating},
    partition::{Partition, Runner},
    rank::{Counting as Ranking, Place},
    slide::{Counting, Covarying, Distinct, Slide, Sliding, Summing},
    tally::{Tally, Wanted},
};
use crate::{
    QueryError, Sort,
    aggregate::stages::values::key_of,
    aggregate::{budget::Budget, computed::Computed, formula::Formula},
    number::Number,
};

/// A function with its arguments.
pub(super) struct Function {
    pub(super) kind: Kind,
    /// What is computed of each document.
    pub(super) input: Computed,
    pub(super) bounds: Bounds,
}

pub(super) enum Kind {
    Place(Place),
    Pick(Pick),
    Shift {
        by: i64,
        default: RawBson,
    },
    Sum {
        is_mean: bool,
    },
    Count,
    AddToSet,
    Covariance {
        of_sample: bool,
        is_deviation: bool,
    },
    /// By the values themselves.
    Extreme(Wanted),
    /// By the values as numbers.
    Percentile(Wanted),
    /// By another order.
    Top(Wanted, Sort),
    Derivative(Along, Arc<Formula>),
    Integral(Along, Arc<Formula>),
    ExpMovingAvg(Decimal128),
    LinearFill(Along, Arc<Formula>),
    Locf,
}

/// What values change along.
pub(super) struct Along {
    /// The field that the documents are sorted by.
    pub(super) x: Computed,
    pub(super) unit_ms: Option<i64>,
}

impl Function {
    /// Begins the work in a partition.
    pub(super) fn start(
        &self,
        partition: &Partition<'_>,
        budget: &mut Budget,
    ) -> Result<Box<dyn Runner>, QueryError> {
        let inputs = match self.kind {
            Kind::Place(_) | Kind::Count => Vec::new(),
            _ => partition.compute(&self.input, budget)?,
        };
        let frame = self.bounds.start(partition, budget)?;
        let slide: Box<dyn Slide> = match &self.kind {
            Kind::Place(place) => return Ok(Box::new(Ranking::new(*place))),
            Kind::Pick(pick) => return Ok(Box::new(Picking { pick: *pick, frame, inputs })),
            Kind::Shift { by, default } => {
                return Ok(Box::new(Shifting { by: *by, default: default.clone(), inputs }));
            }
            Kind::Derivative(along, slope) => {
                let points = along.points(inputs, partition, budget)?;
                return Ok(Box::new(Deriving { points, frame, slope: Arc::clone(slope) }));
            }
            Kind::Integral(along, area) => {
                let points = along.points(inputs, partition, budget)?;
                return Ok(Box::new(Integrating::new(points, frame, Arc::clone(area))));
            }
            Kind::ExpMovingAvg(alpha) => return Ok(Box::new(Averaging::new(inputs, *alpha))),
            Kind::Locf => return Ok(Box::new(Carrying::new(inputs))),
            Kind::LinearFill(along, between) => {
                let xs = partition.compute(&along.x, budget)?;
                let between = Arc::clone(between);
                let filling = Interpolating { xs, ys: inputs, between, before: None, after: 0 };
                return Ok(Box::new(filling));
            }
            Kind::Sum { is_mean } => Box::new(Summing::new(*is_mean)),
            Kind::Count => Box::new(Counting::default()),
            Kind::AddToSet => Box::new(Distinct::new(&inputs, budget)?),
            Kind::Covariance { of_sample, is_deviation } => {
                Box::new(Covarying::new(*of_sample, *is_deviation))
            }
            Kind::Extreme(wanted) => tally(wanted, &inputs, budget, is_present)?,
            Kind::Percentile(wanted) => tally(wanted, &inputs, budget, is_number)?,
            Kind::Top(wanted, sort) => Box::new(ranked(wanted, sort, partition, budget)?),
        };
        Ok(Box::new(Sliding::new(slide, frame, inputs)))
    }
}

impl Along {
    fn points(
        &self,
        ys: Vec<Option<RawBson>>,
        partition: &Partition<'_>,
        budget: &mut Budget,
    ) -> Result<Points, QueryError> {
        let xs = partition.compute(&self.x, budget)?;
        Ok(Points { xs, ys, unit_ms: self.unit_ms })
    }
}

fn tally(
    wanted: &Wanted,
    inputs: &[Option<RawBson>],
    budget: &mut Budget,
    counts: fn(RawBsonRef<'_>) -> bool,
) -> Result<Box<dyn Slide>, QueryError> {
    let mut keys = Vec::with_capacity(inputs.len());
    for value in inputs {
        let value = value.as_ref().map(RawBson::as_raw_bson_ref).filter(|value| counts(*value));
        let key = value.map(key_of);
        budget.take(key.as_ref().map_or(0, Vec::len) + 64)?;
        keys.push(key);
    }
    Ok(Box::new(Tally::new(wanted.clone(), &keys)?))
}

fn ranked(
    wanted: &Wanted,
    sort: &Sort,
    partition: &Partition<'_>,
    budget: &mut Budget,
) -> Result<Tally, QueryError> {
    let mut keys = Vec::with_capacity(partition.len());
    for document in partition.documents() {
        let mut key = Vec::new();
        sort.append_key(document, &mut key)?;
        budget.take(key.len() + 64)?;
        keys.push(Some(key));
    }
    Tally::new(wanted.clone(), &keys)
}

fn is_present(value: RawBsonRef<'_>) -> bool {
    !matches!(value, RawBsonRef::Null | RawBsonRef::Undefined)
}

fn is_number(value: RawBsonRef<'_>) -> bool {
    Number::of(value).is_some_and(|number| !number.is_nan())
}
