//! The streams of one collection: a change is read once and handed to all of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hookstead_memory::Part;

use super::{
    Change,
    interest::key_of_id,
    queue::{End, Queue},
};

/// So many streams are gone through while nobody can join or leave.
const STREAMS_AT_ONCE: usize = 64;

/// A change is counted with its text, which is longer than itself.
const COPIES: usize = 3;

/// The streams of one collection. `P` is a position in its changes.
#[derive(Debug)]
pub(crate) struct Channel<P> {
    state: Mutex<State<P>>,
    /// Memory for changes that somebody has yet to read.
    memory: Option<Arc<Part>>,
}

#[derive(Debug)]
struct State<P> {
    places: Vec<Option<Place>>,
    free: Vec<usize>,
    count: usize,
    /// Places of the streams that want some documents, by the keys of their ids.
    by_id: HashMap<Vec<u8>, Vec<usize>>,
    /// How many changes have been handed out.
    number: u64,
    /// That of the last of these.
    position: P,
    /// Whether nobody can join any more.
    is_closed: bool,
}

#[derive(Debug)]
struct Place {
    queue: Arc<Queue>,
    /// The number of the first change that is for it.
    from: u64,
}

/// A stream in a channel, which it leaves when this is dropped.
#[derive(Debug)]
pub(crate) struct Subscription<P> {
    channel: Arc<Channel<P>>,
    place: usize,
    queue: Arc<Queue>,
}

impl<P: Clone + PartialOrd> Channel<P> {
    /// A channel without streams, whose changes begin behind a position.
    pub(crate) fn new(position: P, memory: Option<Arc<Part>>) -> Arc<Self> {
        let state = State {
            places: Vec::new(),
            free: Vec::new(),
            count: 0,
            by_id: HashMap::new(),
            number: 0,
            position,
            is_closed: false,
        };
        Arc::new(Self { state: Mutex::new(state), memory })
    }

    /// Adds a stream, which gets all changes behind the position that is returned; `None` if the
    /// channel is closed.
    pub(crate) fn join(self: &Arc<Self>, queue: Queue) -> Option<(Subscription<P>, P)> {
        let queue = Arc::new(queue);
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        let from = state.number + 1;
        let entry = Some(Place { queue: Arc::clone(&queue), from });
        let place = match state.free.pop() {
            Some(place) => place,
            None => {
                state.places.push(None);
                state.places.len() - 1
            }
        };
        state.places[place] = entry;
        state.count += 1;
        for id in queue.interest.ids.iter().flatten() {
            state.by_id.entry(id.clone()).or_default().push(place);
        }
        let position = state.position.clone();
        drop(state);
        Some((Subscription { channel: Arc::clone(self), place, queue }, position))
    }

    /// Hands a change to all streams that want it, unless it has been handed out before.
    pub(crate) fn send(&self, mut change: Change, position: P) {
        if position <= self.lock().position {
            return;
        }
        let key = key_of_id(&change.document_key);
        self.take_memory(&mut change);
        let change = Arc::new(change);
        let (number, named) = {
            let mut state = self.lock();
            state.number += 1;
            state.position = position;
            (state.number, state.by_id.get(&key).cloned().unwrap_or_default())
        };
        for places in named.chunks(STREAMS_AT_ONCE) {
            self.hand_out(&change, &key, |state| {
                let place = |place: &usize| state.places.get(*place)?.as_ref();
                places.iter().filter_map(place).filter(|one| one.from <= number).collect()
            });
        }
        let (mut begin, mut end) = (0, 1);
        while begin < end {
            self.hand_out(&change, &key, |state| {
                end = state.places.len();
                let places = state.places.iter().skip(begin).take(STREAMS_AT_ONCE).flatten();
                let of_all = |one: &&Place| one.queue.interest.ids.is_none();
                places.filter(of_all).filter(|one| one.from <= number).collect()
            });
            begin += STREAMS_AT_ONCE;
        }
    }

    /// Notes that there was nothing for anybody up to a position.
    pub(crate) fn pass(&self, position: P) {
        self.lock().position = position;
    }

    /// Ends all streams; nobody can join any more.
    pub(crate) fn close(&self, end: &End) {
        let places = {
            let mut state = self.lock();
            state.is_closed = true;
            std::mem::take(&mut state.places)
        };
        places.into_iter().flatten().for_each(|place| place.queue.end(end.clone()));
    }

    /// Whether nobody can join any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Closes it if it has no streams; answers whether it is closed.
    pub(crate) fn close_unused(&self) -> bool {
        let mut state = self.lock();
        state.is_closed |= state.count == 0;
        state.is_closed
    }

    fn hand_out(
        &self,
        change: &Arc<Change>,
        key: &[u8],
        places: impl FnOnce(&State<P>) -> Vec<&Place>,
    ) {
        let queues: Vec<_> = {
            let state = self.lock();
            places(&state).into_iter().map(|place| Arc::clone(&place.queue)).collect()
        };
        for queue in queues.iter().filter(|queue| queue.interest.wants(change, key)) {
            queue.push(change);
        }
    }

    /// Takes memory for a change. Where there is none, the streams that have not read everything
    /// end.
    fn take_memory(&self, change: &mut Change) {
        let Some(memory) = &self.memory else { return };
        let bytes = change.bytes_len() * COPIES;
        change.share = memory.take(bytes);
        if change.share.is_some() {
            return;
        }
        let behind: Vec<_> = {
            let state = self.lock();
            let queues = state.places.iter().flatten().map(|place| &place.queue);
            queues.filter(|queue| queue.has_unread()).map(Arc::clone).collect()
        };
        behind.iter().for_each(|queue| queue.end(End::NoMemory));
        change.share = memory.take(bytes);
    }

    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> Subscription<P> {
    /// What the stream has yet to read.
    pub(crate) fn queue(&self) -> &Queue {
        &self.queue
    }
}

impl<P> Drop for Subscription<P> {
    fn drop(&mut self) {
        let mut state = self.channel.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.places.get_mut(self.place).and_then(Option::take).is_none() {
            state.count = state.count.saturating_sub(1);
            return;
        }
        state.count -= 1;
        let place = self.place;
        for id in self.queue.interest.ids.iter().flatten() {
            if let Some(places) = state.by_id.get_mut(id) {
                places.retain(|other| *other != place);
                if places.is_empty() {
                    state.by_id.remove(id);
                }
            }
        }
        state.free.push(place);
    }
}
