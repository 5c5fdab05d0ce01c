//! A store in a folder of its own, and short ways to ask it.

use std::{path::Path, sync::Arc};

use bson::{Bson, Document, RawDocumentBuf};
use hookstead_data::{
    Aggregate, Answer, Batch, Command, Count, DataError, Delete, EmbeddedFile, EmbeddedOptions,
    EmbeddedStore, Find, InsertMany, Modification, Namespace, Target, Update, UpdateSpec, Updated,
};
use hookstead_memory::Budget;
use tempfile::TempDir;

/// A store that goes with its folder.
pub(crate) struct Fixture {
    pub(crate) file: EmbeddedFile,
    pub(crate) store: EmbeddedStore,
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self::with(EmbeddedOptions::default())
    }

    pub(crate) fn with(options: EmbeddedOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (file, store) = open_with(folder.path(), options);
        Self { file, store, folder }
    }

    /// One that takes its memory from a budget.
    pub(crate) fn within(options: EmbeddedOptions, budget: &Arc<Budget>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = EmbeddedFile::open_within(folder.path(), options, budget).unwrap();
        let store = file.data_source("mongodb-atlas");
        Self { file, store, folder }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Closes everything and opens it again.
    pub(crate) fn reopen(self) -> Self {
        let Self { file, store, folder } = self;
        drop((file, store));
        let (file, store) = open_with(folder.path(), EmbeddedOptions::default());
        Self { file, store, folder }
    }
}

pub(crate) fn open(folder: &Path) -> EmbeddedStore {
    open_with(folder, EmbeddedOptions::default()).1
}

fn open_with(folder: &Path, options: EmbeddedOptions) -> (EmbeddedFile, EmbeddedStore) {
    let file = EmbeddedFile::open(folder, options).unwrap();
    let store = file.data_source("mongodb-atlas");
    (file, store)
}

/// The collection `c` of the database `db`.
pub(crate) fn c() -> Namespace {
    named("c")
}

pub(crate) fn named(collection: &str) -> Namespace {
    Namespace { database: "db".to_owned(), collection: collection.to_owned() }
}

pub(crate) fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

/// Short ways to ask what commands can be sent to.
pub(crate) trait Ask: Target {
    async fn insert(
        &self,
        name: &Namespace,
        documents: &[Document],
    ) -> Result<Vec<Bson>, DataError> {
        let documents = documents.iter().map(raw).collect();
        let insert = InsertMany { documents, ordered: true };
        match self.run(name.clone(), Command::InsertMany(insert)).await? {
            Answer::Inserted(ids) => Ok(ids),
            _ => panic!("not what an insert answers"),
        }
    }

    async fn find(&self, name: &Namespace, filter: Document) -> Result<Vec<Document>, DataError> {
        self.find_with(name, Find { filter: raw(&filter), ..Find::default() }).await
    }

    async fn find_with(&self, name: &Namespace, find: Find) -> Result<Vec<Document>, DataError> {
        all(self.run(name.clone(), Command::Find(find)).await?).await
    }

    async fn update(
        &self,
        name: &Namespace,
        filter: Document,
        update: Document,
        many: bool,
    ) -> Result<Updated, DataError> {
        let modification = Modification::Update(UpdateSpec::Operators(raw(&update), Vec::new()));
        let update = Update { filter: raw(&filter), modification, many, upsert: false };
        self.update_with(name, update).await
    }

    async fn update_with(&self, name: &Namespace, update: Update) -> Result<Updated, DataError> {
        match self.run(name.clone(), Command::Update(update)).await? {
            Answer::Updated(updated) => Ok(updated),
            _ => panic!("not what an update answers"),
        }
    }

    async fn aggregate(
        &self,
        name: &Namespace,
        pipeline: &[Document],
    ) -> Result<Vec<Document>, DataError> {
        let pipeline = pipeline.iter().map(raw).collect();
        let aggregate = Aggregate { pipeline, ..Aggregate::default() };
        all(self.run(name.clone(), Command::Aggregate(aggregate)).await?).await
    }

    async fn delete(
        &self,
        name: &Namespace,
        filter: Document,
        many: bool,
    ) -> Result<u64, DataError> {
        let delete = Delete { filter: raw(&filter), many };
        match self.run(name.clone(), Command::Delete(delete)).await? {
            Answer::Deleted(count) => Ok(count),
            _ => panic!("not what a removal answers"),
        }
    }

    async fn count(&self, name: &Namespace, filter: Document) -> Result<u64, DataError> {
        let count = Count { filter: raw(&filter), ..Count::default() };
        match self.run(name.clone(), Command::Count(count)).await? {
            Answer::Count(count) => Ok(count),
            _ => panic!("not what a count answers"),
        }
    }
}

impl<T: Target + ?Sized> Ask for T {}

/// All documents of an answer.
pub(crate) async fn all(answer: Answer) -> Result<Vec<Document>, DataError> {
    let Answer::Cursor(first, rest) = answer else { panic!("not what a query answers") };
    let mut documents = decoded(&first);
    if let Some(mut cursor) = rest {
        loop {
            let batch = cursor.next_batch().await?;
            if batch.is_empty() {
                break;
            }
            documents.extend(decoded(&batch));
        }
    }
    Ok(documents)
}

pub(crate) fn decoded(batch: &Batch) -> Vec<Document> {
    batch.iter().map(|document| Document::try_from(document).unwrap()).collect()
}
