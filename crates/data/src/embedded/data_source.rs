//! What is open of a file, and the part of it that belongs to one data source.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak, atomic::Ordering},
    time::{Duration, Instant},
};

use hookstead_memory::Budget;
use tokio::sync::Semaphore;

use crate::{
    Answer, DataError, Future,
    embedded::{
        changes::{
            limits::LogLimits,
            registration,
            watcher::{Renew, Watcher},
        },
        collection::writing::Writing,
        failure::Failure,
        file::shared::Shared,
        options::EmbeddedOptions,
        threads::{computation::Limit, readers::Readers, writer::Writer},
        transaction::{Transaction, line::Line},
    },
};

/// So many writes are done elsewhere than on the thread that writes at a time: each may hold the
/// changes of a transaction.
const MOVED_MAX: usize = 4;

/// Transactions that have begun.
#[derive(Debug, Default)]
struct Transactions {
    lines: Vec<Weak<Line>>,
    /// With so many, or after a while, those that are over are looked for.
    lines_max: usize,
    looked_at: Option<Instant>,
}

/// How long a transaction that has lasted for too long may do so yet.
const LOOK: Duration = Duration::from_secs(1);

impl Transactions {
    /// Ends those that have lasted for too long. To look at all each time that one begins would
    /// take long where there are many.
    fn look(&mut self) {
        let is_due = self.looked_at.is_none_or(|looked_at| looked_at.elapsed() > LOOK);
        if is_due || self.lines.len() >= self.lines_max {
            self.lines.retain(|one| one.upgrade().is_some_and(|one| !one.expire()));
            self.lines_max = 2 * self.lines.len() + 16;
            self.looked_at = Some(Instant::now());
        }
    }
}

/// What is open of a file.
#[derive(Debug)]
pub(crate) struct Core {
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    /// Ends before the writer does.
    watcher: Watcher,
    writer: Writer,
    options: EmbeddedOptions,
    /// Those that may have a snapshot, or wait for a place.
    transactions: Mutex<Transactions>,
    places: Arc<Semaphore>,
    /// Places for writes that are done elsewhere than on the thread that writes.
    moved: Semaphore,
}

/// The documents of a data source.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    core: Arc<Core>,
    source: Arc<str>,
}

impl EmbeddedStore {
    /// The part of a file with a name.
    pub(crate) fn new(core: &Arc<Core>, name: &str) -> Self {
        Self { core: Arc::clone(core), source: name.into() }
    }

    pub(crate) fn source(&self) -> &Arc<str> {
        &self.source
    }

    pub(crate) fn readers(&self) -> &Arc<Readers> {
        &self.core.readers
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.core.writer
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.core.shared
    }

    pub(crate) fn moved(&self) -> &Semaphore {
        &self.core.moved
    }

    pub(crate) fn write_compute_time(&self) -> Duration {
        self.core.options.write_compute_time
    }

    pub(crate) fn new_transaction(&self) -> Arc<Line> {
        self.core.new_transaction(&self.source)
    }

    /// The places that transactions wait for.
    pub(crate) fn places(&self) -> &Arc<Semaphore> {
        &self.core.places
    }

    /// Ends a transaction after everything that was asked of it.
    pub(crate) fn commit(&self, transaction: &Arc<Line>) -> Future<'static, ()> {
        let store = self.clone();
        let finished =
            Line::submit(transaction, self.readers(), |transaction, _| transaction.finish());
        Box::pin(async move {
            let Some(overlay) = finished.await? else { return Ok(()) };
            let (source, bytes) = (Arc::clone(&store.source), overlay.bytes());
            let work = Box::new(move |writing: &mut Writing<'_>| {
                overlay.commit(&source, writing)?;
                Ok(Answer::Written)
            });
            store.core.writer.submit(bytes, Limit::Size, work).await.map(drop)
        })
    }

    /// The streams of changes.
    pub(crate) fn watcher(&self) -> &Watcher {
        &self.core.watcher
    }

    /// How much of the log of changes is kept, and of how many collections.
    pub(crate) fn log_limits(&self) -> (LogLimits, u64) {
        (self.core.options.log, self.core.options.watched_collections_max)
    }

    pub(crate) fn error(&self, failure: Failure) -> DataError {
        self.core.shared.file.explain(failure)
    }
}

/// Has the changes of a watched collection kept for longer.
fn renewal(core: Weak<Core>) -> Renew {
    Box::new(move |feed| {
        let Some(core) = core.upgrade() else { return };
        let (theirs, limits) = (Arc::clone(feed), core.options.log);
        let work = Box::new(move |writing: &mut Writing<'_>| {
            if !registration::renew(theirs.registration.watched, &limits, writing)? {
                theirs.lose();
            }
            Ok(Answer::Written)
        });
        // It is done whether or not anybody waits for it.
        drop(core.writer.submit(0, Limit::Open, work));
    })
}

impl Drop for Core {
    /// Nothing is computed any more, so that the writer ends soon.
    fn drop(&mut self) {
        self.shared.is_closing.store(true, Ordering::Relaxed);
    }
}

impl Core {
    pub(crate) fn open(
        folder: &Path,
        options: EmbeddedOptions,
        budget: &Arc<Budget>,
    ) -> Result<Arc<Self>, DataError> {
        let shared = Shared::open(folder, &options, budget)?;
        let writer = Writer::start(&shared, &options)?;
        let readers = Arc::new(Readers::new(&shared, &options));
        Ok(Arc::new_cyclic(|core| Self {
            watcher: Watcher::new(&shared, renewal(Weak::clone(core))),
            shared,
            readers,
            writer,
            options,
            transactions: Mutex::default(),
            places: Arc::new(Semaphore::new(options.transactions_max.max(1))),
            moved: Semaphore::new(MOVED_MAX),
        }))
    }

    pub(crate) fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// A transaction, which has yet to be [let in](Line::try_enter). Those that have lasted for too
    /// long end.
    fn new_transaction(&self, source: &Arc<str>) -> Arc<Line> {
        let transaction = Transaction::new(&self.shared, source);
        let line = Line::new(&self.shared, self.readers.pool(), transaction);
        let mut open = self.transactions.lock().unwrap_or_else(PoisonError::into_inner);
        open.look();
        open.lines.push(Arc::downgrade(&line));
        line
    }
}
