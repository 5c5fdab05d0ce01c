//! Sums of numbers of all types, which lose nothing on the way.
//!
//! Doubles are summed with a second double for what the first one cannot hold, so that the order
//! of a million small numbers does not matter. Whole numbers are summed exactly.

use bson::Decimal128;

use super::numeric::Numeric;
use crate::decimal_math;

/// A sum that grows.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summation {
    integers: i128,
    doubles: Compensated,
    decimals: Option<Decimal128>,
    widest: Widest,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Widest {
    #[default]
    Int,
    Long,
    Double,
}

/// A sum of doubles, and what is missing from it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Compensated {
    sum: f64,
    rest: f64,
    /// The plain sum, which knows infinities and what is no number.
    plain: f64,
}

impl Compensated {
    pub(crate) fn add(&mut self, number: f64) {
        self.plain += number;
        let sum = self.sum + number;
        let part = sum - self.sum;
        self.rest += (self.sum - (sum - part)) + (number - part);
        self.sum = sum;
    }

    pub(crate) fn total(self) -> f64 {
        let total = self.sum + self.rest;
        if total.is_nan() || self.plain.is_infinite() { self.plain } else { total }
    }
}

impl Summation {
    /// Adds a number.
    pub(crate) fn add(&mut self, number: Numeric) {
        match number {
            Numeric::Int(number) => self.integers += i128::from(number),
            Numeric::Long(number) => {
                self.integers += i128::from(number);
                self.widest = self.widest.max(Widest::Long);
            }
            Numeric::Double(number) => {
                self.doubles.add(number);
                self.widest = Widest::Double;
            }
            Numeric::Decimal(number) => {
                self.decimals = Some(match self.decimals {
                    Some(sum) => decimal_math::add(sum, number),
                    None => number,
                });
            }
        }
    }

    /// The sum in the type of the widest number, and wider where it does not fit.
    pub(crate) fn total(&self) -> Numeric {
        if self.decimals.is_some() {
            return Numeric::Decimal(self.decimal_total());
        }
        match (self.widest, i32::try_from(self.integers), i64::try_from(self.integers)) {
            (Widest::Int, Ok(sum), _) => Numeric::Int(sum),
            (Widest::Int | Widest::Long, _, Ok(sum)) => Numeric::Long(sum),
            _ => Numeric::Double(self.double_total()),
        }
    }

    /// The sum as a decimal, if there is one in it, else as a double.
    pub(crate) fn fraction(&self) -> Numeric {
        match self.decimals {
            Some(_) => Numeric::Decimal(self.decimal_total()),
            None => Numeric::Double(self.double_total()),
        }
    }

    fn double_total(&self) -> f64 {
        let mut sum = self.doubles;
        for part in halves(self.integers) {
            sum.add(part);
        }
        sum.total()
    }

    fn decimal_total(&self) -> Decimal128 {
        let integers = decimal_math::from_wide_integer(self.integers);
        let mut total = match self.decimals {
            Some(sum) if self.integers != 0 => decimal_math::add(sum, integers),
            Some(sum) => sum,
            None => integers,
        };
        if self.widest == Widest::Double {
            for part in self.doubles.parts() {
                total = decimal_math::add(total, decimal_math::from_double_exactly(part));
            }
        }
        total
    }
}

impl Compensated {
    fn parts(self) -> impl Iterator<Item = f64> {
        let total = self.total();
        let is_plain = !total.is_finite() || self.rest == 0.0;
        let parts = if is_plain { [total, 0.0] } else { [self.sum, self.rest] };
        parts.into_iter().take(if is_plain { 1 } else { 2 })
    }
}

/// A whole number as two doubles that are exact for all that sums reach.
fn halves(number: i128) -> [f64; 2] {
    #[expect(clippy::cast_precision_loss, reason = "each half has less than 53 bits to spare")]
    let double = |number: i128| number as f64;
    let low = number & 0xffff_ffff;
    [double(number - low), double(low)]
}
