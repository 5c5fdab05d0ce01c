//! Dates in texts that follow a format.

use super::{
    moment::{Day, Moment, Offset, failed},
    parse::{offset, time_ms},
    scanner::Scanner,
    zone::Zone,
};
use crate::QueryError;

/// What the letters of a format have found.
#[derive(Default)]
struct Found {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    iso_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    millisecond: i64,
    offset: Option<Offset>,
}

/// The milliseconds since 1970 that a text means. The format has been checked.
pub(super) fn parse(text: &str, format: &str, zone: Option<&Zone>) -> Result<i64, QueryError> {
    let mut scanner = Scanner::new(text);
    let mut found = Found::default();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        let position = scanner.position;
        let is_read = match (letter, letter == '%') {
            (_, true) => match letters.next() {
                Some('%') => scanner.take(&['%']).map(|_| ()),
                Some(letter) => read(&mut scanner, letter, &mut found),
                None => None,
            },
            (letter, false) => scanner.take(&[letter]).map(|_| ()),
        };
        if is_read.is_none() {
            let reason = match text.len() <= position {
                true => "Not enough data available to satisfy format",
                false => "The format does not match the string here",
            };
            return Err(failed(text, position, reason));
        }
    }
    if !scanner.is_at_end() {
        return Err(failed(text, scanner.position, "Trailing data"));
    }
    let time = time_ms(found.hour, found.minute, found.second, found.millisecond)
        .ok_or_else(|| failed(text, text.len(), "The parsed time was invalid"))?;
    Moment { day: found.day(), time_ms: Some(time), offset: found.offset }.resolve(text, zone)
}

impl Found {
    fn day(&self) -> Day {
        if let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) {
            return Day::Natural(year, month, day);
        }
        if let (Some(year), Some(day)) = (self.year, self.day_of_year) {
            return Day::OfYear(year, day);
        }
        match (self.iso_year, self.iso_week, self.iso_day) {
            (Some(year), week, day) => Day::Iso(year, week.unwrap_or(1), day.unwrap_or(1)),
            _ => Day::None,
        }
    }
}

fn read(scanner: &mut Scanner<'_>, letter: char, found: &mut Found) -> Option<()> {
    match letter {
        'Y' => found.year = Some(scanner.digits(1, 4)?),
        'm' => found.month = Some(scanner.digits(1, 2)?),
        'd' => found.day = Some(scanner.digits(1, 2)?),
        'j' => found.day_of_year = Some(scanner.digits(1, 3)?),
        'G' => found.iso_year = Some(scanner.digits(1, 4)?),
        'V' => found.iso_week = Some(scanner.digits(1, 2)?),
        'u' => found.iso_day = Some(scanner.digits(1, 1)?),
        'H' => found.hour = scanner.digits(1, 2)?,
        'M' => found.minute = scanner.digits(1, 2)?,
        'S' => found.second = scanner.digits(1, 2)?,
        'L' => found.millisecond = scanner.fraction_ms()?,
        'b' | 'B' => found.month = Some(scanner.month()?),
        'z' => found.offset = Some(offset(scanner)?),
        'Z' => {
            let sign = if scanner.take(&['+', '-']) == Some('-') { -1 } else { 1 };
            found.offset = Some(Offset::Digits(sign * scanner.digits(1, 4)? * 60_000));
        }
        _ => return None,
    }
    Some(())
}
