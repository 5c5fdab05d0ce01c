//! One connection: requests in, responses out, until its time is over.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use hookstead_journal::CorrelationId;
use hookstead_memory::{Budget, Share};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, watch},
    time::sleep,
};

use crate::{
    activity::Activity,
    admit::head,
    bodies::{AllBodies, Bodies},
    body,
    config::Config,
    exchange,
    frames::Metered,
    link::{Link, STREAMS_MAX},
    refusal::Refusal,
    running::Running,
    shared::Shared,
    watched::Watched,
    workers::Seat,
};

/// How long a connection that has been told to close may take for it.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Bytes that one HTTP/2 connection, and one stream of it, may send ahead.
const WINDOW_BYTES: (u32, u32) = (1 << 20, 256 << 10);

/// What a connection begins with.
pub(crate) struct Arrival {
    pub(crate) shared: Arc<Shared>,
    pub(crate) stream: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    /// Turns true when the server is to end.
    pub(crate) stopped: watch::Receiver<bool>,
    /// One of the connections that there may be.
    pub(crate) slot: OwnedSemaphorePermit,
    /// What a connection takes of the memory budget.
    pub(crate) memory: Share,
}

/// A link among those that can be found, as long as this exists.
struct Listed<'a>(&'a Arc<Link>);

impl<'a> Listed<'a> {
    fn new(link: &'a Arc<Link>) -> Self {
        link.shared.links.add(link);
        Self(link)
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.shared.links.remove(self.0);
    }
}

/// Serves a connection. Must run on the worker that its seat is on.
pub(crate) async fn connection(arrival: Arrival, seat: Seat) {
    let Arrival { shared, stream, peer, mut stopped, slot: _slot, memory: _memory } = arrival;
    let Ok(stream) = adopt(stream) else { return };
    let (activity, close, flaw) = (Activity::new(), Notify::new(), OnceLock::new());
    let (peer, bodies) = (peer.ip(), Bodies::new(&shared.bodies));
    let link = Arc::new(Link { shared, peer, seat, activity, bodies, flaw, close });
    let _listed = Listed::new(&link);
    let limits = &link.shared.config.limits;
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&link)));
    let service = service_fn(|request| {
        let answer = exchange::answer(Running::begin(&link, request.version()), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let builder = builder(&link.shared.config);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut timer = pin!(sleep(link.activity.left(limits).min(limits.response_time)));
    let mut closing: Option<Instant> = None;
    let mut stopping = false;
    loop {
        tokio::select! {
            // Whatever went wrong on the wire is the client's to notice.
            _ = connection.as_mut() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !stopping => {
                stopping = true;
                link.activity.retire();
                connection.as_mut().graceful_shutdown();
            }
            () = link.close.notified() => return,
            () = timer.as_mut() => {
                if link.activity.is_stalled(limits) {
                    return;
                }
                let left = link.activity.left(limits);
                let next = if !left.is_zero() {
                    closing = None;
                    left
                } else if closing.is_some_and(|since| since.elapsed() >= CLOSE_TIME) {
                    return;
                } else {
                    closing.get_or_insert_with(Instant::now);
                    link.activity.retire();
                    connection.as_mut().graceful_shutdown();
                    CLOSE_TIME
                };
                let next = next.min(limits.response_time);
                timer.as_mut().reset(tokio::time::Instant::now() + next);
            }
        }
    }
}

/// Serves a connection over any stream, with the settings of a server and without an app: heads
/// are checked, bodies read and everything is answered with 200. It is for fuzz targets, and
/// returns when the connection has ended.
pub async fn serve_bare<S>(stream: S, config: Config)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let part = Budget::unlimited().part(config.limits.bodies_bytes_max);
    let bodies = Bodies::new(&AllBodies::new(part, Arc::default()));
    let builder = builder(&config);
    let io = TokioIo::new(Metered::new(stream, config.limits.http2_control_frames_max));
    let config = Arc::new(config);
    let service = service_fn(move |request: Request<Incoming>| {
        let (config, bodies) = (Arc::clone(&config), Arc::clone(&bodies));
        async move {
            let (parts, mut body) = request.into_parts();
            let held = match head::check_parts(&parts, &config.limits) {
                Ok(()) => body::read(&mut body, &config.limits, &bodies, || 0).await,
                Err(refusal) => Err(refusal),
            };
            let response = held.map(|held| Response::new(Full::new(held.bytes)));
            let refuse = |refusal: Refusal| refusal.response(CorrelationId::new(), "");
            Ok::<_, Infallible>(response.unwrap_or_else(refuse))
        }
    });
    // Whatever goes wrong on the wire is the client's to notice.
    let _ = builder.serve_connection(io, service).await;
}

/// Makes a stream one of this worker's.
fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    // Responses are written whole; waiting to fill packets would only delay them.
    stream.set_nodelay(true)?;
    TcpStream::from_std(stream)
}

/// HTTP/1.1 and HTTP/2, told apart by what the client sends first.
fn builder(config: &Config) -> auto::Builder<TokioExecutor> {
    /// hyper panics below this.
    const BUFFER_BYTES_MIN: usize = 8192;
    let limits = &config.limits;
    let header_bytes_max = limits.header_bytes_max.max(BUFFER_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The connection's own timer sees to that, which need not be set anew for each request.
        .header_read_timeout(None)
        // A client that has ended its side after its request still waits for the response. TCP
        // does not tell it from one that has hung up, so where runs end with their callers the
        // end of the client's side is taken for the end of the connection.
        .half_close(config.finish_without_caller)
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
