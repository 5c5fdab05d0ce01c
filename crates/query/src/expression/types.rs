//! What a value is: its type, its size, the parts of a timestamp. And numbers by chance.

use std::sync::atomic::{AtomicU64, Ordering};

use bson::RawBsonRef;

use super::{
    arrays::type_of,
    node::Node,
    numeric::Numeric,
    operator::{Arguments, Operator, Prepared},
    parser::Parser,
    value::{Evaluated, Value, is_nullish},
};
use crate::{MongoCode, QueryError};

pub(super) const OPERATORS: &[Operator] = &[
    Operator::exactly("$type", 1, |arguments| {
        Ok(Some(Value::text(type_of(arguments.get(0)?.as_ref()))))
    }),
    Operator::exactly("$isNumber", 1, |arguments| {
        let value = arguments.get(0)?;
        let number = value.as_ref().and_then(|value| Numeric::of(value.raw()));
        Ok(Some(Value::boolean(number.is_some())))
    }),
    Operator::exactly("$binarySize", 1, binary_size),
    Operator::exactly("$bsonSize", 1, document_size),
    Operator::exactly("$tsSecond", 1, |arguments| {
        timestamp(arguments, MongoCode::TS_SECOND_NOT_TIMESTAMP)
    }),
    Operator::exactly("$tsIncrement", 1, |arguments| {
        timestamp(arguments, MongoCode::TS_INCREMENT_NOT_TIMESTAMP)
    }),
    Operator::own("$rand", parse_random, random).impure(),
];

fn size<'a>(bytes: usize) -> Evaluated<'a> {
    Ok(Some(Value::integer(i64::try_from(bytes).unwrap_or(i64::MAX))))
}

fn binary_size<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    match value.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Ok(Some(Value::NULL)),
        Some(RawBsonRef::String(text)) => size(text.len()),
        Some(RawBsonRef::Binary(binary)) => size(binary.bytes.len()),
        Some(_) => {
            let found = type_of(value.as_ref());
            let text = format!("$binarySize requires a string or BinData argument, found: {found}");
            Err(QueryError::new(MongoCode::BINARY_SIZE_NOT_STRING_OR_BINARY, text))
        }
    }
}

fn document_size<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    match value.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Ok(Some(Value::NULL)),
        Some(RawBsonRef::Document(document)) => size(document.as_bytes().len()),
        Some(_) => {
            let found = type_of(value.as_ref());
            let text = format!("$bsonSize requires a document input, found: {found}");
            Err(QueryError::new(MongoCode::BSON_SIZE_NOT_OBJECT, text))
        }
    }
}

fn timestamp<'a>(arguments: &Arguments<'a>, code: MongoCode) -> Evaluated<'a> {
    let value = arguments.get(0)?;
    if is_nullish(value.as_ref()) {
        return Ok(Some(Value::NULL));
    }
    let Some(RawBsonRef::Timestamp(time)) = value.as_ref().map(Value::raw) else {
        let (operator, found) = (arguments.name(), type_of(value.as_ref()));
        let text = format!(" Argument to {operator} must be a timestamp, but is {found}");
        return Err(QueryError::new(code, text));
    };
    let is_seconds = arguments.name() == "$tsSecond";
    Ok(Some(Value::long(if is_seconds { time.time } else { time.increment }.into())))
}

fn parse_random(
    operator: &'static Operator,
    value: RawBsonRef<'_>,
    parser: &mut Parser<'_>,
) -> Result<Node, QueryError> {
    let is_empty = match value {
        RawBsonRef::Document(document) => document.is_empty(),
        RawBsonRef::Array(array) => array.is_empty(),
        _ => {
            let text = "invalid parameter: expected an object ($rand)";
            return Err(QueryError::new(MongoCode::PARAMETER_NOT_OBJECT, text));
        }
    };
    if !is_empty {
        return Err(QueryError::new(
            MongoCode::RAND_WITH_ARGUMENTS,
            "$rand does not currently accept arguments",
        ));
    }
    // Each one of a query has a sequence of its own.
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let seed = mix(parser.parameters.random ^ mix(number));
    let prepared = Prepared::Random(AtomicU64::new(seed));
    Ok(parser.prepared_call(operator, Vec::new(), prepared))
}

fn random<'a>(arguments: &Arguments<'a>) -> Evaluated<'a> {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let Prepared::Random(state) = &arguments.call.prepared else { return Ok(None) };
    let bits = mix(state.fetch_add(STEP, Ordering::Relaxed)) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    Ok(Some(Value::double(bits as f64 / (1_u64 << 53) as f64)))
}

/// Spreads bits as SplitMix64 does.
fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
