//! Whether anything happens on a connection.
//!
//! A connection is busy while a request runs, and alive while its client takes what is written.
//! Everything else is somebody holding it open: it is closed when its time is over, whatever
//! bytes trickle in.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::Version;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::{config::ServerLimits, connection::Link};

/// What has happened on a connection.
pub(crate) struct Activity {
    opened: Instant,
    /// Milliseconds from opening to the last sign of life.
    last_ms: AtomicU64,
    running: AtomicU64,
    requests: AtomicU64,
    /// Bytes of responses that the client has yet to take.
    unread: AtomicUsize,
    /// Since when there have been some, in milliseconds from opening.
    unread_since_ms: AtomicU64,
    /// When the client last took any, or a response began to wait for it.
    taken_ms: AtomicU64,
    /// Whether several requests share the connection, as in HTTP/2.
    is_shared: AtomicBool,
    /// Whether the client has yet to take what was written.
    is_blocked: AtomicBool,
}

impl Activity {
    pub(crate) fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            opened: Instant::now(),
            last_ms: zero(),
            running: zero(),
            requests: zero(),
            unread: AtomicUsize::new(0),
            unread_since_ms: zero(),
            taken_ms: zero(),
            is_shared: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
        }
    }

    /// How long the connection may stay as it is; zero when its time is over.
    pub(crate) fn left(&self, limits: &ServerLimits) -> Duration {
        let shorter = limits.idle_time.min(limits.header_read_time).min(limits.response_time);
        if self.running.load(Ordering::Relaxed) > 0 {
            // Looked at again before the shortest time there is has passed.
            return shorter;
        }
        let waited = self.opened.elapsed();
        let allowed = if self.requests.load(Ordering::Relaxed) == 0 {
            limits.header_read_time
        } else if self.is_shared.load(Ordering::Relaxed) || self.is_blocked.load(Ordering::Relaxed)
        {
            limits.idle_time
        } else {
            // The client of HTTP/1.1 owes the headers of its next request.
            shorter
        };
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        allowed.saturating_sub(waited.saturating_sub(last))
    }

    /// A response of so many bytes waits for the client to take it.
    pub(crate) fn begin_response(&self, bytes: usize) {
        if self.unread.fetch_add(bytes, Ordering::Relaxed) == 0 {
            self.unread_since_ms.store(self.now_ms(), Ordering::Relaxed);
            self.taken_ms.store(self.now_ms(), Ordering::Relaxed);
        }
    }

    /// It was taken, or there is nobody to take it.
    pub(crate) fn end_response(&self, bytes: usize) {
        self.unread.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes of responses that the client has yet to take.
    pub(crate) fn unread_bytes(&self) -> usize {
        self.unread.load(Ordering::Relaxed)
    }

    /// How long there have been such bytes without a break.
    pub(crate) fn unread_for(&self) -> Option<Duration> {
        let since = self.unread_since_ms.load(Ordering::Relaxed);
        let elapsed = Duration::from_millis(self.now_ms().saturating_sub(since));
        (self.unread_bytes() > 0).then_some(elapsed)
    }

    /// Whether the client has taken nothing of a response for longer than it may.
    pub(crate) fn is_stalled(&self, limits: &ServerLimits) -> bool {
        let taken = self.taken_ms.load(Ordering::Relaxed);
        let elapsed = Duration::from_millis(self.now_ms().saturating_sub(taken));
        self.unread_bytes() > 0 && elapsed >= limits.response_time
    }

    fn touch(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A request that runs, whether or not its client still waits for it.
pub(crate) struct Running {
    link: Arc<Link>,
    others: u64,
}

impl Running {
    /// A request begins; it runs until the returned value is dropped.
    pub(crate) fn begin(link: &Arc<Link>, version: Version) -> Self {
        link.activity.is_shared.store(version >= Version::HTTP_2, Ordering::Relaxed);
        link.activity.requests.fetch_add(1, Ordering::Relaxed);
        let others = link.activity.running.fetch_add(1, Ordering::Relaxed);
        Self { link: Arc::clone(link), others }
    }

    /// The connection that it came on.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// How many requests of the same connection ran when this one began.
    pub(crate) fn others(&self) -> u64 {
        self.others
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.link.activity.touch();
        self.link.activity.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream whose writing counts as a sign of life.
pub(crate) struct Watched<S> {
    stream: S,
    link: Arc<Link>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, link: Arc<Link>) -> Self {
        Self { stream, link }
    }

    fn written(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let activity = &self.link.activity;
        activity.is_blocked.store(result.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Ok(1..)) = result {
            activity.touch();
            if activity.unread_bytes() > 0 {
                activity.taken_ms.store(activity.now_ms(), Ordering::Relaxed);
            }
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
