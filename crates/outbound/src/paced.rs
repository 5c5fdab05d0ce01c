//! A connection that gives others their turn.
//!
//! A partner may send what takes longer to be looked at than to be sent, such as interim responses
//! (`100 Continue`) without end. The library reads them in a loop, and two such partners stopped
//! every other request.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    task::yield_now,
};

/// Bytes that are read before the other tasks of the thread have their turn.
const READ_AT_ONCE_BYTES: usize = 16 << 10;

/// The connection to a partner.
#[derive(Debug)]
pub(crate) struct Paced {
    stream: TcpStream,
    /// Bytes that were read since others last had their turn.
    read_bytes: usize,
}

impl Paced {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, read_bytes: 0 }
    }
}

impl Connection for Paced {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl AsyncRead for Paced {
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
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match result {
            Poll::Pending => self.read_bytes = 0,
            Poll::Ready(_) => self.read_bytes += buffer.filled().len() - before,
        }
        result
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
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
