//! The places of requests that run, for the step `turn` and for whoever runs something before it.

use crate::{budget::Share, refusal::Refusal, running::Running};

/// Takes one of the places of requests that run.
pub(crate) fn take(running: &Running) -> Result<Share, Refusal> {
    let link = running.link();
    let others = link.activity.running().saturating_sub(1 + link.bodies.arriving());
    let requests = &link.shared.requests;
    let refusal = |detail| Refusal::too_many_requests().with_detail(detail);
    if !requests.has_room_beside(others) {
        let detail = "nearly all places for requests are taken, and this connection holds several \
            ([limits] requests_max)";
        return Err(refusal(detail));
    }
    let full = || refusal("there are too many requests ([limits] requests_max)");
    requests.take(1).ok_or_else(full)
}
