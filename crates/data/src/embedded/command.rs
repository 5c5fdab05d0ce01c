//! Commands, parsed where they are asked for, and done where they belong: by a reader, by the
//! writer, or within a transaction.

pub(crate) mod parsed;

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::Arc,
};

use bson::{DateTime, RawDocument, RawDocumentBuf};
use hookstead_query::{Parameters, QueryError, with_steps};

use crate::{
    Answer, Command, DataError, Future, Modification, MongoCode, Namespace, UpdateSpec,
    WriteOperation, check,
    embedded::{
        failure::gone,
        pipeline::aggregate::{self, AggregateWork},
        query::{
            find::{self, Query},
            origin::Origin,
            read::ReadWork,
        },
        threads::readers::SHORT_STEPS_MAX,
        write::{
            changes::{DeleteWork, ModifyWork, UpdateWork},
            inserts::{BulkWork, InsertWork},
            work::WriteWork,
        },
    },
    store::failed,
};

/// A command, ready to be done.
pub(crate) enum Work {
    Find(Arc<Query>),
    Read(ReadWork),
    Aggregate(AggregateWork),
    /// With how many bytes it waits for its turn.
    Write(Box<WriteWork>, usize),
}

impl Work {
    /// Parses a command, if that is known to be short; else the command comes back.
    pub(crate) fn parse_short(command: Command) -> Result<Result<Self, DataError>, Box<Command>> {
        if !is_short(&command) {
            return Err(Box::new(command));
        }
        if let Command::InsertMany(_) | Command::BulkWrite(_) = command {
            return Ok(Self::parse(command));
        }
        match with_steps(SHORT_STEPS_MAX, || Self::parse_whole(&command)) {
            Err(error) if error.code == Some(MongoCode::INTERRUPTED) => Err(Box::new(command)),
            parsed => Ok(parsed),
        }
    }

    /// Parses a command.
    pub(crate) fn parse(command: Command) -> Result<Self, DataError> {
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
                    return Err(QueryError::new(MongoCode::INTERRUPTED, text).into());
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
                return Ok(Self::Read(ReadWork::distinct(distinct, &parameters)?));
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

    /// Answers what does not write.
    pub(crate) fn read(self, origin: Origin, name: Namespace) -> Future<'static, Answer> {
        match self {
            Self::Find(query) => find::run(origin, name, query),
            Self::Read(read) => {
                origin.read(&name, move |documents, cancel| read.run(documents, cancel))
            }
            Self::Aggregate(work) => aggregate::run(origin, &name, &work),
            Self::Write(..) => failed(gone()),
        }
    }
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
