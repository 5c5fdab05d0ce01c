//! The connection may have one more request.

use super::{Passed, Stop, framing::Framing};
use crate::{link::STREAMS_MAX, refusal::Refusal};

/// A connection may leave this part unread of what all may.
const UNREAD_PART: usize = 8;

/// The step is passed.
pub(crate) struct Capacity;

/// Refuses a request of a connection that has too many already, or that does not read.
pub(super) fn check(request: Passed<'_, Framing>) -> Result<Passed<'_, Capacity>, Stop> {
    let refuse = |detail| Err(Refusal::too_many_requests().with_detail(detail).into());
    if request.running.others() >= STREAMS_MAX.into() {
        return refuse("this connection has too many requests that still run");
    }
    let unread = request.running.link().activity.unread_bytes();
    if unread > request.shared().responses.bytes_max() / UNREAD_PART {
        return refuse("this connection has not read its responses");
    }
    Ok(request.then(|Framing| Capacity))
}
