//! From JavaScript to BSON.
//!
//! Whole numbers are stored as integers, of 32 bits where they fit, as the hosted service's driver
//! did (reference: mongodb.md §5.2); all others as doubles.

use bson::{
    Binary, Bson, DateTime, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp,
    oid::ObjectId, raw::CString, spec::BinarySubtype,
};
use hookstead_isolate::{Item, PackedReader, Thrown, Value};

use super::classes;

/// Beyond it, a whole number is no longer known to the unit.
const WHOLE_MAX: f64 = (1_u64 << 53) as f64;

/// The document that JavaScript gave.
///
/// # Errors
/// It holds what BSON cannot.
pub(crate) fn read_document(value: &Value) -> Result<Document, Thrown> {
    match read_value(value)? {
        Bson::Document(document) => Ok(document),
        _ => Err(wrong("a document is expected")),
    }
}

/// The object or array that JavaScript gave.
///
/// # Errors
/// It holds what BSON cannot.
fn read_value(value: &Value) -> Result<Bson, Thrown> {
    let mut reader = value.as_packed().ok_or_else(|| wrong("an object is expected"))?;
    item(&mut reader)?.ok_or_else(broken)
}

/// The next value; `None` at the end of a list.
fn item(reader: &mut PackedReader<'_>) -> Result<Option<Bson>, Thrown> {
    Ok(Some(match reader.item().ok_or_else(broken)? {
        Item::End => return Ok(None),
        Item::Undefined => Bson::Undefined,
        Item::Null => Bson::Null,
        Item::Bool(truth) => Bson::Boolean(truth),
        Item::Integer(integer) => Bson::Int32(integer),
        Item::Number(number) => number_value(number),
        Item::Text(text) => Bson::String(text.to_owned()),
        Item::Bytes(bytes) => {
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() })
        }
        // No date at all is nothing: any date in its place would be a wrong one.
        Item::Date(time) if time.is_nan() => Bson::Null,
        Item::Date(time) => Bson::DateTime(DateTime::from_millis(time as i64)),
        Item::List => {
            let mut items = Vec::new();
            while let Some(item) = item(reader)? {
                items.push(item);
            }
            Bson::Array(items)
        }
        Item::Document => Bson::Document(document(reader)?),
        Item::Instance(class) => instance(class, reader)?,
    }))
}

fn document(reader: &mut PackedReader<'_>) -> Result<Document, Thrown> {
    let mut document = Document::new();
    while let Some(key) = reader.key() {
        if key.contains('\0') {
            return Err(wrong("a field's name must not hold a zero byte"));
        }
        let value = item(reader)?.ok_or_else(broken)?;
        document.insert(key, value);
    }
    Ok(document)
}

fn number_value(number: f64) -> Bson {
    let is_whole = number.fract() == 0.0 && number.abs() <= WHOLE_MAX;
    if is_whole && (number != 0.0 || number.is_sign_positive()) {
        return match i32::try_from(number as i64) {
            Ok(integer) => Bson::Int32(integer),
            Err(_) => Bson::Int64(number as i64),
        };
    }
    Bson::Double(number)
}

fn instance(class: u8, reader: &mut PackedReader<'_>) -> Result<Bson, Thrown> {
    let mut field = || item(reader)?.ok_or_else(broken);
    Ok(match class {
        classes::OBJECT_ID => {
            let id = ObjectId::parse_str(text(field()?)?);
            Bson::ObjectId(id.map_err(|_| wrong("an ObjectId is not one any more"))?)
        }
        classes::BINARY | classes::UUID => {
            let Bson::Binary(Binary { bytes, .. }) = field()? else { return Err(broken()) };
            let subtype = u8::try_from(integer(&field()?)?).map_err(|_| broken())?;
            Bson::Binary(Binary { subtype: BinarySubtype::from(subtype), bytes })
        }
        classes::LONG => {
            let (low, high) = (integer(&field()?)?, integer(&field()?)?);
            field()?;
            Bson::Int64((high << 32) | (low & 0xffff_ffff))
        }
        classes::INT32 => Bson::Int32(integer(&field()?)? as i32),
        classes::DOUBLE => Bson::Double(number(&field()?)?),
        classes::DECIMAL128 => {
            let decimal = text(field()?)?.parse::<Decimal128>();
            Bson::Decimal128(decimal.map_err(|_| wrong("a Decimal128 is not one any more"))?)
        }
        classes::REGULAR_EXPRESSION => {
            let (pattern, options) = (text(field()?)?, text(field()?)?);
            let whole = |text: String| {
                let message = "a regular expression must not hold a zero byte";
                CString::try_from(text).map_err(|_| wrong(message))
            };
            let (pattern, options) = (whole(pattern)?, whole(options)?);
            Bson::RegularExpression(Regex { pattern, options })
        }
        classes::TIMESTAMP => {
            let (time, increment) = (number(&field()?)? as u32, number(&field()?)? as u32);
            Bson::Timestamp(Timestamp { time, increment })
        }
        classes::CODE => {
            let code = text(field()?)?;
            match field()? {
                Bson::Document(scope) => {
                    Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope { code, scope })
                }
                _ => Bson::JavaScriptCode(code),
            }
        }
        classes::MIN_KEY => Bson::MinKey,
        classes::MAX_KEY => Bson::MaxKey,
        _ => return Err(broken()),
    })
}

fn text(value: Bson) -> Result<String, Thrown> {
    match value {
        Bson::String(text) => Ok(text),
        _ => Err(wrong("a BSON value has lost its text")),
    }
}

fn number(value: &Bson) -> Result<f64, Thrown> {
    match value {
        Bson::Int32(integer) => Ok(f64::from(*integer)),
        Bson::Int64(integer) => Ok(*integer as f64),
        Bson::Double(number) => Ok(*number),
        _ => Err(wrong("a BSON value has lost its number")),
    }
}

fn integer(value: &Bson) -> Result<i64, Thrown> {
    Ok(number(value)? as i64)
}

fn wrong(message: &str) -> Thrown {
    Thrown::new("TypeError", message)
}

fn broken() -> Thrown {
    wrong("a value cannot be stored")
}
