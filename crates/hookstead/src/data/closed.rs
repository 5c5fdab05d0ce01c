//! The deployment of the users, as functions see it: without the database of the users.

use std::sync::Arc;

use bson::{RawBsonRef, RawDocument};
use hookstead_data::{
    Answer, Changes, Command, DataError, ErrorKind, Future, Namespace, Session, Store, Target,
    Watch,
};

/// Stages that can name another database.
const STAGES: [&str; 5] = ["$out", "$merge", "$lookup", "$graphLookup", "$unionWith"];

/// A store one of whose databases is closed.
pub(super) struct ClosedStore {
    inner: Arc<dyn Store>,
    database: Arc<str>,
}

/// A session of such a store.
struct ClosedSession {
    inner: Arc<dyn Session>,
    database: Arc<str>,
}

impl ClosedStore {
    pub(super) fn new(inner: Arc<dyn Store>, database: &str) -> Self {
        Self { inner, database: database.into() }
    }
}

impl Target for ClosedStore {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        match check(&self.database, &namespace, &command) {
            Ok(()) => self.inner.run(namespace, command),
            Err(error) => failed(error),
        }
    }
}

impl Store for ClosedStore {
    fn database_names(&self) -> Future<'static, Vec<String>> {
        let (names, closed) = (self.inner.database_names(), Arc::clone(&self.database));
        Box::pin(async move {
            let mut names = names.await?;
            names.retain(|name| !is_closed(&closed, name));
            Ok(names)
        })
    }

    fn collection_names(&self, database: String) -> Future<'static, Vec<String>> {
        if is_closed(&self.database, &database) {
            return failed(refusal(&self.database));
        }
        self.inner.collection_names(database)
    }

    fn watch(&self, namespace: Namespace, watch: Watch) -> Future<'static, Box<dyn Changes>> {
        if is_closed(&self.database, &namespace.database) {
            return failed(refusal(&self.database));
        }
        self.inner.watch(namespace, watch)
    }

    fn start_session(&self) -> Arc<dyn Session> {
        let (inner, database) = (self.inner.start_session(), Arc::clone(&self.database));
        Arc::new(ClosedSession { inner, database })
    }
}

impl Target for ClosedSession {
    fn run(&self, namespace: Namespace, command: Command) -> Future<'static, Answer> {
        match check(&self.database, &namespace, &command) {
            Ok(()) => self.inner.run(namespace, command),
            Err(error) => failed(error),
        }
    }
}

impl Session for ClosedSession {
    fn start_transaction(&self) -> Result<(), DataError> {
        self.inner.start_transaction()
    }

    fn commit_transaction(&self) -> Future<'static, ()> {
        self.inner.commit_transaction()
    }

    fn abort_transaction(&self) -> Future<'static, ()> {
        self.inner.abort_transaction()
    }

    fn in_transaction(&self) -> bool {
        self.inner.in_transaction()
    }
}

fn failed<T: Send + 'static>(error: DataError) -> Future<'static, T> {
    Box::pin(std::future::ready(Err(error)))
}

fn refusal(database: &str) -> DataError {
    let message = format!("the database {database} keeps the users of the app");
    DataError::new(ErrorKind::Refused, message)
}

/// A server has no two databases whose names differ in letter case only.
fn is_closed(closed: &str, database: &str) -> bool {
    closed.eq_ignore_ascii_case(database)
}

fn check(closed: &str, namespace: &Namespace, command: &Command) -> Result<(), DataError> {
    let names_it = match command {
        Command::Aggregate(aggregate) => {
            aggregate.pipeline.iter().any(|stage| names(closed, stage, false))
        }
        _ => false,
    };
    if names_it || is_closed(closed, &namespace.database) {
        return Err(refusal(closed));
    }
    Ok(())
}

/// Whether a stage, or one within it, names the database: in `db`, beside a collection.
fn names(closed: &str, document: &RawDocument, is_inside: bool) -> bool {
    document.iter().any(|field| {
        // What cannot be read may name it.
        let Ok((name, value)) = field else { return true };
        let is_named =
            is_inside && name == "db" && value.as_str().is_some_and(|db| is_closed(closed, db));
        is_named || names_in(closed, value, is_inside || STAGES.contains(&name.as_str()))
    })
}

fn names_in(closed: &str, value: RawBsonRef<'_>, is_inside: bool) -> bool {
    match value {
        RawBsonRef::Document(document) => names(closed, document, is_inside),
        RawBsonRef::Array(array) => array
            .into_iter()
            .any(|value| value.map_or(true, |value| names_in(closed, value, is_inside))),
        _ => false,
    }
}
