//! `$dateFromString`

use bson::RawBsonRef;

use super::{
    arguments::{prepare_zone, zone_of},
    format::check,
    parse::parse,
    parse_format,
    zone::Zone,
};
use crate::{
    MongoCode, QueryError,
    expression::{
        operator::{Arguments, Names, Operator, Words},
        text::in_error,
        value::{Evaluated, Value, is_nullish, type_name},
    },
};

pub(in crate::expression) const OPERATORS: &[Operator] =
    &[Operator::named("$dateFromString", &FROM_STRING, from_string)
        .prepared_by(|nodes| prepare_zone(nodes, 2))];

const FROM_STRING: Names = Names {
    not_object: MongoCode::DATE_FROM_STRING_NOT_OBJECT,
    unknown: MongoCode::DATE_FROM_STRING_ARGUMENT_UNKNOWN,
    words: Words::Argument,
    names: &[
        ("dateString", Some(MongoCode::DATE_FROM_STRING_TEXT_MISSING)),
        ("format", None),
        ("timezone", None),
        ("onError", None),
        ("onNull", None),
    ],
};

fn from_string<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let text = arguments.get(0)?;
    let format = if arguments.is_given(1) { arguments.get(1)? } else { None };
    if arguments.is_given(1) && !is_nullish(format.as_ref()) {
        match format.as_ref().map(Value::raw) {
            Some(RawBsonRef::String(format)) => check(format, false)?,
            other => {
                let (found, shown) = (type_name(other), in_error(format.as_ref()));
                let text = format!(
                    "$dateFromString requires that 'format' be a string, \
                     found: {found} with value {shown}"
                );
                return Err(QueryError::new(MongoCode::DATE_FROM_STRING_FORMAT_NOT_STRING, text));
            }
        }
    }
    if is_nullish(text.as_ref()) {
        return if arguments.is_given(4) { arguments.get(4) } else { Ok(Some(Value::NULL)) };
    }
    let Some(zone) = zone_of(arguments, 2)? else { return Ok(Some(Value::NULL)) };
    if arguments.is_given(1) && is_nullish(format.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let zone = arguments.is_given(2).then_some(zone);
    let format = format.as_ref().and_then(|format| format.raw().as_str());
    match convert(text.as_ref(), format, zone.as_ref()) {
        Ok(date) => Ok(Some(Value::date_ms(date))),
        Err(_) if arguments.is_given(3) => arguments.get(3),
        Err(error) => Err(error),
    }
}

fn convert(
    text: Option<&Value<'_>>,
    format: Option<&str>,
    zone: Option<&Zone>,
) -> Result<i64, QueryError> {
    match (text.map(Value::raw), format) {
        (Some(RawBsonRef::String(text)), None) => parse(text, zone),
        (Some(RawBsonRef::String(text)), Some(format)) => parse_format::parse(text, format, zone),
        (other, _) => {
            let (found, shown) = (type_name(other), in_error(text));
            Err(QueryError::conversion(format!(
                "$dateFromString requires that 'dateString' be a string, \
                 found: {found} with value {shown}"
            )))
        }
    }
}
