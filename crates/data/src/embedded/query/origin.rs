//! Where a command reads: any state of the file, or that of a transaction.

use std::sync::Arc;

use rusqlite::Connection;

use crate::{
    Future, Namespace,
    embedded::{
        catalogue::Catalogue,
        collection::{Documents, Nothing, table::Table},
        failure::Outcome,
        threads::{cancel::Cancel, readers::Readers},
        transaction::{Transaction, line::Line},
    },
};

/// Where a command reads.
#[derive(Clone)]
pub(crate) struct Origin {
    readers: Arc<Readers>,
    source: Arc<str>,
    place: Place,
}

/// What pipelines read from for the time of one batch.
pub(crate) enum Lent {
    /// A connection with a snapshot.
    File(Connection, Arc<Catalogue>),
    /// A transaction, which has one of its own.
    Transaction(Box<Transaction>),
}

#[derive(Clone)]
enum Place {
    File,
    Transaction(Arc<Line>),
}

impl Origin {
    /// What has been committed to a source.
    pub(crate) fn file(readers: &Arc<Readers>, source: &Arc<str>) -> Self {
        let (readers, source) = (Arc::clone(readers), Arc::clone(source));
        Self { readers, source, place: Place::File }
    }

    /// What a transaction sees.
    pub(crate) fn transaction(
        readers: &Arc<Readers>,
        source: &Arc<str>,
        transaction: &Arc<Line>,
    ) -> Self {
        let place = Place::Transaction(Arc::clone(transaction));
        Self { readers: Arc::clone(readers), source: Arc::clone(source), place }
    }

    /// The threads that read.
    pub(crate) fn readers(&self) -> &Readers {
        &self.readers
    }

    /// The data source.
    pub(crate) fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Reads a collection on a thread that may wait for the disk.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        name: &Namespace,
        work: impl FnOnce(&dyn Documents, &Cancel) -> Outcome<T> + Send + 'static,
    ) -> Future<'static, T> {
        let name = name.clone();
        match &self.place {
            Place::File => {
                let source = Arc::clone(&self.source);
                Box::pin(self.readers.submit(move |reading| {
                    match reading.catalogue.collection(&source, &name) {
                        Some(collection) => {
                            work(&Table::new(reading.connection, collection), reading.cancel)
                        }
                        None => work(&Nothing, reading.cancel),
                    }
                }))
            }
            Place::Transaction(transaction) => {
                Box::pin(Line::submit(transaction, &self.readers, move |transaction, cancel| {
                    transaction.read(&name, |documents| work(documents, cancel))
                }))
            }
        }
    }

    /// Lends a thread what pipelines read from. The work gives it back.
    pub(crate) fn lend<T: Send + 'static>(
        &self,
        work: impl FnOnce(Lent, &Cancel) -> (Outcome<T>, Option<Lent>) + Send + 'static,
    ) -> Future<'static, T> {
        match &self.place {
            Place::File => Box::pin(self.readers.submit_with(move |own, shared, cancel| {
                let connection = own.take().map_or_else(|| shared.file.reader(), Ok)?;
                connection.prepare_cached("BEGIN")?.execute([])?;
                let catalogue = shared.current_catalogue(&connection)?;
                let (outcome, lent) = work(Lent::File(connection, catalogue), cancel);
                if let Some(Lent::File(connection, _)) = lent {
                    connection.prepare_cached("ROLLBACK")?.execute([])?;
                    *own = Some(connection);
                }
                outcome
            })),
            Place::Transaction(transaction) => {
                Box::pin(Line::submit(transaction, &self.readers, move |own, cancel| {
                    let lent = Lent::Transaction(Box::new(own.take()));
                    let (outcome, lent) = work(lent, cancel);
                    if let Some(Lent::Transaction(transaction)) = lent {
                        *own = *transaction;
                    }
                    outcome.inspect_err(|_| own.abort())
                }))
            }
        }
    }
}
