//! The function has a source.

use std::sync::Arc;

use hookstead_site::Target;

use super::{Passed, Stop, condition::Condition};
use crate::{body::Held, error_code::ErrorCode, refusal::Refusal, runs_as::RunsAs};

/// The step is passed.
pub(crate) struct Function<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
    pub(super) runs_as: RunsAs,
}

/// Refuses a request whose function is not there.
pub(super) fn check<'a>(
    request: Passed<'a, Condition<'a>>,
) -> Result<Passed<'a, Function<'a>>, Stop> {
    if request.step.target.missing {
        let message = format!("function not found: '{}'", request.step.target.entry);
        return Err(Refusal::not_found(ErrorCode::FunctionNotFound, message).into());
    }
    Ok(request.then(|Condition { target, body, runs_as }| Function { target, body, runs_as }))
}
