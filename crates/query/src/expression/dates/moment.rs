//! What has been read of a date in a text, and the moment that it means.

use super::{
    calendar::{DAY_MS, days_in_month, days_of, days_of_iso},
    zone::Zone,
};
use crate::QueryError;

/// The parts that a text has named.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment {
    pub(super) day: Day,
    /// Within the day.
    pub(super) time_ms: Option<i64>,
    pub(super) offset: Option<Offset>,
}

/// How a text names a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Day {
    #[default]
    None,
    /// Year, month, day.
    Natural(i64, i64, i64),
    /// Year, week, day of the week.
    Iso(i64, i64, i64),
    /// Year, day of the year.
    OfYear(i64, i64),
    /// Seconds since 1970.
    Seconds(i64),
}

/// How a text names its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offset {
    /// `Z` or `EST`, with the milliseconds.
    Letters(&'static str, i64),
    /// `+01:00`, in milliseconds.
    Digits(i64),
}

impl Moment {
    /// The milliseconds since 1970; in a zone, where one is given beside the text.
    pub(super) fn resolve(&self, text: &str, zone: Option<&Zone>) -> Result<i64, QueryError> {
        let invalid = || failed(text, text.len(), "The parsed date was invalid");
        let days = match self.day {
            Day::None => {
                return Err(QueryError::conversion(format!(
                    "an incomplete date/time string has been found, with elements missing: \
                     \"{text}\""
                )));
            }
            Day::Seconds(seconds) => return seconds.checked_mul(1000).ok_or_else(invalid),
            Day::Natural(year, month, day) => {
                let is_valid =
                    (1..=12).contains(&month) && (1..=days_in_month(year, month)).contains(&day);
                is_valid.then(|| days_of(year, month, day)).ok_or_else(invalid)?
            }
            Day::Iso(year, week, day) => {
                let is_valid = (1..=53).contains(&week) && (1..=7).contains(&day);
                is_valid.then(|| days_of_iso(year, week, day)).ok_or_else(invalid)?
            }
            Day::OfYear(year, day) => {
                (1..=366).contains(&day).then(|| days_of(year, 1, day)).ok_or_else(invalid)?
            }
        };
        let local = days * DAY_MS + self.time_ms.unwrap_or(0);
        match (self.offset, zone) {
            (None, None) => Ok(local),
            (None, Some(zone)) => Ok(zone.utc_ms(local)),
            (Some(Offset::Letters(_, offset) | Offset::Digits(offset)), None) => Ok(local - offset),
            (Some(offset), Some(_)) => {
                let what = match offset {
                    Offset::Letters(name, _) => format!("time zone information ('{name}')"),
                    Offset::Digits(_) => "GMT offset".to_owned(),
                };
                Err(QueryError::conversion(format!(
                    "you cannot pass in a date/time string with {what} \
                     together with a timezone argument"
                )))
            }
        }
    }
}

/// A text that is no date, and where.
pub(super) fn failed(text: &str, position: usize, reason: &str) -> QueryError {
    let letter = text.get(position..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
    QueryError::conversion(format!(
        "Error parsing date string '{text}'; {position}: {reason} '{letter}'"
    ))
}
