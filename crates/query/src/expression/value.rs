//! What an expression evaluates to: a piece of a document that is there already, or a new value.

use std::cmp::Ordering;

use bson::{Bson, Decimal128, RawArray, RawArrayBuf, RawBson, RawBsonRef, RawDocument, raw::CStr};

pub(crate) use crate::scan::field;
use crate::{
    MongoCode, QueryError, bson_types,
    interrupt::{charge_bytes, step},
    memory::Held,
    order,
};

/// What came of an evaluation; none is "missing", which is not null.
pub type Evaluated<'a> = Result<Option<Value<'a>>, QueryError>;

/// A value. Numbers and the like never allocate, whichever variant they are in.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// A part of a document, of a variable or of the expression itself; or a scalar.
    Borrowed(RawBsonRef<'a>),
    /// A new text, array, document or binary, and its memory.
    Owned(RawBson, Held),
}

impl<'a> Value<'a> {
    /// `null`.
    pub const NULL: Self = Self::Borrowed(RawBsonRef::Null);

    /// A value of its own.
    pub(crate) fn owned(value: RawBson) -> Self {
        let held = Held::of(super::build::bytes_of(&value));
        Self::Owned(value, held)
    }

    /// The value as BSON.
    pub fn raw(&self) -> RawBsonRef<'_> {
        match self {
            Self::Borrowed(value) => *value,
            Self::Owned(value, _) => value.as_raw_bson_ref(),
        }
    }

    /// The value as BSON of its own.
    pub fn into_raw(self) -> RawBson {
        match self {
            Self::Borrowed(value) => to_owned(value),
            Self::Owned(value, _) => value,
        }
    }

    /// The value, decoded.
    ///
    /// # Errors
    /// The bytes of the value are not BSON.
    pub fn to_bson(&self) -> Result<Bson, QueryError> {
        Bson::try_from(to_owned(self.raw())).map_err(|error| broken(&error))
    }

    /// The same value, borrowed from nothing.
    pub fn detach(self) -> Value<'static> {
        match self {
            Self::Owned(value, held) => Value::Owned(value, held),
            Self::Borrowed(value) => match scalar(value) {
                Some(scalar) => Value::Borrowed(scalar),
                None => Value::owned(to_owned(value)),
            },
        }
    }

    /// What `part` picks out of this value.
    pub(crate) fn project(
        self,
        part: impl for<'b> Fn(RawBsonRef<'b>) -> Evaluated<'b>,
    ) -> Evaluated<'a> {
        match self {
            Self::Borrowed(value) => part(value),
            Self::Owned(value, _) => Ok(part(value.as_raw_bson_ref())?.map(Value::detach)),
        }
    }

    /// Whether it counts as true where a condition is asked for.
    pub fn is_true(&self) -> bool {
        is_true(self.raw())
    }

    /// Whether it is null or the old type "undefined", which expressions hold for null.
    pub fn is_null(&self) -> bool {
        matches!(self.raw(), RawBsonRef::Null | RawBsonRef::Undefined)
    }

    pub(crate) fn int(number: i32) -> Self {
        Self::Borrowed(RawBsonRef::Int32(number))
    }

    pub(crate) fn long(number: i64) -> Self {
        Self::Borrowed(RawBsonRef::Int64(number))
    }

    /// An int where it fits, else a long.
    pub(crate) fn integer(number: i64) -> Self {
        i32::try_from(number).map_or(Self::long(number), Self::int)
    }

    pub(crate) fn double(number: f64) -> Self {
        Self::Borrowed(RawBsonRef::Double(number))
    }

    pub(crate) fn decimal(number: Decimal128) -> Self {
        Self::Borrowed(RawBsonRef::Decimal128(number))
    }

    pub(crate) fn boolean(is: bool) -> Self {
        Self::Borrowed(RawBsonRef::Boolean(is))
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        charge_bytes(text.len());
        Self::owned(RawBson::String(text))
    }

    pub(crate) fn date_ms(milliseconds: i64) -> Self {
        Self::Borrowed(RawBsonRef::DateTime(bson::DateTime::from_millis(milliseconds)))
    }

    pub(crate) fn array(array: RawArrayBuf) -> Self {
        charge_bytes(array.as_bytes().len());
        Self::owned(RawBson::Array(array))
    }
}

impl<'a> From<RawBsonRef<'a>> for Value<'a> {
    fn from(value: RawBsonRef<'a>) -> Self {
        Self::Borrowed(value)
    }
}

/// Whether a result is missing, null or "undefined".
pub(crate) fn is_nullish(value: Option<&Value<'_>>) -> bool {
    value.is_none_or(Value::is_null)
}

/// Whether a value counts as true where a condition is asked for.
pub(crate) fn is_true(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Null | RawBsonRef::Undefined => false,
        RawBsonRef::Boolean(is) => is,
        RawBsonRef::Int32(number) => number != 0,
        RawBsonRef::Int64(number) => number != 0,
        RawBsonRef::Double(number) => number != 0.0,
        RawBsonRef::Decimal128(number) => !crate::decimal_math::is_zero(number),
        _ => true,
    }
}

/// The name of a value's type, as `$type` gives it.
pub(crate) fn type_name(value: Option<RawBsonRef<'_>>) -> &'static str {
    value.map_or("missing", bson_types::type_name)
}

/// The order of two results; "missing" comes first.
pub(crate) fn compare(left: Option<&Value<'_>>, right: Option<&Value<'_>>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => order::compare(left.raw(), right.raw()),
        (None, None) => Ordering::Equal,
        (None, Some(value)) if matches!(value.raw(), RawBsonRef::Undefined) => Ordering::Equal,
        (Some(value), None) if matches!(value.raw(), RawBsonRef::Undefined) => Ordering::Equal,
        (None, Some(_)) => Ordering::Less,
        (Some(_), None) => Ordering::Greater,
    }
}

/// The elements of an array.
pub(crate) fn items(array: &RawArray) -> impl Iterator<Item = Result<RawBsonRef<'_>, QueryError>> {
    array.into_iter().map(|item| {
        step()?;
        item.map_err(|error| broken(&error))
    })
}

/// The elements of an array at once, whose list is counted.
pub(crate) fn collect<'a>(
    array: &'a RawArray,
    held: &mut Held,
) -> Result<Vec<RawBsonRef<'a>>, QueryError> {
    let mut elements = Vec::new();
    for item in items(array) {
        if elements.len() == elements.capacity() {
            held.add_elements::<RawBsonRef<'_>>(elements.len().max(4))?;
            elements.reserve_exact(elements.len().max(4));
        }
        elements.push(item?);
    }
    Ok(elements)
}

/// The fields of a document.
pub(crate) fn fields(
    document: &RawDocument,
) -> impl Iterator<Item = Result<(&CStr, RawBsonRef<'_>), QueryError>> {
    document.iter().map(|field| {
        step()?;
        field.map_err(|error| broken(&error))
    })
}

/// A copy of a value.
pub(crate) fn to_owned(value: RawBsonRef<'_>) -> RawBson {
    charge_copy(value);
    RawBson::from(value)
}

/// Counts what a copy of a value costs.
fn charge_copy(value: RawBsonRef<'_>) {
    charge_bytes(match value {
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) => text.len(),
        RawBsonRef::Document(document) => document.as_bytes().len(),
        RawBsonRef::Array(array) => array.as_bytes().len(),
        RawBsonRef::Binary(binary) => binary.bytes.len(),
        _ => 0,
    });
}

/// The error about bytes that are no BSON.
pub(crate) fn broken(error: &dyn std::fmt::Display) -> QueryError {
    QueryError::new(MongoCode::INVALID_BSON, format!("invalid BSON: {error}"))
}

/// The same value, where it lies in the reference itself.
fn scalar(value: RawBsonRef<'_>) -> Option<RawBsonRef<'static>> {
    Some(match value {
        RawBsonRef::Double(number) => RawBsonRef::Double(number),
        RawBsonRef::Boolean(is) => RawBsonRef::Boolean(is),
        RawBsonRef::Null => RawBsonRef::Null,
        RawBsonRef::Int32(number) => RawBsonRef::Int32(number),
        RawBsonRef::Int64(number) => RawBsonRef::Int64(number),
        RawBsonRef::Timestamp(time) => RawBsonRef::Timestamp(time),
        RawBsonRef::ObjectId(id) => RawBsonRef::ObjectId(id),
        RawBsonRef::DateTime(date) => RawBsonRef::DateTime(date),
        RawBsonRef::Decimal128(number) => RawBsonRef::Decimal128(number),
        RawBsonRef::Undefined => RawBsonRef::Undefined,
        RawBsonRef::MaxKey => RawBsonRef::MaxKey,
        RawBsonRef::MinKey => RawBsonRef::MinKey,
        RawBsonRef::String(_)
        | RawBsonRef::Array(_)
        | RawBsonRef::Document(_)
        | RawBsonRef::RegularExpression(_)
        | RawBsonRef::JavaScriptCode(_)
        | RawBsonRef::JavaScriptCodeWithScope(_)
        | RawBsonRef::Binary(_)
        | RawBsonRef::Symbol(_)
        | RawBsonRef::DbPointer(_) => return None,
    })
}
