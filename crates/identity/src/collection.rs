//! A collection of the store of users, in few words.

use std::sync::Arc;

use bson::{Document, RawDocumentBuf};
use hookstead_data::{
    Answer, Command, DataError, Delete, ErrorKind, Find, FindAndModify, InsertMany, Modification,
    Namespace, Store, Update, UpdateSpec,
};

/// A collection of the store of users.
pub(crate) struct Collection {
    store: Arc<dyn Store>,
    namespace: Namespace,
}

/// What came of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Insertion {
    Done,
    /// There is a document with this `_id` already; it stays as it is.
    Exists,
}

impl Collection {
    pub(crate) fn new(store: &Arc<dyn Store>, database: &str, collection: &str) -> Self {
        let (database, collection) = (database.to_owned(), collection.to_owned());
        Self { store: Arc::clone(store), namespace: Namespace { database, collection } }
    }

    /// The first document that matches.
    pub(crate) async fn find_one(&self, filter: Document) -> Result<Option<Document>, DataError> {
        Ok(self.find(filter, None, 1).await?.pop())
    }

    /// The documents that match, so many at most.
    pub(crate) async fn find(
        &self,
        filter: Document,
        sort: Option<Document>,
        limit: u64,
    ) -> Result<Vec<Document>, DataError> {
        let sort = sort.as_ref().map(raw).transpose()?;
        let find = Find { filter: raw(&filter)?, sort, limit, ..Find::default() };
        let Answer::Cursor(mut batch, mut cursor) = self.run(Command::Find(find)).await? else {
            return Err(unexpected("find"));
        };
        let mut documents = Vec::new();
        loop {
            for document in batch.iter() {
                documents.push(decoded(document.to_owned())?);
            }
            let Some(cursor) = &mut cursor else { return Ok(documents) };
            batch = cursor.next_batch().await?;
            if batch.is_empty() {
                return Ok(documents);
            }
        }
    }

    /// Inserts a document, unless its `_id` is taken.
    pub(crate) async fn insert(&self, document: &Document) -> Result<Insertion, DataError> {
        let insert = InsertMany { documents: vec![raw(document)?], ordered: true };
        match self.run(Command::InsertMany(insert)).await {
            Ok(_) => Ok(Insertion::Done),
            Err(error) if error.kind == ErrorKind::DuplicateKey => Ok(Insertion::Exists),
            Err(error) => Err(error),
        }
    }

    /// Changes a document by operators; answers whether one matched.
    pub(crate) async fn update(
        &self,
        filter: Document,
        operators: Document,
    ) -> Result<bool, DataError> {
        let modification = operators_of(&operators)?;
        let update = Update { filter: raw(&filter)?, modification, many: false, upsert: false };
        match self.run(Command::Update(update)).await? {
            Answer::Updated(updated) => Ok(updated.matched > 0),
            _ => Err(unexpected("update")),
        }
    }

    /// Changes a document by operators and answers what it has become, where one matched.
    pub(crate) async fn modify(
        &self,
        filter: Document,
        operators: Document,
    ) -> Result<Option<Document>, DataError> {
        let modify = FindAndModify {
            filter: raw(&filter)?,
            modification: Some(operators_of(&operators)?),
            sort: None,
            projection: None,
            upsert: false,
            return_new: true,
        };
        match self.run(Command::FindAndModify(modify)).await? {
            Answer::Document(document) => document.map(decoded).transpose(),
            _ => Err(unexpected("findAndModify")),
        }
    }

    /// Deletes one document, or all that match; answers how many went.
    pub(crate) async fn delete(&self, filter: Document, many: bool) -> Result<u64, DataError> {
        match self.run(Command::Delete(Delete { filter: raw(&filter)?, many })).await? {
            Answer::Deleted(count) => Ok(count),
            _ => Err(unexpected("delete")),
        }
    }

    async fn run(&self, command: Command) -> Result<Answer, DataError> {
        self.store.run(self.namespace.clone(), command).await
    }
}

fn operators_of(operators: &Document) -> Result<Modification, DataError> {
    Ok(Modification::Update(UpdateSpec::Operators(raw(operators)?, Vec::new())))
}

fn raw(document: &Document) -> Result<RawDocumentBuf, DataError> {
    RawDocumentBuf::try_from(document)
        .map_err(|error| DataError::new(ErrorKind::Refused, "no document").caused_by(error))
}

pub(crate) fn decoded(document: RawDocumentBuf) -> Result<Document, DataError> {
    Document::try_from(document)
        .map_err(|error| DataError::new(ErrorKind::Internal, "no document").caused_by(error))
}

fn unexpected(command: &str) -> DataError {
    DataError::new(ErrorKind::Internal, format!("the answer to {command} is of another command"))
}
