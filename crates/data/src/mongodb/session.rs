//! Sessions: commands one after another, and transactions.
//!
//! Whoever uses a session need not wait for one command before sending the next. So what belongs to
//! which transaction is decided when a command is sent, and each then waits for the one before it.
//!
//! Outside of a transaction, a command runs like any other, but does not see older data than the
//! one before it did. The driver's session is made for the first transaction.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bson::Timestamp;
use mongodb::{
    ClientSession,
    error::{Error, UNKNOWN_TRANSACTION_COMMIT_RESULT},
    raw_batch_cursor::SessionRawBatchCursor,
};
use tokio::{sync::Mutex as AsyncMutex, time::sleep};

use super::{
    cursor::{Progress, next_portion},
    run::{self, Outcome, Place},
    run_alone,
    shared::Shared,
    task,
};
use crate::{
    Answer, Batch, Command, Cursor, DataError, ErrorKind, Future, MongoCode, Namespace, Queue,
    Session, Target,
    session::{Commit, SessionState, misuse},
    store::failed,
};

/// How often a commit is tried, and how long one waits in between.
const COMMITS_MAX: usize = 5;
const COMMIT_PAUSE: Duration = Duration::from_millis(100);

/// A session of a deployment.
pub(super) struct MongoSession {
    state: Arc<State>,
}

struct State {
    shared: Arc<Shared>,
    sent: Mutex<Sent>,
    done: AsyncMutex<Done>,
}

/// What has been decided when a command is sent. Transactions are known by their numbers.
struct Sent {
    state: SessionState<u64, u64>,
    /// How many transactions have begun.
    transactions: u64,
    queue: Queue,
}

/// What has happened when a command is done.
#[derive(Default)]
struct Done {
    session: Option<ClientSession>,
    /// The transaction that the session is in, or was in last.
    transaction: u64,
    /// Why that one can no longer be committed.
    doom: Option<DataError>,
    /// Whether a command has begun and not ended. If another one finds it so, that one was given up
    /// and nobody knows what it did.
    is_busy: bool,
    /// How far the data had come.
    time: Option<Timestamp>,
}

impl MongoSession {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let sent = Sent { state: SessionState::Outside, transactions: 0, queue: Queue::default() };
        let done = AsyncMutex::default();
        Self { state: Arc::new(State { shared, sent: Mutex::new(sent), done }) }
    }
}

impl Target for MongoSession {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let state = Arc::clone(&self.state);
        let mut sent = self.state.sent();
        match sent.state.command() {
            Some(number) => {
                let work = async move { state.run_inside(number, namespace, command).await };
                self.state.start(&mut sent, work)
            }
            None => {
                let work = async move { state.run_outside(namespace, command).await };
                self.state.start(&mut sent, work)
            }
        }
    }
}

impl Session for MongoSession {
    fn start_transaction(&self) -> Result<(), DataError> {
        let mut sent = self.state.sent();
        let number = sent.transactions + 1;
        sent.state.start(|| number)?;
        sent.transactions = number;
        Ok(())
    }

    fn commit_transaction(&self) -> Future<'static, ()> {
        let mut sent = self.state.sent();
        let number = match sent.state.commit(|number| *number) {
            Ok(Commit::First(number, _) | Commit::Again(number)) => number,
            Err(error) => return failed(error),
        };
        let state = Arc::clone(&self.state);
        self.state.start(&mut sent, async move { state.commit(number).await })
    }

    fn abort_transaction(&self) -> Future<'static, ()> {
        let mut sent = self.state.sent();
        let number = match sent.state.abort() {
            Ok(number) => number,
            Err(error) => return failed(error),
        };
        let state = Arc::clone(&self.state);
        self.state.start(&mut sent, async move { state.abort(number).await })
    }

    fn in_transaction(&self) -> bool {
        self.state.sent().state.is_inside()
    }
}

impl State {
    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts some work that begins when everything that was sent before is done.
    fn start<T: Send + 'static>(
        &self,
        sent: &mut Sent,
        work: impl std::future::Future<Output = Result<T, DataError>> + Send + 'static,
    ) -> Future<'static, T> {
        let mut place = sent.queue.join();
        task::start(&self.shared.runtime, async move {
            place.wait().await;
            work.await
        })
    }

    async fn run_outside(
        &self,
        namespace: Namespace,
        command: Command,
    ) -> Result<Answer, DataError> {
        let mut done = self.done.lock().await;
        let (answer, time) = run_alone(&self.shared, done.time, namespace, command).await?;
        done.time = done.time.max(time);
        Ok(answer)
    }

    async fn run_inside(
        self: Arc<Self>,
        number: u64,
        namespace: Namespace,
        command: Command,
    ) -> Result<Answer, DataError> {
        let shared = Arc::clone(&self.shared);
        let outcome = self
            .inside(number, async |session| {
                run::run(&shared, Place::Transaction(session), namespace, command).await
            })
            .await?;
        Ok(match outcome {
            Outcome::Answer(answer) => answer,
            Outcome::Cursor(batch, cursor) => {
                let progress = Progress::Open(cursor);
                let cursor = TransactionCursor { state: self, number, progress };
                Answer::Cursor(batch, Some(Box::new(cursor)))
            }
        })
    }

    /// Works with the driver's session within a transaction, which begins here if it has not yet.
    async fn inside<T>(
        &self,
        number: u64,
        work: impl AsyncFnOnce(&mut ClientSession) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let mut done = self.done.lock().await;
        let done = &mut *done;
        if done.transaction == number && done.is_busy {
            done.doom.get_or_insert_with(given_up);
        }
        if let Some(doom) = done.doom_of(number) {
            return Err(doom);
        }
        done.is_busy = true;
        let result = self
            .shared
            .in_time(async { work(done.session_in(number, &self.shared).await?).await })
            .await;
        done.is_busy = false;
        if let Err(error) = &result
            && error.kind == ErrorKind::Unavailable
        {
            // Nobody knows whether the server did it.
            done.doom = Some(DataError::new(ErrorKind::Unavailable, &*error.message));
        }
        result
    }

    async fn commit(&self, number: u64) -> Result<(), DataError> {
        let mut done = self.done.lock().await;
        if done.transaction != number {
            // Nothing was done in it.
            return Ok(());
        }
        if done.is_busy {
            done.doom.get_or_insert_with(given_up);
        }
        let doom = done.doom_of(number);
        let Some(session) = &mut done.session else { return doom.map_or(Ok(()), Err) };
        if let Some(doom) = doom {
            let abort = async { session.abort_transaction().await.map_err(|_| given_up()) };
            // The server forgets it sooner or later anyway.
            let _ = self.shared.in_time(abort).await;
            return Err(doom);
        }
        let shared = &self.shared;
        // Committing twice is committing once: so it is tried until it is known how it went.
        let commit = async {
            for _ in 1..COMMITS_MAX {
                match session.commit_transaction().await {
                    Err(error) if is_unknown(&error) => sleep(COMMIT_PAUSE).await,
                    result => return result.map_err(|error| shared.explain(error)),
                }
            }
            session.commit_transaction().await.map_err(|error| shared.explain(error))
        };
        let result = shared.in_time(commit).await;
        let time = session.operation_time();
        done.time = done.time.max(time);
        result
    }

    async fn abort(&self, number: u64) -> Result<(), DataError> {
        let mut done = self.done.lock().await;
        if done.transaction != number {
            return Ok(());
        }
        let Some(session) = &mut done.session else { return Ok(()) };
        let shared = &self.shared;
        let abort =
            async { session.abort_transaction().await.map_err(|error| shared.explain(error)) };
        shared.in_time(abort).await
    }
}

impl Done {
    /// The driver's session, in a transaction.
    async fn session_in(
        &mut self,
        number: u64,
        shared: &Shared,
    ) -> Result<&mut ClientSession, DataError> {
        if self.session.is_none() {
            let client = shared.client().await?;
            let session = client.start_session().await;
            self.session = Some(session.map_err(|error| shared.explain(error))?);
        }
        let Some(session) = &mut self.session else {
            return Err(DataError::new(ErrorKind::Internal, "a session is gone"));
        };
        if self.transaction != number {
            self.transaction = number;
            self.doom = None;
            if let Some(time) = self.time {
                session.advance_operation_time(time);
            }
            if let Err(error) = session.start_transaction().await {
                let error = shared.explain(error);
                self.doom = Some(DataError::new(error.kind, &*error.message));
                return Err(error);
            }
        }
        Ok(session)
    }

    fn doom_of(&self, number: u64) -> Option<DataError> {
        let doom = self.doom.as_ref().filter(|_| self.transaction == number)?;
        let message = format!("the transaction has failed before: {}", doom.message);
        Some(DataError::new(doom.kind, message).with_code(MongoCode::NO_SUCH_TRANSACTION))
    }
}

/// A cursor that was opened in a transaction, and lives as long as that.
struct TransactionCursor {
    state: Arc<State>,
    number: u64,
    progress: Progress<Box<SessionRawBatchCursor>>,
}

impl Cursor for TransactionCursor {
    fn next_batch(&mut self) -> Future<'_, Batch> {
        Box::pin(self.next())
    }
}

impl TransactionCursor {
    async fn next(&mut self) -> Result<Batch, DataError> {
        let Some(mut cursor) = self.progress.take()? else { return Ok(Batch::default()) };
        let (state, number) = (Arc::clone(&self.state), self.number);
        let next = async move {
            if state.done.lock().await.transaction != number {
                return Err(misuse("the cursor is closed: its transaction has ended"));
            }
            let next = async |session: &mut ClientSession| {
                next_portion(&state.shared, &mut cursor, session).await
            };
            let portion = state.inside(number, next).await?;
            Ok((portion, cursor))
        };
        let next = self.state.start(&mut self.state.sent(), next);
        let ((batch, is_last), cursor) = next.await?;
        self.progress.put(cursor, is_last);
        Ok(batch)
    }
}

fn is_unknown(error: &Error) -> bool {
    error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT)
}

fn given_up() -> DataError {
    DataError::new(ErrorKind::Unavailable, "a command in it was given up")
}
