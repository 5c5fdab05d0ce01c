//! The front of the server: any bytes as a connection, mostly behind the preface of HTTP/2.
//!
//! Nothing panics, a connection whose client has ended it ends, and the work is bounded: by the
//! bytes that arrived, for what is sent back, and by a time that nothing should come near.

#![no_main]

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use hookstead_server::{Config, serve_bare};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes of a response for each byte of a request: a stream takes ten bytes to open.
const ANSWERED_PER_BYTE_MAX: usize = 100;
const ANSWERED_BYTES_MAX: usize = 64 << 10;
const TIME: Duration = Duration::from_secs(10);

/// A client that has sent everything and reads what it gets.
struct Memory {
    sent: Vec<u8>,
    at: usize,
    piece: usize,
    answered: Rc<Cell<usize>>,
    reads: Rc<Cell<usize>>,
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads.set(self.reads.get() + 1);
        let left = self.sent.len() - self.at;
        let bytes = left.min(self.piece).min(buffer.remaining());
        buffer.put_slice(&self.sent[self.at..self.at + bytes]);
        self.at += bytes;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answered.set(self.answered.get() + bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fuzz_target!(|data: &[u8]| {
    let [how, data @ ..] = data else { return };
    let preface = if how & 3 == 3 { &b""[..] } else { PREFACE };
    let sent = [preface, data].concat();
    let bytes = sent.len();
    let (answered, reads) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let piece = 1 + usize::from(how >> 2) * 16;
    let (counted, read) = (Rc::clone(&answered), Rc::clone(&reads));
    let memory = Memory { sent, at: 0, piece, answered: counted, reads: read };
    let mut config = Config::default();
    config.limits.http2_control_frames_max = 100;
    config.limits.body_bytes_max = 2048;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let ended = runtime.block_on(async {
        tokio::time::timeout(TIME, serve_bare(memory, config)).await
    });
    assert!(ended.is_ok(), "still open after {TIME:?}");
    assert!(answered.get() <= ANSWERED_BYTES_MAX + ANSWERED_PER_BYTE_MAX * bytes);
    assert!(reads.get() <= 100 + 4 * bytes, "{} reads of {bytes} bytes", reads.get());
});
