//! `$dateAdd`, `$dateSubtract`, `$dateDiff`, `$dateTrunc`: computing with units of time.

use bson::RawBsonRef;

use super::{
    arguments::{as_date_ms, prepare_zone, zone_of},
    calendar::{Civil, DAY_MS, days_in_month, days_of},
    truncate::truncate,
    zone::Zone,
};
use crate::{
    MongoCode, QueryError,
    expression::{
        node::Node,
        numeric::Numeric,
        operator::{Arguments, Names, Operator, Words},
        parser::Parser,
        text::in_error,
        value::{Evaluated, Value, is_nullish, type_name},
    },
};

pub(in crate::expression) const OPERATORS: &[Operator] = &[
    Operator::own("$dateAdd", parse_add, |arguments| add(arguments, 1))
        .prepared_by(|nodes| prepare_zone(nodes, 3)),
    Operator::own("$dateSubtract", parse_add, |arguments| add(arguments, -1))
        .prepared_by(|nodes| prepare_zone(nodes, 3)),
    Operator::named("$dateDiff", &DIFF, difference).prepared_by(|nodes| prepare_zone(nodes, 3)),
    Operator::named("$dateTrunc", &TRUNC, trunc).prepared_by(|nodes| prepare_zone(nodes, 3)),
];

const ADD: Names = Names {
    not_object: MongoCode::DATE_ADD_NOT_OBJECT,
    unknown: MongoCode::DATE_ADD_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[("startDate", None), ("unit", None), ("amount", None), ("timezone", None)],
};

const DIFF: Names = Names {
    not_object: MongoCode::DATE_DIFF_NOT_OBJECT,
    unknown: MongoCode::DATE_DIFF_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("startDate", Some(MongoCode::DATE_DIFF_START_MISSING)),
        ("endDate", Some(MongoCode::DATE_DIFF_END_MISSING)),
        ("unit", Some(MongoCode::DATE_DIFF_UNIT_MISSING)),
        ("timezone", None),
        ("startOfWeek", None),
    ],
};

const TRUNC: Names = Names {
    not_object: MongoCode::DATE_TRUNC_NOT_OBJECT,
    unknown: MongoCode::DATE_TRUNC_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("date", Some(MongoCode::DATE_TRUNC_DATE_MISSING)),
        ("unit", Some(MongoCode::DATE_TRUNC_UNIT_MISSING)),
        ("binSize", None),
        ("timezone", None),
        ("startOfWeek", None),
    ],
};

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Unit {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "millisecond" => Self::Millisecond,
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// How long it is, where it is always as long.
    pub(super) fn milliseconds(self) -> Option<i64> {
        match self {
            Self::Millisecond => Some(1),
            Self::Second => Some(1000),
            Self::Minute => Some(60_000),
            Self::Hour => Some(3_600_000),
            _ => None,
        }
    }
}

/// The unit that an argument names; none for null.
fn unit_of(arguments: &Arguments<'_>, index: usize) -> Result<Option<Unit>, QueryError> {
    let operator = arguments.name();
    let value = arguments.get(index)?;
    match value.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Ok(None),
        Some(RawBsonRef::String(name)) => Unit::parse(name).map(Some).ok_or_else(|| {
            let text = format!("{operator}: 'unit' is the unknown unit of time {name:?}");
            QueryError::new(MongoCode::FAILED_TO_PARSE, text)
        }),
        other => {
            let found = type_name(other);
            let text = format!("{operator} requires 'unit' to be a string, but got {found}");
            Err(QueryError::new(MongoCode::DATE_UNIT_NOT_STRING, text))
        }
    }
}

fn date_of(
    arguments: &Arguments<'_>,
    index: usize,
    name: &str,
    code: MongoCode,
) -> Result<Option<i64>, QueryError> {
    let value = arguments.get(index)?;
    let Some(value) = value.as_ref().filter(|value| !value.is_null()) else { return Ok(None) };
    as_date_ms(value.raw()).map(Some).ok_or_else(|| {
        let (operator, found) = (arguments.name(), type_name(Some(value.raw())));
        let text = format!("{operator} requires '{name}' to be a date, but got {found}");
        QueryError::new(code, text)
    })
}

/// From 1 for Monday; none where it is null.
fn first_day(arguments: &Arguments<'_>, index: usize) -> Result<Option<i64>, QueryError> {
    const DAYS: [&str; 7] =
        ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    const SUNDAY: i64 = 7;
    if !arguments.is_given(index) {
        return Ok(Some(SUNDAY));
    }
    let operator = arguments.name();
    let value = arguments.get(index)?;
    let name = match value.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(None),
        Some(RawBsonRef::String(name)) => name,
        other => {
            let found = type_name(other);
            let text = format!("{operator} requires 'startOfWeek' to be a string, but got {found}");
            return Err(QueryError::new(MongoCode::START_OF_WEEK_NOT_STRING, text));
        }
    };
    let is_day = |day: &str| {
        let short = day.get(..3).unwrap_or_default();
        day.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name)
    };
    match (1..).zip(DAYS).find(|(_, day)| is_day(day)) {
        Some((number, _)) => Ok(Some(number)),
        None => {
            let text = format!(
                "{operator} parameter 'startOfWeek' value cannot be recognized \
                 as a day of a week: {name}"
            );
            Err(QueryError::new(MongoCode::START_OF_WEEK_UNKNOWN, text))
        }
    }
}

fn parse_add(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let name = operator.name;
    if !matches!(value, RawBsonRef::Document(_)) {
        let text = format!("{name} expects an object as its argument");
        return Err(QueryError::new(ADD.not_object, text));
    }
    let arguments = parser.parse_named(operator, &ADD, value)?;
    if arguments.iter().take(3).any(|node| matches!(node, Node::Absent)) {
        let text = format!("{name} requires startDate, unit, and amount to be present");
        return Err(QueryError::new(MongoCode::DATE_ADD_ARGUMENT_MISSING, text));
    }
    Ok(parser.call(operator, arguments))
}

fn add<'a>(arguments: &Arguments<'a>, sign: i64) -> Evaluated<'a> {
    let operator = arguments.name();
    let start = arguments.get(0)?;
    let unit = match arguments.get(1)?.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => None,
        Some(RawBsonRef::String(_)) => unit_of(arguments, 1)?,
        Some(_) => {
            let text = format!("{operator} expects string defining unit");
            return Err(QueryError::new(MongoCode::DATE_ADD_UNIT_NOT_STRING, text));
        }
    };
    let amount = arguments.get(2)?;
    let zone = zone_of(arguments, 3)?;
    let (Some(unit), Some(zone)) = (unit, zone) else { return Ok(Some(Value::NULL)) };
    if is_nullish(start.as_ref()) || is_nullish(amount.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(date) = start.as_ref().and_then(|start| as_date_ms(start.raw())) else {
        let text = format!("{operator} requires startDate to be convertible to a date");
        return Err(QueryError::new(MongoCode::DATE_ADD_START_NOT_DATE, text));
    };
    let number = amount.as_ref().and_then(|amount| Numeric::of(amount.raw()));
    let Some(amount) = number.and_then(Numeric::whole) else {
        let text = format!("{operator} expects integer amount of time units");
        return Err(QueryError::new(MongoCode::DATE_ADD_AMOUNT_NOT_WHOLE, text));
    };
    let moved = amount.checked_mul(sign).and_then(|amount| moved(date, unit, amount, &zone));
    match moved {
        Some(date) => Ok(Some(Value::date_ms(date))),
        None => {
            Err(QueryError::new(MongoCode::DATE_ADD_OVERFLOW, format!("{operator} overflowed")))
        }
    }
}

/// A date so many units later. Days and longer units keep the time of day in the zone.
fn moved(date: i64, unit: Unit, amount: i64, zone: &Zone) -> Option<i64> {
    if let Some(length) = unit.milliseconds() {
        return date.checked_add(amount.checked_mul(length)?);
    }
    let local = zone.local(date);
    let in_months = |months: i64| {
        let months = amount.checked_mul(months)?.checked_add(local.year * 12 + local.month - 1)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        // No date is in such a year.
        (year.abs() < 300_000_000)
            .then(|| days_of(year, month, local.day.min(days_in_month(year, month))))
    };
    let days = match unit {
        Unit::Week => local.days.checked_add(amount.checked_mul(7)?)?,
        Unit::Month => in_months(1)?,
        Unit::Quarter => in_months(3)?,
        Unit::Year => in_months(12)?,
        _ => local.days.checked_add(amount)?,
    };
    if days == local.days {
        return Some(date);
    }
    Some(zone.utc_ms(days.checked_mul(DAY_MS)?.checked_add(local.milliseconds)?))
}

fn difference<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let start = date_of(arguments, 0, "startDate", MongoCode::DATE_DIFF_NOT_DATE)?;
    let end = date_of(arguments, 1, "endDate", MongoCode::DATE_DIFF_NOT_DATE)?;
    let (unit, zone) = (unit_of(arguments, 2)?, zone_of(arguments, 3)?);
    let first_day = match unit {
        Some(Unit::Week) => first_day(arguments, 4)?,
        _ => Some(7),
    };
    let (Some(start), Some(end), Some(unit)) = (start, end, unit) else {
        return Ok(Some(Value::NULL));
    };
    let (Some(zone), Some(first_day)) = (zone, first_day) else { return Ok(Some(Value::NULL)) };
    if let Some(length) = unit.milliseconds() {
        // Half hours of zones count, and clocks that jump do not.
        let offset = zone.offset_ms(start);
        let count = |date: i64| date.saturating_add(offset).div_euclid(length);
        let units = count(end).checked_sub(count(start));
        let overflow = || QueryError::new(MongoCode::DATE_DIFF_OVERFLOW, "dateDiff overflowed");
        return Ok(Some(Value::long(units.ok_or_else(overflow)?)));
    }
    let (start, end) = (zone.local(start), zone.local(end));
    let months = |date: &Civil| date.year * 12 + date.month - 1;
    // Weeks are counted from a Monday, moved to the day that they begin on.
    let week = |date: &Civil| (date.days + 3 - (first_day - 1)).div_euclid(7);
    Ok(Some(Value::long(match unit {
        Unit::Week => week(&end) - week(&start),
        Unit::Month => months(&end) - months(&start),
        Unit::Quarter => months(&end).div_euclid(3) - months(&start).div_euclid(3),
        Unit::Year => end.year - start.year,
        _ => end.days - start.days,
    })))
}

fn trunc<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let date = date_of(arguments, 0, "date", MongoCode::DATE_TRUNC_NOT_DATE)?;
    let unit = unit_of(arguments, 1)?;
    let number = number_of_units(arguments)?;
    let zone = zone_of(arguments, 3)?;
    let first_day = match unit {
        Some(Unit::Week) => first_day(arguments, 4)?,
        _ => Some(7),
    };
    let (Some(date), Some(unit), Some(number)) = (date, unit, number) else {
        return Ok(Some(Value::NULL));
    };
    let (Some(zone), Some(first_day)) = (zone, first_day) else { return Ok(Some(Value::NULL)) };
    match truncate(date, unit, number, &zone, first_day) {
        Some(date) => Ok(Some(Value::date_ms(date))),
        None => Err(QueryError::new(MongoCode::DATE_TRUNC_OVERFLOW, "$dateTrunc overflowed")),
    }
}

/// How many units a bin has; none for null.
fn number_of_units(arguments: &Arguments<'_>) -> Result<Option<i64>, QueryError> {
    if !arguments.is_given(2) {
        return Ok(Some(1));
    }
    let value = arguments.get(2)?;
    if is_nullish(value.as_ref()) {
        return Ok(None);
    }
    let number = value.as_ref().and_then(|value| Numeric::of(value.raw()));
    let Some(number) = number.and_then(Numeric::whole) else {
        let (found, shown) = (type_name(value.as_ref().map(Value::raw)), in_error(value.as_ref()));
        let text = format!(
            "$dateTrunc requires 'binSize' to be a 64-bit integer, \
             but got value '{shown}' of type {found}"
        );
        return Err(QueryError::new(MongoCode::DATE_TRUNC_BIN_SIZE_NOT_WHOLE, text));
    };
    if number < 1 {
        let text =
            format!("$dateTrunc requires 'binSize' to be greater than 0, but got value {number}");
        return Err(QueryError::new(MongoCode::DATE_TRUNC_BIN_SIZE_NOT_POSITIVE, text));
    }
    Ok(Some(number))
}
