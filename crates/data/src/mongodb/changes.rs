//! A stream of the changes of one collection of a deployment.

use std::{future::poll_fn, mem, sync::Arc};

use bson::{Bson, Document};
use hookstead_query::MongoCode;
use mongodb::change_stream::event::ResumeToken;

use super::{
    feed::{self, Event, Events, Feeds, Position},
    shared::Shared,
    task,
};
use crate::{
    Change, Changes, ConditionOfEvents, DataError, ErrorKind, Future, Namespace, Watch,
    WatchLimits,
    changes::{
        channel::Subscription,
        interest::{Interest, key_of_id},
        queue::Queue,
        watch::parameters,
    },
};

/// How often a collection is looked up whose feed ends at the same time.
const TRIES_MAX: usize = 8;

/// A stream of the changes of one collection.
struct MongoChanges {
    shared: Arc<Shared>,
    namespace: Namespace,
    interest: Arc<Interest>,
    condition: ConditionOfEvents,
    limits: WatchLimits,
    /// A stream of its own, as long as it is behind the others.
    own: Own,
    /// Its place among the others.
    live: Option<Subscription<Position>>,
    /// The position of the last change that came from its own stream.
    last: Position,
}

/// A change stream that no other stream shares.
enum Own {
    None,
    /// The next event is on its way. It goes on when nobody waits for it.
    Next(Future<'static, (Events, Option<bson::RawDocumentBuf>)>),
}

/// Opens a stream. Must run on the runtime of the store.
pub(super) async fn open(
    shared: &Arc<Shared>,
    namespace: Namespace,
    watch: Watch,
) -> Result<Box<dyn Changes>, DataError> {
    let interest = Arc::new(Interest::new(&watch, &parameters())?.and_leaving());
    let condition = ConditionOfEvents::new(&watch.filter)?;
    let own = match &watch.resume_after {
        None => Own::None,
        Some(token) => {
            let events = feed::open(shared, &namespace, Some(&read_token(token)?)).await?;
            Own::Next(next_event(shared, events))
        }
    };
    let mut stream = MongoChanges {
        shared: Arc::clone(shared),
        namespace,
        interest,
        condition,
        limits: watch.limits,
        own,
        live: None,
        last: Position::new(),
    };
    if matches!(stream.own, Own::None) {
        stream.join().await?;
    }
    Ok(Box::new(stream))
}

fn read_token(token: &bson::RawDocument) -> Result<ResumeToken, DataError> {
    let document = Document::try_from(token).ok();
    let token = document.map(Bson::Document).map(bson::deserialize_from_bson::<ResumeToken>);
    token.and_then(Result::ok).ok_or_else(|| {
        let message = "Bad resume token: it is not a document";
        DataError::new(ErrorKind::Refused, message).with_code(MongoCode::INVALID_RESUME_TOKEN)
    })
}

fn next_event(
    shared: &Arc<Shared>,
    mut events: Events,
) -> Future<'static, (Events, Option<bson::RawDocumentBuf>)> {
    let theirs = Arc::clone(shared);
    task::start(&shared.runtime, async move {
        let event = events.next_if_any().await.map_err(|error| theirs.explain(error))?;
        Ok((events, event))
    })
}

impl MongoChanges {
    /// Takes a place among the other streams of the collection.
    async fn join(&mut self) -> Result<(), DataError> {
        for _ in 0..TRIES_MAX {
            let (shared, namespace) = (Arc::clone(&self.shared), self.namespace.clone());
            let channel = task::start(&self.shared.runtime, async move {
                Feeds::channel(&shared, &namespace).await
            });
            let queue = Queue::new(Arc::clone(&self.interest), self.limits);
            if let Some((live, _)) = channel.await?.join(queue) {
                self.live = Some(live);
                return Ok(());
            }
        }
        Err(feed::ended("the change stream has ended"))
    }

    /// The next change of its own stream; nothing when it has caught up with the others.
    async fn own_change(&mut self) -> Result<Option<Arc<Change>>, DataError> {
        let Own::Next(next) = &mut self.own else { return Ok(None) };
        let (events, event) = next.await?;
        let Some(event) = event else {
            if self.live.is_some() {
                self.own = Own::None;
                return Ok(None);
            }
            // What happens until it has its place comes from its own stream, and may come twice.
            self.own = Own::Next(next_event(&self.shared, events));
            self.join().await?;
            return Ok(None);
        };
        self.own = Own::Next(next_event(&self.shared, events));
        match feed::read(&event, &self.namespace)? {
            Event::Change(change) => {
                self.last = feed::position_of(&change.token);
                let key = key_of_id(&change.document_key);
                Ok(self.interest.wants(&change, &key).then(|| Arc::from(change)))
            }
            Event::End(message) => Err(feed::ended(message)),
            Event::Other => Ok(None),
        }
    }

    async fn next_change(&mut self) -> Result<Arc<Change>, DataError> {
        loop {
            let change = if matches!(self.own, Own::Next(_)) {
                match self.own_change().await? {
                    Some(change) => change,
                    None => continue,
                }
            } else {
                let Some(live) = &self.live else {
                    return Err(feed::ended("the change stream has ended"));
                };
                let change = poll_fn(|context| live.queue().poll(context)).await?;
                if !self.last.is_empty() && feed::position_of(&change.token) <= self.last {
                    continue;
                }
                // From here on, nothing can come twice.
                mem::take(&mut self.last);
                change
            };
            if self.condition.is_met_by(&change)? {
                return Ok(change);
            }
        }
    }
}

impl Changes for MongoChanges {
    fn next(&mut self) -> Future<'_, Arc<Change>> {
        Box::pin(self.next_change())
    }
}
