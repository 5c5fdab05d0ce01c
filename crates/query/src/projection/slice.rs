//! `$slice`: a part of an array.

use bson::{RawArrayBuf, RawBson, RawBsonRef};

use crate::{MongoCode, QueryError, number::Number, path::items};

/// Some items in a row.
#[derive(Debug)]
pub(super) struct Slice {
    /// Counted from the end if negative.
    skip: i64,
    limit: usize,
}

impl Slice {
    /// Reads a number, or `[skip, limit]`.
    pub(super) fn parse(value: RawBsonRef<'_>) -> Result<Self, QueryError> {
        if let Some(number) = Number::of(value) {
            let count = clamp(number);
            let limit = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
            return Ok(Self { skip: count.min(0), limit });
        }
        let RawBsonRef::Array(array) = value else {
            let message = "$slice only supports numbers and [skip, limit] arrays";
            return Err(QueryError::new(MongoCode::PROJECTED_SLICE_NOT_NUMBER_OR_ARRAY, message));
        };
        let parts = items(array).collect::<Result<Vec<_>, _>>()?;
        let &[skip, limit] = parts.as_slice() else {
            let message = "$slice array argument should be of form [skip, limit]";
            return Err(QueryError::new(MongoCode::PROJECTED_SLICE_NOT_TWO, message));
        };
        let number = |code, name: &str, value| {
            Number::of(value).map(clamp).ok_or_else(|| {
                let kind = crate::bson_types::type_name(value);
                let message =
                    format!("$slice expects the {name} argument to be a number, got {kind}");
                QueryError::new(code, message)
            })
        };
        let skip = number(MongoCode::PROJECTED_SKIP_NOT_NUMBER, "skip", skip)?;
        let limit = number(MongoCode::PROJECTED_LIMIT_NOT_NUMBER, "limit", limit)?;
        if limit <= 0 {
            let message = format!("$slice limit must be positive, got {limit}");
            return Err(QueryError::new(MongoCode::PROJECTED_LIMIT_NOT_POSITIVE, message));
        }
        Ok(Self { skip, limit: usize::try_from(limit).unwrap_or(usize::MAX) })
    }

    /// The part of a value, if that is an array.
    pub(super) fn apply(&self, value: RawBsonRef<'_>) -> Result<RawBson, QueryError> {
        let RawBsonRef::Array(array) = value else { return Ok(value.into()) };
        let distance = usize::try_from(self.skip.unsigned_abs()).unwrap_or(usize::MAX);
        let start = match self.skip {
            0.. => distance,
            _ => items(array).count().saturating_sub(distance),
        };
        let mut left = RawArrayBuf::new();
        for item in items(array).skip(start).take(self.limit) {
            left.push(item?);
        }
        Ok(RawBson::Array(left))
    }
}

/// A number as an int32, as near as can be.
fn clamp(number: Number) -> i64 {
    let (least, most) = (i64::from(i32::MIN), i64::from(i32::MAX));
    match number.truncated() {
        Some(whole) => whole.clamp(least, most),
        None if number.is_nan() => 0,
        None if number.to_double() < 0.0 => least,
        None => most,
    }
}
