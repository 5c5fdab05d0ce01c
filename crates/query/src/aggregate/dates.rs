//! Steps in time: so many months or hours from a date on, in UTC.

use bson::DateTime;
use jiff::{Span, Timestamp, tz::TimeZone};

use crate::{MongoCode, QueryError};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// One that always takes as many milliseconds.
    Fixed(i64),
    /// One that takes as many months.
    Months(i64),
}

impl Unit {
    /// The unit of a name.
    pub(super) fn parse(name: &str) -> Result<Self, QueryError> {
        Ok(match name {
            "millisecond" => Self::Fixed(1),
            "second" => Self::Fixed(1_000),
            "minute" => Self::Fixed(60_000),
            "hour" => Self::Fixed(3_600_000),
            "day" => Self::Fixed(86_400_000),
            "week" => Self::Fixed(604_800_000),
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => {
                let text = format!("unknown time unit value: {name}");
                return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
            }
        })
    }

    /// The date that is so many units after another one. A day that the month does not have becomes
    /// its last.
    pub(super) fn add(self, date: DateTime, count: i64) -> Result<DateTime, QueryError> {
        let milliseconds = date.timestamp_millis();
        let added = match self {
            Self::Fixed(unit) => {
                unit.checked_mul(count).and_then(|step| milliseconds.checked_add(step))
            }
            Self::Months(unit) => {
                unit.checked_mul(count).and_then(|months| add_months(milliseconds, months))
            }
        };
        let too_far = || QueryError::new(MongoCode::DATE_ADD_OVERFLOW, "$dateAdd overflowed");
        added.map(DateTime::from_millis).ok_or_else(too_far)
    }
}

fn add_months(milliseconds: i64, months: i64) -> Option<i64> {
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    let civil = time.to_zoned_datetime(TimeZone::UTC).datetime();
    let added = civil.checked_add(Span::new().try_months(months).ok()?).ok()?;
    added.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use bson::DateTime;

    use super::Unit;

    #[track_caller]
    fn check(date: &str, unit: &str, count: i64, expected: &str) {
        let date = DateTime::parse_rfc3339_str(date).unwrap();
        let added = Unit::parse(unit).unwrap().add(date, count).unwrap();
        assert_eq!(added.try_to_rfc3339_string().unwrap(), expected);
    }

    #[test]
    fn months_have_a_last_day() {
        check("2024-01-31T10:00:00Z", "month", 1, "2024-02-29T10:00:00Z");
        check("2023-01-31T10:00:00Z", "quarter", -1, "2022-10-31T10:00:00Z");
        check("2024-02-29T00:00:00Z", "year", 1, "2025-02-28T00:00:00Z");
        check("1969-12-31T23:59:59.5Z", "week", 1, "1970-01-07T23:59:59.5Z");
    }

    #[test]
    fn what_no_date_can_be_is_refused() {
        let date = DateTime::from_millis(i64::MAX);
        for unit in ["millisecond", "year"] {
            assert_eq!(
                Unit::parse(unit).unwrap().add(date, i64::MAX).unwrap_err().code,
                crate::MongoCode::DATE_ADD_OVERFLOW
            );
        }
        assert_eq!(Unit::parse("years").unwrap_err().code, crate::MongoCode::FAILED_TO_PARSE);
    }
}
