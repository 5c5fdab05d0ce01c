//! One connection: requests in, responses out, until its time is over.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use hookstead_memory::Share;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, watch},
    time::sleep,
};

use crate::{
    activity::{Activity, Running, Watched},
    config::ServerLimits,
    exchange,
    server::Shared,
    workers::Seat,
};

/// How long a connection that has been told to close may take for it.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Streams of one HTTP/2 connection at once.
pub(crate) const STREAMS_MAX: u32 = 200;

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

/// What the requests of one connection share.
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: IpAddr,
    pub(crate) seat: Seat,
    pub(crate) activity: Activity,
    /// Told when the connection is to be closed at once.
    pub(crate) close: Notify,
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
    let (peer, activity, close) = (peer.ip(), Activity::new(), Notify::new());
    let link = Arc::new(Link { shared, peer, seat, activity, close });
    let _listed = Listed::new(&link);
    let limits = &link.shared.config.limits;
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&link)));
    let service = service_fn(|request| {
        let answer = exchange::answer(Running::begin(&link, request.version()), request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let builder = builder(limits);
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
                    connection.as_mut().graceful_shutdown();
                    CLOSE_TIME
                };
                let next = next.min(limits.response_time);
                timer.as_mut().reset(tokio::time::Instant::now() + next);
            }
        }
    }
}

/// Makes a stream one of this worker's.
fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    // Responses are written whole; waiting to fill packets would only delay them.
    stream.set_nodelay(true)?;
    TcpStream::from_std(stream)
}

/// HTTP/1.1 and HTTP/2, told apart by what the client sends first.
fn builder(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    /// hyper panics below this.
    const BUFFER_BYTES_MIN: usize = 8192;
    let header_bytes_max = limits.header_bytes_max.max(BUFFER_BYTES_MIN);
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        // The connection's own timer sees to that, which need not be set anew for each request.
        .header_read_timeout(None)
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
