//! The arguments that operators on dates have in common: a date and a time zone.

use bson::{RawBson, RawBsonRef};

use super::zone::Zone;
use crate::{
    MongoCode, QueryError,
    expression::{
        node::Node,
        operator::{Arguments, Prepared},
        value::{Value, type_name},
    },
};

/// The milliseconds since 1970 of what is, or has, a date.
pub(in crate::expression) fn as_date_ms(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::DateTime(date) => Some(date.timestamp_millis()),
        RawBsonRef::Timestamp(time) => Some(i64::from(time.time) * 1000),
        RawBsonRef::ObjectId(id) => Some(id.timestamp().timestamp_millis()),
        _ => None,
    }
}

/// The same, with the error of what is none; null has none.
pub(super) fn date_ms(value: Option<&Value<'_>>) -> Result<Option<i64>, QueryError> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    match as_date_ms(value.raw()) {
        Some(date) => Ok(Some(date)),
        None => {
            let found = type_name(Some(value.raw()));
            let text = format!("can't convert from BSON type {found} to Date");
            Err(QueryError::new(MongoCode::NOT_CONVERTIBLE_TO_DATE, text))
        }
    }
}

/// The zone that an argument names for all documents.
pub(super) fn prepare_zone(nodes: &[Node], index: usize) -> Prepared {
    let constant = nodes.get(index).and_then(Node::as_constant).flatten();
    match constant.and_then(RawBson::as_str).map(Zone::parse) {
        Some(Ok(zone)) => Prepared::Zone(zone),
        _ => Prepared::Nothing,
    }
}

/// The zone that an argument names, UTC where it is left out; none where it is null.
pub(super) fn zone_of(arguments: &Arguments<'_>, index: usize) -> Result<Option<Zone>, QueryError> {
    if !arguments.is_given(index) {
        return Ok(Some(Zone::UTC));
    }
    if let Prepared::Zone(zone) = &arguments.call.prepared {
        return Ok(Some(zone.clone()));
    }
    match arguments.get(index)?.as_ref().map(Value::raw) {
        None | Some(RawBsonRef::Null | RawBsonRef::Undefined) => Ok(None),
        Some(RawBsonRef::String(name)) => Zone::parse(name).map(Some),
        other => {
            let found = type_name(other);
            let text = format!("timezone must evaluate to a string, found {found}");
            Err(QueryError::new(MongoCode::TIME_ZONE_NOT_STRING, text))
        }
    }
}
