//! `$convert` and its short forms.

mod binary;
mod numbers;
mod texts;

use bson::{
    RawBson, RawBsonRef,
    oid::ObjectId,
    spec::{BinarySubtype, ElementType},
};

use super::{
    dates::as_date_ms,
    node::Node,
    numeric::Numeric,
    operator::{Arguments, Operator},
    parser::Parser,
    value::{Evaluated, Value, field, fields, is_nullish, type_name},
};
use crate::{MongoCode, QueryError, bson_types::TYPES};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::own("$convert", parse, convert),
    Operator::exactly("$toBool", 1, |arguments| short(arguments, Target::Bool)),
    Operator::exactly("$toDate", 1, |arguments| short(arguments, Target::Date)),
    Operator::exactly("$toDecimal", 1, |arguments| short(arguments, Target::Decimal)),
    Operator::exactly("$toDouble", 1, |arguments| short(arguments, Target::Double)),
    Operator::exactly("$toInt", 1, |arguments| short(arguments, Target::Int)),
    Operator::exactly("$toLong", 1, |arguments| short(arguments, Target::Long)),
    Operator::exactly("$toObjectId", 1, |arguments| short(arguments, Target::ObjectId)),
    Operator::exactly("$toString", 1, |arguments| short(arguments, Target::String)),
    Operator::exactly("$toUUID", 1, to_uuid),
];

/// What something is converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Bool,
    Date,
    Decimal,
    Double,
    Int,
    Long,
    ObjectId,
    String,
    Binary(BinarySubtype),
    /// A type that nothing else is converted to, by its name.
    Other(&'static str),
}

impl Target {
    /// The target that a type is.
    fn of((name, _, kind): &(&'static str, i64, ElementType)) -> Self {
        match kind {
            ElementType::Boolean => Self::Bool,
            ElementType::DateTime => Self::Date,
            ElementType::Decimal128 => Self::Decimal,
            ElementType::Double => Self::Double,
            ElementType::Int32 => Self::Int,
            ElementType::Int64 => Self::Long,
            ElementType::ObjectId => Self::ObjectId,
            ElementType::String => Self::String,
            ElementType::Binary => Self::Binary(BinarySubtype::Generic),
            _ => Self::Other(name),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Date => "date",
            Self::Decimal => "decimal",
            Self::Double => "double",
            Self::Int => "int",
            Self::Long => "long",
            Self::ObjectId => "objectId",
            Self::String => "string",
            Self::Binary(_) => "binData",
            Self::Other(name) => name,
        }
    }

    /// From a name or a number, or a document with one of them; none from null.
    fn parse(value: Option<RawBsonRef<'_>>) -> Result<Option<Self>, QueryError> {
        let failed = |text: String| Err(QueryError::new(MongoCode::FAILED_TO_PARSE, text));
        match value {
            None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Ok(None),
            Some(RawBsonRef::String(name)) => {
                match TYPES.iter().find(|(known, ..)| *known == name) {
                    Some(found) => Ok(Some(Self::of(found))),
                    None => Err(QueryError::bad_value(format!("Unknown type name: {name}"))),
                }
            }
            Some(RawBsonRef::Document(document)) => {
                let target = Self::parse(field(document, "type")?)?;
                let subtype = field(document, "subtype")?;
                match (target, subtype) {
                    (Some(Self::Binary(_)), Some(subtype)) => {
                        binary::subtype(subtype).map(|subtype| Some(Self::Binary(subtype)))
                    }
                    (target, _) => Ok(target),
                }
            }
            Some(value) => match Numeric::of(value).map(Numeric::whole) {
                Some(Some(number)) => match TYPES.iter().find(|(_, known, _)| *known == number) {
                    Some(found) => Ok(Some(Self::of(found))),
                    None => failed(format!(
                        "In $convert, numeric value for 'to' does not correspond to a BSON type: \
                         {number}"
                    )),
                },
                Some(None) => {
                    failed("In $convert, numeric 'to' argument is not an integer".to_owned())
                }
                None => failed(format!(
                    "$convert's 'to' argument must be a string or number, but is {}",
                    type_name(Some(value))
                )),
            },
        }
    }
}

/// The input, the target, the format, what is given for null and what for an error.
fn parse(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    const NAMES: [&str; 5] = ["input", "to", "format", "onNull", "onError"];
    let failed = |text: String| QueryError::new(MongoCode::FAILED_TO_PARSE, text);
    let RawBsonRef::Document(document) = value else {
        let found = type_name(Some(value));
        let text = format!("$convert expects an object of named arguments but found: {found}");
        return Err(failed(text));
    };
    let mut arguments = [const { Node::Absent }; NAMES.len()];
    for field in fields(document) {
        let (name, value) = field?;
        match NAMES.iter().position(|known| *known == name.as_str()) {
            Some(index) => arguments[index] = parser.parse(value)?,
            None => return Err(failed(format!("$convert found an unknown argument: {name}"))),
        }
    }
    for (name, argument) in NAMES.iter().zip(&arguments).take(2) {
        if matches!(argument, Node::Absent) {
            return Err(failed(format!("Missing '{name}' parameter to $convert")));
        }
    }
    Ok(parser.call(operator, arguments.into()))
}

fn convert<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let (input, to) = (arguments.get(0)?, arguments.get(1)?);
    let target = Target::parse(to.as_ref().map(Value::raw))?;
    let format = arguments.get(2)?;
    let Some(input) = input.filter(|input| !input.is_null()) else {
        return if arguments.is_given(3) { arguments.get(3) } else { Ok(Some(Value::NULL)) };
    };
    let Some(target) = target else { return Ok(Some(Value::NULL)) };
    let format = match format.as_ref().map(Value::raw) {
        Some(RawBsonRef::String(format)) => Some(format),
        _ if !arguments.is_given(2) => None,
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => return Ok(Some(Value::NULL)),
        other => {
            let found = type_name(other);
            let text = format!("$convert requires that 'format' be a string, found: {found}");
            return Err(QueryError::new(MongoCode::CONVERT_FORMAT_NOT_STRING, text));
        }
    };
    match converted(input.raw(), target, format) {
        Ok(value) => Ok(Some(value)),
        Err(_) if arguments.is_given(4) => arguments.get(4),
        Err(error) => Err(error),
    }
}

fn short<'a>(arguments: &Arguments<'a>, target: Target) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    input.map(|input| converted(input.raw(), target, Some("auto"))).transpose()
}

fn to_uuid<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let input = arguments.get(0)?;
    if is_nullish(input.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let target = Target::Binary(BinarySubtype::Uuid);
    input.map(|input| converted(input.raw(), target, Some("uuid"))).transpose()
}

fn converted(
    input: RawBsonRef<'_>,
    target: Target,
    format: Option<&str>,
) -> Result<Value<'static>, QueryError> {
    let unsupported = || {
        let (from, to) = (type_name(Some(input)), target.name());
        Err(QueryError::conversion(format!(
            "Unsupported conversion from {from} to {to} in $convert with no onError value"
        )))
    };
    match target {
        Target::Bool => Ok(Value::boolean(super::value::is_true(input))),
        Target::Int => match input {
            RawBsonRef::DateTime(_) => unsupported(),
            _ => numbers::to_integer(input, true).unwrap_or_else(unsupported),
        },
        Target::Long => numbers::to_integer(input, false).unwrap_or_else(unsupported),
        Target::Double => numbers::to_double(input).unwrap_or_else(unsupported),
        Target::Decimal => numbers::to_decimal(input).unwrap_or_else(unsupported),
        Target::Date => match (as_date_ms(input), input) {
            (Some(date), _) => Ok(Value::date_ms(date)),
            (None, RawBsonRef::String(text)) => super::dates::parse(text, None).map(Value::date_ms),
            (None, RawBsonRef::Int32(_) | RawBsonRef::Boolean(_)) => unsupported(),
            _ => match numbers::to_integer(input, false) {
                Some(number) => Ok(Value::date_ms(number?.raw().as_i64().unwrap_or(0))),
                None => unsupported(),
            },
        },
        Target::ObjectId => match input {
            RawBsonRef::ObjectId(_) => Ok(Value::owned(super::value::to_owned(input))),
            RawBsonRef::String(text) => object_id(text),
            _ => unsupported(),
        },
        Target::String => match input {
            RawBsonRef::Binary(bytes) => binary::to_text(bytes, format).map(Value::text),
            _ => texts::to_text(input)?.map(Value::text).map_or_else(unsupported, Ok),
        },
        Target::Binary(subtype) => match input {
            RawBsonRef::Binary(bytes) if bytes.subtype == subtype => {
                Ok(Value::owned(super::value::to_owned(input)))
            }
            RawBsonRef::Binary(_) => Err(QueryError::conversion(
                "Conversions between different binData subtypes are not supported in $convert \
                 with no onError value"
                    .to_owned(),
            )),
            RawBsonRef::String(text) => binary::from_text(text, subtype, format),
            _ => unsupported(),
        },
        Target::Other(name) if name == type_name(Some(input)) => {
            Ok(Value::owned(super::value::to_owned(input)))
        }
        Target::Other(_) => unsupported(),
    }
}

fn object_id(text: &str) -> Result<Value<'static>, QueryError> {
    let reason = match text.chars().find(|letter| !letter.is_ascii_hexdigit()) {
        _ if text.len() != 24 => format!(
            "Invalid string length for parsing to OID, expected 24 but found {}",
            text.len()
        ),
        Some(letter) => format!("Invalid character found in hex string: {letter}"),
        None => match ObjectId::parse_str(text) {
            Ok(id) => return Ok(Value::owned(RawBson::ObjectId(id))),
            Err(error) => error.to_string(),
        },
    };
    Err(QueryError::conversion(format!(
        "Failed to parse objectId '{text}' in $convert with no onError value: {reason}"
    )))
}
