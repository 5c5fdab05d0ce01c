//! The store of a caller.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use hookstead_data::{
    Answer, Changes, Command, DataError, ErrorKind, Future, Namespace, Queue, QueuePlace, Session,
    Store, Target, Watch,
};

use super::{caller::Caller, compile::Rules, operation, refusal::not_for_users, watch};

/// A store that lets a caller do what the rules permit.
pub struct RuledStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) rules: Arc<Rules>,
    pub(super) caller: Arc<Caller>,
}

/// A session of such a store.
///
/// One command of a caller may be several of the store, so that commands wait here until those
/// that were sent before them are done.
struct RuledSession {
    inner: Arc<dyn Session>,
    rules: Arc<Rules>,
    caller: Arc<Caller>,
    queue: Mutex<Queue>,
    /// How many commands are not done.
    pending: Arc<AtomicUsize>,
    /// Whether a transaction is open for the commands that are sent now.
    is_inside: AtomicBool,
}

/// A command that is not done.
struct Pending(Arc<AtomicUsize>);

impl RuledStore {
    /// The store of a caller, over the one that has the documents.
    pub fn new(inner: Arc<dyn Store>, rules: Arc<Rules>, caller: Caller) -> Self {
        Self { inner, rules, caller: Arc::new(caller) }
    }
}

impl Target for RuledStore {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let rules = (Arc::clone(&self.rules), Arc::clone(&self.caller));
        let target: Arc<dyn Target> = Arc::clone(&self.inner) as Arc<dyn Target>;
        Box::pin(operation::run(rules, target, namespace, command))
    }
}

impl Store for RuledStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        Box::pin(async { Err(not_for_users("a list of databases")) })
    }

    fn collection_names(&self, _database: String) -> Future<'static, Vec<String>> {
        Box::pin(async { Err(not_for_users("a list of collections")) })
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        let rules = (Arc::clone(&self.rules), Arc::clone(&self.caller));
        Box::pin(watch::open(rules, Arc::clone(&self.inner), namespace, watch))
    }

    fn start_session(&self) -> Arc<dyn Session> {
        Arc::new(RuledSession {
            inner: self.inner.start_session(),
            rules: Arc::clone(&self.rules),
            caller: Arc::clone(&self.caller),
            queue: Mutex::default(),
            pending: Arc::default(),
            is_inside: AtomicBool::new(false),
        })
    }
}

impl RuledSession {
    /// A place behind everything that was sent before.
    fn join(&self) -> (QueuePlace, Pending) {
        self.pending.fetch_add(1, Ordering::AcqRel);
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        (queue.join(), Pending(Arc::clone(&self.pending)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Target for RuledSession {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let rules = (Arc::clone(&self.rules), Arc::clone(&self.caller));
        let target: Arc<dyn Target> = Arc::clone(&self.inner) as Arc<dyn Target>;
        let (mut place, pending) = self.join();
        Box::pin(async move {
            place.wait().await;
            let answer = operation::run(rules, target, namespace, command).await;
            drop((place, pending));
            answer
        })
    }
}

impl Session for RuledSession {
    fn start_transaction(&self) -> Result<(), DataError> {
        // Commands that were sent before would become part of the transaction.
        if self.pending.load(Ordering::Acquire) > 0 {
            let message = "a command of the session is not done: await it before a transaction \
                begins";
            return Err(DataError::new(ErrorKind::Refused, message));
        }
        self.inner.start_transaction()?;
        self.is_inside.store(true, Ordering::Release);
        Ok(())
    }

    fn commit_transaction(&self) -> Future<'static, ()> {
        self.is_inside.store(false, Ordering::Release);
        let (mut place, pending) = self.join();
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            place.wait().await;
            let committed = inner.commit_transaction().await;
            drop((place, pending));
            committed
        })
    }

    fn abort_transaction(&self) -> Future<'static, ()> {
        self.is_inside.store(false, Ordering::Release);
        let (mut place, pending) = self.join();
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            place.wait().await;
            let aborted = inner.abort_transaction().await;
            drop((place, pending));
            aborted
        })
    }

    fn in_transaction(&self) -> bool {
        self.is_inside.load(Ordering::Acquire)
    }
}
