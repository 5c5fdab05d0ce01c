//! `$dateToString`: dates as texts.

use std::fmt::Write as _;

use bson::RawBsonRef;

use super::{
    arguments::{date_ms, prepare_zone, zone_of},
    calendar::Civil,
    zone::Zone,
};
use crate::{
    MongoCode, QueryError,
    expression::{
        operator::{Arguments, Names, Operator, Words},
        text::in_error,
        value::{Evaluated, Value, type_name},
    },
};

pub(in crate::expression) const OPERATORS: &[Operator] =
    &[Operator::named("$dateToString", &TO_STRING, to_string)
        .prepared_by(|nodes| prepare_zone(nodes, 2))];

const TO_STRING: Names = Names {
    not_object: MongoCode::DATE_TO_STRING_NOT_OBJECT,
    unknown: MongoCode::DATE_TO_STRING_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("date", Some(MongoCode::DATE_TO_STRING_DATE_MISSING)),
        ("format", None),
        ("timezone", None),
        ("onNull", None),
    ],
};

/// The names of months; of them, `%b` takes three letters.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn to_string<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let date = arguments.get(0)?;
    let Some(zone) = zone_of(arguments, 2)? else { return Ok(Some(Value::NULL)) };
    let format = if arguments.is_given(1) {
        let value = arguments.get(1)?;
        match value.as_ref().map(Value::raw) {
            None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(Some(Value::NULL)),
            Some(RawBsonRef::String(_)) => value,
            other => {
                let (found, shown) = (type_name(other), in_error(value.as_ref()));
                let text = format!(
                    "$dateToString requires that 'format' be a string, \
                     found: {found} with value {shown}"
                );
                return Err(QueryError::new(MongoCode::DATE_FORMAT_NOT_STRING, text));
            }
        }
    } else {
        None
    };
    let pattern = format.as_ref().and_then(|format| format.raw().as_str());
    if let Some(pattern) = pattern {
        check(pattern, true)?;
    }
    match date_ms(date.as_ref())? {
        None if arguments.is_given(3) => arguments.get(3),
        None => Ok(Some(Value::NULL)),
        Some(date) => Ok(Some(Value::text(match pattern {
            Some(pattern) => text(date, &zone, pattern)?,
            None if zone.is_utc() => iso_text(date)?,
            None => text(date, &zone, "%Y-%m-%dT%H:%M:%S.%L")?,
        }))),
    }
}

/// A date as ISO 8601 has it, in UTC.
pub(in crate::expression) fn iso_text(date: i64) -> Result<String, QueryError> {
    text(date, &Zone::UTC, "%Y-%m-%dT%H:%M:%S.%LZ")
}

/// Seconds since 1970 as the clocks of a server's logs had them: `Feb 29 13:14:15`.
pub(in crate::expression) fn clock_text(seconds: i64) -> Result<String, QueryError> {
    let milliseconds = seconds.saturating_mul(1000);
    let day = Zone::UTC.local(milliseconds).day;
    let (month, time) =
        (text(milliseconds, &Zone::UTC, "%b")?, text(milliseconds, &Zone::UTC, "%H:%M:%S")?);
    Ok(format!("{month} {day:>2} {time}"))
}

/// Checks a format: that after each `%` there is a letter with a meaning.
pub(super) fn check(format: &str, is_output: bool) -> Result<(), QueryError> {
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            continue;
        }
        match letters.next() {
            None => {
                let text = "Unmatched '%' at end of format string";
                return Err(QueryError::new(MongoCode::DATE_FORMAT_ENDS_WITH_PERCENT, text));
            }
            Some('b' | 'B' | 'd' | 'G' | 'H' | 'j' | 'L' | 'm' | 'M' | 'S' | 'u' | 'V') => {}
            Some('Y' | 'z' | 'Z' | '%') => {}
            Some('U' | 'w') if is_output => {}
            Some(letter) => {
                let text = format!("Invalid format character '%{letter}' in format string");
                return Err(QueryError::new(MongoCode::DATE_FORMAT_LETTER_UNKNOWN, text));
            }
        }
    }
    Ok(())
}

fn text(date: i64, zone: &Zone, format: &str) -> Result<String, QueryError> {
    let local = zone.local(date);
    if !(0..=9999).contains(&local.year) {
        let year = local.year;
        let text = format!("dateToString is only defined on year 0-9999, tried to use year {year}");
        return Err(QueryError::new(MongoCode::DATE_TO_STRING_YEAR_OUT_OF_RANGE, text));
    }
    let mut text = String::with_capacity(format.len() + 16);
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => {
                if let Some(letter) = letters.next() {
                    write_part(&mut text, letter, &local, zone.offset_ms(date));
                }
            }
            other => text.push(other),
        }
    }
    Ok(text)
}

fn write_part(text: &mut String, letter: char, date: &Civil, offset_ms: i64) {
    let month = || {
        let index = usize::try_from(date.month - 1).unwrap_or(0);
        MONTHS.get(index).copied().unwrap_or_default()
    };
    let (number, width) = match letter {
        'Y' => (date.year, 4),
        'G' => (date.iso_week().0, 4),
        'm' => (date.month, 2),
        'd' => (date.day, 2),
        'H' => (date.hour(), 2),
        'M' => (date.minute(), 2),
        'S' => (date.second(), 2),
        'L' => (date.millisecond(), 3),
        'j' => (date.day_of_year(), 3),
        'U' => (date.week(), 2),
        'V' => (date.iso_week().1, 2),
        'u' => (date.iso_day_of_week(), 1),
        'w' => (date.day_of_week(), 1),
        'Z' => (offset_ms / 60_000, 1),
        'z' => {
            let minutes = offset_ms.abs() / 60_000;
            text.push(if offset_ms < 0 { '-' } else { '+' });
            (minutes / 60 * 100 + minutes % 60, 4)
        }
        'b' => return text.push_str(month().get(..3).unwrap_or_default()),
        'B' => return text.push_str(month()),
        other => return text.push(other),
    };
    // Writing to a text cannot fail.
    let _ = write!(text, "{number:0width$}");
}
