//! Dates at the beginning of a unit of time, or of several that are counted from the year 2000.

use super::{
    calendar::{Civil, DAY_MS, days_of},
    units::Unit,
    zone::Zone,
};

/// The year from which units are counted.
const REFERENCE_YEAR: i64 = 2000;

/// The beginning of the units that a date is in; none where numbers do not fit.
pub(super) fn truncate(
    date: i64,
    unit: Unit,
    number: i64,
    zone: &Zone,
    first_day: i64,
) -> Option<i64> {
    let reference = days_of(REFERENCE_YEAR, 1, 1);
    let local = zone.local(date);
    let day = match unit {
        Unit::Millisecond | Unit::Second | Unit::Minute | Unit::Hour => {
            let start = zone.utc_ms(reference * DAY_MS);
            let length = unit.milliseconds()?.checked_mul(number)?;
            let distance = date.checked_sub(start)?;
            return start.checked_add(distance.div_euclid(length).checked_mul(length)?);
        }
        Unit::Day => floor(local.days, reference, number)?,
        Unit::Week => {
            // The first such day of the week in the year.
            let ahead =
                (first_day - Civil::new(reference * DAY_MS).iso_day_of_week()).rem_euclid(7);
            floor(local.days, reference + ahead, number.checked_mul(7)?)?
        }
        Unit::Month => start_of_months(&local, number)?,
        Unit::Quarter => start_of_months(&local, number.checked_mul(3)?)?,
        Unit::Year => start_of_months(&local, number.checked_mul(12)?)?,
    };
    Some(zone.utc_ms(day.checked_mul(DAY_MS)?))
}

fn start_of_months(date: &Civil, number: i64) -> Option<i64> {
    let months = (date.year - REFERENCE_YEAR) * 12 + date.month - 1;
    let start = floor(months, 0, number)?;
    let year = REFERENCE_YEAR + start.div_euclid(12);
    // No date begins before its own earliest year.
    (year.abs() < 300_000_000).then(|| days_of(year, start.rem_euclid(12) + 1, 1))
}

/// The last of `start`, `start + length`, … that is not beyond a number.
fn floor(number: i64, start: i64, length: i64) -> Option<i64> {
    let steps = number.checked_sub(start)?.div_euclid(length);
    start.checked_add(steps.checked_mul(length)?)
}
