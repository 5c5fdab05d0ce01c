//! `$bitsAllSet` and the like.

use bson::{RawBinaryRef, RawBsonRef};

use crate::{
    MongoCode, QueryError,
    describe::{describe, describe_field},
    number::Number,
    path::items,
};

/// The highest bit of an int64, which goes on for ever.
const SIGN_BIT: usize = 63;

/// The most bits that may be asked for.
const POSITIONS_MAX: usize = 1 << 16;

/// Bits of a number or a binary.
#[derive(Debug)]
pub(super) struct Bits {
    positions: Vec<usize>,
    /// Whether all of them have to be as wanted, or any.
    all: bool,
    /// Whether they are wanted to be set.
    set: bool,
}

impl Bits {
    pub(super) fn parse(
        path: &str,
        name: &str,
        value: RawBsonRef<'_>,
        all: bool,
        set: bool,
    ) -> Result<Self, QueryError> {
        let positions = match value {
            RawBsonRef::Array(array) => items(array)
                .enumerate()
                .map(|(index, item)| position(index, item?))
                .collect::<Result<_, _>>()?,
            RawBsonRef::Binary(binary) => set_bits(binary),
            value if Number::of(value).is_some() => mask(name, value)?,
            value => {
                let message = format!(
                    "{path}: an array of positions, a number or binary data is expected, and {} \
                     was given",
                    describe_field(name, value)
                );
                return Err(QueryError::bad_value(message));
            }
        };
        if positions.len() > POSITIONS_MAX {
            return Err(QueryError::bad_value(format!("{name} asks for too many bits")));
        }
        Ok(Self { positions, all, set })
    }

    pub(super) fn matches(&self, value: RawBsonRef<'_>) -> bool {
        match value {
            RawBsonRef::Binary(binary) => self.hold(|position| is_set(binary, position)),
            value => match Number::of(value).and_then(Number::whole) {
                Some(number) => self.hold(|position| number >> position.min(SIGN_BIT) & 1 == 1),
                None => false,
            },
        }
    }

    fn hold(&self, is_set: impl Fn(usize) -> bool) -> bool {
        let mut answers = self.positions.iter().map(|position| is_set(*position) == self.set);
        if self.all { answers.all(|one| one) } else { answers.any(|one| one) }
    }
}

fn is_set(binary: RawBinaryRef<'_>, position: usize) -> bool {
    binary.bytes.get(position / 8).is_some_and(|byte| byte >> (position % 8) & 1 == 1)
}

fn set_bits(binary: RawBinaryRef<'_>) -> Vec<usize> {
    let all = 0..binary.bytes.len().saturating_mul(8);
    // One more than may be asked for is enough to refuse it.
    all.filter(|at| is_set(binary, *at)).take(POSITIONS_MAX + 1).collect()
}

/// A number that is not below zero, as the positions of its bits.
fn mask(name: &str, value: RawBsonRef<'_>) -> Result<Vec<usize>, QueryError> {
    let shown = describe_field(name, value);
    let number = Number::of(value).and_then(Number::whole).ok_or_else(|| {
        QueryError::new(MongoCode::FAILED_TO_PARSE, format!("Expected an integer: {shown}"))
    })?;
    if number < 0 {
        let message = format!("Expected a non-negative number in: {shown}");
        return Err(QueryError::new(MongoCode::FAILED_TO_PARSE, message));
    }
    Ok((0..SIGN_BIT).filter(|position| number >> position & 1 == 1).collect())
}

fn position(index: usize, value: RawBsonRef<'_>) -> Result<usize, QueryError> {
    let shown = format!("{index}: {}", describe(value));
    let Some(number) = Number::of(value) else {
        let message = format!("Failed to parse bit position. Expected a number in: {shown}");
        return Err(QueryError::bad_value(message));
    };
    let whole = number.whole().and_then(|whole| i32::try_from(whole).ok()).ok_or_else(|| {
        let message = format!("Failed to parse bit position. Expected an integer: {shown}");
        QueryError::bad_value(message)
    })?;
    usize::try_from(whole).map_err(|_| {
        let message =
            format!("Failed to parse bit position. Expected a non-negative number in: {shown}");
        QueryError::bad_value(message)
    })
}
