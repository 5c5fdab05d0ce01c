//! `$limit` and `$skip`, from BSON.

use bson::RawBsonRef;

use crate::{
    MongoCode, QueryError,
    aggregate::{context::Context, stage::Stage},
    describe::describe,
    number::Number,
};

/// Parses `$limit`.
pub(in crate::aggregate) fn parse_limit(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let limit = whole("$limit", MongoCode::LIMIT_NOT_WHOLE, value)?;
    if limit == 0 {
        return Err(QueryError::new(MongoCode::LIMIT_NOT_POSITIVE, "the limit must be positive"));
    }
    Ok(vec![Stage::Limit(limit)])
}

/// Parses `$skip`.
pub(in crate::aggregate) fn parse_skip(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    Ok(vec![Stage::Skip(whole("$skip", MongoCode::SKIP_NOT_WHOLE, value)?)])
}

fn whole(stage: &str, code: MongoCode, value: RawBsonRef<'_>) -> Result<u64, QueryError> {
    let invalid = |expected: &str| {
        let shown = describe(value);
        let text =
            format!("invalid argument to {stage} stage: Expected {expected}: {stage}: {shown}");
        QueryError::new(code, text)
    };
    let number = Number::of(value).ok_or_else(|| invalid("a number in"))?;
    let number = number.whole().ok_or_else(|| invalid("an integer"))?;
    u64::try_from(number).map_err(|_| invalid("a non-negative number in"))
}
