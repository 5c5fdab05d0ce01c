//! Texts: joined, cut, measured, changed.

use bson::RawBsonRef;

use super::{
    arrays::type_of,
    build::{ArrayBuilder, check_text},
    numeric::Numeric,
    operator::{Arguments, Names, Operator, Words},
    text::{as_text, in_error},
    value::{Evaluated, Value, is_nullish},
};
use crate::{MongoCode, QueryError, interrupt::charge_bytes};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::any("$concat", concat),
    Operator::exactly("$toLower", 1, |arguments| change_case(arguments, str::to_ascii_lowercase)),
    Operator::exactly("$toUpper", 1, |arguments| change_case(arguments, str::to_ascii_uppercase)),
    Operator::exactly("$strcasecmp", 2, compare_without_case),
    Operator::exactly("$strLenBytes", 1, |arguments| {
        length(arguments, MongoCode::STR_LEN_BYTES_NOT_STRING, str::len)
    }),
    Operator::exactly("$strLenCP", 1, |arguments| {
        length(arguments, MongoCode::STR_LEN_CP_NOT_STRING, |text| text.chars().count())
    }),
    Operator::exactly("$substr", 3, substring_of_bytes),
    Operator::exactly("$substrBytes", 3, substring_of_bytes),
    Operator::exactly("$substrCP", 3, substring_of_letters),
    Operator::exactly("$split", 2, split),
    Operator::named("$replaceOne", &REPLACE, |arguments| replace(arguments, Some(1))),
    Operator::named("$replaceAll", &REPLACE, |arguments| replace(arguments, None)),
];

/// The text that a value is.
pub(super) fn as_str<'v>(value: Option<&'v Value<'_>>) -> Option<&'v str> {
    let text = value.and_then(|value| value.raw().as_str());
    text.inspect(|text| charge_bytes(text.len()))
}

fn concat<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let mut all = String::new();
    for value in arguments.iter() {
        let value = value?;
        if is_nullish(value.as_ref()) {
            return Ok(Some(Value::NULL));
        }
        let Some(text) = as_str(value.as_ref()) else {
            let found = type_of(value.as_ref());
            let text = format!("$concat only supports strings, not {found}");
            return Err(QueryError::new(MongoCode::CONCAT_NOT_STRING, text));
        };
        check_text("$concat", all.len() + text.len())?;
        all.push_str(text);
    }
    Ok(Some(Value::text(all)))
}

/// Only the letters of ASCII have another case here, as on a server.
fn change_case<'a>(arguments: &Arguments<'a>, change: fn(&str) -> String) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    Ok(Some(Value::text(change(&as_text(value.as_ref())?))))
}

fn compare_without_case<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (left, right) = (arguments.get(0)?, arguments.get(1)?);
    let left = as_text(left.as_ref())?.to_ascii_uppercase();
    let right = as_text(right.as_ref())?.to_ascii_uppercase();
    Ok(Some(Value::int(left.cmp(&right) as i32)))
}

fn length<'a>(
    arguments: &Arguments<'a>,
    code: MongoCode,
    length: fn(&str) -> usize,
) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    let Some(text) = as_str(value.as_ref()) else {
        let (operator, found) = (arguments.name(), type_of(value.as_ref()));
        let text = format!("{operator} requires a string argument, found: {found}");
        return Err(QueryError::new(code, text));
    };
    Ok(Some(Value::integer(i64::try_from(length(text)).unwrap_or(i64::MAX))))
}

/// An index or a length, cut to a whole number.
fn whole(value: Option<&Value<'_>>, what: &str, code: MongoCode) -> Result<i64, QueryError> {
    match value.and_then(|value| Numeric::of(value.raw())) {
        Some(number) => Ok(number.truncated()),
        None => {
            let found = type_of(value);
            let text = format!("{what} must be a numeric type (is BSON type {found})");
            Err(QueryError::new(code, text))
        }
    }
}

fn substring_of_bytes<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (value, start, number) = (arguments.get(0)?, arguments.get(1)?, arguments.get(2)?);
    let text = as_text(value.as_ref())?;
    let start = whole(
        start.as_ref(),
        "$substrBytes:  starting index",
        MongoCode::SUBSTR_BYTES_START_NOT_NUMBER,
    )?;
    let number =
        whole(number.as_ref(), "$substrBytes:  length", MongoCode::SUBSTR_BYTES_LENGTH_NOT_NUMBER)?;
    let Ok(start) = usize::try_from(start) else {
        let text = format!("$substrBytes:  starting index must be non-negative (got: {start})");
        return Err(QueryError::new(MongoCode::SUBSTR_BYTES_START_NEGATIVE, text));
    };
    // A negative length means all that is left.
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    let end = start.saturating_add(number).min(text.len());
    if start >= text.len() {
        return Ok(Some(Value::text("")));
    }
    if !text.is_char_boundary(start) {
        let text = "$substrBytes:  Invalid range, starting index is a UTF-8 continuation byte.";
        return Err(QueryError::new(MongoCode::SUBSTR_BYTES_START_WITHIN_CHARACTER, text));
    }
    if !text.is_char_boundary(end) {
        let text =
            "$substrBytes:  Invalid range, ending index is in the middle of a UTF-8 character.";
        return Err(QueryError::new(MongoCode::SUBSTR_BYTES_END_WITHIN_CHARACTER, text));
    }
    Ok(Some(Value::text(text.get(start..end).unwrap_or_default())))
}

fn substring_of_letters<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (value, start, number) = (arguments.get(0)?, arguments.get(1)?, arguments.get(2)?);
    let text = as_text(value.as_ref())?;
    let start = place(
        start.as_ref(),
        "starting index",
        [MongoCode::SUBSTR_CP_START_NOT_NUMBER, MongoCode::SUBSTR_CP_START_NOT_INT],
    )?;
    let number = place(
        number.as_ref(),
        "length",
        [MongoCode::SUBSTR_CP_LENGTH_NOT_NUMBER, MongoCode::SUBSTR_CP_LENGTH_NOT_INT],
    )?;
    let Ok(start) = usize::try_from(start) else {
        let text = "$substrCP: the starting index must be nonnegative integer.";
        return Err(QueryError::new(MongoCode::SUBSTR_CP_START_NEGATIVE, text));
    };
    let Ok(number) = usize::try_from(number) else {
        let text = "$substrCP: length must be a nonnegative integer.";
        return Err(QueryError::new(MongoCode::SUBSTR_CP_LENGTH_NEGATIVE, text));
    };
    let part: String = text.chars().skip(start).take(number).collect();
    Ok(Some(Value::text(part)))
}

fn place(
    value: Option<&Value<'_>>,
    what: &str,
    [not_number, not_int]: [MongoCode; 2],
) -> Result<i32, QueryError> {
    let Some(number) = value.and_then(|value| Numeric::of(value.raw())) else {
        let found = type_of(value);
        let text = format!("$substrCP: {what} must be a numeric type (is BSON type {found})");
        return Err(QueryError::new(not_number, text));
    };
    number.whole_int().ok_or_else(|| {
        let text =
            format!("$substrCP: {what} cannot be represented as a 32-bit integral value: {number}");
        QueryError::new(not_int, text)
    })
}

fn split<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (value, separator) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(value.as_ref()) || is_nullish(separator.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let wrong = |code, which, value| {
        let found = type_of(value);
        let text = format!(
            "$split requires an expression that evaluates to a string as a {which} argument, \
             found: {found}"
        );
        QueryError::new(code, text)
    };
    let text = as_str(value.as_ref())
        .ok_or_else(|| wrong(MongoCode::SPLIT_FIRST_NOT_STRING, "first", value.as_ref()))?;
    let separator = as_str(separator.as_ref())
        .ok_or_else(|| wrong(MongoCode::SPLIT_SECOND_NOT_STRING, "second", separator.as_ref()))?;
    if separator.is_empty() {
        return Err(QueryError::new(
            MongoCode::SPLIT_SEPARATOR_EMPTY,
            "$split requires a non-empty separator",
        ));
    }
    let mut parts = ArrayBuilder::default();
    for part in text.split(separator) {
        parts.push(RawBsonRef::String(part))?;
    }
    parts.done()
}

const REPLACE: Names = Names {
    not_object: MongoCode::REPLACE_NOT_OBJECT,
    unknown: MongoCode::REPLACE_ARGUMENT_UNKNOWN,
    words: Words::Plain,
    names: &[
        ("input", Some(MongoCode::REPLACE_INPUT_MISSING)),
        ("find", Some(MongoCode::REPLACE_FIND_MISSING)),
        ("replacement", Some(MongoCode::REPLACE_REPLACEMENT_MISSING)),
    ],
};

fn replace<'a>(arguments: &Arguments<'a>, most: Option<usize>) -> Evaluated<'a> {
    let values = [arguments.get(0)?, arguments.get(1)?, arguments.get(2)?];
    let operator = arguments.name();
    for (value, ((name, _), code)) in values.iter().zip(REPLACE.names.iter().zip([
        MongoCode::REPLACE_INPUT_NOT_STRING,
        MongoCode::REPLACE_FIND_NOT_STRING,
        MongoCode::REPLACE_REPLACEMENT_NOT_STRING,
    ])) {
        if as_str(value.as_ref()).is_none() && !is_nullish(value.as_ref()) {
            let shown = in_error(value.as_ref());
            let text = format!("{operator} requires that '{name}' be a string, found: {shown}");
            return Err(QueryError::new(code, text));
        }
    }
    let [Some(text), Some(wanted), Some(other)] =
        values.each_ref().map(|value| as_str(value.as_ref()))
    else {
        return Ok(Some(Value::NULL));
    };
    let most = most.unwrap_or(usize::MAX);
    let number = text.matches(wanted).take(most).count();
    let grown = other.len().saturating_sub(wanted.len()).saturating_mul(number);
    check_text(operator, text.len().saturating_add(grown))?;
    Ok(Some(Value::text(text.replacen(wanted, other, most))))
}
