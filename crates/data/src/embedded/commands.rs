//! Commands, parsed where they are asked for, and done where they belong: by a reader, by the
//! writer, or within a transaction.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
};

use bson::{Bson, DateTime, RawDocument};
use hookstead_query::{Distinct, Filter, Parameters, QueryError};

use super::{
    aggregate::AggregateWork,
    cancel::Cancel,
    changes::{DeleteWork, ModifyWork, UpdateWork},
    documents::{Documents, DocumentsMut, Step},
    failure::{Failure, Outcome},
    find::Query,
    inserts::{BulkWork, InsertWork},
};
use crate::{Answer, Command, Count, DataError, check};

/// The values of a field may be as long as a document.
const DISTINCT_BYTES_MAX: usize = 16 << 20;

/// A command, ready to be done.
pub(super) enum Work {
    Find(Arc<Query>),
    Read(ReadWork),
    Aggregate(AggregateWork),
    /// With how many bytes it waits for its turn.
    Write(WriteWork, usize),
}

/// What reads all that it needs at once.
pub(super) enum ReadWork {
    Count { filter: Filter, is_all: bool, skip: u64, limit: u64 },
    Distinct { field: String, filter: Filter },
}

/// What writes. It may be done more than once before it is answered.
pub(super) enum WriteWork {
    Insert(InsertWork),
    Update(UpdateWork),
    Delete(DeleteWork),
    Modify(ModifyWork),
    Bulk(BulkWork),
}

impl Work {
    pub(super) fn parse(command: Command) -> Result<Self, DataError> {
        let parameters = parameters();
        let bytes = bytes_of(&command);
        let write = match command {
            Command::Find(find) => {
                return Ok(Self::Find(Arc::new(Query::parse(&find, &parameters)?)));
            }
            Command::Count(count) => return Ok(Self::Read(ReadWork::count(&count, &parameters)?)),
            Command::Distinct(distinct) => {
                let filter = Filter::parse(&distinct.filter, &parameters)?;
                return Ok(Self::Read(ReadWork::Distinct { field: distinct.field, filter }));
            }
            Command::Aggregate(aggregate) => {
                return Ok(Self::Aggregate(AggregateWork::parse(&aggregate, parameters)?));
            }
            Command::InsertMany(insert) => {
                check::count(insert.documents.len())?;
                WriteWork::Insert(InsertWork::parse(insert))
            }
            Command::Update(update) => WriteWork::Update(UpdateWork::parse(&update, &parameters)?),
            Command::Delete(delete) => WriteWork::Delete(DeleteWork::parse(&delete, &parameters)?),
            Command::FindAndModify(modify) => {
                WriteWork::Modify(ModifyWork::parse(&modify, &parameters)?)
            }
            Command::BulkWrite(writes) => {
                check::count(writes.operations.len())?;
                WriteWork::Bulk(BulkWork::parse(writes, &parameters))
            }
        };
        Ok(Self::Write(write, bytes))
    }
}

impl ReadWork {
    fn count(count: &Count, parameters: &Parameters) -> Result<Self, QueryError> {
        let is_all = count.filter.is_empty();
        let filter = Filter::parse(&count.filter, parameters)?;
        Ok(Self::Count { filter, is_all, skip: count.skip, limit: count.limit })
    }

    pub(super) fn run(&self, documents: &dyn Documents, cancel: &Cancel) -> Outcome<Answer> {
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

impl WriteWork {
    /// Whether it may make a collection.
    pub(super) fn may_insert(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.may_insert(),
            Self::Update(update) => update.may_insert(),
            Self::Delete(_) => false,
            Self::Modify(modify) => modify.may_insert(),
            Self::Bulk(writes) => writes.may_insert(),
        }
    }

    pub(super) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        match self {
            Self::Insert(insert) => insert.run(documents),
            Self::Update(update) => update.run(documents).map(Answer::Updated),
            Self::Delete(delete) => delete.run(documents).map(Answer::Deleted),
            Self::Modify(modify) => modify.run(documents),
            Self::Bulk(writes) => writes.run(documents),
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
    let mut distinct = Distinct::new(field)?;
    each(filter, documents, cancel, &mut |document| {
        distinct.add(document)?;
        if distinct.bytes_len() > DISTINCT_BYTES_MAX {
            return Err(Failure::refused(17217, "distinct too big, 16mb cap"));
        }
        Ok(Step::Next)
    })?;
    let values = distinct.into_values().into_iter().map(Bson::try_from);
    let values = values.collect::<Result<_, _>>();
    let values = values.map_err(|error| Failure::refused(22, error.to_string()))?;
    Ok(Answer::Values(values))
}

/// How much memory a command holds while it waits.
fn bytes_of(command: &Command) -> usize {
    let len = |document: &RawDocument| document.as_bytes().len();
    match command {
        Command::InsertMany(insert) => insert.documents.iter().map(|one| len(one)).sum(),
        Command::Update(update) => len(&update.filter),
        Command::BulkWrite(writes) => writes.operations.len() * 1024,
        _ => 1024,
    }
}

/// A clock and chance, for one command.
fn parameters() -> Parameters {
    // The standard library keys each state with other random numbers.
    Parameters::new(DateTime::now(), RandomState::new().build_hasher().finish())
}
