//! The listener: connections in, each to one of the workers, and a tidy end.

use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use hookstead_journal::Journal;
use hookstead_site::Site;
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    bodies::AllBodies,
    budget::Budget,
    config::Config,
    connection::{Arrival, connection},
    link::Links,
    room::Room,
    shared::Shared,
    streams::Streams,
    told::Told,
    workers::Workers,
};

/// How long to wait before accepting again after an error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often to look for a connection that can be closed for one that waits.
const ROOM_PAUSE: Duration = Duration::from_millis(20);

/// Connections that may wait to be accepted: where there are more, the system makes a client wait
/// for a second. It may have a lower limit of its own.
const BACKLOG: u32 = 4096;

/// What a connection takes of the memory budget: its buffers and its tables.
const CONNECTION_BYTES: usize = 16 << 10;

/// So long the rest of a request may take to arrive, or to go on arriving, after the server was
/// told to stop.
const ARRIVAL_TIME: Duration = Duration::from_secs(1);

/// How often to look whether the last request has ended.
const FINISH_PAUSE: Duration = Duration::from_millis(5);

/// Listens for requests and answers them.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    workers: Workers,
}

/// Exchanges the app of a running server.
#[derive(Clone)]
pub struct SiteHandle(Arc<Shared>);

/// Why a server cannot start.
#[derive(Debug, Error)]
pub enum BindError {
    /// The address cannot be had.
    #[error("cannot listen on {address}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The threads that answer requests cannot be had.
    #[error("the threads cannot be started")]
    Threads(#[source] io::Error),
}

impl SiteHandle {
    /// Serves this app from the next request on. Running requests finish on the one before; event
    /// streams end.
    pub fn replace(&self, site: Arc<Site>) {
        *self.0.site.write().unwrap_or_else(PoisonError::into_inner) = site;
        self.0.streams.replace_app();
    }

    /// The app that is being served.
    pub fn site(&self) -> Arc<Site> {
        self.0.site()
    }
}

impl Server {
    /// Takes the address and starts the threads. Connections queue up until [`Server::serve`].
    ///
    /// # Errors
    /// The address or the threads cannot be had.
    pub async fn bind(
        config: Config,
        site: Arc<Site>,
        journal: Arc<Journal>,
    ) -> Result<Self, BindError> {
        let address = config.listen;
        let failed = |source| BindError::Address { address, source };
        let listener = listen(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let workers = Workers::start(config.threads).map_err(BindError::Threads)?;
        let memory = Arc::clone(site.functions().memory());
        let half = memory.bytes_max() / 2;
        let bodies = memory.part(config.limits.bodies_bytes_max.min(half));
        let links: Arc<Links> = Arc::default();
        let shared = Shared {
            journal,
            requests: Budget::new(config.limits.requests_max as usize),
            bodies: AllBodies::new(bodies, Arc::clone(&links)),
            responses: memory.part(half),
            links,
            unserved: Told::default(),
            streams: Streams::new(&config.limits, &memory),
            memory,
            site: RwLock::new(site),
            config,
        };
        Ok(Self { listener, address, shared: Arc::new(shared), workers })
    }

    /// The address, with the port that was found where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// A handle for exchanging the app while this server runs.
    pub fn handle(&self) -> SiteHandle {
        SiteHandle(Arc::clone(&self.shared))
    }

    /// Answers requests until `shutdown` resolves, then lets running requests finish.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, shared, workers, .. } = self;
        let mut shutdown = pin!(shutdown);
        let connections_max = shared.config.limits.connections_max.min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(connections_max));
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let begin = |(stream, peer): (TcpStream, SocketAddr), slot, connections: &mut _| {
            // It belongs to the runtime of a worker from here on.
            let Ok(stream) = stream.into_std() else { return };
            let memory = shared.memory.take_anyway(CONNECTION_BYTES);
            let (shared, stopped) = (Arc::clone(&shared), stopped.clone());
            let arrival = Arrival { shared, stream, peer, stopped, slot, memory };
            workers.seat(connections, |seat| connection(arrival, seat));
        };
        let (mut room, mut waiting) = (Room::default(), None);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &shared, &mut room), if waiting.is_none() => {
                    let Some(accepted) = accepted else { continue };
                    match Arc::clone(&slots).try_acquire_owned() {
                        Ok(slot) => begin(accepted, slot, &mut connections),
                        Err(_) => {
                            waiting = Some(accepted);
                            make_room(&shared, &mut room);
                        }
                    }
                }
                slot = Arc::clone(&slots).acquire_owned(), if waiting.is_some() => {
                    if let (Ok(slot), Some(accepted)) = (slot, waiting.take()) {
                        begin(accepted, slot, &mut connections);
                    }
                }
                () = sleep(ROOM_PAUSE), if waiting.is_some() => make_room(&shared, &mut room),
                Some(_) = connections.join_next() => {}
            }
        }
        drop((listener, waiting));
        // Connections end by themselves when there are none left to hear it.
        let _ = stop.send(true);
        shared.streams.stop();
        finish(&shared, connections).await;
        workers.stop().await;
    }
}

/// Closes connections for one that waits.
fn make_room(shared: &Shared, room: &mut Room) {
    let max = shared.config.limits.connections_max;
    let reason = format!("there are {max} connections ([limits] connections_max)");
    room.make(&shared.links, &reason, &shared.journal);
}

/// Waits for running requests, those included whose callers have gone. Clients that do not send
/// what is missing of a request are not waited for.
async fn finish(shared: &Shared, mut connections: JoinSet<()>) {
    let end = async {
        while connections.join_next().await.is_some() {}
        while shared.requests.used() > 0 {
            sleep(FINISH_PAUSE).await;
        }
    };
    let close = async {
        loop {
            sleep(ARRIVAL_TIME).await;
            shared.links.close_waiting(ARRIVAL_TIME);
        }
    };
    let end = async {
        tokio::select! {
            () = end => {}
            () = close => {}
        }
    };
    if timeout(shared.config.limits.shutdown_time, end).await.is_err() {
        let running = shared.requests.used();
        shared.journal.notice(format!("stopped with {running} requests unfinished"));
    }
}

/// Listens on an address.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that was used a moment ago can be had again.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(
    listener: &TcpListener,
    shared: &Shared,
    room: &mut Room,
) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            if !is_of_connection(&error) {
                // Such as too many open files, of which each connection is one.
                let reason = format!("cannot accept connections: {error}");
                if !room.make(&shared.links, &reason, &shared.journal) {
                    shared.journal.notice(reason);
                }
                sleep(ACCEPT_PAUSE).await;
            }
            None
        }
    }
}

/// Whether a single connection is to blame, which has gone again.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
