//! The change streams of a deployment: one for each collection that somebody watches, however
//! many do.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bson::{Bson, Document, RawDocument, RawDocumentBuf, Timestamp};
use hookstead_query::MongoCode;
use mongodb::{
    Collection,
    change_stream::{ChangeStream, event::ResumeToken},
    options::{FullDocumentBeforeChangeType, FullDocumentType},
};
use tokio::sync::OnceCell;

use super::shared::Shared;
use crate::{
    Change, ChangeKind, DataError, ErrorKind, Namespace, UpdateDescription,
    changes::{channel::Channel, queue::End},
};

/// A position in a change stream: the text of a resume token, which sorts as the changes do.
pub(super) type Position = String;

/// A stream of events as the driver gives it.
pub(super) type Events = ChangeStream<RawDocumentBuf>;

/// The collections that somebody watches.
#[derive(Default)]
pub(super) struct Feeds(Mutex<HashMap<Namespace, Cell>>);

type Cell = Arc<OnceCell<Arc<Channel<Position>>>>;

/// What an event of a change stream says.
pub(super) enum Event {
    /// A document has changed.
    Change(Box<Change>),
    /// The stream ends here.
    End(&'static str),
    /// Nothing that matters here.
    Other,
}

impl Feeds {
    /// The channel of a collection, which is opened where there is none.
    pub(super) async fn channel(
        shared: &Arc<Shared>,
        namespace: &Namespace,
    ) -> Result<Arc<Channel<Position>>, DataError> {
        let cell = {
            let mut feeds = shared.feeds.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_over = |cell: &Cell| cell.get().is_some_and(|channel| channel.is_closed());
            feeds.retain(|_, cell| !is_over(cell));
            Arc::clone(feeds.entry(namespace.clone()).or_default())
        };
        let channel = cell.get_or_try_init(|| async {
            let events = open(shared, namespace, None).await?;
            let channel = Channel::new(position(&events), None);
            shared.runtime.spawn(run(
                Arc::clone(shared),
                namespace.clone(),
                events,
                Arc::clone(&channel),
            ));
            Ok::<_, DataError>(channel)
        });
        channel.await.map(Arc::clone)
    }
}

/// Opens a change stream, which begins now or behind a change.
pub(super) async fn open(
    shared: &Shared,
    namespace: &Namespace,
    after: Option<&ResumeToken>,
) -> Result<Events, DataError> {
    let database = shared.client().await?.database(&namespace.database);
    let collection = database.collection::<Document>(&namespace.collection);
    match watch(shared, &collection, after, true).await {
        Err(error) if is_unknown_option(&error) => watch(shared, &collection, after, false).await,
        opened => opened,
    }
    .map_err(|error| shared.explain(error))
}

/// Documents before their changes are known since MongoDB 6.0, where a collection keeps them.
async fn watch(
    shared: &Shared,
    collection: &Collection<Document>,
    after: Option<&ResumeToken>,
    with_before: bool,
) -> Result<Events, mongodb::error::Error> {
    let mut watch = collection.watch().full_document(FullDocumentType::UpdateLookup);
    if with_before {
        watch = watch.full_document_before_change(FullDocumentBeforeChangeType::WhenAvailable);
    }
    if let Some(after) = after {
        watch = watch.resume_after(after.clone());
    }
    if let Some(criteria) = &shared.read_criteria {
        watch = watch.selection_criteria(criteria.clone());
    }
    Ok(watch.await?.with_type())
}

fn is_unknown_option(error: &mongodb::error::Error) -> bool {
    const UNKNOWN_FIELD: i32 = 40415;
    let codes = [UNKNOWN_FIELD, MongoCode::FAILED_TO_PARSE.number(), MongoCode::BAD_VALUE.number()];
    matches!(
        error.kind.as_ref(),
        mongodb::error::ErrorKind::Command(command)
            if codes.contains(&command.code) && command.message.contains("BeforeChange")
    )
}

/// Where a stream is.
fn position(events: &Events) -> Position {
    let token = events.resume_token();
    let token = token.and_then(|token| bson::serialize_to_bson(&token).ok());
    let data =
        token.as_ref().and_then(Bson::as_document).and_then(|token| token.get_str("_data").ok());
    data.unwrap_or_default().to_owned()
}

/// The position of a change.
pub(super) fn position_of(token: &RawDocument) -> Position {
    token.get_str("_data").unwrap_or_default().to_owned()
}

/// Hands changes to all streams of a collection, until nobody watches it any more.
async fn run(
    shared: Arc<Shared>,
    namespace: Namespace,
    mut events: Events,
    channel: Arc<Channel<Position>>,
) {
    let end = loop {
        match events.next_if_any().await {
            Ok(Some(event)) => match read(&event, &namespace) {
                Ok(Event::Change(change)) => {
                    let position = position_of(&change.token);
                    channel.send(*change, position);
                }
                Ok(Event::End(message)) => break ended(message),
                Ok(Event::Other) => {}
                Err(error) => break error,
            },
            Ok(None) if channel.close_unused() => return,
            Ok(None) if events.is_alive() => {}
            Ok(None) => break ended("the server has ended the change stream"),
            Err(error) => break shared.explain(error),
        }
    };
    channel.close(&End::of(&end));
}

/// The error of a stream that has come to its end.
pub(super) fn ended(message: &'static str) -> DataError {
    DataError::new(ErrorKind::Refused, message)
}

/// Reads an event.
pub(super) fn read(event: &RawDocument, namespace: &Namespace) -> Result<Event, DataError> {
    let broken = |error: bson::error::Error| {
        let message = "an event of a change stream cannot be read";
        DataError::new(ErrorKind::Internal, message).caused_by(error)
    };
    let operation = event.get_str("operationType").map_err(broken)?;
    let Some(kind) = ChangeKind::of_name(operation) else {
        return Ok(match operation {
            "drop" | "dropDatabase" | "invalidate" => Event::End("the collection was dropped"),
            "rename" => Event::End("the collection was renamed"),
            _ => Event::Other,
        });
    };
    let document = |name: &str| event.get_document(name).ok().map(RawDocument::to_owned);
    let required = |name: &str| event.get_document(name).map(RawDocument::to_owned);
    let token = required("_id").map_err(broken)?;
    let key = required("documentKey").map_err(broken)?;
    let time = event.get_timestamp("clusterTime").unwrap_or(Timestamp { time: 0, increment: 0 });
    let mut change = Change::new(kind, namespace.clone(), token, key, time);
    change.document = document("fullDocument");
    change.before = document("fullDocumentBeforeChange");
    if kind == ChangeKind::Update {
        change.description = Some(description(event).unwrap_or_default());
    }
    Ok(Event::Change(Box::new(change)))
}

fn description(event: &RawDocument) -> Option<UpdateDescription> {
    let description = event.get_document("updateDescription").ok()?;
    let updated = description.get_document("updatedFields").ok()?.to_owned();
    let removed = description.get_array("removedFields").ok()?;
    let removed = removed.into_iter().flatten().filter_map(|path| Some(path.as_str()?.to_owned()));
    let truncated = description.get_array("truncatedArrays").ok();
    let truncated = truncated.into_iter().flatten().flatten().filter_map(|one| {
        let one = one.as_document()?;
        let length = one.get_i32("newSize").ok()?;
        Some((one.get_str("field").ok()?.to_owned(), length))
    });
    Some(UpdateDescription { updated, removed: removed.collect(), truncated: truncated.collect() })
}
