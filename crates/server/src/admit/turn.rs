//! There is room for one more request among those that run. Who sends no body could otherwise take
//! the place of those who do.

use std::sync::Arc;

use super::{Passed, Permitted, Stop, function::Function};
use crate::refusal::Refusal;

/// Counts the request among those that run, and permits it to.
pub(super) fn check(request: Passed<'_, Function<'_>>) -> Result<Permitted, Stop> {
    let link = request.running.link();
    let others = link.activity.running().saturating_sub(1 + link.bodies.arriving());
    let requests = &link.shared.requests;
    let refusal = |detail| Refusal::too_many_requests().with_detail(detail);
    if !requests.has_room_beside(others) {
        let detail = "nearly all places for requests are taken, and this connection holds several \
            ([limits] requests_max)";
        return Err(refusal(detail).into());
    }
    let share = requests.take(1);
    let full = || refusal("there are too many requests ([limits] requests_max)");
    let Function { target, body } = request.step;
    Ok(Permitted { target: Arc::clone(target), body, _share: share.ok_or_else(full)? })
}
