//! Reading a body: all of it or a refusal, within limits of size, time and shared memory.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use crate::{
    bodies::{self, Bodies, Full},
    config::ServerLimits,
    refusal::Refusal,
};

/// How long a refused body may go on arriving, so that its sender reads the refusal instead of
/// finding the connection closed.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The body of a request, untouched. Its bytes count as held until it is dropped.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    held: Option<bodies::Held>,
}

impl Held {
    /// Counts bytes that are made of the body and last no longer than it.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.held.as_mut().map_or(Ok(()), |held| held.grow(bytes)).map_err(refuse)
    }
}

/// Refuses a body that says itself that it is too large.
pub(crate) fn check_declared(body: &Incoming, limits: &ServerLimits) -> Result<(), Refusal> {
    let too_large = body.size_hint().lower() > limits.body_bytes_max as u64;
    if too_large { Err(Refusal::body_too_large(limits.body_bytes_max)) } else { Ok(()) }
}

/// Reads a body to its end. The head of its request has so many bytes.
pub(crate) async fn read(
    body: &mut Incoming,
    limits: &ServerLimits,
    bodies: &Arc<Bodies>,
    head_bytes: impl FnOnce() -> usize,
) -> Result<Held, Refusal> {
    if body.is_end_stream() {
        return Ok(Held { bytes: Bytes::new(), held: None });
    }
    let mut collected = pin!(collect(body, limits, bodies));
    // Most bodies came along with their heads and need no timer.
    if let Poll::Ready(held) = poll_fn(|cx| Poll::Ready(collected.as_mut().poll(cx))).await {
        return held;
    }
    let _arriving = bodies.await_body(head_bytes()).map_err(refuse)?;
    let collected = timeout(limits.body_read_time, collected).await;
    collected.unwrap_or_else(|_| Err(Refusal::body_timeout()))
}

async fn collect(
    body: &mut Incoming,
    limits: &ServerLimits,
    bodies: &Arc<Bodies>,
) -> Result<Held, Refusal> {
    let declared = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let mut reading = Reading::new(bodies, declared.unwrap_or(usize::MAX));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Refusal::malformed("the request body is incomplete").with_detail(error.to_string())
        })?;
        // Trailers say nothing that anybody here listens to.
        let Ok(data) = frame.into_data() else { continue };
        let bytes = reading.len() + data.len();
        if bytes > limits.body_bytes_max {
            return Err(Refusal::body_too_large(limits.body_bytes_max));
        }
        reading.reserve(data.len())?;
        reading.push(data);
    }
    Ok(Held { bytes: reading.bytes(), held: Some(reading.held) })
}

/// Says to a caller that there is no room for its body now, and to the log why.
fn refuse(full: Full) -> Refusal {
    Refusal::too_many_requests().with_detail(match full {
        Full::All => "there is no memory for the bodies of more requests ([limits] bodies_mib)",
        Full::Connection => {
            "little memory is left for bodies, and this connection holds much of it ([limits] \
             bodies_mib)"
        }
    })
}

/// A body that is still arriving. Most arrive in one piece, which is then not copied.
struct Reading {
    first: Bytes,
    rest: BytesMut,
    declared_bytes: usize,
    held: bodies::Held,
}

impl Reading {
    fn new(bodies: &Arc<Bodies>, declared_bytes: usize) -> Self {
        let (first, rest) = (Bytes::new(), BytesMut::new());
        Self { first, rest, declared_bytes, held: bodies.nothing() }
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Makes room for so many bytes more, and counts all that is taken for the body.
    fn reserve(&mut self, more_bytes: usize) -> Result<(), Refusal> {
        let bytes = self.len() + more_bytes;
        let (is_first, is_copied) = (self.len() == 0, bytes > self.rest.capacity());
        if !is_first && !is_copied {
            return Ok(());
        }
        // Half as much again, so that little is copied twice, and no more than is to come.
        let roomy = (bytes + bytes / 2).min(self.declared_bytes).max(bytes);
        let wanted = if is_first { bytes } else { roomy };
        // Those that are held already count.
        self.held.grow(wanted.saturating_sub(self.held.bytes())).map_err(refuse)?;
        if !is_first {
            self.rest.reserve(wanted - self.rest.len());
        }
        Ok(())
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            self.rest.extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.rest.extend_from_slice(&data);
    }

    fn bytes(&mut self) -> Bytes {
        if self.rest.is_empty() { self.first.clone() } else { self.rest.split().freeze() }
    }
}

/// Lets the rest of a refused body arrive and forgets it.
pub(crate) fn drain(mut body: Incoming, limits: &ServerLimits) {
    let mut left = limits.body_bytes_max;
    let rest = async move {
        while let Some(Ok(frame)) = body.frame().await {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            left = match left.checked_sub(bytes) {
                Some(left) => left,
                None => break,
            };
        }
    };
    tokio::spawn(timeout(DRAIN_TIME, rest));
}
