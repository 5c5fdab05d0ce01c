//! The store as its callers know it.

use std::{path::Path, sync::Arc};

use hookstead_memory::Budget;

use crate::{
    Answer, Batch, Changes, Command, DataError, Future, Namespace, Session, Store, Target, Watch,
    embedded::{
        catalogue::index_spec::IndexSpec,
        changes,
        collection::table::Table,
        command::{
            Work,
            parsed::{Parsed, keeping, parse_long, parse_short},
        },
        data_source::{Core, EmbeddedStore},
        options::EmbeddedOptions,
        pipeline::writes,
        query::{find::Query, origin::Origin},
        session::EmbeddedSession,
        threads::computation::Limit,
        write::{indexes, moved},
    },
    store::failed,
};

/// A file of documents, shared by any number of data sources.
#[derive(Debug, Clone)]
pub struct EmbeddedFile {
    core: Arc<Core>,
}

impl EmbeddedFile {
    /// Opens the file `documents.sqlite3` in a folder; both are made where they are missing.
    ///
    /// Waits for the disk. Other processes may have the same file open.
    ///
    /// # Errors
    /// The file cannot be opened, or another program has made it.
    pub fn open(folder: &Path, options: EmbeddedOptions) -> Result<Self, DataError> {
        Self::open_within(folder, options, &Budget::unlimited())
    }

    /// The same, with a budget of memory. What is computed at a time, and what transactions have
    /// changed, takes half of it at most.
    ///
    /// # Errors
    /// As for [`EmbeddedFile::open`].
    pub fn open_within(
        folder: &Path,
        options: EmbeddedOptions,
        budget: &Arc<Budget>,
    ) -> Result<Self, DataError> {
        Ok(Self { core: Core::open(folder, options, budget)? })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.core.path()
    }

    /// The store of a data source. Sources of different names share no documents.
    pub fn data_source(&self, name: &str) -> EmbeddedStore {
        EmbeddedStore::new(&self.core, name)
    }
}

impl EmbeddedStore {
    /// Makes the indexes that are declared and missing, and drops those that are not declared.
    pub fn declare_indexes(&self, indexes: Vec<IndexSpec>) -> Future<'static, ()> {
        let source = Arc::clone(self.source());
        let written = self.writer().submit(
            0,
            Limit::Open,
            Box::new(move |writing| {
                writing.atomically(|writing| indexes::apply(&source, &indexes, writing))?;
                Ok(Answer::Written)
            }),
        );
        Box::pin(async { written.await.map(drop) })
    }

    /// What is known to be short is not worth a thread.
    fn find_at_once(&self, name: &Namespace, query: &Query) -> Option<Batch> {
        let catalogue = self.shared().catalogue();
        let collection = catalogue.collection(self.source(), name)?;
        let plan = query.short_plan(collection)?;
        let batch = self
            .readers()
            .at_once(|connection| query.at_once(plan, &Table::new(connection, collection)));
        // A thread finds out what is wrong.
        batch?.ok()
    }
}

impl Target for EmbeddedStore {
    fn run(&self, name: Namespace, command: Command) -> Future<'static, Answer> {
        match parse_short(self, &name, command) {
            Ok(parsed) => {
                if let Ok(Work::Find(query)) = &parsed
                    && let Some(batch) = self.find_at_once(&name, query)
                {
                    return Box::pin(std::future::ready(Ok(Answer::Cursor(batch, None))));
                }
                self.run_parsed(name, parsed)
            }
            Err(command) => {
                let (store, parsed) = (self.clone(), parse_long(self, command));
                Box::pin(async move {
                    let Parsed { work, share } = parsed.await?;
                    Ok(keeping(share, store.run_parsed(name, Ok(work)).await?))
                })
            }
        }
    }
}

impl EmbeddedStore {
    fn run_parsed(
        &self,
        name: Namespace,
        parsed: Result<Work, DataError>,
    ) -> Future<'static, Answer> {
        match parsed {
            Err(error) => failed(error),
            Ok(Work::Write(write, bytes)) => moved::write(self, name, write, bytes),
            Ok(Work::Aggregate(work)) if work.target(&name).is_some() => {
                writes::run(self, name, work)
            }
            Ok(work) => work.read(Origin::file(self.readers(), self.source()), name),
        }
    }
}

impl Store for EmbeddedStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        let source = Arc::clone(self.source());
        Box::pin(self.readers().submit(move |reading| Ok(reading.catalogue.databases(&source))))
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        let source = Arc::clone(self.source());
        Box::pin(self.readers().submit(move |reading| {
            let collections = reading.catalogue.collections(&source);
            let names = collections.map(|collection| &collection.namespace);
            let names = names.filter(|name| name.database == database);
            Ok(names.map(|name| name.collection.clone()).collect())
        }))
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        changes::open(self, namespace, watch)
    }

    fn start_session(&self) -> Arc<dyn Session> {
        Arc::new(EmbeddedSession::new(self.clone()))
    }
}
