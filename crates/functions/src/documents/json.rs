//! From JavaScript to JSON, for results that are nothing but plain values.
//!
//! Half of what it costs to answer with a list of documents is writing it down in an interpreter.
//! What `JSON.stringify` would make of plain objects, arrays, texts, numbers, dates and ids is
//! known without one. Of everything else nothing is said here: `js/src/ejson/write.js` writes it.

use hookstead_isolate::{Item, PackedReader, Value};
use jiff::{Timestamp, tz::Offset};

use crate::border::class;

/// Between these, a number has the same digits in Rust as in JavaScript, and no exponent.
const NUMBER_MIN: f64 = 1e-6;
const NUMBER_MAX: f64 = 1e21;

/// What becomes of a lone surrogate, whose escape `JSON.stringify` writes.
const REPLACED: char = '\u{fffd}';

/// The text of an object or an array; `None` where it is not for this writer.
pub(crate) fn json_text(value: &Value) -> Option<String> {
    let mut reader = value.as_packed()?;
    let mut text = Vec::with_capacity(reader.len());
    let item = reader.item()?;
    write(item, &mut reader, &mut text)?;
    String::from_utf8(text).ok()
}

fn write(item: Item<'_>, reader: &mut PackedReader<'_>, text: &mut Vec<u8>) -> Option<()> {
    match item {
        Item::Null => text.extend_from_slice(b"null"),
        Item::Bool(truth) => text.extend_from_slice(if truth { b"true" } else { b"false" }),
        Item::Integer(integer) => serde_json::to_writer(text, &integer).ok()?,
        Item::Number(number) | Item::Marked(_, number) => write_number(number, text)?,
        Item::Text(string) => write_string(string, text)?,
        Item::Date(time) => write_date(time, text)?,
        Item::List => write_list(reader, text)?,
        Item::Document => write_document(reader, text)?,
        Item::Instance(class::OBJECT_ID) => match reader.item()? {
            Item::Text(id) => write_string(id, text)?,
            _ => return None,
        },
        Item::End | Item::Undefined | Item::Bytes(_) | Item::Instance(_) => return None,
    }
    Some(())
}

fn write_list(reader: &mut PackedReader<'_>, text: &mut Vec<u8>) -> Option<()> {
    text.push(b'[');
    let begin = text.len();
    loop {
        let item = reader.item()?;
        if item == Item::End {
            break;
        }
        if text.len() > begin {
            text.push(b',');
        }
        match item {
            Item::Undefined => text.extend_from_slice(b"null"),
            item => write(item, reader, text)?,
        }
    }
    text.push(b']');
    Some(())
}

fn write_document(reader: &mut PackedReader<'_>, text: &mut Vec<u8>) -> Option<()> {
    text.push(b'{');
    let begin = text.len();
    while let Some(key) = reader.key() {
        let item = reader.item()?;
        if item == Item::Undefined {
            continue;
        }
        if text.len() > begin {
            text.push(b',');
        }
        write_string(key, text)?;
        text.push(b':');
        write(item, reader, text)?;
    }
    text.push(b'}');
    Some(())
}

fn write_number(number: f64, text: &mut Vec<u8>) -> Option<()> {
    use std::io::Write as _;
    let (size, integer) = (number.abs(), number as i32);
    if !number.is_finite() {
        text.extend_from_slice(b"null");
    } else if f64::from(integer) == number {
        serde_json::to_writer(text, &integer).ok()?;
    } else if (NUMBER_MIN..NUMBER_MAX).contains(&size) {
        write!(text, "{number}").ok()?;
    } else {
        return None;
    }
    Some(())
}

fn write_string(string: &str, text: &mut Vec<u8>) -> Option<()> {
    if string.contains(REPLACED) {
        return None;
    }
    serde_json::to_writer(text, string).ok()
}

/// As `toISOString` has it, for years of four digits.
fn write_date(time: f64, text: &mut Vec<u8>) -> Option<()> {
    use std::io::Write as _;
    if time.is_nan() {
        text.extend_from_slice(b"null");
        return Some(());
    }
    let timestamp = Timestamp::from_millisecond(time as i64).ok()?;
    let at = Offset::UTC.to_datetime(timestamp);
    if !(0..=9999).contains(&at.year()) {
        return None;
    }
    let (date, time) = (at.date(), at.time());
    write!(
        text,
        "\"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    )
    .ok()
}
