//! From JavaScript to BSON.
//!
//! A number that came with a BSON type is stored with that type. Other whole numbers are stored as
//! integers, of 32 bits where they fit, as the hosted service's driver did; all others as doubles
//! (docs/behaviour/databases.md#values).
//!
//! Documents are written down as they are read: no tree of them is built in between.

use bson::{
    DateTime, Decimal128, RawArrayBuf, RawBinaryRef, RawBsonRef, RawDocumentBuf,
    RawJavaScriptCodeWithScopeRef, RawRegexRef, Timestamp, oid::ObjectId, raw::CStr,
    spec::BinarySubtype,
};
use hookstead_isolate::{Item, PackedReader, Thrown, Value};

use super::marks;
use crate::border::class;

/// Beyond it, a whole number is no longer known to the unit.
const WHOLE_MAX: f64 = (1_u64 << 53) as f64;

const CHANGED_OBJECT_ID: &str = "the function changed an ObjectId so that it is no longer valid: \
                                 it must have 24 hexadecimal digits";
const CHANGED_DECIMAL: &str = "the function changed a Decimal128 so that it holds no number";

/// The document that JavaScript gave.
///
/// # Errors
/// It holds what BSON cannot.
pub(crate) fn read_document(value: &Value) -> Result<RawDocumentBuf, Thrown> {
    let mut reader = value.as_packed().ok_or_else(|| wrong("an object is expected"))?;
    match next(&mut reader)? {
        Item::Document => document(&mut reader),
        _ => Err(wrong("a document is expected")),
    }
}

fn next<'a>(reader: &mut PackedReader<'a>) -> Result<Item<'a>, Thrown> {
    reader.item().ok_or_else(broken)
}

/// The fields of a document that has begun.
fn document(reader: &mut PackedReader<'_>) -> Result<RawDocumentBuf, Thrown> {
    let mut document = RawDocumentBuf::new();
    while let Some(key) = reader.key() {
        let key = whole(key, "a field's name must not hold a zero byte")?;
        let item = next(reader)?;
        give(item, reader, |value| document.append(key, value))?;
    }
    Ok(document)
}

/// The items of a list that has begun.
fn list(reader: &mut PackedReader<'_>) -> Result<RawArrayBuf, Thrown> {
    let mut list = RawArrayBuf::new();
    loop {
        match next(reader)? {
            Item::End => return Ok(list),
            item => give(item, reader, |value| list.push(value))?,
        }
    }
}

/// Gives a value that has begun to who takes it.
fn give(
    item: Item<'_>,
    reader: &mut PackedReader<'_>,
    take: impl FnOnce(RawBsonRef<'_>),
) -> Result<(), Thrown> {
    match item {
        Item::End => return Err(broken()),
        Item::Undefined => take(RawBsonRef::Undefined),
        Item::Null => take(RawBsonRef::Null),
        Item::Bool(truth) => take(RawBsonRef::Boolean(truth)),
        Item::Integer(integer) => take(RawBsonRef::Int32(integer)),
        Item::Number(number) => take(number_value(number)),
        Item::Marked(mark, number) => {
            take(marks::value(mark, number).unwrap_or_else(|| number_value(number)));
        }
        Item::Text(text) => take(RawBsonRef::String(text)),
        Item::Bytes(bytes) => {
            take(RawBsonRef::Binary(RawBinaryRef { subtype: BinarySubtype::Generic, bytes }));
        }
        // No date at all is nothing: any date in its place would be a wrong one.
        Item::Date(time) if time.is_nan() => take(RawBsonRef::Null),
        Item::Date(time) => take(RawBsonRef::DateTime(DateTime::from_millis(time as i64))),
        Item::List => take(RawBsonRef::Array(&list(reader)?)),
        Item::Document => take(RawBsonRef::Document(&document(reader)?)),
        Item::Instance(class) => instance(class, reader, take)?,
    }
    Ok(())
}

fn number_value(number: f64) -> RawBsonRef<'static> {
    let is_whole = number.fract() == 0.0 && number.abs() <= WHOLE_MAX;
    if is_whole && (number != 0.0 || number.is_sign_positive()) {
        return match i32::try_from(number as i64) {
            Ok(integer) => RawBsonRef::Int32(integer),
            Err(_) => RawBsonRef::Int64(number as i64),
        };
    }
    RawBsonRef::Double(number)
}

fn instance(
    class: u8,
    reader: &mut PackedReader<'_>,
    take: impl FnOnce(RawBsonRef<'_>),
) -> Result<(), Thrown> {
    match class {
        class::OBJECT_ID => {
            let id = ObjectId::parse_str(text(reader)?);
            take(RawBsonRef::ObjectId(id.map_err(|_| wrong(CHANGED_OBJECT_ID))?));
        }
        class::BINARY | class::UUID => {
            let Item::Bytes(bytes) = next(reader)? else { return Err(broken()) };
            let subtype = u8::try_from(integer(reader)?).map_err(|_| broken())?;
            let subtype = BinarySubtype::from(subtype);
            take(RawBsonRef::Binary(RawBinaryRef { subtype, bytes }));
        }
        class::LONG => {
            let (low, high) = (integer(reader)?, integer(reader)?);
            next(reader)?;
            take(RawBsonRef::Int64((high << 32) | (low & 0xffff_ffff)));
        }
        class::INT32 => take(RawBsonRef::Int32(integer(reader)? as i32)),
        class::DOUBLE => take(RawBsonRef::Double(number(reader)?)),
        class::DECIMAL128 => {
            let decimal = text(reader)?.parse::<Decimal128>();
            let decimal = decimal.map_err(|_| wrong(CHANGED_DECIMAL))?;
            take(RawBsonRef::Decimal128(decimal));
        }
        class::REGULAR_EXPRESSION => {
            let message = "a regular expression must not hold a zero byte";
            let (pattern, options) = (text(reader)?, sorted(text(reader)?));
            let (pattern, options) = (whole(pattern, message)?, whole(&options, message)?);
            take(RawBsonRef::RegularExpression(RawRegexRef { pattern, options }));
        }
        class::TIMESTAMP => {
            let (time, increment) = (number(reader)? as u32, number(reader)? as u32);
            take(RawBsonRef::Timestamp(Timestamp { time, increment }));
        }
        class::CODE => {
            let code = text(reader)?;
            match next(reader)? {
                Item::Document => {
                    let scope = document(reader)?;
                    let code = RawJavaScriptCodeWithScopeRef { code, scope: &scope };
                    take(RawBsonRef::JavaScriptCodeWithScope(code));
                }
                item => {
                    // Whatever else stands there is no scope.
                    give(item, reader, ignore)?;
                    take(RawBsonRef::JavaScriptCode(code));
                }
            }
        }
        class::MIN_KEY => take(RawBsonRef::MinKey),
        class::MAX_KEY => take(RawBsonRef::MaxKey),
        _ => return Err(broken()),
    }
    Ok(())
}

fn ignore(_: RawBsonRef<'_>) {}

/// Servers want the options of a regular expression in the order of the alphabet.
fn sorted(options: &str) -> String {
    let mut options: Vec<char> = options.chars().collect();
    options.sort_unstable();
    options.into_iter().collect()
}

fn text<'a>(reader: &mut PackedReader<'a>) -> Result<&'a str, Thrown> {
    match next(reader)? {
        Item::Text(text) => Ok(text),
        _ => Err(wrong("a field of a BSON value was changed and is no longer a text")),
    }
}

fn number(reader: &mut PackedReader<'_>) -> Result<f64, Thrown> {
    match next(reader)? {
        Item::Integer(integer) => Ok(f64::from(integer)),
        Item::Number(number) | Item::Marked(_, number) => Ok(number),
        _ => Err(wrong("a field of a BSON value was changed and is no longer a number")),
    }
}

fn integer(reader: &mut PackedReader<'_>) -> Result<i64, Thrown> {
    Ok(number(reader)? as i64)
}

fn whole<'a>(text: &'a str, message: &str) -> Result<&'a CStr, Thrown> {
    text.try_into().map_err(|_| wrong(message))
}

fn wrong(message: &str) -> Thrown {
    Thrown::new("TypeError", message)
}

fn broken() -> Thrown {
    wrong("the document holds a value of a type that cannot be stored")
}
