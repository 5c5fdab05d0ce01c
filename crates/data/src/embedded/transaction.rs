//! A transaction over several collections, as long as it lasts.
//!
//! It reads from one state of the file, its snapshot, and keeps what it writes to itself. Nobody
//! waits for it in between. The commit is one write like any other: it looks whether the documents
//! that the transaction has changed still are what they were in the snapshot, and fails if not.
//! A snapshot keeps SQLite from reusing its log, so a transaction must not last for long.

pub(crate) mod layer;
pub(crate) mod line;
pub(crate) mod overlay;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    DataError, ErrorKind, MongoCode, Namespace,
    embedded::{
        catalogue::Catalogue,
        collection::{Documents, DocumentsMut},
        failure::{Failure, Outcome},
        file::shared::Shared,
        transaction::{layer::Layer, overlay::Overlay},
    },
};

/// As with servers: afterwards, it is aborted.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A transaction.
pub(crate) struct Transaction {
    shared: Arc<Shared>,
    source: Arc<str>,
    started: Instant,
    state: State,
}

enum State {
    /// Nothing has been asked of it.
    Fresh,
    Open(Box<Snapshot>),
    Aborted,
}

struct Snapshot {
    connection: Connection,
    catalogue: Arc<Catalogue>,
    overlay: Overlay,
}

impl Transaction {
    pub(crate) fn new(shared: &Arc<Shared>, source: &Arc<str>) -> Self {
        Self {
            shared: Arc::clone(shared),
            source: Arc::clone(source),
            started: Instant::now(),
            state: State::Fresh,
        }
    }

    /// Takes it away from here, where one that is over stays.
    pub(crate) fn take(&mut self) -> Self {
        let over = Self {
            shared: Arc::clone(&self.shared),
            source: Arc::clone(&self.source),
            started: self.started,
            state: State::Aborted,
        };
        std::mem::replace(self, over)
    }

    /// Reads something. As with servers, a transaction in which something fails is over.
    pub(crate) fn read<T>(
        &mut self,
        name: &Namespace,
        work: impl FnOnce(&dyn Documents) -> Outcome<T>,
    ) -> Outcome<T> {
        self.with(name, |documents| work(documents))
    }

    /// Reads and changes something.
    pub(crate) fn write<T>(
        &mut self,
        name: &Namespace,
        work: impl FnOnce(&mut dyn DocumentsMut) -> Outcome<T>,
    ) -> Outcome<T> {
        self.with(name, |documents| work(documents))
    }

    /// Ends it without a trace.
    pub(crate) fn abort(&mut self) {
        if let State::Open(snapshot) = std::mem::replace(&mut self.state, State::Aborted) {
            self.shared.put_back(snapshot.connection);
        }
    }

    /// Ends it and gives what is to be committed, if anything.
    pub(crate) fn finish(&mut self) -> Outcome<Option<Overlay>> {
        self.check()?;
        match std::mem::replace(&mut self.state, State::Aborted) {
            State::Open(snapshot) => {
                let Snapshot { connection, overlay, .. } = *snapshot;
                self.shared.put_back(connection);
                Ok((!overlay.is_empty()).then_some(overlay))
            }
            State::Fresh | State::Aborted => Ok(None),
        }
    }

    /// Ends it if it has lasted for too long; answers whether it is over.
    pub(crate) fn expire(&mut self) -> bool {
        if self.started.elapsed() > TIME_MAX {
            self.abort();
        }
        self.is_over()
    }

    /// Whether it has a state of the file.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    /// Whether nothing comes of it any more.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Aborted)
    }

    fn with<T>(
        &mut self,
        name: &Namespace,
        work: impl FnOnce(&mut Layer<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        self.check()?;
        let source = Arc::clone(&self.source);
        let snapshot = self.snapshot()?;
        let collection = snapshot.catalogue.collection(&source, name).map(|one| &**one);
        let changes = snapshot.overlay.changes_mut(name);
        let mut layer = Layer::new(&snapshot.connection, collection, name, changes);
        let outcome = work(&mut layer);
        if outcome.is_err() {
            self.abort();
        }
        outcome
    }

    fn check(&mut self) -> Outcome<()> {
        if self.expire() {
            return Err(no_such().into());
        }
        Ok(())
    }

    fn snapshot(&mut self) -> Outcome<&mut Snapshot> {
        if let State::Fresh = self.state {
            let connection = self.shared.take_reader()?;
            connection.prepare_cached("BEGIN")?.execute([])?;
            let catalogue = self.shared.current_catalogue(&connection)?;
            let overlay = Overlay::new(self.shared.transaction_bytes_max, &self.shared.memory);
            self.state = State::Open(Box::new(Snapshot { connection, catalogue, overlay }));
        }
        match &mut self.state {
            State::Open(snapshot) => Ok(snapshot),
            State::Fresh | State::Aborted => Err(Failure::Cancelled),
        }
    }
}

/// What a transaction that is over answers.
pub(crate) fn no_such() -> DataError {
    let message = "Transaction has been aborted.";
    DataError::new(ErrorKind::Refused, message).with_code(MongoCode::NO_SUCH_TRANSACTION)
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.abort();
    }
}
