//! The stream of a connection, between the socket and the library.
//!
//! Writing counts as a sign of life; the control frames of HTTP/2 are counted; the framing of
//! HTTP/1.1 is checked; and closing waits for a client that is still sending. A socket that is
//! closed while bytes arrive makes the system reset the connection, and a reset may reach the
//! client before it has read the response that refused its body. So the sending side is closed
//! first, and what still arrives is read and dropped, within limits of bytes and time.

use std::{
    io,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::yield_now,
    time::{Instant, Sleep, sleep_until},
};

use crate::{
    frames::{Metered, TooManyFrames, WINDOW},
    framing::Framing,
    link::Link,
};

/// How long a closing connection waits for the next bytes.
const PAUSE_TIME: Duration = Duration::from_secs(5);

/// Bytes that are read before the other connections of the thread have their turn. Some bytes
/// take longer to be looked at than to be sent, such as the zeros in front of a chunk's size.
const READ_AT_ONCE_BYTES: usize = 64 << 10;

/// Bytes that are read and dropped at once.
const DROPPED_AT_ONCE_BYTES: usize = 16 << 10;

const BROKEN_FRAMES: &str = "the frames of the request body break the rules of HTTP";

/// The stream of a connection.
pub(crate) struct Watched<S> {
    stream: Metered<S>,
    link: Arc<Link>,
    framing: Framing,
    /// Bytes that were read since the other connections last had their turn.
    read_bytes: usize,
    /// Whether the client has ended its side, or the connection is broken.
    is_ended: bool,
    closing: Option<Closing>,
}

/// A connection that is closed as soon as its client has nothing more to send.
struct Closing {
    timer: Pin<Box<Sleep>>,
    deadline: Instant,
    last_read: Instant,
    bytes_left: u64,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, link: Arc<Link>) -> Self {
        let stream = Metered::new(stream, link.shared.config.limits.http2_control_frames_max);
        let framing = Framing::default();
        Self { stream, link, framing, read_bytes: 0, is_ended: false, closing: None }
    }

    fn written(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let bytes = if let Poll::Ready(Ok(bytes)) = result { bytes } else { 0 };
        self.link.activity.written(result.is_pending(), bytes);
        result
    }

    /// Notes what is wrong with the request that is arriving, before the library sees it.
    #[cold]
    fn flawed(&self) {
        if let Some(flaw) = self.framing.flaw() {
            // It is the first one of the connection, and the last.
            let _ = self.link.flaw.set(flaw);
        }
    }

    #[cold]
    fn failed(&self, error: &io::Error) {
        if !error.get_ref().is_some_and(|cause| cause.is::<TooManyFrames>()) {
            return;
        }
        let (peer, limits) = (self.link.peer, &self.link.shared.config.limits);
        self.link.shared.journal.notice(format!(
            "a connection from {peer} was closed: more than {} HTTP/2 control frames \
             in {} seconds, beyond those of its requests ([limits] http2_control_frames_max)",
            limits.http2_control_frames_max,
            WINDOW.as_secs(),
        ));
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Reads and drops what the client sends, until it stops or may send no more.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &mut self.closing else { return Poll::Ready(()) };
        // The server may have been told to stop since.
        if !self.link.activity.may_still_send() {
            return Poll::Ready(());
        }
        let mut room = [0; DROPPED_AT_ONCE_BYTES];
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let bytes = buffer.filled().len() as u64;
                    closing.last_read = Instant::now();
                    match closing.bytes_left.checked_sub(bytes) {
                        Some(left) => closing.bytes_left = left,
                        None => return Poll::Ready(()),
                    }
                    if closing.last_read >= closing.deadline {
                        return Poll::Ready(());
                    }
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        loop {
            ready!(closing.timer.as_mut().poll(cx));
            let until = closing.deadline.min(closing.last_read + PAUSE_TIME);
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            closing.timer.as_mut().reset(until);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read_bytes >= READ_AT_ONCE_BYTES {
            self.read_bytes = 0;
            // Wakes this task when the sockets have been looked at, which waking it by itself
            // would put off.
            let _ = pin!(yield_now()).poll(cx);
            return Poll::Pending;
        }
        if self.framing.has_flawed_head() {
            // The request is being refused, which ends the connection.
            return Poll::Pending;
        }
        if self.framing.has_flawed_body() {
            return Poll::Ready(Err(io::Error::other(BROKEN_FRAMES)));
        }
        let before = buffer.filled().len();
        let Poll::Ready(result) = Pin::new(&mut self.stream).poll_read(cx, buffer) else {
            self.read_bytes = 0;
            self.link.activity.read(true);
            return Poll::Pending;
        };
        self.link.activity.read(false);
        if let Err(error) = &result {
            self.failed(error);
        }
        let bytes = buffer.filled().len() - before;
        self.read_bytes += bytes;
        self.is_ended |= bytes == 0;
        let passed = self.framing.pass(&buffer.filled()[before..]);
        if self.framing.flaw().is_some() {
            self.flawed();
        }
        if passed < bytes {
            buffer.set_filled(before + passed);
            if passed == 0 && result.is_ok() {
                // Nothing would be read as the end of the connection.
                return Poll::Ready(Err(io::Error::other(BROKEN_FRAMES)));
            }
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
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
        if self.closing.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            let limits = &self.link.shared.config.limits;
            let time = limits.linger_time;
            if self.is_ended || time.is_zero() || !self.link.activity.may_still_send() {
                return Poll::Ready(Ok(()));
            }
            let (now, bytes_left) = (Instant::now(), limits.linger_bytes_max);
            let deadline = now + time;
            let timer = Box::pin(sleep_until(deadline.min(now + PAUSE_TIME)));
            self.closing = Some(Closing { timer, deadline, last_read: now, bytes_left });
        }
        ready!(self.poll_rest(cx));
        Poll::Ready(Ok(()))
    }
}
