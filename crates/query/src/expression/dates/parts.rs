//! The parts of dates: `$year` and its kin, `$dateToParts`, `$dateFromParts`.

use bson::RawBsonRef;

use super::{
    arguments::{date_ms, prepare_zone, zone_of},
    calendar::{Civil, DAY_MS, days_of, days_of_iso},
};
use crate::{
    MongoCode, QueryError,
    expression::{
        build::DocumentBuilder,
        node::Node,
        numeric::Numeric,
        operator::{Arguments, Names, Operator, Words},
        parser::Parser,
        text::in_error,
        value::{Evaluated, Value, fields, is_nullish, type_name},
    },
};

pub(in crate::expression) const OPERATORS: &[Operator] = &[
    part_of("$year", |arguments| part(arguments, |date| date.year)),
    part_of("$month", |arguments| part(arguments, |date| date.month)),
    part_of("$dayOfMonth", |arguments| part(arguments, |date| date.day)),
    part_of("$hour", |arguments| part(arguments, Civil::hour)),
    part_of("$minute", |arguments| part(arguments, Civil::minute)),
    part_of("$second", |arguments| part(arguments, Civil::second)),
    part_of("$millisecond", |arguments| part(arguments, Civil::millisecond)),
    part_of("$dayOfWeek", |arguments| part(arguments, Civil::day_of_week)),
    part_of("$dayOfYear", |arguments| part(arguments, Civil::day_of_year)),
    part_of("$week", |arguments| part(arguments, Civil::week)),
    part_of("$isoDayOfWeek", |arguments| part(arguments, Civil::iso_day_of_week)),
    part_of("$isoWeek", |arguments| part(arguments, |date| date.iso_week().1)),
    part_of("$isoWeekYear", |arguments| part(arguments, |date| date.iso_week().0)),
    Operator::named("$dateToParts", &TO_PARTS, to_parts)
        .prepared_by(|nodes| prepare_zone(nodes, 1)),
    Operator::own("$dateFromParts", parse_from_parts, from_parts)
        .prepared_by(|nodes| prepare_zone(nodes, 10)),
];

const fn part_of(name: &'static str, run: for<'a> fn(&Arguments<'a>) -> Evaluated<'a>) -> Operator {
    Operator::own(name, parse_part, run).prepared_by(|nodes| prepare_zone(nodes, 1))
}

const TO_PARTS: Names = Names {
    not_object: MongoCode::DATE_TO_PARTS_NOT_OBJECT,
    unknown: MongoCode::DATE_TO_PARTS_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("date", Some(MongoCode::DATE_TO_PARTS_DATE_MISSING)),
        ("timezone", None),
        ("iso8601", None),
    ],
};

/// The date by itself, in a list, or with a time zone.
fn parse_part(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let name = operator.name;
    let arguments = match value {
        RawBsonRef::Document(document) => {
            let first = fields(document).next().transpose()?;
            match first {
                Some((first, _)) if first.as_str().starts_with('$') => vec![parser.parse(value)?],
                _ => parse_part_named(name, value, parser)?,
            }
        }
        _ => parser.parse_list(value)?,
    };
    if matches!(value, RawBsonRef::Array(_)) && arguments.len() != 1 {
        let text = format!(
            "{name} accepts exactly one argument if given an array, but was given {}",
            arguments.len()
        );
        return Err(QueryError::new(MongoCode::DATE_ARGUMENTS_NOT_ONE, text));
    }
    Ok(parser.call(operator, arguments))
}

fn parse_part_named(
    operator: &str,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Vec<Node>, QueryError> {
    let RawBsonRef::Document(document) = value else { return Ok(Vec::new()) };
    let (mut date, mut zone) = (None, Node::Absent);
    for field in fields(document) {
        match field? {
            (name, value) if name == "date" => date = Some(parser.parse(value)?),
            (name, value) if name == "timezone" => zone = parser.parse(value)?,
            (name, _) => {
                let text = format!("unrecognized option to {operator}: \"{name}\"");
                return Err(QueryError::new(MongoCode::DATE_OPTION_UNKNOWN, text));
            }
        }
    }
    let Some(date) = date else {
        let text = format!(
            "missing 'date' argument to {operator}, provided: {operator}: {}",
            in_error(Some(&value.into()))
        );
        return Err(QueryError::new(MongoCode::DATE_MISSING, text));
    };
    Ok(vec![date, zone])
}

fn part<'a>(arguments: &Arguments<'a>, part: fn(&Civil) -> i64) -> Evaluated<'a> {
    let date = arguments.get(0)?;
    let Some(zone) = zone_of(arguments, 1)? else { return Ok(Some(Value::NULL)) };
    let Some(date) = date_ms(date.as_ref())? else { return Ok(Some(Value::NULL)) };
    Ok(Some(Value::integer(part(&zone.local(date)))))
}

fn to_parts<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let date = arguments.get(0)?;
    let Some(zone) = zone_of(arguments, 1)? else { return Ok(Some(Value::NULL)) };
    let mut is_iso = false;
    if arguments.is_given(2) {
        is_iso = match arguments.get(2)?.as_ref().map(Value::raw) {
            None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(Some(Value::NULL)),
            Some(RawBsonRef::Boolean(is)) => is,
            other => {
                let found = type_name(other);
                let text = format!("iso8601 must evaluate to a bool, found {found}");
                return Err(QueryError::new(MongoCode::DATE_TO_PARTS_ISO_NOT_BOOL, text));
            }
        };
    }
    let Some(date) = date_ms(date.as_ref())? else { return Ok(Some(Value::NULL)) };
    let date = zone.local(date);
    let (iso_year, iso_week) = date.iso_week();
    let days = match is_iso {
        true => [
            ("isoWeekYear", iso_year),
            ("isoWeek", iso_week),
            ("isoDayOfWeek", date.iso_day_of_week()),
        ],
        false => [("year", date.year), ("month", date.month), ("day", date.day)],
    };
    let times = [
        ("hour", date.hour()),
        ("minute", date.minute()),
        ("second", date.second()),
        ("millisecond", date.millisecond()),
    ];
    let mut parts = DocumentBuilder::default();
    for (name, number) in days.into_iter().chain(times) {
        parts.append(name, Value::integer(number).raw())?;
    }
    parts.done()
}

const FROM_PARTS: Names = Names {
    not_object: MongoCode::DATE_FROM_PARTS_NOT_OBJECT,
    unknown: MongoCode::DATE_FROM_PARTS_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("year", None),
        ("month", None),
        ("day", None),
        ("isoWeekYear", None),
        ("isoWeek", None),
        ("isoDayOfWeek", None),
        ("hour", None),
        ("minute", None),
        ("second", None),
        ("millisecond", None),
        ("timezone", None),
    ],
};

fn parse_from_parts(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let arguments = parser.parse_named(operator, &FROM_PARTS, value)?;
    let given = |range: std::ops::Range<usize>| {
        let nodes = arguments.get(range).unwrap_or_default();
        nodes.iter().any(|node| !matches!(node, Node::Absent))
    };
    if !given(0..1) && !given(3..4) {
        let text = "$dateFromParts requires either 'year' or 'isoWeekYear' to be present";
        return Err(QueryError::new(MongoCode::DATE_FROM_PARTS_YEAR_MISSING, text));
    }
    if given(0..1) && given(3..6) {
        let text = "$dateFromParts does not allow mixing natural dates with ISO dates";
        return Err(QueryError::new(MongoCode::DATE_FROM_PARTS_MIXES_NATURAL_WITH_ISO, text));
    }
    if given(3..4) && given(0..3) {
        let text = "$dateFromParts does not allow mixing ISO dates with natural dates";
        return Err(QueryError::new(MongoCode::DATE_FROM_PARTS_MIXES_ISO_WITH_NATURAL, text));
    }
    Ok(parser.call(operator, arguments))
}

fn from_parts<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let Some(zone) = zone_of(arguments, 10)? else { return Ok(Some(Value::NULL)) };
    let mut numbers = [1970, 1, 1, 1970, 1, 1, 0, 0, 0, 0];
    for (index, (name, _)) in FROM_PARTS.names.iter().enumerate().take(numbers.len()) {
        if !arguments.is_given(index) {
            continue;
        }
        match number(arguments.get(index)?.as_ref(), name)? {
            Some(number) => numbers[index] = number,
            None => return Ok(Some(Value::NULL)),
        }
    }
    let [year, month, day, iso_year, iso_week, iso_day, hour, minute, second, millisecond] =
        numbers;
    let days = match arguments.is_given(0) {
        true => days_of(year, month, day),
        false => days_of_iso(iso_year, iso_week, iso_day),
    };
    let time = (hour * 60 + minute) * 60_000;
    let local = second
        .checked_mul(1000)
        .and_then(|ms| ms.checked_add(millisecond))
        .and_then(|ms| ms.checked_add(time))
        .and_then(|ms| ms.checked_add(days * DAY_MS));
    let Some(local) = local else {
        return Err(QueryError::new(
            MongoCode::OVERFLOW,
            "$dateFromParts makes a date that is out of range",
        ));
    };
    Ok(Some(Value::date_ms(zone.utc_ms(local))))
}

/// A part in its range; none for null.
fn number(value: Option<&Value<'_>>, name: &str) -> Result<Option<i64>, QueryError> {
    if is_nullish(value) {
        return Ok(None);
    }
    let number = value.and_then(|value| Numeric::of(value.raw()));
    let Some(number) = number.and_then(Numeric::whole) else {
        let (found, shown) = (type_name(value.map(Value::raw)), in_error(value));
        let text =
            format!("'{name}' must evaluate to an integer, found {found} with value {shown}");
        return Err(QueryError::new(MongoCode::DATE_PART_NOT_WHOLE, text));
    };
    let (least, most, code) = match name {
        "year" => (1, 9999, MongoCode::YEAR_OUT_OF_RANGE),
        "isoWeekYear" => (1, 9999, MongoCode::ISO_YEAR_OUT_OF_RANGE),
        "second" | "millisecond" => return Ok(Some(number)),
        _ => (-32768, 32767, MongoCode::DATE_PART_OUT_OF_RANGE),
    };
    if (least..=most).contains(&number) {
        return Ok(Some(number));
    }
    let text = match code {
        MongoCode::DATE_PART_OUT_OF_RANGE => format!(
            "'{name}' must evaluate to a value in the range [{least}, {most}]; \
             value {number} is not in range"
        ),
        _ => format!("'{name}' must be in the range {least} to {most}, found {number}"),
    };
    Err(QueryError::new(code, text))
}
