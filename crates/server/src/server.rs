//! The listener: connections in, requests out to [`exchange::answer`], and a tidy end.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use hookstead_journal::Journal;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use thiserror::Error;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    activity::{Activity, Watched},
    body,
    config::{Config, ServerLimits},
    exchange,
    site::Site,
};

/// How long a connection that has been told to close may take for it.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// How long to wait before accepting again after an error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Streams of one HTTP/2 connection at once.
pub(crate) const STREAMS_MAX: u32 = 200;

/// Bytes that one HTTP/2 connection, and one stream of it, may send ahead.
const WINDOW_BYTES: (u32, u32) = (1 << 20, 256 << 10);

/// Listens for requests and answers them.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

/// Exchanges the app of a running server.
#[derive(Clone)]
pub struct SiteHandle(Arc<Shared>);

/// Why a server cannot listen.
#[derive(Debug, Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    source: io::Error,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) journal: Arc<Journal>,
    pub(crate) requests: Arc<Semaphore>,
    pub(crate) bodies: Arc<Semaphore>,
    site: RwLock<Arc<Site>>,
}

impl Shared {
    /// The app as it is now; a request keeps the one that it began with.
    pub(crate) fn site(&self) -> Arc<Site> {
        Arc::clone(&self.site.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl SiteHandle {
    /// Serves this app from the next request on. Running requests finish on the one before.
    pub fn replace(&self, site: Arc<Site>) {
        *self.0.site.write().unwrap_or_else(PoisonError::into_inner) = site;
    }

    /// The app that is being served.
    pub fn site(&self) -> Arc<Site> {
        self.0.site()
    }
}

impl Server {
    /// Takes the address. Connections queue up until [`Server::serve`].
    pub async fn bind(
        config: Config,
        site: Arc<Site>,
        journal: Arc<Journal>,
    ) -> Result<Self, BindError> {
        let address = config.listen;
        let failed = |source| BindError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let requests_max = (config.limits.requests_max as usize).min(Semaphore::MAX_PERMITS);
        let shared = Shared {
            journal,
            requests: Arc::new(Semaphore::new(requests_max)),
            bodies: body::budget(&config.limits),
            site: RwLock::new(site),
            config,
        };
        Ok(Self { listener, address, shared: Arc::new(shared) })
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
        let Self { listener, shared, .. } = self;
        let mut shutdown = pin!(shutdown);
        let limits = &shared.config.limits;
        let slots = Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = accept(&listener, &slots, &shared.journal) => {
                    let Some((stream, peer, slot)) = accepted else { continue };
                    let shared = Arc::clone(&shared);
                    connections.spawn(connection(shared, stream, peer, stopped.clone(), slot));
                }
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        // Connections end by themselves when there are none left to hear it.
        let _ = stop.send(true);
        finish(&shared, connections).await;
    }
}

/// Waits for running requests, those included whose callers have gone.
async fn finish(shared: &Shared, mut connections: JoinSet<()>) {
    let limits = &shared.config.limits;
    let all = limits.requests_max;
    let end = async {
        while connections.join_next().await.is_some() {}
        // Every permit back means that nothing runs.
        let _ = shared.requests.acquire_many(all).await;
    };
    if timeout(limits.shutdown_time, end).await.is_err() {
        let running = (all as usize).saturating_sub(shared.requests.available_permits());
        shared.journal.notice(format!("stopped with {running} requests unfinished"));
    }
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
    journal: &Journal,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            if !is_of_connection(&error) {
                journal.notice(format!("cannot accept connections: {error}"));
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

async fn connection(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stopped: watch::Receiver<bool>,
    _slot: OwnedSemaphorePermit,
) {
    // Responses are written whole; waiting to fill packets would only delay them.
    let _ = stream.set_nodelay(true);
    let limits = &shared.config.limits;
    let activity = Activity::new();
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&activity)));
    let service = service_fn(|request| {
        let (shared, running) = (Arc::clone(&shared), activity.begin());
        let answer = exchange::answer(shared, peer.ip(), running, request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let builder = builder(limits);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut timer = pin!(sleep(activity.left(limits)));
    let mut closing: Option<Instant> = None;
    let mut stopping = false;
    loop {
        tokio::select! {
            // Whatever went wrong on the wire is the client's to notice.
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = timer.as_mut() => {
                let left = activity.left(limits);
                let next = if !left.is_zero() {
                    closing = None;
                    left
                } else if closing.is_some_and(|since| since.elapsed() >= CLOSE_TIME) {
                    return;
                } else {
                    closing.get_or_insert_with(Instant::now);
                    connection.as_mut().graceful_shutdown();
                    CLOSE_TIME
                };
                timer.as_mut().reset(tokio::time::Instant::now() + next);
            }
        }
    }
}

/// HTTP/1.1 and HTTP/2, told apart by what the client sends first.
fn builder(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    /// hyper panics below this.
    const BUFFER_BYTES_MIN: usize = 8192;
    let header_bytes_max = limits.header_bytes_max.max(BUFFER_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read_time)
        .max_buf_size(header_bytes_max)
        .max_headers(limits.headers_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .initial_connection_window_size(WINDOW_BYTES.0)
        .initial_stream_window_size(WINDOW_BYTES.1)
        .max_header_list_size(u32::try_from(header_bytes_max).unwrap_or(u32::MAX));
    builder
}
