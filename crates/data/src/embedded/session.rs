//! Sessions: commands one after another, and transactions.
//!
//! Nobody need wait for one command before sending the next: each begins when the one before it is
//! done. What belongs to which transaction is decided when a command is sent.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    Answer, Command, DataError, ErrorKind, Future, MongoCode, Namespace, Queue, Session, Target,
    embedded::{
        command::{
            Work,
            parsed::{Parsed, keeping, parse_long, parse_short},
        },
        data_source::EmbeddedStore,
        query::origin::Origin,
        threads::cancel::Cancel,
        transaction::{Transaction, line::Line, no_such},
    },
    session::{Commit, SessionState},
    store::failed,
};

/// A session of an embedded store.
pub(crate) struct EmbeddedSession {
    store: EmbeddedStore,
    sent: Mutex<Sent>,
}

/// What has been decided when a command is sent.
struct Sent {
    /// Of a commit it knows whether it has succeeded.
    state: SessionState<Arc<Line>, Arc<AtomicBool>>,
    queue: Queue,
}

impl EmbeddedSession {
    pub(crate) fn new(store: EmbeddedStore) -> Self {
        Self {
            store,
            sent: Mutex::new(Sent { state: SessionState::Outside, queue: Queue::default() }),
        }
    }

    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Target for EmbeddedSession {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        let mut sent = self.sent();
        let store = self.store.clone();
        match sent.state.command() {
            None => sent.start(move || store.run(namespace, command)),
            Some(line) => {
                let doom = Doom::of(&line);
                let answer = sent.start(move || run_in(&store, &line, namespace, command));
                Box::pin(async move {
                    let answer = answer.await;
                    doom.lift();
                    answer
                })
            }
        }
    }
}

impl Session for EmbeddedSession {
    fn start_transaction(&self) -> Result<(), DataError> {
        self.sent().state.start(|| self.store.new_transaction())
    }

    fn commit_transaction(&self) -> Future<'static, ()> {
        let mut sent = self.sent();
        match sent.state.commit(|_| Arc::default()) {
            Err(error) => failed(error),
            Ok(Commit::Again(succeeded)) => sent.start(move || {
                let succeeded = succeeded.load(Ordering::Relaxed);
                Box::pin(async move { if succeeded { Ok(()) } else { Err(no_such()) } })
            }),
            Ok(Commit::First(line, succeeded)) => {
                let store = self.store.clone();
                let committed = sent.start(move || store.commit(&line));
                Box::pin(async move {
                    committed.await?;
                    succeeded.store(true, Ordering::Relaxed);
                    Ok(())
                })
            }
        }
    }

    fn abort_transaction(&self) -> Future<'static, ()> {
        let mut sent = self.sent();
        let line = match sent.state.abort() {
            Ok(line) => line,
            Err(error) => return failed(error),
        };
        let store = self.store.clone();
        sent.start(move || {
            Box::pin(Line::submit(&line, store.readers(), |transaction, _| {
                transaction.abort();
                Ok(())
            }))
        })
    }

    fn in_transaction(&self) -> bool {
        self.sent().state.is_inside()
    }
}

impl Sent {
    /// Starts something when everything that was sent before is done; at once, if it is.
    fn start<T: Send + 'static>(
        &mut self,
        start: impl FnOnce() -> Future<'static, T> + Send + 'static,
    ) -> Future<'static, T> {
        let mut place = self.queue.join();
        if place.is_first() {
            let started = start();
            return Box::pin(async move {
                let _place = place;
                started.await
            });
        }
        Box::pin(async move {
            place.wait().await;
            start().await
        })
    }
}

/// A command of a transaction. The first waits until there is a place for the transaction.
fn run_in(
    store: &EmbeddedStore,
    line: &Arc<Line>,
    name: Namespace,
    command: Command,
) -> Future<'static, Answer> {
    if line.try_enter(store.places()) {
        return run_inside(store, line, name, command);
    }
    let (store, line) = (store.clone(), Arc::clone(line));
    Box::pin(async move {
        line.enter(store.places()).await;
        run_inside(&store, &line, name, command).await
    })
}

fn run_inside(
    store: &EmbeddedStore,
    line: &Arc<Line>,
    name: Namespace,
    command: Command,
) -> Future<'static, Answer> {
    match parse_short(store, &name, command) {
        Ok(parsed) => run_parsed_in(store, line, name, parsed),
        Err(command) => {
            let (store, line) = (store.clone(), Arc::clone(line));
            let parsed = parse_long(&store, command);
            Box::pin(async move {
                let (work, share) = match parsed.await {
                    Ok(Parsed { work, share }) => (Ok(work), share),
                    Err(error) => (Err(error), None),
                };
                Ok(keeping(share, run_parsed_in(&store, &line, name, work).await?))
            })
        }
    }
}

fn run_parsed_in(
    store: &EmbeddedStore,
    line: &Arc<Line>,
    name: Namespace,
    parsed: Result<Work, DataError>,
) -> Future<'static, Answer> {
    match parsed {
        Err(error) => abort_with(store, line, error),
        Ok(Work::Aggregate(work)) if work.target(&name).is_some() => {
            let text = "$out and $merge cannot be used in a transaction";
            let error = DataError::new(ErrorKind::Refused, text)
                .with_code(MongoCode::NOT_SUPPORTED_IN_TRANSACTION);
            abort_with(store, line, error)
        }
        Ok(Work::Write(write, _)) => {
            Box::pin(Line::submit(line, store.readers(), move |transaction, _| {
                transaction.write(&name, |documents| write.run(documents))
            }))
        }
        Ok(read) => read.read(Origin::transaction(store.readers(), store.source(), line), name),
    }
}

/// Ends a transaction because of a command that cannot be done, as servers do.
fn abort_with(
    store: &EmbeddedStore,
    line: &Arc<Line>,
    error: DataError,
) -> Future<'static, Answer> {
    let work = move |transaction: &mut Transaction, _: &Cancel| {
        transaction.abort();
        Err(error.into())
    };
    Box::pin(Line::submit(line, store.readers(), work))
}

/// A transaction of which a command is given up cannot be committed: nobody knows what it did.
struct Doom(Option<Arc<Line>>);

impl Doom {
    fn of(line: &Arc<Line>) -> Self {
        Self(Some(Arc::clone(line)))
    }

    fn lift(mut self) {
        self.0 = None;
    }
}

impl Drop for Doom {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.doom();
        }
    }
}
