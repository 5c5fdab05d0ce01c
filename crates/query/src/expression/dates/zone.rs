//! Time zones: names of the Olson database, and offsets from UTC.

use std::sync::LazyLock;

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{TimeZone, TimeZoneDatabase},
};

use super::calendar::Civil;
use crate::{MongoCode, QueryError};

/// Beyond these seconds, the rules of a zone are taken as they were or will be there.
const SECONDS_MIN: i64 = -377_000_000_000;
const SECONDS_MAX: i64 = 253_370_764_800;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Debug, Clone)]
pub(in crate::expression) enum Zone {
    /// Always so many milliseconds ahead of UTC.
    Fixed(i64),
    /// One with a name and a history.
    Named(TimeZone),
}

impl Zone {
    pub(super) const UTC: Self = Self::Fixed(0);

    /// A zone by its name or its offset.
    pub(in crate::expression) fn parse(name: &str) -> Result<Self, QueryError> {
        if matches!(name, "UTC" | "GMT") {
            return Ok(Self::UTC);
        }
        if let Some(offset) = parse_offset(name) {
            return Ok(Self::Fixed(offset));
        }
        let unknown = || {
            QueryError::new(
                MongoCode::TIME_ZONE_UNKNOWN,
                format!("unrecognized time zone identifier: \"{name}\""),
            )
        };
        let zone = DATABASE.get(name).map_err(|_| unknown())?;
        // The database finds names in any case.
        match zone.iana_name() {
            Some(found) if found == name => Ok(Self::Named(zone)),
            _ => Err(unknown()),
        }
    }

    pub(super) fn is_utc(&self) -> bool {
        matches!(self, Self::Fixed(0))
    }

    /// How many milliseconds the zone is ahead of UTC at a time.
    pub(super) fn offset_ms(&self, utc_ms: i64) -> i64 {
        match self {
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => {
                let seconds = utc_ms.div_euclid(1000).clamp(SECONDS_MIN, SECONDS_MAX);
                let time = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
                i64::from(zone.to_offset(time).seconds()) * 1000
            }
        }
    }

    /// The time in the zone.
    pub(super) fn local(&self, utc_ms: i64) -> Civil {
        Civil::new(utc_ms.saturating_add(self.offset_ms(utc_ms)))
    }

    /// When it is so many milliseconds since 1970 in the zone. What the clocks skip is as much
    /// later, and of what they show twice the first is meant.
    pub(super) fn utc_ms(&self, local_ms: i64) -> i64 {
        let offset = match self {
            Self::Fixed(offset) => *offset,
            Self::Named(zone) => match civil(local_ms) {
                Some(time) => match zone.to_ambiguous_timestamp(time).compatible() {
                    Ok(time) => {
                        let whole = time.as_second() * 1000;
                        return whole.saturating_add(local_ms.rem_euclid(1000));
                    }
                    Err(_) => self.offset_ms(local_ms),
                },
                None => self.offset_ms(local_ms),
            },
        };
        local_ms.saturating_sub(offset)
    }
}

/// `+hh`, `+hhmm` or `+hh:mm`, in milliseconds.
pub(super) fn parse_offset(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (sign, rest) = bytes.split_first()?;
    let sign = match sign {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let number = |digits: &[u8]| -> Option<i64> {
        let all_digits = digits.iter().all(u8::is_ascii_digit);
        all_digits.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    };
    let (hours, minutes) = match rest {
        [_, _] => (number(rest)?, 0),
        [h, i, m, n] | [h, i, b':', m, n] => (number(&[*h, *i])?, number(&[*m, *n])?),
        _ => return None,
    };
    Some(sign * (hours * 60 + minutes) * 60_000)
}

/// A time as the database takes it, to the second; none beyond its years.
fn civil(local_ms: i64) -> Option<DateTime> {
    let time = Civil::new(local_ms);
    let small = |number: i64| i8::try_from(number).ok();
    DateTime::new(
        i16::try_from(time.year).ok()?,
        small(time.month)?,
        small(time.day)?,
        small(time.hour())?,
        small(time.minute())?,
        small(time.second())?,
        0,
    )
    .ok()
}

#[cfg(test)]
mod tests {
    use super::super::calendar::{DAY_MS, days_of};
    use super::*;

    #[test]
    fn zones_have_names_or_offsets() {
        assert_eq!(parse_offset("+05:30"), Some(19_800_000));
        assert_eq!(parse_offset("-0330"), Some(-12_600_000));
        assert_eq!(parse_offset("+03"), Some(10_800_000));
        for wrong in ["+3", "03:00", "+3:00", "+03:0", "+ab", "+030000", "", "+"] {
            assert_eq!(parse_offset(wrong), None, "{wrong}");
        }
        assert!(Zone::parse("America/New_York").is_ok());
        assert_eq!(Zone::parse("america/new_york").unwrap_err().code, MongoCode::TIME_ZONE_UNKNOWN);
        assert_eq!(Zone::parse("").unwrap_err().code, MongoCode::TIME_ZONE_UNKNOWN);
    }

    #[test]
    fn clocks_that_jump_are_followed() {
        let zone = Zone::parse("America/New_York").unwrap();
        let hour = 3_600_000;
        let day = days_of(2020, 3, 8) * DAY_MS;
        assert_eq!(zone.utc_ms(day + hour), day + 6 * hour);
        // Half past two is not there; it is half past three.
        assert_eq!(zone.utc_ms(day + 5 * hour / 2), day + 15 * hour / 2);
        assert_eq!(zone.local(day + 15 * hour / 2).hour(), 3);
        let day = days_of(2020, 11, 1) * DAY_MS;
        // Half past one is there twice; the first one is meant.
        assert_eq!(zone.utc_ms(day + 3 * hour / 2), day + 11 * hour / 2);
        assert_eq!(zone.offset_ms(i64::MAX), -5 * hour);
        assert!(zone.offset_ms(i64::MIN) < 0);
    }
}
