//! `$match`: the documents that meet a condition.

use bson::RawBsonRef;

use crate::{
    Filter, MongoCode, QueryError,
    aggregate::{
        documents::Documents,
        stage::{Context, Stage},
    },
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

/// The documents that match.
pub(in crate::aggregate) fn run<'a>(filter: &'a Filter, source: Documents<'a>) -> Documents<'a> {
    Box::new(source.filter_map(move |document| match document {
        Ok(document) => match filter.matches(&document) {
            Ok(true) => Some(Ok(document)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        },
        Err(error) => Some(Err(error)),
    }))
}
