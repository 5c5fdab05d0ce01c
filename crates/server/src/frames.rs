//! A limit to the control frames of an HTTP/2 connection.
//!
//! The library answers SETTINGS and PING, and reads PRIORITY, WINDOW_UPDATE and unknown frames,
//! as many as arrive. They are therefore counted here, on the way from the socket to the library:
//! nine bytes of each frame are looked at and its payload is skipped. Connections that do not
//! begin with the preface of HTTP/2 are not looked at any further.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a client of HTTP/2 sends first.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The time in which the limit applies; after it, a connection may send as many again.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// Control frames that come with a request: its priority, its windows, its end.
const FRAMES_PER_STREAM: u32 = 8;

/// Bytes of a body, in either direction, that one control frame comes with: clients open their
/// windows as they read.
const BYTES_PER_FRAME: u32 = 1024;

/// A padded frame of data up to this length may hold nothing but padding.
const PADDING_BYTES_MAX: u32 = 256;

const HEADER_BYTES: usize = 9;

/// Types and flags of frames (RFC 9113, 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 0x1;
const PADDED: u8 = 0x8;

/// A connection has sent too many control frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many HTTP/2 control frames")]
pub(crate) struct TooManyFrames;

/// Counts the control frames among the bytes of a connection.
struct FrameMeter {
    state: State,
    left: u32,
    max: u32,
    /// Since when the limit applies.
    since: Instant,
    /// Bytes of bodies that are not yet worth a control frame.
    bytes: u32,
    /// The highest stream that has begun.
    last_stream: u32,
}

/// What the next byte belongs to.
enum State {
    /// To the preface, of which so many bytes have arrived.
    Preface(usize),
    /// To a connection of another version.
    OtherVersion,
    /// To a payload of which so many bytes are left, then to a header.
    Payload(u32),
    /// To the header of a frame, of which so many bytes have arrived.
    Header([u8; HEADER_BYTES], usize),
}

impl FrameMeter {
    /// A meter that lets this many control frames pass in each window of time.
    fn new(frames_max: u32) -> Self {
        Self {
            state: State::Preface(0),
            left: frames_max,
            max: frames_max,
            since: Instant::now(),
            bytes: 0,
            last_stream: 0,
        }
    }

    /// Looks at bytes that have arrived.
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), TooManyFrames> {
        if matches!(self.state, State::OtherVersion) {
            return Ok(());
        }
        while !bytes.is_empty() {
            let (next, taken) = match self.state {
                State::OtherVersion => return Ok(()),
                State::Preface(arrived) => {
                    let expected = &PREFACE[arrived..];
                    let taken = expected.len().min(bytes.len());
                    let next = if expected[..taken] != bytes[..taken] {
                        State::OtherVersion
                    } else if taken == expected.len() {
                        State::Payload(0)
                    } else {
                        State::Preface(arrived + taken)
                    };
                    (next, taken)
                }
                State::Payload(0) => (State::Header([0; HEADER_BYTES], 0), 0),
                State::Payload(left) => {
                    let taken = bytes.len().min(left as usize);
                    // It is no more than what is left, so it fits.
                    (State::Payload(left.saturating_sub(taken as u32)), taken)
                }
                State::Header(mut header, arrived) => {
                    let taken = bytes.len().min(HEADER_BYTES - arrived);
                    header[arrived..arrived + taken].copy_from_slice(&bytes[..taken]);
                    if arrived + taken == HEADER_BYTES {
                        (State::Payload(self.frame(header)?), taken)
                    } else {
                        (State::Header(header, arrived + taken), taken)
                    }
                }
            };
            self.state = next;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Notes bytes that the client has been sent.
    fn written(&mut self, bytes: usize) {
        if !matches!(self.state, State::OtherVersion) {
            self.progress(u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// Counts a frame and returns the length of its payload.
    fn frame(&mut self, header: [u8; HEADER_BYTES]) -> Result<u32, TooManyFrames> {
        let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = header;
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let stream = u32::from_be_bytes([s0, s1, s2, s3]) & 0x7fff_ffff;
        let has = |flag| flags & flag != 0;
        let holds_nothing = length == 0 || (has(PADDED) && length <= PADDING_BYTES_MAX);
        match kind {
            DATA if holds_nothing && !has(END_STREAM) => self.charge()?,
            DATA => self.progress(length),
            HEADERS if stream > self.last_stream => {
                self.last_stream = stream;
                self.refund(FRAMES_PER_STREAM);
            }
            _ => self.charge()?,
        }
        Ok(length)
    }

    fn charge(&mut self) -> Result<(), TooManyFrames> {
        if self.left == 0 && self.since.elapsed() >= WINDOW {
            self.left = self.max;
            self.since = Instant::now();
        }
        self.left = self.left.checked_sub(1).ok_or(TooManyFrames)?;
        Ok(())
    }

    fn progress(&mut self, bytes: u32) {
        let bytes = self.bytes.saturating_add(bytes);
        self.bytes = bytes % BYTES_PER_FRAME;
        self.refund(bytes / BYTES_PER_FRAME);
    }

    fn refund(&mut self, frames: u32) {
        self.left = self.left.saturating_add(frames).min(self.max);
    }
}

/// A stream whose control frames are counted. Reading fails with [`TooManyFrames`] when there are
/// too many.
pub(crate) struct Metered<S> {
    stream: S,
    meter: FrameMeter,
}

impl<S> Metered<S> {
    pub(crate) fn new(stream: S, frames_max: u32) -> Self {
        Self { stream, meter: FrameMeter::new(frames_max) }
    }

    fn written(&mut self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = result {
            self.meter.written(bytes);
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        Poll::Ready(self.meter.read(&buffer.filled()[before..]).map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u32 = 100;

    fn frame(kind: u8, flags: u8, stream: u32, length: u32) -> Vec<u8> {
        let mut frame = length.to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(vec![0xff; length as usize]);
        frame
    }

    /// How many of these frames pass before the connection ends, of 100,000.
    fn passed(frames: impl Fn(u32) -> Vec<u8>) -> Option<u32> {
        let mut meter = FrameMeter::new(MAX);
        meter.read(PREFACE).unwrap();
        (0..100_000).find(|index| meter.read(&frames(*index)).is_err())
    }

    #[test]
    fn control_frames_of_every_kind_are_limited() {
        let data = |flags, length| frame(DATA, flags, 1, length);
        let cases: [(&str, Vec<u8>); 13] = [
            ("empty data", data(0, 0)),
            ("padding alone", data(PADDED, 256)),
            ("headers of a stream that has begun", frame(HEADERS, 0x4, 0, 5)),
            ("PRIORITY", frame(2, 0, 1, 5)),
            ("RST_STREAM", frame(3, 0, 1, 4)),
            ("SETTINGS", frame(4, 0, 0, 6)),
            ("SETTINGS that acknowledge", frame(4, 1, 0, 0)),
            ("PUSH_PROMISE", frame(5, 0, 1, 4)),
            ("PING", frame(6, 0, 0, 8)),
            ("GOAWAY", frame(7, 0, 0, 8)),
            ("WINDOW_UPDATE", frame(8, 0, 0, 4)),
            ("CONTINUATION", frame(9, 0, 1, 0)),
            ("unknown", frame(200, 0xff, 77, 16_384)),
        ];
        for (name, bytes) in cases {
            assert_eq!(passed(|_| bytes.clone()), Some(MAX), "{name}");
        }
    }

    #[test]
    fn requests_bring_some_control_frames_along() {
        let request = |index: u32, controls: usize| {
            let begin = frame(HEADERS, 0x5, 2 * index + 1, 20);
            [begin, frame(2, 0, 1, 5).repeat(controls)].concat()
        };
        assert_eq!(passed(|index| request(index, 8)), None);
        assert!(passed(|index| request(index, 9)).is_some_and(|passed| passed < 2 * MAX));
        // One stream begins once.
        assert!(passed(|_| request(0, 1)).is_some_and(|passed| passed <= MAX));
    }

    #[test]
    fn bodies_in_both_directions_bring_control_frames_along() {
        let window = frame(8, 0, 1, 4);
        let upload = |length| [frame(DATA, 0, 1, length), window.clone()].concat();
        assert_eq!(passed(|_| upload(1024)), None);
        assert!(passed(|_| upload(10)).is_some());
        let download = |bytes| {
            let mut meter = FrameMeter::new(MAX);
            meter.read(PREFACE).unwrap();
            (0..100_000).all(|_| {
                meter.written(bytes);
                meter.read(&window).is_ok()
            })
        };
        assert!(download(1024) && !download(100));
    }

    #[test]
    fn after_a_while_there_are_as_many_again() {
        let mut meter = FrameMeter::new(MAX);
        meter.read(PREFACE).unwrap();
        let pings = frame(6, 0, 0, 8).repeat(MAX as usize);
        for _ in 0..3 {
            meter.read(&pings).unwrap();
            meter.since = meter.since.checked_sub(WINDOW).unwrap();
        }
        meter.read(&pings).unwrap();
        assert_eq!(meter.read(&frame(6, 0, 0, 8)), Err(TooManyFrames));
    }

    #[test]
    fn frames_are_found_however_the_bytes_arrive() {
        let data = frame(DATA, 0, 1, 3000);
        let whole = [PREFACE.to_vec(), frame(4, 0, 0, 6), data, frame(6, 0, 0, 8)].concat();
        for piece in [1, 2, 3, 8, 9, 10, 23, 24, 25, 33, 1000, whole.len()] {
            let mut meter = FrameMeter::new(MAX);
            whole.chunks(piece).for_each(|bytes| meter.read(bytes).unwrap());
            // The data gives back what the settings took; the ping is what is left.
            assert_eq!(meter.left, MAX - 1, "{piece}");
            assert!(matches!(meter.state, State::Payload(0)), "{piece}");
        }
    }

    #[test]
    fn other_versions_are_not_looked_at() {
        for start in [&b"GET / HTTP/1.1\r\n"[..], b"PRI * HTTP/2.1", b"X", b"PRI * HTTP/2.0\r\n\n"]
        {
            let mut meter = FrameMeter::new(MAX);
            for _ in 0..1000 {
                meter.read(start).unwrap();
                meter.read(&frame(6, 0, 0, 8)).unwrap();
            }
            assert_eq!(meter.left, MAX);
        }
    }
}
