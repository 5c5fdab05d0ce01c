//! Times as RFC 3339 writes them.

const DAY_S: i64 = 86_400;

/// Seconds since 1970 of a time such as `2026-01-31T12:00:00.5Z`; fractions are cut off. `None`
/// where it is no such time.
pub(crate) fn read(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let (date, rest) = bytes.split_at_checked(10)?;
    let [y @ .., b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let [b'T' | b't', h1, h2, b':', n1, n2, b':', s1, s2, rest @ ..] = rest else { return None };
    let (year, month, day) = (digits(y)?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*n1, *n2])?, digits(&[*s1, *s2])?);
    let in_range = (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second.
        && second <= 60;
    let offset_s = offset_s(after_fraction(rest)?)?;
    let time_s = hour * 3600 + minute * 60 + second;
    in_range.then(|| days_since_1970(year, month, day) * DAY_S + time_s - offset_s)
}

/// The text of a time, in UTC; for times of the years 0 to 9999.
pub(crate) fn write(unix_s: i64) -> String {
    let (days, time_s) = (unix_s.div_euclid(DAY_S), unix_s.rem_euclid(DAY_S));
    // At or before the year that is meant: no year is shorter or longer.
    let mut year = 1970 + days.div_euclid(if days < 0 { 365 } else { 366 });
    while days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_since_1970(year, month + 1, 1) <= days {
        month += 1;
    }
    let day = days - days_since_1970(year, month, 1) + 1;
    let (hour, minute, second) = (time_s / 3600, time_s / 60 % 60, time_s % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn digits(bytes: &[u8]) -> Option<i64> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
    })
}

fn after_fraction(rest: &[u8]) -> Option<&[u8]> {
    let Some(fraction) = rest.strip_prefix(b".") else { return Some(rest) };
    let len = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if len == 0 { None } else { fraction.get(len..) }
}

fn offset_s(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[h1, h2])?, digits(&[m1, m2])?);
            let offset_s = hours * 3600 + minutes * 60;
            let is_real = hours < 24 && minutes < 60;
            is_real.then_some(if sign == b'-' { -offset_s } else { offset_s })
        }
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let before = year - 1;
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let years = (year - 1970) * 365 + leap_days(before) - leap_days(1969);
    let months: i64 = (1..month).map(|month| days_of_month(year, month)).sum();
    years + months + day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000)),
            ("2023-11-14T22:13:20.464253059Z", Some(1_700_000_000)),
            ("2023-11-15T00:13:20+02:00", Some(1_700_000_000)),
            ("2024-02-29T00:00:00z", Some(1_709_164_800)),
            ("1969-12-31T23:59:59Z", Some(-1)),
            ("2023-02-29T00:00:00Z", None),
            ("2023-11-14T22:13:20", None),
            ("2023-11-14T22:13:20.Z", None),
            ("2023-11-14 22:13:20Z", None),
            ("2023-11-14T24:00:00Z", None),
            ("2023-13-14T22:13:20Z", None),
            ("2023-11-14T22:13:20Zx", None),
            ("+023-11-14T22:13:20Z", None),
            ("", None),
            ("ééééééééé", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        for unix_s in (-60_000_000_000..200_000_000_000_i64).step_by(86_399 * 911) {
            assert_eq!(read(&write(unix_s)), Some(unix_s), "{}", write(unix_s));
        }
    }
}
