//! There is room for one more request among those that run. Who sends no body could otherwise take
//! the place of those who do.

use std::sync::Arc;

use super::{Passed, Permitted, Stop, function::Function, place};

/// Counts the request among those that run, and permits it to.
pub(super) fn check(request: Passed<'_, Function<'_>>) -> Result<Permitted, Stop> {
    let share = place::take(request.running)?;
    let Function { target, body, runs_as } = request.step;
    Ok(Permitted { target: Arc::clone(target), body, runs_as, _share: share })
}
