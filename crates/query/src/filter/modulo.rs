//! `$mod`: the rest of a division.

use bson::RawBsonRef;

use crate::{QueryError, number::Number, path::items};

/// A divisor and the rest that a number is to leave.
#[derive(Debug)]
pub(super) struct Modulo {
    divisor: i64,
    remainder: i64,
}

impl Modulo {
    pub(super) fn parse(value: RawBsonRef<'_>) -> Result<Self, QueryError> {
        let Some(array) = value.as_array() else {
            return Err(QueryError::bad_value(
                "$mod must be an array of a divisor and a remainder",
            ));
        };
        let parts = items(array).collect::<Result<Vec<_>, _>>()?;
        let (divisor, remainder) = match parts.as_slice() {
            [divisor, remainder] => (*divisor, *remainder),
            [] | [_] => {
                return Err(QueryError::bad_value("$mod must have a divisor and a remainder"));
            }
            _ => return Err(QueryError::bad_value("$mod must have two items, and has more")),
        };
        let divisor = part("divisor", divisor)?;
        if divisor == 0 {
            return Err(QueryError::bad_value("$mod: the divisor must not be 0"));
        }
        Ok(Self { divisor, remainder: part("remainder", remainder)? })
    }

    pub(super) fn matches(&self, value: RawBsonRef<'_>) -> bool {
        let number = Number::of(value).and_then(Number::truncated);
        // The one division that overflows leaves no rest.
        number.is_some_and(|number| number.wrapping_rem(self.divisor) == self.remainder)
    }
}

/// A part as a whole number; what stands behind the point does not count.
fn part(name: &str, value: RawBsonRef<'_>) -> Result<i64, QueryError> {
    let Some(number) = Number::of(value) else {
        return Err(QueryError::bad_value(format!("$mod: the {name} is not a number")));
    };
    number.truncated().ok_or_else(|| {
        QueryError::bad_value(format!("$mod: the {name} must not be NaN or infinite"))
    })
}
