//! Commands that read all that they need at once: `count` and `distinct`.

use bson::{Bson, RawDocument};
use hookstead_query::{Distinct as DistinctValues, Filter, Parameters, QueryError};

use crate::{
    Answer, Count, Distinct, MongoCode,
    embedded::{
        collection::{Documents, Step},
        failure::{Failure, Outcome},
        threads::cancel::Cancel,
    },
};

/// The values of a field may be as long as a document.
const DISTINCT_BYTES_MAX: usize = 16 << 20;

/// What reads all that it needs at once.
pub(crate) enum ReadWork {
    Count { filter: Filter, is_all: bool, skip: u64, limit: u64 },
    Distinct { field: String, filter: Filter },
}

impl ReadWork {
    pub(crate) fn count(count: &Count, parameters: &Parameters) -> Result<Self, QueryError> {
        let is_all = count.filter.is_empty();
        let filter = Filter::parse(&count.filter, parameters)?;
        Ok(Self::Count { filter, is_all, skip: count.skip, limit: count.limit })
    }

    pub(crate) fn distinct(
        distinct: &Distinct,
        parameters: &Parameters,
    ) -> Result<Self, QueryError> {
        let filter = Filter::parse(&distinct.filter, parameters)?;
        Ok(Self::Distinct { field: distinct.field.clone(), filter })
    }

    pub(crate) fn run(&self, documents: &dyn Documents, cancel: &Cancel) -> Outcome<Answer> {
        match self {
            Self::Count { is_all: true, skip, limit, .. } => {
                let count = documents.count()?.saturating_sub(*skip);
                Ok(Answer::Count(if *limit > 0 { count.min(*limit) } else { count }))
            }
            Self::Count { filter, skip, limit, .. } => {
                let end = if *limit > 0 { skip.saturating_add(*limit) } else { u64::MAX };
                let mut count = 0;
                each(filter, documents, cancel, &mut |_| {
                    count += 1;
                    Ok(if count >= end { Step::Stop } else { Step::Next })
                })?;
                Ok(Answer::Count(count.saturating_sub(*skip)))
            }
            Self::Distinct { field, filter } => distinct(field, filter, documents, cancel),
        }
    }
}

/// Shows every document that matches.
fn each(
    filter: &Filter,
    documents: &dyn Documents,
    cancel: &Cancel,
    see: &mut dyn FnMut(&RawDocument) -> Outcome<Step>,
) -> Outcome<()> {
    let access = documents.plan(filter, None).access;
    documents.visit(&access, None, &mut |_, document| {
        cancel.check()?;
        if filter.matches(document)? { see(document) } else { Ok(Step::Next) }
    })?;
    Ok(())
}

fn distinct(
    field: &str,
    filter: &Filter,
    documents: &dyn Documents,
    cancel: &Cancel,
) -> Outcome<Answer> {
    let mut distinct = DistinctValues::new(field)?;
    each(filter, documents, cancel, &mut |document| {
        distinct.add(document)?;
        if distinct.bytes_len() > DISTINCT_BYTES_MAX {
            return Err(Failure::refused(
                MongoCode::DISTINCT_TOO_LARGE,
                "distinct too big, 16mb cap",
            ));
        }
        Ok(Step::Next)
    })?;
    let (values, mut held) = distinct.into_values();
    held.add(values.len() * size_of::<Bson>())?;
    let values = values.into_iter().map(Bson::try_from).collect::<Result<_, _>>();
    let values =
        values.map_err(|error| Failure::refused(MongoCode::INVALID_BSON, error.to_string()))?;
    held.keep();
    Ok(Answer::Values(values))
}
