//! Dates in texts without a format: ISO 8601, RFC 2822, and how people write them.

use super::{
    moment::{Day, Moment, Offset, failed},
    scanner::Scanner,
    zone::Zone,
};
use crate::QueryError;

/// Time zones that texts name by letters, in hours.
const LETTERS: [(&str, i64); 15] = [
    ("Z", 0),
    ("UTC", 0),
    ("GMT", 0),
    ("WET", 0),
    ("BST", 1),
    ("CET", 1),
    ("CEST", 2),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

const HOUR_MS: i64 = 3_600_000;

/// The milliseconds since 1970 that a text means; in a zone, where one is given beside it.
pub(in crate::expression) fn parse(text: &str, zone: Option<&Zone>) -> Result<i64, QueryError> {
    if text.is_empty() {
        return Err(failed(text, 0, "Empty string"));
    }
    let mut scanner = Scanner::new(text);
    let mut moment = Moment::default();
    loop {
        scanner.skip(&[' ', '\t', ',', '\n', '\r']);
        if scanner.is_at_end() {
            return moment.resolve(text, zone);
        }
        read_part(&mut scanner, &mut moment)?;
    }
}

fn read_part(scanner: &mut Scanner<'_>, moment: &mut Moment) -> Result<(), QueryError> {
    if moment.day == Day::None
        && let Some(day) = day(scanner)
    {
        moment.day = day;
        return Ok(());
    }
    if moment.time_ms.is_none()
        && let Some(time) = scanner.attempt(|scanner| time(scanner, moment.day != Day::None))
    {
        moment.time_ms = Some(time);
        return Ok(());
    }
    if moment.offset.is_none()
        && let Some(offset) = scanner.attempt(offset)
    {
        moment.offset = Some(offset);
        return Ok(());
    }
    if scanner.attempt(Scanner::weekday).is_some() {
        scanner.skip(&['.']);
        return Ok(());
    }
    if scanner.attempt(|scanner| scanner.number(4, 4)).is_some() {
        // A year by itself, or an hour and a minute: not enough, as the end will tell.
        return Ok(());
    }
    let is_word = scanner.peek().is_some_and(char::is_alphabetic);
    let reason = match is_word {
        true => "passing a time zone identifier as part of the string is not allowed",
        false => "Unexpected character",
    };
    Err(failed(scanner.text, scanner.position, reason))
}

fn day(scanner: &mut Scanner<'_>) -> Option<Day> {
    scanner
        .attempt(seconds)
        .or_else(|| scanner.attempt(iso_week))
        .or_else(|| scanner.attempt(year_first))
        .or_else(|| scanner.attempt(compact))
        .or_else(|| scanner.attempt(american))
        .or_else(|| scanner.attempt(european))
        .or_else(|| scanner.attempt(day_and_month))
        .or_else(|| scanner.attempt(month_and_day))
}

/// `@1582982055`
fn seconds(scanner: &mut Scanner<'_>) -> Option<Day> {
    scanner.take(&['@'])?;
    let sign = if scanner.take(&['-']).is_some() { -1 } else { 1 };
    Some(Day::Seconds(sign * scanner.number(1, 15)?))
}

/// `2020-W09-6`, `2020W096`, `2020-W09`
fn iso_week(scanner: &mut Scanner<'_>) -> Option<Day> {
    let year = scanner.digits(4, 4)?;
    scanner.take(&['-']);
    scanner.take(&['W'])?;
    let week = scanner.digits(2, 2)?;
    let day = scanner.attempt(|scanner| {
        scanner.take(&['-']);
        scanner.number(1, 1)
    });
    Some(Day::Iso(year, week, day.unwrap_or(1)))
}

/// `2020-02-29`, `2020/2/29`, `2020-02`
fn year_first(scanner: &mut Scanner<'_>) -> Option<Day> {
    let year = scanner.number(4, 4)?;
    let separator = scanner.take(&['-', '/'])?;
    let month = scanner.number(1, 2)?;
    let day = scanner.attempt(|scanner| {
        scanner.take(&[separator])?;
        scanner.number(1, 2)
    });
    match (day, separator) {
        (None, '/') => None,
        (day, _) => Some(Day::Natural(year, month, day.unwrap_or(1))),
    }
}

/// `20200229`
fn compact(scanner: &mut Scanner<'_>) -> Option<Day> {
    let number = scanner.number(8, 8)?;
    Some(Day::Natural(number / 10_000, number / 100 % 100, number % 100))
}

/// `02/29/2020`
fn american(scanner: &mut Scanner<'_>) -> Option<Day> {
    let month = scanner.number(1, 2)?;
    scanner.take(&['/'])?;
    let day = scanner.number(1, 2)?;
    scanner.take(&['/'])?;
    Some(Day::Natural(year(scanner)?, month, day))
}

/// `29-02-2020`, `29.2.2020`
fn european(scanner: &mut Scanner<'_>) -> Option<Day> {
    let day = scanner.number(1, 2)?;
    let separator = scanner.take(&['-', '.'])?;
    let month = scanner.number(1, 2)?;
    scanner.take(&[separator])?;
    Some(Day::Natural(scanner.number(4, 4)?, month, day))
}

/// `29 February 2020`, `29-Feb-2020`, `1st of`: no.
fn day_and_month(scanner: &mut Scanner<'_>) -> Option<Day> {
    let day = scanner.number(1, 2)?;
    scanner.attempt(ordinal);
    scanner.skip(&[' ', '-', '.', '\t']);
    let month = scanner.month()?;
    scanner.skip(&[' ', '-', '.', ',', '\t']);
    Some(Day::Natural(year(scanner)?, month, day))
}

/// `Feb 29 2020`, `February 29th, 2020`, `February 2020`
fn month_and_day(scanner: &mut Scanner<'_>) -> Option<Day> {
    let month = scanner.month()?;
    scanner.skip(&[' ', '-', '.', '\t']);
    if let Some(year) = scanner.attempt(|scanner| scanner.number(4, 4)) {
        return Some(Day::Natural(year, month, 1));
    }
    let day = scanner.number(1, 2)?;
    scanner.attempt(ordinal);
    scanner.skip(&[' ', ',', '.', '\t', '-']);
    Some(Day::Natural(scanner.number(4, 4)?, month, day))
}

fn ordinal(scanner: &mut Scanner<'_>) -> Option<()> {
    matches!(scanner.word(), "st" | "nd" | "rd" | "th").then_some(())
}

/// Four digits, or two of a year from 1970 to 2069.
fn year(scanner: &mut Scanner<'_>) -> Option<i64> {
    if let Some(year) = scanner.attempt(|scanner| scanner.number(4, 4)) {
        return Some(year);
    }
    let year = scanner.number(2, 2)?;
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}

/// `13:14:15.678`, `1:15 pm`, `1pm`; behind a day also `T131415`.
fn time(scanner: &mut Scanner<'_>, is_behind_day: bool) -> Option<i64> {
    let has_letter = scanner.take(&['T', 't']).is_some();
    if is_behind_day
        && has_letter
        && let Some(time) = scanner.attempt(compact_time)
    {
        return Some(time);
    }
    let hour = scanner.number(1, 2)?;
    let (mut minute, mut second, mut fraction) = (0, 0, 0);
    let has_minute = scanner.take(&[':']).is_some();
    if has_minute {
        minute = scanner.number(2, 2)?;
        if scanner.take(&[':']).is_some() {
            second = scanner.number(2, 2)?;
            if scanner.take(&['.', ',']).is_some() {
                fraction = scanner.fraction_ms()?;
            }
        }
    }
    let hour = match scanner.attempt(half) {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(is_after_noon) => hour % 12 + if is_after_noon { 12 } else { 0 },
        None if has_minute => hour,
        None => return None,
    };
    time_ms(hour, minute, second, fraction)
}

fn compact_time(scanner: &mut Scanner<'_>) -> Option<i64> {
    let (hour, minute) = (scanner.digits(2, 2)?, scanner.digits(2, 2)?);
    let second = scanner.attempt(|scanner| scanner.digits(2, 2)).unwrap_or(0);
    let fraction = scanner.attempt(|scanner| {
        scanner.take(&['.', ','])?;
        scanner.fraction_ms()
    });
    time_ms(hour, minute, second, fraction.unwrap_or(0))
}

pub(super) fn time_ms(hour: i64, minute: i64, second: i64, millisecond: i64) -> Option<i64> {
    let is_valid = hour < 24 && minute < 60 && second < 60;
    let is_midnight = hour == 24 && minute == 0 && second == 0;
    (is_valid || is_midnight)
        .then(|| hour * HOUR_MS + minute * 60_000 + second * 1000 + millisecond)
}

/// Whether a time is after noon: `pm`, `a.m.`.
fn half(scanner: &mut Scanner<'_>) -> Option<bool> {
    scanner.skip(&[' ', '\t']);
    let is_after_noon = matches!(scanner.take(&['a', 'A', 'p', 'P'])?, 'p' | 'P');
    let has_point = scanner.take(&['.']).is_some();
    scanner.take(&['m', 'M'])?;
    if has_point {
        scanner.take(&['.']);
    }
    let is_word = scanner.peek().is_some_and(char::is_alphanumeric);
    (!is_word).then_some(is_after_noon)
}

/// `Z`, `GMT`, `EST`, `+01:00`, `+0100`, `+01`, `GMT+1`
pub(super) fn offset(scanner: &mut Scanner<'_>) -> Option<Offset> {
    if scanner.take(&['(']).is_some() {
        let inner = offset(scanner)?;
        scanner.take(&[')'])?;
        return Some(inner);
    }
    if scanner.peek().is_some_and(|letter| letter.is_ascii_alphabetic()) {
        let word = scanner.word();
        let (name, hours) = LETTERS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word))?;
        if *hours == 0
            && let Some(digits) = scanner.attempt(offset_digits)
        {
            return Some(digits);
        }
        let is_longer = matches!(scanner.peek(), Some('/' | '_'));
        return (!is_longer).then_some(Offset::Letters(name, hours * HOUR_MS));
    }
    offset_digits(scanner)
}

pub(super) fn offset_digits(scanner: &mut Scanner<'_>) -> Option<Offset> {
    let sign = if scanner.take(&['+', '-'])? == '-' { -1 } else { 1 };
    let hours = scanner.digits(1, 2)?;
    let minutes = scanner.attempt(|scanner| {
        scanner.take(&[':']);
        scanner.digits(2, 2)
    });
    let minutes = minutes.unwrap_or(0);
    (minutes < 60).then(|| Offset::Digits(sign * (hours * HOUR_MS + minutes * 60_000)))
}
