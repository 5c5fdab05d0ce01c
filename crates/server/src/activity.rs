//! Whether anything happens on a connection.
//!
//! A connection is busy while a request runs, and alive while its client takes what is written.
//! Everything else is somebody holding it open: it is closed when its time is over, whatever
//! bytes trickle in.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use http::Version;

use crate::config::ServerLimits;

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
    /// Whether all that the client has sent so far was read.
    has_read_all: AtomicBool,
    /// Whether a request was refused before its body had arrived.
    has_unread_body: AtomicBool,
    /// Whether the server closes the connection without a request being the reason.
    is_retired: AtomicBool,
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
            has_read_all: AtomicBool::new(false),
            has_unread_body: AtomicBool::new(false),
            is_retired: AtomicBool::new(false),
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
        if self.requests.load(Ordering::Relaxed) == 0 {
            // Answers to PING are no sign of a request that is being sent.
            return limits.header_read_time.saturating_sub(waited);
        }
        let allowed =
            if self.is_shared.load(Ordering::Relaxed) || self.is_blocked.load(Ordering::Relaxed) {
                limits.idle_time
            } else {
                // The client of HTTP/1.1 owes the headers of its next request.
                shorter
            };
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        allowed.saturating_sub(waited.saturating_sub(last))
    }

    /// Requests that have begun and not ended.
    pub(crate) fn running(&self) -> u64 {
        self.running.load(Ordering::Relaxed)
    }

    /// Notes whether there was nothing more to read.
    pub(crate) fn read(&self, has_read_all: bool) {
        self.has_read_all.store(has_read_all, Ordering::Relaxed);
    }

    /// Whether everything that has arrived was read.
    pub(crate) fn has_read_all(&self) -> bool {
        self.has_read_all.load(Ordering::Relaxed)
    }

    /// How long there has been no sign of life.
    pub(crate) fn silent_for(&self) -> Duration {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(last)
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

    /// Notes that the rest of a request's body is not wanted.
    pub(crate) fn leave_body(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }

    /// Notes that the server is about to close the connection by itself.
    pub(crate) fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
    }

    /// Whether the client may still be sending what belongs to a request that has its response.
    pub(crate) fn may_still_send(&self) -> bool {
        self.has_unread_body.load(Ordering::Relaxed) || !self.is_retired.load(Ordering::Relaxed)
    }

    /// Notes what came of writing, which is a sign of life if anything was written.
    pub(crate) fn written(&self, is_blocked: bool, bytes: usize) {
        self.is_blocked.store(is_blocked, Ordering::Relaxed);
        if bytes > 0 {
            self.touch();
            if self.unread_bytes() > 0 {
                self.taken_ms.store(self.now_ms(), Ordering::Relaxed);
            }
        }
    }

    /// A request begins: its number, and how many run already.
    pub(crate) fn begin_request(&self, version: Version) -> (u64, u64) {
        self.is_shared.store(version >= Version::HTTP_2, Ordering::Relaxed);
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        (number, self.running.fetch_add(1, Ordering::Relaxed))
    }

    /// A request has ended.
    pub(crate) fn end_request(&self) {
        self.touch();
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    fn touch(&self) {
        self.last_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
