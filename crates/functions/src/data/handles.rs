//! What a run has open of its data sources. JavaScript knows it by numbers; it goes with the run.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use hookstead_data::{Batch, Cursor, DataError, ErrorKind, Queue, Session, Store};
use hookstead_memory::{Account, Held};
use tokio::sync::{Mutex, Semaphore};

use super::order::{SessionCall, Share, Writes};
use crate::{
    Limits,
    faults::{Fault, Faults},
};

/// How many bytes of documents JavaScript is given at once. A server sends up to 16 MiB, which is
/// much of the memory of a run; a document that is longer comes alone.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// What a cursor takes beside its documents.
const CURSOR_BYTES: usize = 4 << 10;

/// A cursor that somebody may be reading.
pub(crate) type OpenCursor = Arc<Mutex<OpenDocuments>>;

/// Documents that are still to come.
pub(crate) struct OpenDocuments {
    /// Those that have been read already.
    ready: Batch,
    /// Where more of them come from.
    cursor: Option<Box<dyn Cursor>>,
    /// What the run has taken from the budget for both.
    held: Held,
}

impl OpenDocuments {
    /// The first documents, and the others where there may be any.
    pub(super) fn begin(
        mut ready: Batch,
        cursor: Option<Box<dyn Cursor>>,
        account: &Arc<Account>,
    ) -> (Batch, Option<Self>) {
        let first = ready.take(PIECE_BYTES_MAX);
        if ready.is_empty() && cursor.is_none() {
            return (first, None);
        }
        let mut open = Self { ready, cursor, held: account.nothing() };
        open.count();
        (first, Some(open))
    }

    /// Counts what is there, whether or not there is room: it is there already. A run that holds
    /// more than it may gets no answer any more.
    fn count(&mut self) {
        let cursor_bytes = self.cursor.as_ref().map_or(0, |cursor| cursor.held_bytes());
        self.held.set(CURSOR_BYTES + self.ready.bytes_len() + cursor_bytes);
    }

    /// The next documents; none at the end.
    pub(super) async fn next(&mut self) -> Result<Batch, DataError> {
        if self.ready.is_empty()
            && let Some(cursor) = &mut self.cursor
        {
            self.ready = cursor.next_batch().await?;
        }
        let piece = self.ready.take(PIECE_BYTES_MAX);
        self.count();
        Ok(piece)
    }
}

/// The cursors of a run, shared with the calls under way that open them.
pub(crate) type Cursors = Arc<std::sync::Mutex<CursorTable>>;

/// Cursors by number.
pub(crate) struct CursorTable {
    account: Arc<Account>,
    cursors_max: usize,
    next_id: u32,
    open: HashMap<u32, OpenCursor>,
}

/// Everything that is open.
pub(crate) struct Handles {
    pub(crate) cursors: Cursors,
    /// Most runs meet none.
    faults: Option<Faults>,
    /// Those outside of sessions.
    pub(crate) writes: Writes,
    sessions: HashMap<usize, OpenSession>,
    next_session: usize,
    /// Those in which a transaction has begun, and maybe ended.
    in_transaction: Vec<usize>,
    /// What the transactions of the run wait for, so that one run cannot have those of all.
    transactions: Arc<Semaphore>,
    undeclared: BTreeSet<String>,
}

/// A session, and the store that it is of.
pub(crate) struct OpenSession {
    store: Arc<dyn Store>,
    session: Arc<dyn Session>,
    queue: Queue,
    share: Arc<Share>,
    _held: Held,
}

impl OpenSession {
    /// A command that comes behind those before.
    pub(crate) fn call(&mut self) -> SessionCall {
        SessionCall::new(self.session(), self.queue.join(), Arc::clone(&self.share))
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
    /// The account of the run.
    pub(super) fn account(&self) -> Arc<Account> {
        Arc::clone(&self.account)
    }

    /// Keeps a cursor; its number, from 1.
    pub(crate) fn keep(&mut self, cursor: OpenCursor) -> Result<u32, DataError> {
        if self.open.len() >= self.cursors_max {
            let message = format!(
                "the run has {} cursors open, which is the limit; read some to their end or \
                 close() them, or have the operator raise [data] run_cursors_max",
                self.cursors_max
            );
            return Err(DataError::new(ErrorKind::Refused, message));
        }
        self.next_id += 1;
        self.open.insert(self.next_id, cursor);
        Ok(self.next_id)
    }

    pub(crate) fn get(&self, id: u32) -> Option<OpenCursor> {
        self.open.get(&id).map(Arc::clone)
    }

    pub(crate) fn close(&mut self, id: u32) {
        self.open.remove(&id);
    }
}

impl Handles {
    /// Nothing is open yet.
    pub(crate) fn new(limits: &Limits, account: &Arc<Account>) -> Self {
        // Those that wait for their begin are calls; one is left for the end of another.
        let calls_max = limits.outbound_calls_max.saturating_sub(1);
        let transactions_max = limits.run_transactions_max.min(calls_max).max(1);
        let account = Arc::clone(account);
        let cursors = CursorTable {
            account,
            cursors_max: limits.run_cursors_max,
            next_id: 0,
            open: HashMap::new(),
        };
        Self {
            cursors: Arc::new(std::sync::Mutex::new(cursors)),
            faults: None,
            writes: Writes::default(),
            sessions: HashMap::new(),
            next_session: 0,
            in_transaction: Vec::new(),
            transactions: Arc::new(Semaphore::new(transactions_max)),
            undeclared: BTreeSet::new(),
        }
    }

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
    pub(crate) fn open_session(&mut self, store: Arc<dyn Store>, held: Held) -> usize {
        let session = store.start_session();
        let share = Arc::new(Share::of(&self.transactions));
        let queue = Queue::default();
        let id = self.next_session;
        self.next_session += 1;
        self.sessions.insert(id, OpenSession { store, session, queue, share, _held: held });
        id
    }

    /// How many sessions are open.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Ends a session; its commands under way go on.
    pub(crate) fn end_session(&mut self, id: usize) {
        self.sessions.remove(&id);
    }

    /// Whether a session of the run is in a transaction.
    pub(crate) fn in_transaction(&mut self) -> bool {
        while let Some(last) = self.in_transaction.last() {
            if self.sessions.get(last).is_some_and(|open| open.session.in_transaction()) {
                return true;
            }
            self.in_transaction.pop();
        }
        false
    }

    /// Begins a transaction in a session.
    pub(crate) fn start_transaction(&mut self, id: usize) -> Option<Result<(), DataError>> {
        let started = self.sessions.get(&id)?.session.start_transaction();
        if started.is_ok() {
            self.in_transaction.push(id);
        }
        Some(started)
    }

    pub(crate) fn session(&mut self, id: usize) -> Option<&mut OpenSession> {
        self.sessions.get_mut(&id)
    }
}
