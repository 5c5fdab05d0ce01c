//! What a run has open of its data sources. JavaScript knows it by numbers; it goes with the run.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use hookstead_data::{Cursor, Session};
use tokio::sync::Mutex;

use super::order::Writes;

/// A cursor that somebody may be reading.
pub(crate) type OpenCursor = Arc<Mutex<Box<dyn Cursor>>>;

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
    /// Those outside of sessions.
    pub(crate) writes: Writes,
    sessions: Vec<Arc<dyn Session>>,
    undeclared: BTreeSet<String>,
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
    /// Whether an undeclared name is met for the first time.
    pub(crate) fn note_undeclared(&mut self, name: &str) -> bool {
        self.undeclared.insert(name.to_owned())
    }

    /// Keeps a session; its number, from 0.
    pub(crate) fn keep_session(&mut self, session: Arc<dyn Session>) -> usize {
        self.sessions.push(session);
        self.sessions.len() - 1
    }

    /// Whether a session of the run is in a transaction.
    pub(crate) fn in_transaction(&self) -> bool {
        self.sessions.iter().any(|session| session.in_transaction())
    }

    pub(crate) fn session(&self, id: usize) -> Option<&Arc<dyn Session>> {
        self.sessions.get(id)
    }
}
