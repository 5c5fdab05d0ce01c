//! Series of preferred numbers, which the bounds of buckets are rounded to.
//!
//! A series is given for one power of ten (`100 … 1000`) and repeats in all others.

use bson::{RawBson, RawBsonRef};

use crate::{MongoCode, QueryError, decimal_math, number::Number};

/// A series.
pub(in crate::aggregate) enum Series {
    /// Numbers within a power of ten.
    Preferred(Vec<u16>),
    /// 1, 2, 4, 8….
    PowersOfTwo,
}

impl Series {
    /// The series of a name.
    pub(in crate::aggregate) fn parse(name: &str) -> Result<Self, QueryError> {
        let steps = match name {
            "POWERSOF2" => return Ok(Self::PowersOfTwo),
            "1-2-5" => vec![10, 20, 50],
            "R5" => vec![10, 16, 25, 40, 63],
            "R10" => every(&R80, 8),
            "R20" => every(&R80, 4),
            // Two series are not those of the standard: a MongoDB server lacks some numbers.
            "R40" => every(&R80, 2).into_iter().filter(|step| *step != 335).collect(),
            "R80" => every(&R80[1..], 2),
            "E6" => every(&E24, 4),
            "E12" => every(&E24, 2),
            "E24" => E24.to_vec(),
            "E48" => logarithmic(48),
            "E96" => logarithmic(96),
            "E192" => logarithmic(192),
            _ => {
                let text = format!("Unknown rounding granularity '{name}'");
                return Err(QueryError::new(MongoCode::GRANULARITY_UNKNOWN, text));
            }
        };
        Ok(Self::Preferred(steps))
    }

    /// The next number of the series above a number.
    pub(in crate::aggregate) fn round_up(&self, value: &RawBson) -> RawBson {
        self.round(value, |steps, number| {
            let mut scale = Scale::default();
            while number >= scale.of(steps.last()) {
                scale.up()?;
            }
            while number < scale.of(steps.first()) {
                let above = scale.times(steps.first());
                scale.down()?;
                if number >= scale.of(steps.last()) {
                    return Some(above);
                }
            }
            Some(scale.times(steps.iter().find(|step| scale.of(Some(step)) > number)))
        })
    }

    /// The next number of the series below a number.
    pub(in crate::aggregate) fn round_down(&self, value: &RawBson) -> RawBson {
        self.round(value, |steps, number| {
            let mut scale = Scale::default();
            while number <= scale.of(steps.first()) {
                scale.down()?;
            }
            while number > scale.of(steps.last()) {
                let below = scale.times(steps.last());
                scale.up()?;
                if number <= scale.of(steps.first()) {
                    return Some(below);
                }
            }
            Some(scale.times(steps.iter().rev().find(|step| scale.of(Some(step)) < number)))
        })
    }

    /// At the very ends of the doubles, a number stays as it is.
    fn round(
        &self,
        value: &RawBson,
        round: impl FnOnce(&[u16], f64) -> Option<Rounded>,
    ) -> RawBson {
        let raw = value.as_raw_bson_ref();
        let number = Number::of(raw).map(Number::to_double).unwrap_or_default();
        if number == 0.0 || number.is_infinite() {
            return value.clone();
        }
        let is_decimal = matches!(raw, RawBsonRef::Decimal128(_));
        match self {
            Self::Preferred(steps) => {
                round(steps, number).map_or_else(|| value.clone(), |found| found.value(is_decimal))
            }
            Self::PowersOfTwo => {
                // Above or below: a series of one number tells what was asked for.
                let is_up = round(&[10], 10.0).is_some_and(|found| found.double > 10.0);
                let power =
                    if is_up { number.log2().floor() + 1.0 } else { number.log2().ceil() - 1.0 };
                match is_decimal {
                    true => RawBson::Decimal128(decimal_math::from_double(power.exp2())),
                    false => RawBson::Double(power.exp2()),
                }
            }
        }
    }
}

/// A power of ten that numbers of a series are multiplied with.
#[derive(Clone, Copy)]
struct Scale {
    factor: f64,
    power: i32,
}

impl Default for Scale {
    fn default() -> Self {
        Self { factor: 1.0, power: 0 }
    }
}

impl Scale {
    fn up(&mut self) -> Option<()> {
        self.factor *= 10.0;
        self.power += 1;
        self.factor.is_normal().then_some(())
    }

    fn down(&mut self) -> Option<()> {
        self.factor /= 10.0;
        self.power -= 1;
        self.factor.is_normal().then_some(())
    }

    fn of(&self, step: Option<&u16>) -> f64 {
        step.map_or(f64::INFINITY, |step| f64::from(*step) * self.factor)
    }

    fn times(&self, step: Option<&u16>) -> Rounded {
        Rounded {
            double: self.of(step),
            step: step.copied().unwrap_or_default(),
            power: self.power,
        }
    }
}

/// A number of a series: as a double, and exactly.
struct Rounded {
    double: f64,
    step: u16,
    power: i32,
}

impl Rounded {
    fn value(&self, is_decimal: bool) -> RawBson {
        match is_decimal {
            true => RawBson::Decimal128(decimal_math::pack(false, self.step.into(), self.power)),
            false => RawBson::Double(self.double),
        }
    }
}

/// Each so manieth number of a series: coarse series are parts of fine ones.
fn every(series: &[u16], step: usize) -> Vec<u16> {
    series.iter().copied().step_by(step).collect()
}

/// The E series of fine steps: powers of a root of ten, rounded to three digits.
fn logarithmic(count: u16) -> Vec<u16> {
    let exact = |index: u16| 100.0 * 10_f64.powf(f64::from(index) / f64::from(count));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 1000")]
    let rounded = (0..count).map(|index| exact(index).round() as u16);
    // The standard has one number that is not rounded so.
    rounded.map(|number| if number == 919 && count == 192 { 920 } else { number }).collect()
}

const E24: [u16; 24] = [
    10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91,
];

const R80: [u16; 80] = [
    100, 103, 106, 109, 112, 115, 118, 122, 125, 128, 132, 136, 140, 145, 150, 155, 160, 165, 170,
    175, 180, 185, 190, 195, 200, 206, 212, 218, 224, 230, 236, 243, 250, 258, 265, 272, 280, 290,
    300, 307, 315, 325, 335, 345, 355, 365, 375, 387, 400, 412, 425, 437, 450, 462, 475, 487, 500,
    515, 530, 545, 560, 580, 600, 615, 630, 650, 670, 690, 710, 730, 750, 775, 800, 825, 850, 875,
    900, 925, 950, 975,
];

#[cfg(test)]
mod tests {
    use bson::RawBson;

    use super::Series;

    #[track_caller]
    fn check(name: &str, number: f64, below: f64, above: f64) {
        let series = Series::parse(name).unwrap();
        let number = RawBson::Double(number);
        assert_eq!(series.round_down(&number), RawBson::Double(below), "{name}");
        assert_eq!(series.round_up(&number), RawBson::Double(above), "{name}");
    }

    #[test]
    fn series_go_through_all_powers_of_ten() {
        check("R5", 1.0, 0.63, 1.6);
        check("R5", 5.0, 4.0, 63.0 * 0.1);
        check("R5", 700.0, 630.0, 1000.0);
        check("R10", 120.0, 100.0, 125.0);
        check("R20", 90.0, 80.0, 100.0);
        check("R40", 325.0, 315.0, 355.0);
        check("R80", 100.0, 97.5, 103.0);
        check("1-2-5", 50.0, 20.0, 100.0);
        check("1-2-5", 0.3, 0.2, 0.5);
        check("E6", 2.0, 1.5, 2.2);
        check("E12", 99.0, 82.0, 100.0);
        check("E192", 919.0, 909.0, 920.0);
        check("POWERSOF2", 8.0, 4.0, 16.0);
        check("POWERSOF2", 0.3, 0.25, 0.5);
        check("E6", f64::INFINITY, f64::INFINITY, f64::INFINITY);
        check("E6", 0.0, 0.0, 0.0);
    }

    #[test]
    fn decimals_stay_exact() {
        let decimal = |text: &str| RawBson::Decimal128(text.parse().unwrap());
        let series = Series::parse("R5").unwrap();
        assert_eq!(series.round_up(&decimal("5")), decimal("6.3"));
        assert_eq!(series.round_down(&decimal("0.1")), decimal("0.063"));
    }

    #[test]
    fn numbers_at_the_ends_of_doubles_come_to_an_end() {
        for name in ["R5", "E192", "POWERSOF2"] {
            for number in [5e-324, f64::MIN_POSITIVE, f64::MAX] {
                let series = Series::parse(name).unwrap();
                series.round_up(&RawBson::Double(number));
                series.round_down(&RawBson::Double(number));
            }
        }
    }

    #[test]
    fn the_fine_series_have_the_numbers_of_the_standard() {
        let Series::Preferred(steps) = Series::parse("E48").unwrap() else { panic!() };
        assert_eq!(steps[..5], [100, 105, 110, 115, 121]);
        assert_eq!(steps[47], 953);
        let Series::Preferred(steps) = Series::parse("E192").unwrap() else { panic!() };
        assert_eq!(steps[..8], [100, 101, 102, 104, 105, 106, 107, 109]);
        assert_eq!(Series::parse("E7").err().unwrap().code, crate::MongoCode::GRANULARITY_UNKNOWN);
    }
}
