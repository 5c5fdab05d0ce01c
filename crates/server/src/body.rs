//! Reading a body: all of it or a refusal, within limits of size, time and shared memory.

use std::{future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

use crate::{
    budget::{Budget, Share},
    config::ServerLimits,
    refusal::Refusal,
};

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
    budget: &Arc<Budget>,
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
    budget: &Arc<Budget>,
) -> Result<Held, Refusal> {
    let mut reading = Reading::default();
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
        reading.reserve(bytes, budget)?;
        reading.push(data);
    }
    Ok(Held { bytes: reading.bytes(), _share: reading.share })
}

/// A body that is still arriving. Most arrive in one piece, which is then not copied.
#[derive(Default)]
struct Reading {
    first: Bytes,
    rest: BytesMut,
    share: Option<Share>,
}

impl Reading {
    fn len(&self) -> usize {
        self.first.len() + self.rest.len()
    }

    /// Counts this many bytes as held, those included that are already.
    fn reserve(&mut self, bytes: usize, budget: &Arc<Budget>) -> Result<(), Refusal> {
        let reserved = match &mut self.share {
            Some(share) => share.grow(bytes.saturating_sub(share.amount())),
            None => {
                self.share = budget.take(bytes);
                self.share.is_some()
            }
        };
        if reserved {
            return Ok(());
        }
        Err(Refusal::too_many_requests().with_detail("the bodies held at once are at their limit"))
    }

    fn push(&mut self, data: Bytes) {
        if self.len() == 0 {
            self.first = data;
            return;
        }
        if self.rest.is_empty() {
            self.rest.reserve(2 * (self.first.len() + data.len()));
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
