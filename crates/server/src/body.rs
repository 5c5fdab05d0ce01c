//! Reading a body: all of it or a refusal, within limits of size, time and shared memory.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use bytes::{Bytes, BytesMut};
use hookstead_memory::{Part, Share};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use crate::{config::ServerLimits, refusal::Refusal};

/// How long a refused body may go on arriving, so that its sender reads the refusal instead of
/// finding the connection closed.
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// The body of a request, untouched. Its bytes count as held until it is dropped.
pub(crate) struct Held {
    pub(crate) bytes: Bytes,
    _share: Option<Share>,
}

/// Refuses a body that says itself that it is too large.
pub(crate) fn check_declared(body: &Incoming, limits: &ServerLimits) -> Result<(), Refusal> {
    let too_large = body.size_hint().lower() > limits.body_bytes_max as u64;
    if too_large { Err(Refusal::body_too_large(limits.body_bytes_max)) } else { Ok(()) }
}

/// Reads a body to its end.
pub(crate) async fn read(
    body: &mut Incoming,
    limits: &ServerLimits,
    budget: &Arc<Part>,
) -> Result<Held, Refusal> {
    if body.is_end_stream() {
        return Ok(Held { bytes: Bytes::new(), _share: None });
    }
    let mut collected = pin!(collect(body, limits, budget));
    // Most bodies came along with their heads and need no timer.
    if let Poll::Ready(held) = poll_fn(|cx| Poll::Ready(collected.as_mut().poll(cx))).await {
        return held;
    }
    let collected = timeout(limits.body_read_time, collected).await;
    collected.unwrap_or_else(|_| Err(Refusal::body_timeout()))
}

async fn collect(
    body: &mut Incoming,
    limits: &ServerLimits,
    budget: &Arc<Part>,
) -> Result<Held, Refusal> {
    let declared = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    let mut reading = Reading { declared_bytes: declared.unwrap_or(usize::MAX), ..Reading::new() };
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let refusal = Refusal::bad_request("BadRequest", "the request body is incomplete");
            refusal.with_detail(error.to_string())
        })?;
        // Trailers say nothing that anybody here listens to.
        let Ok(data) = frame.into_data() else { continue };
        let bytes = reading.len() + data.len();
        if bytes > limits.body_bytes_max {
            return Err(Refusal::body_too_large(limits.body_bytes_max));
        }
        reading.reserve(data.len(), budget)?;
        reading.push(data);
    }
    Ok(Held { bytes: reading.bytes(), _share: reading.share })
}

/// A body that is still arriving. Most arrive in one piece, which is then not copied.
struct Reading {
    first: Bytes,
    rest: BytesMut,
    declared_bytes: usize,
    share: Option<Share>,
}

impl Reading {
    fn new() -> Self {
        let (first, rest) = (Bytes::new(), BytesMut::new());
        Self { first, rest, declared_bytes: usize::MAX, share: None }
    }

    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Makes room for so many bytes more, and counts all that is taken for the body.
    fn reserve(&mut self, more_bytes: usize, budget: &Arc<Part>) -> Result<(), Refusal> {
        let bytes = self.len() + more_bytes;
        let (is_first, is_copied) = (self.len() == 0, bytes > self.rest.capacity());
        if !is_first && !is_copied {
            return Ok(());
        }
        // Half as much again, so that little is copied twice, and no more than is to come.
        let roomy = (bytes + bytes / 2).min(self.declared_bytes).max(bytes);
        let wanted = if is_first { bytes } else { roomy };
        if !self.count(wanted, budget) {
            let refusal = Refusal::too_many_requests();
            return Err(refusal.with_detail("there is no memory for the bodies of more requests"));
        }
        if !is_first {
            self.rest.reserve(wanted - self.rest.len());
        }
        Ok(())
    }

    /// Counts this many bytes as held, those included that are already.
    fn count(&mut self, bytes: usize, budget: &Arc<Part>) -> bool {
        match &mut self.share {
            Some(share) => share.grow(bytes.saturating_sub(share.bytes())),
            None => {
                self.share = budget.take(bytes);
                self.share.is_some()
            }
        }
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
