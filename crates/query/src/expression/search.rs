//! `$indexOfBytes`, `$indexOfCP` and the `$trim` family: where something stands in a text.

use super::{
    arrays::{bound, type_of},
    operator::{Arguments, Names, Operator, Words},
    strings::as_str,
    text::in_error,
    value::{Evaluated, Value, is_nullish},
};
use crate::{MongoCode, QueryError, interrupt::step_bytes};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::between("$indexOfBytes", 2, 4, |arguments| {
        index_of(
            arguments,
            [
                MongoCode::INDEX_OF_BYTES_FIRST_NOT_STRING,
                MongoCode::INDEX_OF_BYTES_SECOND_NOT_STRING,
            ],
            find_bytes,
        )
    }),
    Operator::between("$indexOfCP", 2, 4, |arguments| {
        index_of(
            arguments,
            [MongoCode::INDEX_OF_CP_FIRST_NOT_STRING, MongoCode::INDEX_OF_CP_SECOND_NOT_STRING],
            |text, wanted, start, end| Ok(find_letters(text, wanted, start, end)),
        )
    }),
    Operator::named("$trim", &TRIM, |arguments| trim(arguments, true, true)),
    Operator::named("$ltrim", &TRIM, |arguments| trim(arguments, true, false)),
    Operator::named("$rtrim", &TRIM, |arguments| trim(arguments, false, true)),
];

const TRIM: Names = Names {
    not_object: MongoCode::TRIM_NOT_OBJECT,
    unknown: MongoCode::TRIM_ARGUMENT_UNKNOWN,
    words: Words::Field,
    names: &[("input", Some(MongoCode::TRIM_INPUT_MISSING)), ("chars", None)],
};

/// What is white where nobody says what to trim.
const WHITE: [char; 20] = [
    '\0', ' ', '\t', '\n', '\u{b}', '\u{c}', '\r', '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}',
    '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}',
    '\u{200a}',
];

/// Where a text is found between two places.
type Find = fn(&str, &str, usize, usize) -> Result<Option<usize>, QueryError>;

fn index_of<'a>(
    arguments: &Arguments<'a>,
    [not_first, not_second]: [MongoCode; 2],
    find: Find,
) -> Evaluated<'a> {
    let (text, wanted) = (arguments.get(0)?, arguments.get(1)?);
    if is_nullish(text.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let wrong = |code, which, value| {
        let (operator, found) = (arguments.name(), type_of(value));
        let text = format!("{operator} requires a string as the {which} argument, found: {found}");
        QueryError::new(code, text)
    };
    let text = as_str(text.as_ref()).ok_or_else(|| wrong(not_first, "first", text.as_ref()))?;
    let wanted =
        as_str(wanted.as_ref()).ok_or_else(|| wrong(not_second, "second", wanted.as_ref()))?;
    let start = bound(arguments, 2, "starting")?.unwrap_or(0);
    let end = bound(arguments, 3, "ending")?.unwrap_or(usize::MAX);
    let index = match start <= end {
        true => find(text, wanted, start, end)?,
        false => None,
    };
    Ok(Some(
        index.map_or(Value::int(-1), |index| {
            Value::integer(i64::try_from(index).unwrap_or(i64::MAX))
        }),
    ))
}

fn find_bytes(
    text: &str,
    wanted: &str,
    start: usize,
    end: usize,
) -> Result<Option<usize>, QueryError> {
    let end = end.min(text.len());
    if start > end {
        return Ok(None);
    }
    if wanted.is_empty() {
        return Ok(Some(start));
    }
    // What is wanted is whole letters, and so is every place where it is found. Searching in a
    // text takes time in proportion to its length; comparing at each byte would take the product.
    let first = text.ceil_char_boundary(start);
    let last = text.floor_char_boundary(end);
    let Some(part) = text.get(first..last) else { return Ok(None) };
    step_bytes(part.len())?;
    Ok(part.find(wanted).map(|index| first + index))
}

fn find_letters(text: &str, wanted: &str, start: usize, end: usize) -> Option<usize> {
    let byte_of = |letter: usize| {
        let mut places = text.char_indices().map(|(byte, _)| byte);
        places.nth(letter).or_else(|| (letter == text.chars().count()).then_some(text.len()))
    };
    let first = byte_of(start)?;
    let last = byte_of(end).unwrap_or(text.len());
    let index = text.get(first..last)?.find(wanted)?;
    let before = text.get(first..first + index)?;
    Some(start + before.chars().count())
}

fn trim<'a>(arguments: &Arguments<'a>, at_start: bool, at_end: bool) -> Evaluated<'a> {
    let operator = arguments.name();
    let value = arguments.get(0)?;
    if is_nullish(value.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let wrong = |code, what, value| {
        let (shown, found) = (in_error(value), type_of(value));
        let text =
            format!("{operator} requires {what} to be a string, got {shown} (of type {found})");
        QueryError::new(code, text)
    };
    let text = as_str(value.as_ref())
        .ok_or_else(|| wrong(MongoCode::TRIM_INPUT_NOT_STRING, "its input", value.as_ref()))?;
    let mut letters: Vec<char> = match arguments.is_given(1) {
        false => WHITE.to_vec(),
        true => {
            let letters = arguments.get(1)?;
            if is_nullish(letters.as_ref()) {
                return Ok(Some(Value::NULL));
            }
            let letters = as_str(letters.as_ref()).ok_or_else(|| {
                wrong(MongoCode::TRIM_CHARS_NOT_STRING, "'chars'", letters.as_ref())
            })?;
            letters.chars().collect()
        }
    };
    letters.sort_unstable();
    let is_trimmed = |letter: char| letters.binary_search(&letter).is_ok();
    let text = if at_start { text.trim_start_matches(is_trimmed) } else { text };
    let text = if at_end { text.trim_end_matches(is_trimmed) } else { text };
    Ok(Some(Value::text(text)))
}
