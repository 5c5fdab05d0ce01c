//! The thread that reads the log of changes for all streams of a process.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    DataError, ErrorKind, Namespace,
    changes::{channel::Channel, queue::End},
    embedded::{
        changes::{log, lost::history_lost, registration::Registration, watched},
        failure::Outcome,
        file::shared::Shared,
    },
};

/// How often to look for commits of other processes.
const LOOK: Duration = Duration::from_millis(100);

/// How often to look for channels that nobody uses, or whose keeping has to be put off.
const CARE: Duration = Duration::from_secs(1);

/// Puts off the end of keeping the changes of a collection, and marks it where that fails.
pub(crate) type Renew = Box<dyn Fn(&Arc<Feed>) + Send + Sync>;

/// The watcher of a process.
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    state: Arc<Mutex<State>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    renew: Arc<Renew>,
}

/// A watched collection.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) registration: Registration,
    pub(crate) channel: Arc<Channel<i64>>,
    name: Namespace,
    /// Whether changes may be missing in the log.
    is_lost: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    feeds: HashMap<i64, Arc<Feed>>,
    names: HashMap<(Arc<str>, Namespace), i64>,
    /// What has been read of the log.
    position: i64,
    is_closed: bool,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watcher").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Watcher {
    /// A watcher that has nothing to do yet.
    pub(crate) fn new(shared: &Arc<Shared>, renew: Renew) -> Self {
        let (state, thread) = (Arc::default(), Mutex::default());
        Self { shared: Arc::clone(shared), state, thread, renew: Arc::new(renew) }
    }

    /// The feed of a collection, where somebody watches it already.
    pub(crate) fn feed(&self, source: &Arc<str>, name: &Namespace) -> Option<Arc<Feed>> {
        let state = lock(&self.state);
        let watched = state.names.get(&(Arc::clone(source), name.clone()))?;
        state.feeds.get(watched).map(Arc::clone)
    }

    /// The collections that are watched.
    pub(crate) fn live(&self) -> Vec<i64> {
        lock(&self.state).feeds.keys().copied().collect()
    }

    /// Adds the feed of a collection whose changes are kept, unless there is one.
    pub(crate) fn add(
        &self,
        source: &Arc<str>,
        name: &Namespace,
        registration: Registration,
    ) -> Result<Arc<Feed>, DataError> {
        let feed = {
            let mut state = lock(&self.state);
            if let Some(feed) = state.feeds.get(&registration.watched) {
                return Ok(Arc::clone(feed));
            }
            let memory = Arc::clone(&self.shared.memory);
            let feed = Arc::new(Feed {
                registration,
                channel: Channel::new(registration.position, Some(memory)),
                name: name.clone(),
                is_lost: AtomicBool::new(false),
            });
            // What others have got already comes once more, and they know it.
            state.position = match state.feeds.is_empty() {
                true => registration.position,
                false => state.position.min(registration.position),
            };
            state.feeds.insert(registration.watched, Arc::clone(&feed));
            state.names.insert((Arc::clone(source), name.clone()), registration.watched);
            feed
        };
        self.shared.signal.hear(true);
        self.start()?;
        self.shared.signal.give();
        Ok(feed)
    }

    fn start(&self) -> Result<(), DataError> {
        let mut thread = lock(&self.thread);
        if thread.is_some() {
            return Ok(());
        }
        let (shared, state) = (Arc::clone(&self.shared), Arc::clone(&self.state));
        let mut watching = Watching {
            shared,
            state,
            renew: Arc::clone(&self.renew),
            reader: None,
            cared: Instant::now(),
            renewed: Instant::now(),
            found_in: None,
        };
        let started = thread::Builder::new()
            .name("documents-watcher".to_owned())
            .spawn(move || watching.run());
        *thread = Some(started.map_err(|error| {
            DataError::new(ErrorKind::Internal, "cannot start a thread").caused_by(error)
        })?);
        Ok(())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        lock(&self.state).is_closed = true;
        self.shared.signal.give();
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread.filter(|one| one.thread().id() != thread::current().id()) {
            // A thread that has panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}

impl Feed {
    /// Notes that changes may be missing in the log.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
}

struct Watching {
    shared: Arc<Shared>,
    state: Arc<Mutex<State>>,
    renew: Arc<Renew>,
    reader: Option<(Connection, Option<i64>)>,
    cared: Instant,
    renewed: Instant,
    /// The version of the file in which the feeds were looked up last.
    found_in: Option<i64>,
}

impl Watching {
    fn run(&mut self) {
        loop {
            let (is_closed, is_idle) = {
                let state = lock(&self.state);
                (state.is_closed, state.feeds.is_empty())
            };
            if is_closed {
                return;
            }
            let is_told = self.shared.signal.wait((!is_idle).then_some(LOOK));
            if let Err(failure) = self.look(is_told) {
                let error = self.shared.file.explain(failure);
                self.reader = None;
                self.end_all(&End::of(&error));
            }
            if self.cared.elapsed() >= CARE {
                self.cared = Instant::now();
                if self.find_forgotten().is_err() {
                    // It shows when the log is read next.
                    self.reader = None;
                }
                self.care();
            }
        }
    }

    /// Reads what is new, if anything may be.
    fn look(&mut self, is_told: bool) -> Outcome<()> {
        if lock(&self.state).feeds.is_empty() {
            return Ok(());
        }
        let (connection, seen) = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert((self.shared.file.reader()?, None)),
        };
        let mut statement = connection.prepare_cached("PRAGMA data_version")?;
        let version: i64 = statement.query_row([], |row| row.get(0))?;
        drop(statement);
        if !is_told && *seen == Some(version) {
            return Ok(());
        }
        *seen = Some(version);
        while read_batch(connection, &self.state)? {}
        Ok(())
    }

    /// Marks the feeds of collections that another process has forgotten, for want of room.
    fn find_forgotten(&mut self) -> Outcome<()> {
        let Some((connection, version)) = &self.reader else { return Ok(()) };
        if *version == self.found_in {
            return Ok(());
        }
        let feeds: Vec<_> = lock(&self.state).feeds.values().cloned().collect();
        let kept = watched::ids(connection)?;
        let is_kept = |feed: &&Arc<Feed>| kept.contains(&feed.registration.watched);
        feeds.iter().filter(|feed| !is_kept(feed)).for_each(|feed| feed.lose());
        self.found_in = *version;
        Ok(())
    }

    /// Removes channels that nobody uses, and has the changes of the others kept for longer.
    fn care(&mut self) {
        let lost = {
            let mut state = lock(&self.state);
            let lost = |feed: &Arc<Feed>| feed.is_lost.load(Ordering::Relaxed);
            let gone: Vec<_> = state.feeds.values().filter(|feed| lost(feed)).cloned().collect();
            state.feeds.retain(|_, feed| !lost(feed) && !feed.channel.close_unused());
            let State { feeds, names, .. } = &mut *state;
            names.retain(|_, watched| feeds.contains_key(watched));
            self.shared.signal.hear(!feeds.is_empty());
            gone
        };
        let end = End::of(&history_lost());
        lost.iter().for_each(|feed| feed.channel.close(&end));
        if self.renewed.elapsed() >= self.shared.log_limits.time / 4 {
            self.renewed = Instant::now();
            let feeds: Vec<_> = lock(&self.state).feeds.values().cloned().collect();
            feeds.iter().for_each(|feed| (self.renew)(feed));
        }
    }

    fn end_all(&self, end: &End) {
        let feeds = {
            let mut state = lock(&self.state);
            state.names.clear();
            std::mem::take(&mut state.feeds)
        };
        feeds.values().for_each(|feed| feed.channel.close(end));
    }
}

/// Reads some changes and hands them out; answers whether there are more.
fn read_batch(connection: &Connection, state: &Mutex<State>) -> Outcome<bool> {
    let behind = lock(state).position;
    let read = log::read(connection, behind, None)?;
    let feeds = lock(state).feeds.clone();
    for logged in read.changes {
        if let Some(feed) = feeds.get(&logged.watched) {
            let number = logged.number;
            let change = logged.into_change(feed.registration.log, &feed.name);
            feed.channel.send(change, number);
        }
    }
    feeds.values().for_each(|feed| feed.channel.pass(read.position));
    let mut state = lock(state);
    // A feed that was added meanwhile may want some of it.
    if state.position == behind && state.feeds.len() == feeds.len() {
        state.position = read.position;
    }
    Ok(read.has_more || state.position != read.position)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
