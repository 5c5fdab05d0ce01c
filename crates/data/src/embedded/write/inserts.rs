//! Inserts, and several writes as one.

use bson::{Bson, RawDocumentBuf};
use hookstead_query::Parameters;

use crate::{
    Answer, DataError, InsertMany, MongoCode, WriteOperation, Writes,
    embedded::{
        collection::{DocumentsMut, validate},
        failure::{Failure, Outcome, gone},
        write::changes::{DeleteWork, UpdateWork, id_of},
    },
};

/// New documents, ready to be inserted.
pub(crate) struct InsertWork {
    documents: Vec<Result<RawDocumentBuf, Refusal>>,
    ordered: bool,
}

/// Several writes, ready to be done.
pub(crate) struct BulkWork {
    operations: Vec<Result<Operation, Refusal>>,
    ordered: bool,
}

enum Operation {
    Insert(RawDocumentBuf),
    Update(Box<UpdateWork>),
    Delete(DeleteWork),
}

/// What is known to fail before it is tried. Its turn comes in the order of the writes, and maybe
/// more than once.
struct Refusal {
    kind: crate::ErrorKind,
    code: Option<MongoCode>,
    message: String,
}

impl InsertWork {
    pub(crate) fn parse(insert: InsertMany) -> Self {
        let documents = insert.documents.into_iter().map(prepared).collect();
        Self { documents, ordered: insert.ordered }
    }

    pub(crate) fn may_insert(&self) -> bool {
        self.documents.iter().any(Result::is_ok)
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        in_turn(&self.documents, self.ordered, |document| documents.insert(document))?;
        let ids = self.documents.iter().flatten();
        Ok(Answer::Inserted(ids.map(|document| id_of(document).unwrap_or(Bson::Null)).collect()))
    }
}

impl BulkWork {
    pub(crate) fn parse(writes: Writes, parameters: &Parameters) -> Self {
        let parse = |operation| match operation {
            WriteOperation::Insert(document) => prepared(document).map(Operation::Insert),
            WriteOperation::Update(update) => UpdateWork::parse(&update, parameters)
                .map(|update| Operation::Update(Box::new(update)))
                .map_err(Refusal::from),
            WriteOperation::Delete(delete) => {
                DeleteWork::parse(&delete, parameters).map(Operation::Delete).map_err(Refusal::from)
            }
        };
        let operations = writes.operations.into_iter().map(parse).collect();
        Self { operations, ordered: writes.ordered }
    }

    /// Whether an operation could not be read in time.
    pub(crate) fn is_interrupted(&self) -> bool {
        let is_interrupted = |refusal: &Refusal| refusal.code == Some(MongoCode::INTERRUPTED);
        self.operations.iter().any(|one| one.as_ref().err().is_some_and(is_interrupted))
    }

    pub(crate) fn may_insert(&self) -> bool {
        self.operations.iter().flatten().any(|operation| match operation {
            Operation::Insert(_) => true,
            Operation::Update(update) => update.may_insert(),
            Operation::Delete(_) => false,
        })
    }

    pub(crate) fn run(&self, documents: &mut dyn DocumentsMut) -> Outcome<Answer> {
        in_turn(&self.operations, self.ordered, |operation| match operation {
            Operation::Insert(document) => documents.insert(document),
            Operation::Update(update) => update.run(documents).map(drop),
            Operation::Delete(delete) => delete.run(documents).map(drop),
        })?;
        Ok(Answer::Written)
    }
}

/// Does one write after the other. What was done before one that fails stays; in order, nothing
/// is done behind it. The first failure is the answer.
fn in_turn<T>(
    writes: &[Result<T, Refusal>],
    ordered: bool,
    mut work: impl FnMut(&T) -> Outcome<()>,
) -> Outcome<()> {
    let mut first = None;
    for write in writes {
        let outcome = match write {
            Ok(write) => work(write),
            Err(refusal) => Err(refusal.into()),
        };
        match outcome {
            Ok(()) => {}
            Err(failure @ Failure::Answer(_)) if !ordered && !failure.is_outage() => {
                first.get_or_insert(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    first.map_or(Ok(()), Err)
}

fn prepared(document: RawDocumentBuf) -> Result<RawDocumentBuf, Refusal> {
    validate::to_insert(document).map_err(|failure| match failure {
        Failure::Answer(error) => error.into(),
        Failure::Storage(_) | Failure::Cancelled => gone().into(),
    })
}

impl From<DataError> for Refusal {
    fn from(error: DataError) -> Self {
        Self { kind: error.kind, code: error.code, message: error.message }
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        let mut error = DataError::new(refusal.kind, refusal.message.clone());
        error.code = refusal.code;
        Self::Answer(error)
    }
}
