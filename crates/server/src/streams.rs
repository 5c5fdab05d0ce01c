//! Event streams as long as they last: how many there are, and how they end with the server.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hookstead_identity::network_of;
use hookstead_memory::{Budget as Memory, Share as Bytes};
use http::StatusCode;
use tokio::sync::watch;

use crate::{
    budget::{Budget, Share},
    config::ServerLimits,
    error_code::ErrorCode,
    refusal::Refusal,
};

/// What a stream takes of the memory budget besides its connection and its changes.
const STREAM_BYTES: usize = 8 << 10;

/// The event streams of a server.
pub(crate) struct Streams {
    all: Arc<Budget>,
    of_address_max: usize,
    memory: Arc<Memory>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    state: watch::Sender<State>,
}

/// What all streams hear of.
#[derive(Default)]
struct State {
    /// The number of the app that is served.
    app: u64,
    /// Whether the server is to end.
    is_stopping: bool,
}

/// The place of one stream.
pub(crate) struct StreamPlace {
    streams: Arc<Streams>,
    address: IpAddr,
    state: watch::Receiver<State>,
    /// The app that is watched, by its number.
    app: u64,
    _share: Share,
    _memory: Bytes,
}

impl Streams {
    pub(crate) fn new(limits: &ServerLimits, memory: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self {
            all: Budget::new(limits.streams_max),
            of_address_max: limits.streams_of_address_max,
            memory: Arc::clone(memory),
            by_address: Mutex::default(),
            state: watch::Sender::default(),
        })
    }

    /// Takes the place of a stream to an address.
    pub(crate) fn begin(self: &Arc<Self>, address: IpAddr) -> Result<StreamPlace, Refusal> {
        let refused = |detail| Refusal::too_many_requests().with_detail(detail);
        let no_place = || refused("there are too many event streams ([limits] streams_max)");
        let share = self.all.take(1).ok_or_else(no_place)?;
        let memory = self.memory.take(STREAM_BYTES);
        let memory = memory.ok_or_else(|| refused("there is no memory for an event stream"))?;
        let address = network_of(address);
        {
            let mut by_address = self.lock();
            let count = by_address.get(&address).copied().unwrap_or_default();
            if count >= self.of_address_max {
                let detail = "there are too many event streams to this address ([limits] \
                              streams_of_address_max)";
                return Err(refused(detail));
            }
            by_address.insert(address, count + 1);
        }
        let (streams, state) = (Arc::clone(self), self.state.subscribe());
        let app = state.borrow().app;
        Ok(StreamPlace { streams, address, state, app, _share: share, _memory: memory })
    }

    /// Ends all streams, and those that begin from now on.
    pub(crate) fn stop(&self) {
        self.state.send_modify(|state| state.is_stopping = true);
    }

    /// Ends the streams of the app that was served before: its rules count no longer.
    pub(crate) fn replace_app(&self) {
        self.state.send_modify(|state| state.app += 1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StreamPlace {
    /// Waits for what ends the stream, and answers what its client is told.
    pub(crate) async fn ended(&mut self) -> Refusal {
        let app = self.app;
        let state = self.state.wait_for(|state| state.is_stopping || state.app != app).await;
        match state {
            Ok(state) if !state.is_stopping => replaced(),
            _ => unavailable("the server is stopping"),
        }
    }
}

/// What a client is told whose stream is of an app that is served no longer.
pub(crate) fn replaced() -> Refusal {
    unavailable("the app was replaced: watch once more")
}

fn unavailable(message: &'static str) -> Refusal {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, ErrorCode::ServiceUnavailable, message)
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut by_address = self.streams.lock();
        if let Some(count) = by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}
