//! What a run has open of its data sources. JavaScript knows it by numbers; it goes with the run.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use hookstead_data::{Batch, Cursor, DataError, Session, Store};
use tokio::sync::Mutex;

use super::order::{Queue, SessionCall, Writes};
use crate::faults::{Fault, Faults};

/// How many bytes of documents JavaScript is given at once. A server sends up to 16 MiB, which is
/// much of the memory of a run; a document that is longer comes alone.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// A cursor that somebody may be reading.
pub(crate) type OpenCursor = Arc<Mutex<OpenDocuments>>;

/// Documents that are still to come.
pub(crate) struct OpenDocuments {
    /// Those that have been read already.
    ready: Batch,
    /// Where more of them come from.
    cursor: Option<Box<dyn Cursor>>,
}

impl OpenDocuments {
    /// The first documents, and the others where there may be any.
    pub(super) fn begin(
        mut ready: Batch,
        cursor: Option<Box<dyn Cursor>>,
    ) -> (Batch, Option<Self>) {
        let first = ready.take(PIECE_BYTES_MAX);
        let has_more = !ready.is_empty() || cursor.is_some();
        (first, has_more.then_some(Self { ready, cursor }))
    }

    /// The next documents; none at the end.
    pub(super) async fn next(&mut self) -> Result<Batch, DataError> {
        if self.ready.is_empty()
            && let Some(cursor) = &mut self.cursor
        {
            self.ready = cursor.next_batch().await?;
        }
        Ok(self.ready.take(PIECE_BYTES_MAX))
    }
}

/// The cursors of a run, shared with the calls under way that open them.
pub(crate) type Cursors = Arc<std::sync::Mutex<CursorTable>>;

/// Cursors by number.
#[derive(Default)]
pub(crate) struct CursorTable {
    next_id: u32,
    open: HashMap<u32, OpenCursor>,
}

/// Everything that is open.
#[derive(Default)]
pub(crate) struct Handles {
    pub(crate) cursors: Cursors,
    /// Most runs meet none.
    faults: Option<Faults>,
    /// Those outside of sessions.
    pub(crate) writes: Writes,
    sessions: Vec<OpenSession>,
    undeclared: BTreeSet<String>,
}

/// A session, and the store that it is of.
pub(crate) struct OpenSession {
    store: Arc<dyn Store>,
    session: Arc<dyn Session>,
    queue: Queue,
}

impl OpenSession {
    /// A command that comes behind those before.
    pub(crate) fn call(&mut self) -> SessionCall {
        SessionCall::new(self.session(), self.queue.join())
    }

    pub(crate) fn session(&self) -> Arc<dyn Session> {
        Arc::clone(&self.session)
    }

    /// Whether it can be used with a store.
    pub(crate) fn is_of(&self, store: &Arc<dyn Store>) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.store), Arc::as_ptr(store))
    }
}

impl CursorTable {
    /// Keeps a cursor; its number, from 1.
    pub(crate) fn keep(&mut self, cursor: OpenCursor) -> u32 {
        self.next_id += 1;
        self.open.insert(self.next_id, cursor);
        self.next_id
    }

    pub(crate) fn get(&self, id: u32) -> Option<OpenCursor> {
        self.open.get(&id).map(Arc::clone)
    }

    pub(crate) fn close(&mut self, id: u32) {
        self.open.remove(&id);
    }
}

impl Handles {
    /// Where calls note their faults.
    pub(crate) fn faults(&mut self) -> Faults {
        self.faults.get_or_insert_with(Faults::default).clone()
    }

    /// What went wrong in the calls.
    pub(crate) fn take_faults(&self) -> Vec<Fault> {
        self.faults.as_ref().map(Faults::take).unwrap_or_default()
    }

    /// Whether an undeclared name is met for the first time.
    pub(crate) fn note_undeclared(&mut self, name: &str) -> bool {
        self.undeclared.insert(name.to_owned())
    }

    /// Opens a session; its number, from 0.
    pub(crate) fn open_session(&mut self, store: Arc<dyn Store>) -> usize {
        let session = store.start_session();
        self.sessions.push(OpenSession { store, session, queue: Queue::default() });
        self.sessions.len() - 1
    }

    /// Whether a session of the run is in a transaction.
    pub(crate) fn in_transaction(&self) -> bool {
        self.sessions.iter().any(|open| open.session.in_transaction())
    }

    pub(crate) fn session(&mut self, id: usize) -> Option<&mut OpenSession> {
        self.sessions.get_mut(id)
    }
}
