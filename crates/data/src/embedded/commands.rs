//! Commands, parsed where they are asked for, and done where they belong: by a reader, by the
//! writer, or within a transaction.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
};

use bson::{Bson, DateTime, RawDocument, RawDocumentBuf};
use hookstead_query::{Distinct, Filter, Parameters, QueryError, with_steps};

use super::{
    aggregate::AggregateWork,
    cancel::{Cancel, gone},
    changes::{DeleteWork, ModifyWork, UpdateWork},
    documents::{Documents, DocumentsMut, Step},
    failure::{Failure, Outcome},
    find::Query,
    inserts::{BulkWork, InsertWork},
    readers::SHORT_STEPS_MAX,
};
use crate::{Answer, Command, Count, DataError, Modification, UpdateSpec, WriteOperation, check};

/// The values of a field may be as long as a document.
const DISTINCT_BYTES_MAX: usize = 16 << 20;

/// A command, ready to be done.
pub(super) enum Work {
    Find(Arc<Query>),
    Read(ReadWork),
    Aggregate(AggregateWork),
    /// With how many bytes it waits for its turn.
    Write(Box<WriteWork>, usize),
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
    /// Parses a command, if that is known to be short; else the command comes back.
    pub(super) fn parse_short(command: Command) -> Result<Result<Self, DataError>, Box<Command>> {
        if !is_short(&command) {
            return Err(Box::new(command));
        }
        if let Command::InsertMany(_) | Command::BulkWrite(_) = command {
            return Ok(Self::parse(command));
        }
        match with_steps(SHORT_STEPS_MAX, || Self::parse_whole(&command)) {
            Err(error) if error.code == Some(QueryError::INTERRUPTED) => Err(Box::new(command)),
            parsed => Ok(parsed),
        }
    }

    /// Parses a command.
    pub(super) fn parse(command: Command) -> Result<Self, DataError> {
        let bytes = bytes_of(&command);
        let write = match command {
            Command::InsertMany(insert) => {
                check::count(insert.documents.len())?;
                WriteWork::Insert(InsertWork::parse(insert))
            }
            Command::BulkWrite(writes) => {
                check::count(writes.operations.len())?;
                let writes = BulkWork::parse(writes, &parameters());
                if writes.is_interrupted() {
                    let text = "operation was interrupted";
                    return Err(QueryError::new(QueryError::INTERRUPTED, text).into());
                }
                WriteWork::Bulk(writes)
            }
            other => return Self::parse_whole(&other),
        };
        Ok(Self::Write(Box::new(write), bytes))
    }

    /// Parses a command of which nothing is kept as it is.
    fn parse_whole(command: &Command) -> Result<Self, DataError> {
        let parameters = parameters();
        let bytes = bytes_of(command);
        let write = match command {
            Command::Find(find) => {
                return Ok(Self::Find(Arc::new(Query::parse(find, &parameters)?)));
            }
            Command::Count(count) => return Ok(Self::Read(ReadWork::count(count, &parameters)?)),
            Command::Distinct(distinct) => {
                let filter = Filter::parse(&distinct.filter, &parameters)?;
                let field = distinct.field.clone();
                return Ok(Self::Read(ReadWork::Distinct { field, filter }));
            }
            Command::Aggregate(aggregate) => {
                return Ok(Self::Aggregate(AggregateWork::parse(aggregate, parameters)?));
            }
            Command::Update(update) => WriteWork::Update(UpdateWork::parse(update, &parameters)?),
            Command::Delete(delete) => WriteWork::Delete(DeleteWork::parse(delete, &parameters)?),
            Command::FindAndModify(modify) => {
                WriteWork::Modify(ModifyWork::parse(modify, &parameters)?)
            }
            Command::InsertMany(_) | Command::BulkWrite(_) => return Err(gone()),
        };
        Ok(Self::Write(Box::new(write), bytes))
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

    /// Whether anything is computed of documents, so that its size does not say how long it takes.
    pub(super) fn may_compute(&self) -> bool {
        !matches!(self, Self::Insert(_))
    }

    /// Whether what was done before a refusal stays.
    pub(super) fn keeps_part(&self) -> bool {
        matches!(self, Self::Insert(_) | Self::Bulk(_))
    }

    pub(super) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        match self {
            Self::Insert(insert) => insert.run(documents),
            Self::Update(update) => update.run(documents).map(Answer::Updated),
            Self::Delete(delete) => delete.run(documents).map(Answer::Deleted),
            Self::Modify(modify) => modify.run(documents),
            Self::Bulk(writes) => stopped_or_kept(documents, |documents| writes.run(documents)),
        }
    }
}

/// Does several writes. What was done before one that is refused stays; what was done before the
/// computation was stopped is taken back.
fn stopped_or_kept(
    documents: &mut dyn DocumentsMut,
    mut work: impl FnMut(&mut dyn DocumentsMut) -> Outcome<Answer>,
) -> Outcome<Answer> {
    let mut outcome = Err(Failure::Cancelled);
    documents.atomically(&mut |documents| match work(documents) {
        Err(stopped @ (Failure::Cancelled | Failure::Storage(_))) => Err(stopped),
        Err(outage) if outage.is_outage() => Err(outage),
        kept => {
            outcome = kept;
            Ok(())
        }
    })?;
    outcome
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
    let (values, mut held) = distinct.into_values();
    held.add(values.len() * size_of::<Bson>())?;
    let values = values.into_iter().map(Bson::try_from).collect::<Result<_, _>>();
    let values = values.map_err(|error| Failure::refused(22, error.to_string()))?;
    held.keep();
    Ok(Answer::Values(values))
}

/// A command of more bytes is not read on a thread that answers requests.
const SHORT_BYTES_MAX: usize = 16 << 10;

/// Whether a command may be short to read.
fn is_short(command: &Command) -> bool {
    let len = |document: &RawDocument| document.as_bytes().len();
    let maybe = |document: &Option<RawDocumentBuf>| document.as_deref().map_or(0, len);
    let bytes = match command {
        Command::Find(find) => len(&find.filter) + maybe(&find.projection) + maybe(&find.sort),
        Command::Count(count) => len(&count.filter),
        Command::Distinct(distinct) => len(&distinct.filter) + distinct.field.len(),
        Command::Aggregate(aggregate) => {
            len(&aggregate.options) + aggregate.pipeline.iter().map(|one| len(one)).sum::<usize>()
        }
        Command::InsertMany(insert) => insert.documents.iter().map(|one| len(one)).sum(),
        Command::Update(update) => len(&update.filter) + modification_bytes(&update.modification),
        Command::Delete(delete) => len(&delete.filter),
        Command::FindAndModify(modify) => {
            let change = modify.modification.as_ref().map_or(0, modification_bytes);
            len(&modify.filter) + maybe(&modify.projection) + maybe(&modify.sort) + change
        }
        Command::BulkWrite(writes) => {
            // Steps are not counted here, because nothing of it could be read a second time.
            let insert = |operation: &WriteOperation| match operation {
                WriteOperation::Insert(document) => len(document),
                WriteOperation::Update(_) | WriteOperation::Delete(_) => usize::MAX,
            };
            writes.operations.iter().map(insert).fold(0, usize::saturating_add)
        }
    };
    bytes <= SHORT_BYTES_MAX
}

fn modification_bytes(modification: &Modification) -> usize {
    let all = |documents: &[RawDocumentBuf]| {
        documents.iter().map(|one| one.as_bytes().len()).sum::<usize>()
    };
    match modification {
        Modification::Replacement(document) => document.as_bytes().len(),
        Modification::Update(UpdateSpec::Operators(spec, array_filters)) => {
            spec.as_bytes().len() + all(array_filters)
        }
        Modification::Update(UpdateSpec::Pipeline(stages)) => all(stages),
    }
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

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::Work;
    use crate::{Command, Delete, Find, InsertMany, WriteOperation, Writes};

    fn raw(document: &Document) -> RawDocumentBuf {
        RawDocumentBuf::try_from(document).unwrap_or_default()
    }

    #[test]
    fn what_may_take_long_to_read_is_not_read_at_once() {
        let find = |text: &str| {
            let filter = raw(&doc! {"t": text});
            Command::Find(Find { filter, ..Find::default() })
        };
        let insert = |text: &str| {
            let documents = vec![raw(&doc! {"t": text})];
            Command::InsertMany(InsertMany { documents, ordered: true })
        };
        let bulk =
            |operation| Command::BulkWrite(Writes { operations: vec![operation], ordered: true });
        let delete = Delete { filter: raw(&doc! {}), many: false };
        let long = "x".repeat(20_000);
        for (command, is_short) in [
            (find("x"), true),
            (find(&long), false),
            (insert("x"), true),
            (insert(&long), false),
            (bulk(WriteOperation::Insert(raw(&doc! {}))), true),
            (bulk(WriteOperation::Delete(delete)), false),
        ] {
            let shown = format!("{command:?}");
            assert_eq!(Work::parse_short(command).is_ok(), is_short, "{shown}");
        }
    }
}
