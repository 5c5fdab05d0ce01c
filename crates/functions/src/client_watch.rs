//! Watching a collection, for clients (docs/behaviour/watch.md#the-call).

mod arguments;
mod write;

use std::sync::Arc;

use bytes::Bytes;
use hookstead_data::{Change, Changes, DataError, ErrorKind, Store as _, Watch, WatchLimits};

use crate::{Caller, Functions};

use arguments::Arguments;
pub use write::Frame;
use write::Writer;

/// What a client asks for.
pub struct WatchCall {
    /// The name of the data source.
    pub source: String,
    /// The text of an array with one object of extended JSON.
    pub arguments: String,
    /// How much may wait to be read.
    pub limits: WatchLimits,
    /// Makes what is sent of the text of an event.
    pub frame: Frame,
}

/// The changes that a client is told.
pub struct ClientChanges {
    changes: Box<dyn Changes>,
    writer: Writer,
    /// A change that was read and not yet written: the future that does so may be dropped.
    unwritten: Option<Arc<Change>>,
}

/// Why a client is not told any changes, or no more of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WatchError {
    /// What kind of failure.
    pub kind: WatchErrorKind,
    /// For the client.
    pub message: String,
    /// What only the log is told.
    pub detail: Option<String>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchErrorKind {
    /// The app has no data source of this name.
    ServiceNotFound,
    /// The arguments make no sense.
    InvalidArguments,
    /// The rules do not permit it.
    NotPermitted,
    /// The store refuses it, or the stream has ended.
    Refused,
    /// The store could not be reached, or has no room for it.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Functions {
    /// Watches a collection with the rights of a caller.
    ///
    /// # Errors
    /// There is no such data source, the arguments make no sense, or the rules or the store refuse
    /// it.
    pub async fn watch(
        &self,
        call: WatchCall,
        caller: &Caller,
    ) -> Result<ClientChanges, WatchError> {
        let WatchCall { source, arguments, limits, frame } = call;
        let Arguments { namespace, ids, filter, resume_after, is_compact } =
            arguments::read(&arguments)?;
        let Some(store) = self.user_store(&source, caller) else {
            let message = format!("service not found: '{source}'");
            return Err(WatchError::new(WatchErrorKind::ServiceNotFound, message));
        };
        let watch = Watch { ids, filter, resume_after, limits, ..Watch::default() };
        let changes = store.watch(namespace, watch).await.map_err(WatchError::of_store)?;
        Ok(ClientChanges { changes, writer: Writer { is_compact, frame }, unwritten: None })
    }
}

impl ClientChanges {
    /// Waits for the next change: its event as it is sent. Nothing is lost when the future is
    /// dropped.
    ///
    /// # Errors
    /// The stream has ended.
    pub async fn next(&mut self) -> Result<Bytes, WatchError> {
        let change = match &self.unwritten {
            Some(change) => Arc::clone(change),
            None => {
                let change = self.changes.next().await.map_err(WatchError::of_store)?;
                Arc::clone(self.unwritten.insert(change))
            }
        };
        let written = self.writer.write(change).await;
        self.unwritten = None;
        written
    }
}

impl WatchError {
    fn new(kind: WatchErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None }
    }

    fn internal(error: impl std::fmt::Display) -> Self {
        let detail = Some(error.to_string());
        Self { detail, ..Self::new(WatchErrorKind::Internal, "internal server error") }
    }

    fn of_store(error: DataError) -> Self {
        let kind = match error.kind {
            ErrorKind::NoMatchingRule | ErrorKind::NotPermitted => WatchErrorKind::NotPermitted,
            ErrorKind::Unavailable => WatchErrorKind::Unavailable,
            ErrorKind::Internal => WatchErrorKind::Internal,
            _ => WatchErrorKind::Refused,
        };
        let named = error.code.and_then(hookstead_data::MongoCode::name);
        let message = match (kind, named) {
            (WatchErrorKind::Refused, Some(name)) => format!("({name}) {}", error.message),
            _ => error.message.clone(),
        };
        let detail = error.source.as_ref().map(|source| format!("{message}: {source}"));
        Self { kind, message, detail }
    }
}
