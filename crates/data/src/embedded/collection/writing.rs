//! A transaction of the writer, as the writes in it see it.

use std::sync::Arc;

use rusqlite::Connection;

use crate::{
    Namespace,
    embedded::{
        catalogue::{Catalogue, Collection, create_collection},
        collection::table::savepoint,
        failure::{Failure, Outcome},
    },
};

/// A transaction of the writer.
pub(crate) struct Writing<'w> {
    connection: &'w Connection,
    catalogue: Arc<Catalogue>,
}

impl<'w> Writing<'w> {
    pub(crate) fn new(connection: &'w Connection, catalogue: Arc<Catalogue>) -> Self {
        Self { connection, catalogue }
    }

    pub(crate) fn connection(&self) -> &'w Connection {
        self.connection
    }

    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// A collection, where there is one.
    pub(crate) fn collection(&self, source: &str, name: &Namespace) -> Option<Arc<Collection>> {
        self.catalogue.collection(source, name).cloned()
    }

    /// A collection, made where there is none.
    pub(crate) fn collection_or_new(
        &mut self,
        source: &str,
        name: &Namespace,
    ) -> Outcome<Arc<Collection>> {
        if let Some(collection) = self.collection(source, name) {
            return Ok(collection);
        }
        create_collection(self.connection, source, name)?;
        self.read_catalogue()?;
        self.collection(source, name)
            .ok_or_else(|| Failure::Storage(rusqlite::Error::QueryReturnedNoRows))
    }

    /// Does something wholly, or not at all if it fails.
    pub(crate) fn atomically<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Outcome<T>,
    ) -> Outcome<T> {
        let outcome = savepoint(self.connection, || work(self));
        if outcome.is_err() {
            self.read_catalogue()?;
        }
        outcome
    }

    /// Has the catalogue read again after a change.
    pub(crate) fn read_catalogue(&mut self) -> Outcome<()> {
        self.catalogue = Arc::new(Catalogue::read(self.connection)?);
        Ok(())
    }

    /// The catalogue as it is when this is committed.
    pub(crate) fn into_catalogue(mut self) -> Outcome<Arc<Catalogue>> {
        if !self.catalogue.is_current(self.connection)? {
            self.read_catalogue()?;
        }
        Ok(self.catalogue)
    }
}
