//! Commands in few words.

use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, rawdoc};
use hookstead_data::{
    Aggregate, Answer, Batch, Command, Count, Cursor, DataError, Delete, Distinct, Find,
    FindAndModify, InsertMany, Modification, Namespace, Session, Target, Update, UpdateSpec,
    Updated, WriteOperation, Writes,
};

/// A collection, as seen by a store or by a session of it.
#[derive(Clone)]
pub(crate) struct Collection {
    target: Arc<dyn Target>,
    pub(crate) namespace: Namespace,
}

/// A collection of the database `test`.
pub(crate) fn collection(target: Arc<dyn Target>, name: &str) -> Collection {
    let namespace = Namespace { database: "test".to_owned(), collection: name.to_owned() };
    Collection { target, namespace }
}

impl Collection {
    /// The same one within a session.
    pub(crate) fn within(&self, session: &Arc<dyn Session>) -> Self {
        let target: Arc<dyn Target> = Arc::clone(session) as Arc<dyn Target>;
        Self { target, namespace: self.namespace.clone() }
    }

    /// Sends a command: it is on its way when this returns, and runs when the future is polled.
    pub(crate) fn send(&self, command: Command) -> hookstead_data::Future<'static, Answer> {
        self.target.run(self.namespace.clone(), command)
    }

    pub(crate) async fn insert(
        &self,
        documents: impl IntoIterator<Item = RawDocumentBuf>,
    ) -> Result<Vec<Bson>, DataError> {
        let documents = documents.into_iter().collect();
        match self.send(Command::InsertMany(InsertMany { documents, ordered: true })).await? {
            Answer::Inserted(ids) => Ok(ids),
            _ => panic!("an insert answers with ids"),
        }
    }

    pub(crate) async fn find(&self, find: Find) -> Result<Vec<Document>, DataError> {
        self.documents(Command::Find(find)).await
    }

    /// All documents, in the order of their ids.
    pub(crate) async fn contents(&self) -> Vec<Document> {
        let sort = Some(rawdoc! { "_id": 1 });
        self.find(Find { sort, ..Find::default() }).await.unwrap()
    }

    pub(crate) async fn aggregate(
        &self,
        pipeline: Vec<RawDocumentBuf>,
        options: RawDocumentBuf,
    ) -> Result<Vec<Document>, DataError> {
        let command = Aggregate { pipeline, options, of_database: false };
        self.documents(Command::Aggregate(command)).await
    }

    /// What a command with a cursor answers, read to its end.
    pub(crate) async fn documents(&self, command: Command) -> Result<Vec<Document>, DataError> {
        let (batch, cursor) = self.cursor(command).await?;
        let mut documents = decoded(&batch);
        let Some(mut cursor) = cursor else { return Ok(documents) };
        loop {
            let batch = cursor.next_batch().await?;
            if batch.is_empty() {
                return Ok(documents);
            }
            documents.extend(decoded(&batch));
        }
    }

    pub(crate) async fn cursor(
        &self,
        command: Command,
    ) -> Result<(Batch, Option<Box<dyn Cursor>>), DataError> {
        match self.send(command).await? {
            Answer::Cursor(batch, cursor) => Ok((batch, cursor)),
            _ => panic!("the command answers with a cursor"),
        }
    }

    pub(crate) async fn count(&self, count: Count) -> Result<u64, DataError> {
        match self.send(Command::Count(count)).await? {
            Answer::Count(count) => Ok(count),
            _ => panic!("a count answers with a number"),
        }
    }

    pub(crate) async fn distinct(
        &self,
        field: &str,
        filter: RawDocumentBuf,
    ) -> Result<Vec<Bson>, DataError> {
        let command = Distinct { field: field.to_owned(), filter };
        match self.send(Command::Distinct(command)).await? {
            Answer::Values(values) => Ok(values),
            _ => panic!("a distinct answers with values"),
        }
    }

    pub(crate) async fn update(&self, update: Update) -> Result<Updated, DataError> {
        match self.send(Command::Update(update)).await? {
            Answer::Updated(updated) => Ok(updated),
            _ => panic!("an update answers with what it found"),
        }
    }

    pub(crate) async fn delete(
        &self,
        filter: RawDocumentBuf,
        many: bool,
    ) -> Result<u64, DataError> {
        match self.send(Command::Delete(Delete { filter, many })).await? {
            Answer::Deleted(number) => Ok(number),
            _ => panic!("a delete answers with a number"),
        }
    }

    pub(crate) async fn modify(
        &self,
        command: FindAndModify,
    ) -> Result<Option<Document>, DataError> {
        match self.send(Command::FindAndModify(command)).await? {
            Answer::Document(document) => {
                Ok(document.map(|document| Document::try_from(&*document).unwrap()))
            }
            _ => panic!("findAndModify answers with a document"),
        }
    }

    pub(crate) async fn bulk(
        &self,
        ordered: bool,
        operations: Vec<WriteOperation>,
    ) -> Result<(), DataError> {
        match self.send(Command::BulkWrite(Writes { operations, ordered })).await? {
            Answer::Written => Ok(()),
            _ => panic!("a bulk write answers with nothing"),
        }
    }
}

/// An update of one document with operators.
pub(crate) fn set(filter: RawDocumentBuf, operators: RawDocumentBuf) -> Update {
    Update { filter, modification: operators_of(operators), many: false, upsert: false }
}

pub(crate) fn operators_of(operators: RawDocumentBuf) -> Modification {
    Modification::Update(UpdateSpec::Operators(operators, Vec::new()))
}

pub(crate) fn filter(filter: RawDocumentBuf) -> Find {
    Find { filter, ..Find::default() }
}

pub(crate) fn decoded(batch: &Batch) -> Vec<Document> {
    batch.iter().map(|document| Document::try_from(document).unwrap()).collect()
}
