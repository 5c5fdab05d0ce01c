//! Objects that stand for values of other types, such as `{"$oid": …}`.
//!
//! An object is a wrapper only where its names are exactly those of one, so that operators of
//! queries stay what they are. A wrapper with other content is an error and never a guess.

use std::{borrow::Cow, str::FromStr as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bson::{Decimal128, oid::ObjectId, spec::ElementType};
use jiff::{Timestamp, civil::Date, tz::Offset};
use serde::Deserialize;

use super::read::read_value;

/// What an object turned out to be.
pub(super) enum Wrapper {
    /// A value of this type, which has been appended.
    Value(ElementType),
    /// An object like others.
    No,
}

type Read = Result<Wrapper, String>;

/// Whether an object whose first name is this one may be a wrapper.
pub(super) fn may_begin(name: &str) -> bool {
    ONE.contains(&name) || PAIRS.iter().flatten().any(|of_pair| *of_pair == name)
}

/// Whether an object that begins with these names may be a wrapper.
pub(super) fn may_be_pair(one: &str, other: &str) -> bool {
    PAIRS.iter().any(|pair| *pair == [one, other] || *pair == [other, one])
}

const ONE: [&str; 15] = [
    "$oid",
    "$numberInt",
    "$numberLong",
    "$numberDouble",
    "$numberDecimal",
    "$date",
    "$binary",
    "$uuid",
    "$regularExpression",
    "$timestamp",
    "$minKey",
    "$maxKey",
    "$undefined",
    "$symbol",
    "$code",
];

const PAIRS: [[&str; 2]; 3] = [["$binary", "$type"], ["$regex", "$options"], ["$code", "$scope"]];

/// Reads an object with one name.
pub(super) fn of_one(name: &str, content: &str, bytes: &mut Vec<u8>) -> Read {
    let kind = match name {
        "$oid" => parsed(content, bytes, |text: Text<'_>, bytes| {
            bytes.extend_from_slice(&ObjectId::parse_str(&*text.0).ok()?.bytes());
            Some(ElementType::ObjectId)
        }),
        "$numberInt" => parsed(content, bytes, |Integer(integer), bytes| {
            bytes.extend_from_slice(&i32::try_from(integer).ok()?.to_le_bytes());
            Some(ElementType::Int32)
        }),
        "$numberLong" => parsed(content, bytes, |Integer(integer), bytes| {
            bytes.extend_from_slice(&integer.to_le_bytes());
            Some(ElementType::Int64)
        }),
        "$numberDouble" => {
            parsed(content, bytes, |Double(number), bytes| Some(append_double(number, bytes)))
        }
        "$numberDecimal" => parsed(content, bytes, |text: Text<'_>, bytes| {
            bytes.extend_from_slice(&Decimal128::from_str(&text.0).ok()?.bytes());
            Some(ElementType::Decimal128)
        }),
        "$date" => parsed(content, bytes, |Milliseconds(time), bytes| {
            bytes.extend_from_slice(&time.to_le_bytes());
            Some(ElementType::DateTime)
        }),
        // A query may ask for a field of this name.
        "$binary" if !content.starts_with('{') => return Ok(Wrapper::No),
        "$binary" => parsed(content, bytes, |Binary { base64, subtype }, bytes| {
            append_binary(&base64, u8::from_str_radix(&subtype, 16).ok()?, bytes)
        }),
        "$uuid" => parsed(content, bytes, |text: Text<'_>, bytes| {
            let uuid = bson::Uuid::parse_str(&*text.0).ok()?;
            append_bytes(&uuid.bytes(), 4, bytes)
        }),
        "$regularExpression" => parsed(content, bytes, |Regex { pattern, options }, bytes| {
            append_regex(&pattern, &options, bytes)
        }),
        "$timestamp" => parsed(content, bytes, |Stamp { t, i }, bytes| {
            bytes.extend_from_slice(&i.to_le_bytes());
            bytes.extend_from_slice(&t.to_le_bytes());
            Some(ElementType::Timestamp)
        }),
        "$minKey" => (content == "1").then_some(ElementType::MinKey),
        "$maxKey" => (content == "1").then_some(ElementType::MaxKey),
        "$undefined" => (content == "true").then_some(ElementType::Undefined),
        "$symbol" => parsed(content, bytes, |text: Text<'_>, bytes| {
            append_text(&text.0, bytes);
            Some(ElementType::String)
        }),
        "$code" => parsed(content, bytes, |text: Text<'_>, bytes| {
            append_text(&text.0, bytes);
            Some(ElementType::JavaScriptCode)
        }),
        _ => return Ok(Wrapper::No),
    };
    kind.map(Wrapper::Value).ok_or_else(|| wrong(name))
}

/// Reads an object with two names, in either order.
pub(super) fn of_two(pair: [(&str, &str); 2], bytes: &mut Vec<u8>, depth: usize) -> Read {
    let content = |wanted: &str| {
        pair.iter().find(|(name, _)| *name == wanted).map_or("", |(_, content)| *content)
    };
    let text = |name: &str| serde_json::from_str::<Text<'_>>(content(name)).ok().map(|text| text.0);
    let has = |name: &str| pair.iter().any(|(own, _)| *own == name);
    if has("$regex") {
        // The operator takes a value as well as a text; only texts make a value.
        let (Some(pattern), Some(options)) = (text("$regex"), text("$options")) else {
            return Ok(Wrapper::No);
        };
        let kind = append_regex(&pattern, &options, bytes);
        return kind.map(Wrapper::Value).ok_or_else(|| wrong("$regex"));
    }
    if has("$binary") {
        let kind = text("$binary").zip(text("$type")).and_then(|(base64, subtype)| {
            append_binary(&base64, u8::from_str_radix(&subtype, 16).ok()?, bytes)
        });
        return kind.map(Wrapper::Value).ok_or_else(|| wrong("$binary"));
    }
    let code = text("$code").ok_or_else(|| wrong("$code"))?;
    let start = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    append_text(&code, bytes);
    let scope = read_value(content("$scope"), bytes, depth + 1).map_err(|_| wrong("$scope"))?;
    if scope != ElementType::EmbeddedDocument {
        return Err(wrong("$scope"));
    }
    let length = i32::try_from(bytes.len() - start).map_err(|_| wrong("$code"))?;
    bytes[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(Wrapper::Value(ElementType::JavaScriptCodeWithScope))
}

fn wrong(name: &str) -> String {
    format!("{name} is not right")
}

/// Appends what a content of this shape stands for.
fn parsed<'c, T: Deserialize<'c>>(
    content: &'c str,
    bytes: &mut Vec<u8>,
    append: impl FnOnce(T, &mut Vec<u8>) -> Option<ElementType>,
) -> Option<ElementType> {
    append(serde_json::from_str(content).ok()?, bytes)
}

pub(super) fn append_integer(integer: i64, bytes: &mut Vec<u8>) -> ElementType {
    match i32::try_from(integer) {
        Ok(small) => {
            bytes.extend_from_slice(&small.to_le_bytes());
            ElementType::Int32
        }
        Err(_) => {
            bytes.extend_from_slice(&integer.to_le_bytes());
            ElementType::Int64
        }
    }
}

pub(super) fn append_double(number: f64, bytes: &mut Vec<u8>) -> ElementType {
    bytes.extend_from_slice(&number.to_le_bytes());
    ElementType::Double
}

pub(super) fn append_text(text: &str, bytes: &mut Vec<u8>) {
    // A text of more than two gigabytes does not arrive.
    let length = i32::try_from(text.len() + 1).unwrap_or(i32::MAX);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes.push(0);
}

fn append_binary(base64: &str, subtype: u8, bytes: &mut Vec<u8>) -> Option<ElementType> {
    append_bytes(&STANDARD.decode(base64).ok()?, subtype, bytes)
}

fn append_bytes(content: &[u8], subtype: u8, bytes: &mut Vec<u8>) -> Option<ElementType> {
    /// What this one holds begins with its length once more.
    const OLD: u8 = 2;
    let length = i32::try_from(content.len()).ok()?;
    let outer = if subtype == OLD { length.checked_add(4)? } else { length };
    bytes.extend_from_slice(&outer.to_le_bytes());
    bytes.push(subtype);
    if subtype == OLD {
        bytes.extend_from_slice(&length.to_le_bytes());
    }
    bytes.extend_from_slice(content);
    Some(ElementType::Binary)
}

fn append_regex(pattern: &str, options: &str, bytes: &mut Vec<u8>) -> Option<ElementType> {
    if pattern.contains('\0') || options.contains('\0') {
        return None;
    }
    // Options are in the order of the alphabet.
    let mut options: Vec<char> = options.chars().collect();
    options.sort_unstable();
    let options: String = options.into_iter().collect();
    for text in [pattern, &options] {
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    Some(ElementType::RegularExpression)
}

/// A text; without a copy where it holds no escapes.
#[derive(Deserialize)]
struct Text<'c>(#[serde(borrow)] Cow<'c, str>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Binary<'c> {
    #[serde(borrow)]
    base64: Cow<'c, str>,
    #[serde(borrow, rename = "subType")]
    subtype: Cow<'c, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Regex<'c> {
    #[serde(borrow)]
    pattern: Cow<'c, str>,
    #[serde(borrow)]
    options: Cow<'c, str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamp {
    t: u32,
    i: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberText<'c> {
    Integer(i64),
    Double(f64),
    #[serde(borrow)]
    Text(Cow<'c, str>),
}

/// A whole number, as a number or as its digits.
#[derive(Deserialize)]
#[serde(try_from = "NumberText<'_>")]
struct Integer(i64);

impl TryFrom<NumberText<'_>> for Integer {
    type Error = &'static str;

    fn try_from(number: NumberText<'_>) -> Result<Self, Self::Error> {
        match number {
            NumberText::Integer(integer) => Ok(Self(integer)),
            NumberText::Text(digits) => digits.parse().map(Self).map_err(|_| "no whole number"),
            NumberText::Double(_) => Err("no whole number"),
        }
    }
}

/// A number, as one or as a text.
#[derive(Deserialize)]
#[serde(try_from = "NumberText<'_>")]
struct Double(f64);

impl TryFrom<NumberText<'_>> for Double {
    type Error = &'static str;

    fn try_from(number: NumberText<'_>) -> Result<Self, Self::Error> {
        match number {
            NumberText::Integer(integer) => Ok(Self(integer as f64)),
            NumberText::Double(number) => Ok(Self(number)),
            NumberText::Text(text) => match &*text {
                "Infinity" => Ok(Self(f64::INFINITY)),
                "-Infinity" => Ok(Self(f64::NEG_INFINITY)),
                "NaN" => Ok(Self(f64::NAN)),
                digits
                    if digits.contains(|one: char| {
                        one.is_ascii_alphabetic() && one != 'e' && one != 'E'
                    }) =>
                {
                    Err("no number")
                }
                digits => digits.parse().map(Self).map_err(|_| "no number"),
            },
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    #[serde(rename = "$numberLong")]
    integer: Integer,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DateText<'c> {
    Long(Long),
    Milliseconds(i64),
    #[serde(borrow)]
    Text(Cow<'c, str>),
}

/// A date: milliseconds since 1970, as a wrapper or as a number, or a text by ISO 8601.
#[derive(Deserialize)]
#[serde(try_from = "DateText<'_>")]
struct Milliseconds(i64);

impl TryFrom<DateText<'_>> for Milliseconds {
    type Error = &'static str;

    fn try_from(date: DateText<'_>) -> Result<Self, Self::Error> {
        match date {
            DateText::Long(Long { integer: Integer(time) }) | DateText::Milliseconds(time) => {
                Ok(Self(time))
            }
            DateText::Text(text) => {
                let moment = text.parse::<Timestamp>().ok().or_else(|| {
                    let day = text.parse::<Date>().ok().filter(|_| !text.contains('T'))?;
                    Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok()
                });
                moment.map(|moment| Self(moment.as_millisecond())).ok_or("no date")
            }
        }
    }
}
