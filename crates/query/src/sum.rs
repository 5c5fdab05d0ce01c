//! Sums of numbers of all types, exact as long as can be.
//!
//! Whole numbers are added as such, doubles with what rounding cut off, decimals as decimals. The
//! parts come together at the end, in the widest type that was met. What was added can be taken
//! out again, which is how a window moves.

use bson::{Decimal128, RawBsonRef};

use crate::{Decimal, decimal_math, number::Number};

/// A sum, and how many numbers there are in it.
#[derive(Debug, Clone)]
pub(crate) struct Sum {
    integers: i128,
    doubles: Precise,
    decimals: Decimal128,
    int_count: u64,
    long_count: u64,
    double_count: u64,
    decimal_count: u64,
    /// Numbers that no sum gets rid of: counted, so that they can be taken out.
    nan_count: u64,
    infinite_count: u64,
    negative_infinite_count: u64,
}

/// What has been summed up.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Total {
    Int(i32),
    Long(i64),
    Double(f64),
    Decimal(Decimal128),
}

impl Total {
    pub(crate) fn raw(self) -> RawBsonRef<'static> {
        match self {
            Self::Int(number) => RawBsonRef::Int32(number),
            Self::Long(number) => RawBsonRef::Int64(number),
            Self::Double(number) => RawBsonRef::Double(number),
            Self::Decimal(number) => RawBsonRef::Decimal128(number),
        }
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self {
            integers: 0,
            doubles: Precise::default(),
            decimals: decimal_math::from_integer(0),
            int_count: 0,
            long_count: 0,
            double_count: 0,
            decimal_count: 0,
            nan_count: 0,
            infinite_count: 0,
            negative_infinite_count: 0,
        }
    }
}

impl Sum {
    /// Adds a value, if it is a number.
    pub(crate) fn add(&mut self, value: RawBsonRef<'_>) {
        match value {
            RawBsonRef::Int32(number) => {
                self.integers += i128::from(number);
                self.int_count += 1;
            }
            RawBsonRef::Int64(number) => {
                self.integers += i128::from(number);
                self.long_count += 1;
            }
            RawBsonRef::Double(number) => {
                match self.special(number) {
                    Some(count) => *count += 1,
                    None => self.doubles.add(number),
                }
                self.double_count += 1;
            }
            RawBsonRef::Decimal128(number) => {
                match self.special_decimal(number) {
                    Some(count) => *count += 1,
                    None => self.decimals = decimal_math::add(self.decimals, number),
                }
                self.decimal_count += 1;
            }
            _ => {}
        }
    }

    /// Takes out a value that was added.
    pub(crate) fn remove(&mut self, value: RawBsonRef<'_>) {
        match value {
            RawBsonRef::Int32(number) => {
                self.integers -= i128::from(number);
                self.int_count -= 1;
            }
            RawBsonRef::Int64(number) => {
                self.integers -= i128::from(number);
                self.long_count -= 1;
            }
            RawBsonRef::Double(number) => {
                match self.special(number) {
                    Some(count) => *count -= 1,
                    None => self.doubles.add(-number),
                }
                self.double_count -= 1;
                if self.double_count == 0 {
                    self.doubles = Precise::default();
                }
            }
            RawBsonRef::Decimal128(number) => {
                match self.special_decimal(number) {
                    Some(count) => *count -= 1,
                    None => self.decimals = decimal_math::subtract(self.decimals, number),
                }
                self.decimal_count -= 1;
                if self.decimal_count == 0 {
                    self.decimals = decimal_math::from_integer(0);
                }
            }
            _ => {}
        }
    }

    /// How many numbers there are.
    pub(crate) fn count(&self) -> u64 {
        self.int_count + self.long_count + self.double_count + self.decimal_count
    }

    /// The sum: 0 of nothing.
    pub(crate) fn total(&self) -> Total {
        if self.decimal_count > 0 {
            if let Some(special) = self.special_total() {
                return Total::Decimal(decimal_math::from_double(special));
            }
            return Total::Decimal(decimal_math::add(self.decimals, self.other_as_decimal()));
        }
        if self.double_count > 0 {
            return Total::Double(self.as_double());
        }
        let long = i64::try_from(self.integers);
        match long {
            Ok(long) if self.long_count == 0 => {
                i32::try_from(long).map_or(Total::Long(long), Total::Int)
            }
            Ok(long) => Total::Long(long),
            Err(_) => Total::Double(self.as_double()),
        }
    }

    /// The mean, if there is any number.
    pub(crate) fn mean(&self) -> Option<Total> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        if let Total::Decimal(total) = self.total() {
            let count = decimal_math::from_integer(i64::try_from(count).unwrap_or(i64::MAX));
            return Some(Total::Decimal(decimal_math::divide(total, count)));
        }
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
        let count = count as f64;
        Some(Total::Double(self.as_double() / count))
    }

    fn special(&mut self, number: f64) -> Option<&mut u64> {
        if number.is_nan() {
            Some(&mut self.nan_count)
        } else if number == f64::INFINITY {
            Some(&mut self.infinite_count)
        } else if number == f64::NEG_INFINITY {
            Some(&mut self.negative_infinite_count)
        } else {
            None
        }
    }

    fn special_decimal(&mut self, number: Decimal128) -> Option<&mut u64> {
        match Decimal::unpack(number) {
            Decimal::NaN => Some(&mut self.nan_count),
            Decimal::Infinite { negative: false } => Some(&mut self.infinite_count),
            Decimal::Infinite { negative: true } => Some(&mut self.negative_infinite_count),
            Decimal::Finite { .. } => None,
        }
    }

    /// What no rounding changes any more, if there is any.
    fn special_total(&self) -> Option<f64> {
        match (self.nan_count, self.infinite_count, self.negative_infinite_count) {
            (0, 0, 0) => None,
            (0, _, 0) => Some(f64::INFINITY),
            (0, 0, _) => Some(f64::NEG_INFINITY),
            _ => Some(f64::NAN),
        }
    }

    fn as_double(&self) -> f64 {
        self.special_total().unwrap_or_else(|| {
            let mut total = self.doubles.clone();
            total.add_integer(self.integers);
            total.value()
        })
    }

    fn other_as_decimal(&self) -> Decimal128 {
        let mut total = self.doubles.clone();
        total.add_integer(self.integers);
        let (high, low) = total.parts();
        decimal_math::add(
            decimal_math::from_double_exactly(high),
            decimal_math::from_double_exactly(low),
        )
    }
}

/// A double with what rounding cut off from it, as a second double.
#[derive(Debug, Clone, Default)]
pub(crate) struct Precise {
    high: f64,
    low: f64,
}

impl Precise {
    /// Adds a double.
    pub(crate) fn add(&mut self, number: f64) {
        let (high, rest) = add_exactly(self.high, number);
        let (high, low) = add_exactly(high, rest + self.low);
        *self = Self { high, low };
    }

    /// The nearest double.
    pub(crate) fn value(&self) -> f64 {
        self.high + self.low
    }

    fn parts(&self) -> (f64, f64) {
        (self.high, self.low)
    }

    #[expect(clippy::cast_precision_loss, reason = "what is lost is added next")]
    #[expect(clippy::cast_possible_truncation, reason = "a double of an i128 is one, or nearly")]
    fn add_integer(&mut self, number: i128) {
        let high = number as f64;
        self.add(high);
        self.add((number - high as i128) as f64);
    }
}

/// The sum of two doubles, and what is lacking from it to the exact one.
fn add_exactly(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let rest = (a - (sum - of_b)) + (b - of_b);
    (sum, if rest.is_finite() { rest } else { 0.0 })
}

/// How far numbers are from their mean, one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deviation {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Deviation {
    /// Adds a value, if it is a number.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
    pub(crate) fn add(&mut self, value: RawBsonRef<'_>) {
        let Some(number) = Number::of(value) else { return };
        let number = number.to_double();
        self.count += 1;
        let distance = number - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (number - self.mean);
    }

    /// The standard deviation of all that there is, or of a sample.
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
    pub(crate) fn value(&self, of_sample: bool) -> Option<f64> {
        let divisor = self.count.checked_sub(u64::from(of_sample)).filter(|count| *count > 0)?;
        Some((self.squares / divisor as f64).sqrt())
    }
}
