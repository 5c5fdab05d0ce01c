//! The conditions of the endpoint and of its function hold (docs/behaviour/rights.md#conditions).
//! None can be evaluated yet, so that whatever hangs on one is refused: an endpoint that is closed
//! too tightly is a message in the journal, one that is open is a breach.

use std::sync::Arc;

use hookstead_site::Target;

use super::{Passed, Stop, identity::Identity};
use crate::{body::Held, error_code::ErrorCode, refusal::Refusal, runs_as::RunsAs};

/// The step is passed.
pub(crate) struct Condition<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
    pub(super) runs_as: RunsAs,
}

/// Refuses a request where a condition must hold.
pub(super) fn check<'a>(
    request: Passed<'a, Identity<'a>>,
) -> Result<Passed<'a, Condition<'a>>, Stop> {
    if let Some(unmet) = request.step.target.unmet {
        let refusal = Refusal::forbidden(ErrorCode::NoMatchingRuleFound, "no rule matched");
        return Err(refusal.with_detail(unmet.reason()).into());
    }
    Ok(request.then(|Identity { target, body, runs_as }| Condition { target, body, runs_as }))
}
