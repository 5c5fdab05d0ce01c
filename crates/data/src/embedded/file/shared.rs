//! What readers and the writer of a file have in common.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicBool},
    time::Duration,
};

use hookstead_memory::{Budget, Part};
use rusqlite::Connection;

use crate::{
    DataError,
    embedded::{
        catalogue::Catalogue,
        changes::{limits::LogLimits, signal::Signal},
        failure::Outcome,
        file::document_file::DocumentFile,
        options::EmbeddedOptions,
    },
};

/// Connections that are kept for the next transaction.
const SPARE_MAX: usize = 4;

/// A file and what is known of it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) file: DocumentFile,
    /// How many bytes of documents a transaction may change.
    pub(crate) transaction_bytes_max: usize,
    /// How long a command may compute on a thread that reads.
    pub(crate) operation_time: Duration,
    /// The memory for what the store computes and keeps between two commands.
    pub(crate) memory: Arc<Part>,
    /// Whether the store closes, so that nothing is computed any more.
    pub(crate) is_closing: Arc<AtomicBool>,
    /// Tells those who watch of commits.
    pub(crate) signal: Signal,
    /// How much of the log of changes is kept.
    pub(crate) log_limits: LogLimits,
    catalogue: RwLock<Arc<Catalogue>>,
    spare: Mutex<Vec<Connection>>,
}

impl Shared {
    pub(crate) fn open(
        folder: &Path,
        options: &EmbeddedOptions,
        budget: &Arc<Budget>,
    ) -> Result<Arc<Self>, DataError> {
        Ok(Arc::new(Self {
            file: DocumentFile::open(folder, options.file_bytes_max)?,
            transaction_bytes_max: options.transaction_bytes_max,
            operation_time: options.operation_time,
            memory: budget.part(budget.bytes_max() / 2),
            is_closing: Arc::default(),
            signal: Signal::default(),
            log_limits: options.log,
            catalogue: RwLock::new(Arc::new(Catalogue::stale())),
            spare: Mutex::default(),
        }))
    }

    /// The catalogue as it was known last.
    pub(crate) fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The catalogue as a transaction of a connection sees it.
    pub(crate) fn current_catalogue(&self, connection: &Connection) -> Outcome<Arc<Catalogue>> {
        let known = self.catalogue();
        if known.is_current(connection)? {
            return Ok(known);
        }
        let read = Arc::new(Catalogue::read(connection)?);
        self.publish(&read);
        Ok(read)
    }

    /// Makes a catalogue known that has been committed.
    pub(crate) fn publish(&self, catalogue: &Arc<Catalogue>) {
        let mut known = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        if !known.is_newer_than(catalogue) {
            *known = Arc::clone(catalogue);
        }
    }

    /// Has the catalogue read anew, because a transaction that changed it was rolled back.
    pub(crate) fn forget_catalogue(&self) {
        let mut known = self.catalogue.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(Catalogue::stale());
    }

    /// A connection that reads, for a transaction.
    pub(crate) fn take_reader(&self) -> Outcome<Connection> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Ok(spare.map_or_else(|| self.file.reader(), Ok)?)
    }

    /// Ends the transaction of a connection and keeps it for the next one.
    pub(crate) fn put_back(&self, connection: Connection) {
        let ended = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if ended && spare.len() < SPARE_MAX {
            spare.push(connection);
        }
    }
}
