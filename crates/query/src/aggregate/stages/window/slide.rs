//! Functions over a window that moves along: what comes in is added, what goes out is taken out.

use std::collections::{BTreeSet, HashMap};

use bson::{Decimal128, RawBson, RawBsonRef};

use super::{
    bounds::Frame,
    partition::{Partition, Runner},
};
use crate::{
    QueryError,
    aggregate::{
        accumulators::{Precise, Sum, whole},
        budget::Budget,
        stages::values::key_of,
        tree::Slot,
        write::ArrayBuffer,
    },
    decimal_math,
    interrupt::step,
    number::Number,
};

/// What comes together in a window.
pub(super) trait Slide: Send {
    fn add(&mut self, index: usize, value: Option<RawBsonRef<'_>>);
    fn remove(&mut self, index: usize, value: Option<RawBsonRef<'_>>);
    fn value(&self, inputs: &[Option<RawBson>]) -> Result<Slot, QueryError>;
}

/// Moves a window along.
pub(super) struct Sliding {
    slide: Box<dyn Slide>,
    frame: Frame,
    inputs: Vec<Option<RawBson>>,
    start: usize,
    end: usize,
}

impl Sliding {
    pub(super) fn new(slide: Box<dyn Slide>, frame: Frame, inputs: Vec<Option<RawBson>>) -> Self {
        Self { slide, frame, inputs, start: 0, end: 0 }
    }
}

impl Runner for Sliding {
    fn value(&mut self, index: usize, _: &Partition<'_>) -> Result<Slot, QueryError> {
        let (start, end) = self.frame.at(index)?;
        while self.end < end {
            step()?;
            self.slide.add(self.end, value_at(&self.inputs, self.end));
            self.end += 1;
        }
        while self.start < start {
            step()?;
            self.slide.remove(self.start, value_at(&self.inputs, self.start));
            self.start += 1;
        }
        self.slide.value(&self.inputs)
    }
}

/// `$sum` and `$avg`.
#[derive(Default)]
pub(super) struct Summing {
    sum: Sum,
    is_mean: bool,
}

impl Summing {
    pub(super) fn new(is_mean: bool) -> Self {
        Self { sum: Sum::default(), is_mean }
    }
}

impl Slide for Summing {
    fn add(&mut self, _: usize, value: Option<RawBsonRef<'_>>) {
        value.into_iter().for_each(|value| self.sum.add(value));
    }

    fn remove(&mut self, _: usize, value: Option<RawBsonRef<'_>>) {
        value.into_iter().for_each(|value| self.sum.remove(value));
    }

    fn value(&self, _: &[Option<RawBson>]) -> Result<Slot, QueryError> {
        let total = if self.is_mean { self.sum.mean() } else { Some(self.sum.total()) };
        Ok(Slot::Value(total.map_or(RawBson::Null, |total| total.raw().into())))
    }
}

/// `$count`.
#[derive(Default)]
pub(super) struct Counting {
    count: i64,
}

impl Slide for Counting {
    fn add(&mut self, _: usize, _: Option<RawBsonRef<'_>>) {
        self.count += 1;
    }

    fn remove(&mut self, _: usize, _: Option<RawBsonRef<'_>>) {
        self.count -= 1;
    }

    fn value(&self, _: &[Option<RawBson>]) -> Result<Slot, QueryError> {
        Ok(Slot::Value(whole(self.count).into()))
    }
}

/// `$addToSet`.
pub(super) struct Distinct {
    /// For each document, which of the different values it has.
    classes: Vec<Option<usize>>,
    /// Where a value stands first.
    first: Vec<usize>,
    counts: Vec<usize>,
    present: BTreeSet<usize>,
}

impl Distinct {
    pub(super) fn new(inputs: &[Option<RawBson>], budget: &mut Budget) -> Result<Self, QueryError> {
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut distinct = Self {
            classes: Vec::new(),
            first: Vec::new(),
            counts: Vec::new(),
            present: BTreeSet::new(),
        };
        for (index, value) in inputs.iter().enumerate() {
            let Some(value) = value else {
                distinct.classes.push(None);
                continue;
            };
            let key = key_of(value.as_raw_bson_ref());
            budget.take(key.len() + 64)?;
            let next = known.len();
            let class = *known.entry(key).or_insert(next);
            if class == next {
                distinct.first.push(index);
                distinct.counts.push(0);
            }
            distinct.classes.push(Some(class));
        }
        Ok(distinct)
    }
}

impl Slide for Distinct {
    fn add(&mut self, index: usize, _: Option<RawBsonRef<'_>>) {
        if let Some(Some(class)) = self.classes.get(index) {
            self.counts[*class] += 1;
            self.present.insert(*class);
        }
    }

    fn remove(&mut self, index: usize, _: Option<RawBsonRef<'_>>) {
        if let Some(Some(class)) = self.classes.get(index) {
            self.counts[*class] -= 1;
            if self.counts[*class] == 0 {
                self.present.remove(class);
            }
        }
    }

    fn value(&self, inputs: &[Option<RawBson>]) -> Result<Slot, QueryError> {
        let mut array = ArrayBuffer::default();
        for class in &self.present {
            if let Some(value) = value_at(inputs, self.first[*class]) {
                array.push(value)?;
            }
        }
        Ok(Slot::Array(array))
    }
}

/// `$stdDevPop`, `$stdDevSamp`, `$covariancePop` and `$covarianceSamp`: sums of products of
/// distances, from a number in the midst of all so that they stay small.
pub(super) struct Covarying {
    of_sample: bool,
    is_deviation: bool,
    origin: Option<(f64, f64)>,
    count: u64,
    special_count: u64,
    decimal_count: u64,
    xs: Precise,
    ys: Precise,
    products: Precise,
}

impl Covarying {
    pub(super) fn new(of_sample: bool, is_deviation: bool) -> Self {
        Self {
            of_sample,
            is_deviation,
            origin: None,
            count: 0,
            special_count: 0,
            decimal_count: 0,
            xs: Precise::default(),
            ys: Precise::default(),
            products: Precise::default(),
        }
    }

    /// The two numbers of a value, and whether one is a decimal.
    fn pair(&self, value: Option<RawBsonRef<'_>>) -> Option<(f64, f64, bool)> {
        let is_decimal = |value| matches!(value, RawBsonRef::Decimal128(_));
        if self.is_deviation {
            let number = Number::of(value?)?.to_double();
            return Some((number, number, false));
        }
        let RawBsonRef::Array(array) = value? else { return None };
        let mut items = array.into_iter().flatten();
        let (x, y) = (items.next()?, items.next()?);
        let decimal = is_decimal(x) || is_decimal(y);
        Some((Number::of(x)?.to_double(), Number::of(y)?.to_double(), decimal))
    }

    fn change(&mut self, x: f64, y: f64, sign: f64) {
        let (of_x, of_y) = *self.origin.get_or_insert((x, y));
        let (x, y) = (x - of_x, y - of_y);
        self.xs.add(sign * x);
        self.ys.add(sign * y);
        self.products.add(sign * (x * y));
    }

    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
    fn variance(&self) -> Option<f64> {
        let divisor =
            self.count.checked_sub(u64::from(self.of_sample)).filter(|count| *count > 0)?;
        if self.special_count > 0 {
            return Some(f64::NAN);
        }
        let common = self.xs.value() * self.ys.value() / self.count as f64;
        Some((self.products.value() - common) / divisor as f64)
    }
}

impl Slide for Covarying {
    fn add(&mut self, _: usize, value: Option<RawBsonRef<'_>>) {
        let Some((x, y, is_decimal)) = self.pair(value) else { return };
        self.count += 1;
        self.decimal_count += u64::from(is_decimal);
        if x.is_finite() && y.is_finite() {
            self.change(x, y, 1.0);
        } else {
            self.special_count += 1;
        }
    }

    fn remove(&mut self, _: usize, value: Option<RawBsonRef<'_>>) {
        let Some((x, y, is_decimal)) = self.pair(value) else { return };
        self.count -= 1;
        self.decimal_count -= u64::from(is_decimal);
        if x.is_finite() && y.is_finite() {
            self.change(x, y, -1.0);
        } else {
            self.special_count -= 1;
        }
    }

    fn value(&self, _: &[Option<RawBson>]) -> Result<Slot, QueryError> {
        let Some(variance) = self.variance() else { return Ok(Slot::Value(RawBson::Null)) };
        let value = match self.is_deviation {
            // Rounding may leave a little below zero.
            true if variance < 0.0 => 0.0,
            true => variance.sqrt(),
            false => variance,
        };
        if self.decimal_count > 0 {
            let decimal: Decimal128 = decimal_math::from_double(value);
            return Ok(Slot::Value(RawBson::Decimal128(decimal)));
        }
        Ok(Slot::Value(RawBson::Double(value)))
    }
}

pub(super) fn value_at(inputs: &[Option<RawBson>], index: usize) -> Option<RawBsonRef<'_>> {
    inputs.get(index)?.as_ref().map(RawBson::as_raw_bson_ref)
}
