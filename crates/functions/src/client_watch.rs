//! Watching a collection, for clients (docs/behaviour/watch.md#the-call).

use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf, doc};
use hookstead_data::{
    Change, ChangeKind, Changes, DataError, ErrorKind, Namespace, Store as _, Watch, WatchLimits,
};
use serde_json::Value as Json;

use crate::{Caller, Functions};

/// So many ids one stream may name.
const IDS_MAX: usize = 10_000;

/// What a client asks for.
pub struct WatchCall {
    /// The name of the data source.
    pub source: String,
    /// The text of an array with one object of extended JSON.
    pub arguments: String,
    /// How much may wait to be read.
    pub limits: WatchLimits,
}

/// The changes that a client is told.
pub struct ClientChanges {
    changes: Box<dyn Changes>,
    is_compact: bool,
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
        let WatchCall { source, arguments, limits } = call;
        let Arguments { namespace, ids, filter, resume_after, is_compact } = read(&arguments)?;
        let Some(store) = self.user_store(&source, caller) else {
            let message = format!("service not found: '{source}'");
            return Err(WatchError::new(WatchErrorKind::ServiceNotFound, message));
        };
        let watch = Watch { ids, filter, resume_after, limits, ..Watch::default() };
        let changes = store.watch(namespace, watch).await.map_err(WatchError::of_store)?;
        Ok(ClientChanges { changes, is_compact })
    }
}

impl ClientChanges {
    /// Waits for the next change: its event in canonical extended JSON. Nothing is lost when the
    /// future is dropped.
    ///
    /// # Errors
    /// The stream has ended.
    pub async fn next(&mut self) -> Result<Arc<str>, WatchError> {
        let change = self.changes.next().await.map_err(WatchError::of_store)?;
        if self.is_compact {
            return text(compact(&change).map_err(WatchError::internal)?);
        }
        if let Some(text) = change.written.get() {
            return Ok(Arc::clone(text));
        }
        let event = Document::try_from(&*change.event()).map_err(WatchError::internal)?;
        let text = text(event)?;
        Ok(Arc::clone(change.written.get_or_init(|| text)))
    }
}

/// What a client has said.
struct Arguments {
    namespace: Namespace,
    ids: Option<Vec<Bson>>,
    filter: RawDocumentBuf,
    resume_after: Option<RawDocumentBuf>,
    is_compact: bool,
}

fn read(arguments: &str) -> Result<Arguments, WatchError> {
    let invalid = |message: &str| WatchError::new(WatchErrorKind::InvalidArguments, message);
    let no_json = |_| invalid("the arguments are not extended JSON");
    let json: Json = serde_json::from_str(arguments).map_err(no_json)?;
    let Ok(Bson::Array(arguments)) = Bson::try_from(json) else {
        return Err(invalid("the arguments are not extended JSON"));
    };
    let Ok([Bson::Document(mut argument)]) = <[Bson; 1]>::try_from(arguments) else {
        return Err(invalid("watch: there must be one argument, an object"));
    };
    let mut name = |name: &str| match argument.remove(name) {
        Some(Bson::String(text)) => Ok(text),
        _ => Err(invalid(&format!("watch: the field '{name}' must be a string"))),
    };
    let namespace = Namespace { database: name("database")?, collection: name("collection")? };
    let ids = match argument.remove("ids") {
        None | Some(Bson::Null | Bson::Undefined) => None,
        Some(Bson::Array(ids)) if ids.len() <= IDS_MAX => Some(ids),
        Some(Bson::Array(_)) => {
            return Err(invalid(&format!("watch: there may be {IDS_MAX} 'ids' at most")));
        }
        Some(_) => return Err(invalid("watch: the field 'ids' must be an array")),
    };
    let mut document = |name: &str| match argument.remove(name) {
        None | Some(Bson::Null | Bson::Undefined) => Ok(None),
        Some(Bson::Document(document)) => RawDocumentBuf::try_from(&document)
            .map(Some)
            .map_err(|_| invalid(&format!("watch: the field '{name}' cannot be written as BSON"))),
        Some(_) => Err(invalid(&format!("watch: the field '{name}' must be an object"))),
    };
    let filter = document("filter")?.unwrap_or_default();
    let resume_after = document("resumeAfter")?;
    let is_compact = match argument.remove("useCompactEvents") {
        None | Some(Bson::Null | Bson::Undefined) => false,
        Some(Bson::Boolean(is_compact)) => is_compact,
        Some(_) => return Err(invalid("watch: the field 'useCompactEvents' must be a boolean")),
    };
    // What is not understood may be meant to leave something out.
    if let Some(other) = argument.keys().next() {
        return Err(invalid(&format!("watch: the field '{other}' is not known")));
    }
    Ok(Arguments { namespace, ids, filter, resume_after, is_compact })
}

/// The short form of an event, with the names that the libraries of Stitch read.
fn compact(change: &Change) -> Result<Document, bson::error::Error> {
    let mut event = doc! {
        "ot": change.kind.name(),
        "dk": Document::try_from(&*change.document_key)?,
    };
    if let Some(description) = &change.description {
        event.insert(
            "ud",
            doc! {
                "updatedFields": Document::try_from(&*description.updated)?,
                "removedFields": description.removed.clone(),
            },
        );
    }
    if matches!(change.kind, ChangeKind::Insert | ChangeKind::Replace)
        && let Some(document) = &change.document
    {
        event.insert("fd", Document::try_from(&**document)?);
    }
    Ok(event)
}

fn text(event: Document) -> Result<Arc<str>, WatchError> {
    Ok(Bson::Document(event).into_canonical_extjson().to_string().into())
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
