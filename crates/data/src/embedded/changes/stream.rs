//! A stream of the changes of one collection.

use std::{collections::VecDeque, future::poll_fn, sync::Arc};

use crate::{
    Answer, Change, Changes, ConditionOfEvents, DataError, Future, Namespace, Watch, WatchLimits,
    changes::{
        channel::Subscription,
        interest::{Interest, key_of_id},
        queue::Queue,
    },
    embedded::{
        changes::{
            log,
            lost::history_lost,
            registration::{self, Registration},
            token::Token,
            watcher::Feed,
        },
        data_source::EmbeddedStore,
        failure::gone,
        threads::computation::Limit,
    },
};

/// How often a collection is looked up whose feed ends at the same time.
const TRIES_MAX: usize = 8;

/// A stream of the changes of one collection.
pub(super) struct EmbeddedChanges {
    store: EmbeddedStore,
    name: Namespace,
    interest: Arc<Interest>,
    condition: ConditionOfEvents,
    limits: WatchLimits,
    registration: Registration,
    /// What was read of the log and not yet handed on.
    backlog: VecDeque<Change>,
    /// The number up to which the log was read, while the stream is behind.
    behind: Option<i64>,
    /// The number up to which the log was read before the stream joined the others.
    read_to: Option<i64>,
    /// Its place among the others, and the number from which on it gets changes there.
    live: Option<(Subscription<i64>, i64)>,
}

impl EmbeddedChanges {
    pub(super) async fn open(
        store: EmbeddedStore,
        name: Namespace,
        watch: Watch,
        interest: Arc<Interest>,
    ) -> Result<Self, DataError> {
        let condition = ConditionOfEvents::new(&watch.filter)?;
        let token = watch.resume_after.as_deref().map(Token::read).transpose()?;
        let feed = feed(&store, &name).await?;
        let registration = feed.registration;
        let behind = match token {
            None => None,
            Some(Token { log, watched, number })
                if log == registration.log && watched == registration.watched =>
            {
                Some(number)
            }
            Some(_) => return Err(history_lost()),
        };
        let mut stream = Self {
            store,
            name,
            interest,
            condition,
            limits: watch.limits,
            registration,
            backlog: VecDeque::new(),
            behind,
            read_to: None,
            live: None,
        };
        match behind {
            None => stream.join(feed).await?,
            // What is gone is told at once.
            Some(_) => stream.read_log().await?,
        }
        Ok(stream)
    }

    /// Takes a place among the other streams of the collection.
    async fn join(&mut self, feed: Arc<Feed>) -> Result<(), DataError> {
        let mut feed = feed;
        for _ in 0..TRIES_MAX {
            if feed.registration.watched != self.registration.watched {
                match self.behind {
                    None => self.registration = feed.registration,
                    Some(_) => return Err(history_lost()),
                }
            }
            let queue = Queue::new(Arc::clone(&self.interest), self.limits);
            self.live = feed.channel.join(queue);
            if self.live.is_some() {
                return Ok(());
            }
            feed = self::feed(&self.store, &self.name).await?;
        }
        Err(gone())
    }

    /// Reads more of the log, and joins the others at its end.
    async fn read_log(&mut self) -> Result<(), DataError> {
        let Some(behind) = self.behind else { return Ok(()) };
        if let Some((_, from)) = &self.live
            && behind >= *from
        {
            // It may have read farther than the others, and must not get that once more.
            self.read_to = self.behind.take();
            return Ok(());
        }
        let Registration { watched, log, .. } = self.registration;
        let name = self.name.clone();
        let reading = self.store.readers().submit(move |reading| {
            let read = log::read(reading.connection, behind, Some(watched))?;
            let from_log = |logged: log::Logged| (logged.number, logged.into_change(log, &name));
            let changes: Vec<_> = read.changes.into_iter().map(from_log).collect();
            Ok((changes, read.position, read.has_more))
        });
        let (changes, position, has_more) = reading.await?;
        let until = self.live.as_ref().map_or(i64::MAX, |(_, from)| *from);
        let wanted =
            |change: &Change| self.interest.wants(change, &key_of_id(&change.document_key));
        let changes = changes.into_iter().filter(|(number, _)| *number <= until);
        self.backlog.extend(changes.map(|(_, change)| change).filter(wanted));
        // What is behind that comes from the others.
        self.behind = Some(position.min(until));
        if !has_more && self.live.is_none() {
            let feed = feed(&self.store, &self.name).await?;
            self.join(feed).await?;
        }
        Ok(())
    }

    async fn next_change(&mut self) -> Result<Arc<Change>, DataError> {
        loop {
            if let Some(change) = self.backlog.pop_front() {
                if self.condition.is_met_by(&change)? {
                    return Ok(Arc::new(change));
                }
                continue;
            }
            if self.behind.is_some() {
                self.read_log().await?;
                continue;
            }
            let Some((live, _)) = &self.live else { return Err(gone()) };
            let change = poll_fn(|context| live.queue().poll(context)).await?;
            if let Some(read_to) = self.read_to {
                if Token::read(&change.token)?.number <= read_to {
                    continue;
                }
                self.read_to = None;
            }
            if self.condition.is_met_by(&change)? {
                return Ok(change);
            }
        }
    }
}

impl Changes for EmbeddedChanges {
    fn next(&mut self) -> Future<'_, Arc<Change>> {
        Box::pin(self.next_change())
    }

    fn knows_what_is_deleted(&self) -> bool {
        true
    }
}

/// The feed of a collection, whose changes are kept from now on.
async fn feed(store: &EmbeddedStore, name: &Namespace) -> Result<Arc<Feed>, DataError> {
    if let Some(feed) = store.watcher().feed(store.source(), name) {
        return Ok(feed);
    }
    let (send, receive) = tokio::sync::oneshot::channel();
    let (source, theirs) = (Arc::clone(store.source()), name.clone());
    let (limits, collections_max) = store.log_limits();
    let live = store.watcher().live();
    let mut send = Some(send);
    let work = Box::new(move |writing: &mut crate::embedded::collection::writing::Writing<'_>| {
        let registered = writing.atomically(|writing| {
            let places = (collections_max, &live[..]);
            registration::register(&source, &theirs, &limits, places, writing)
        })?;
        // It may be done once more, where the file fails; then nobody waits for the first one.
        if let Some(send) = send.take() {
            let _ = send.send(registered);
        }
        Ok(Answer::Written)
    });
    store.writer().submit(0, Limit::Open, work).await?;
    let registration = receive.await.map_err(|_| gone())?;
    store.watcher().add(store.source(), name, registration)
}
