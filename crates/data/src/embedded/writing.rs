//! A transaction of the writer, as the writes in it see it.

use std::sync::Arc;

use rusqlite::Connection;

use super::{
    catalogue::{Catalogue, Collection, create_collection},
    failure::{Failure, Outcome},
    table::savepoint,
};
use crate::Namespace;

/// A transaction of the writer.
pub(super) struct Writing<'w> {
    connection: &'w Connection,
    catalogue: Arc<Catalogue>,
}

impl<'w> Writing<'w> {
    pub(super) fn new(connection: &'w Connection, catalogue: Arc<Catalogue>) -> Self {
        Self { connection, catalogue }
    }

    pub(super) fn connection(&self) -> &'w Connection {
        self.connection
    }

    pub(super) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// A collection, where there is one.
    pub(super) fn collection(&self, source: &str, name: &Namespace) -> Option<Arc<Collection>> {
        self.catalogue.collection(source, name).cloned()
    }

    /// A collection, made where there is none.
    pub(super) fn collection_or_new(
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
    pub(super) fn atomically<T>(
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
    pub(super) fn read_catalogue(&mut self) -> Outcome<()> {
        self.catalogue = Arc::new(Catalogue::read(self.connection)?);
        Ok(())
    }

    /// The catalogue as it is when this is committed.
    pub(super) fn into_catalogue(mut self) -> Outcome<Arc<Catalogue>> {
        if !self.catalogue.is_current(self.connection)? {
            self.read_catalogue()?;
        }
        Ok(self.catalogue)
    }
}
