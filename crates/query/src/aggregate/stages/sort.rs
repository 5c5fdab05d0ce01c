//! `$sort`, from BSON.

use bson::RawBsonRef;

use crate::{
    MongoCode, QueryError, Sort,
    aggregate::{context::Context, sorter::SortStage, stage::Stage},
};

/// Parses `$sort`.
pub(in crate::aggregate) fn parse(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let RawBsonRef::Document(keys) = value else {
        return Err(QueryError::new(
            MongoCode::SORT_NOT_OBJECT,
            "the $sort key specification must be an object",
        ));
    };
    if keys.is_empty() {
        return Err(QueryError::new(
            MongoCode::SORT_EMPTY,
            "$sort stage must have at least one sort key",
        ));
    }
    let sort = Sort::parse(keys)?;
    Ok(vec![Stage::Sort(SortStage::new(sort, context.parameters.memory_bytes_max))])
}
