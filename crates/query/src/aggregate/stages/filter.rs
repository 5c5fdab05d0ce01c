//! `$match`: the documents that meet a condition, from BSON.

use bson::RawBsonRef;

use crate::{
    Filter, MongoCode, QueryError,
    aggregate::{context::Context, stage::Stage},
};

/// Parses `$match`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(condition) = value else {
        let text = "the match filter must be an expression in an object";
        return Err(QueryError::new(MongoCode::MATCH_NOT_OBJECT, text));
    };
    let filter = Filter::parse(condition, context.parameters)?;
    Ok(vec![Stage::Match(condition.to_owned(), filter)])
}
