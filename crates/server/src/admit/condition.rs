//! The conditions of the endpoint and of its function hold (docs/behaviour/rights.md#conditions).
//! One that has no value refuses: an endpoint that is closed too tightly is a message in the
//! journal, one that is open is a breach.

use std::sync::Arc;

use hookstead_functions::{Caller, Console};
use hookstead_site::Target;

use super::{Passed, Stop, identity::Identity, passed::Asking, place};
use crate::{body::Held, call, error_code::ErrorCode, refusal::Refusal, runs_as::RunsAs};

/// The step is passed.
pub(crate) struct Condition<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
    pub(super) runs_as: RunsAs,
}

/// Refuses a request for which a condition does not hold.
pub(super) async fn check<'a>(
    request: Passed<'a, Identity<'a>>,
) -> Result<Passed<'a, Condition<'a>>, Stop> {
    let Identity { target, body, runs_as } = &request.step;
    if let Some(unmet) = target.unmet {
        return Err(refuse(unmet.reason()).into());
    }
    if !target.conditions.is_empty() {
        let console = Console::default();
        // In a box: otherwise every request would carry the room for an evaluation.
        let asking = request.asking();
        let held = Box::pin(evaluate(asking, target, body.bytes.len(), runs_as, &console)).await;
        request.known.log.extend(console.take());
        held?;
    }
    Ok(request.then(|Identity { target, body, runs_as }| Condition { target, body, runs_as }))
}

async fn evaluate(
    asking: Asking<'_>,
    target: &Arc<Target>,
    body_bytes: usize,
    runs_as: &RunsAs,
    console: &Console,
) -> Result<(), Refusal> {
    // Functions that conditions call run like others.
    let calls = target.conditions.iter().any(|condition| !condition.functions().is_empty());
    let _share = calls.then(|| place::take(asking.running)).transpose()?;
    let (caller, id) = (asking.caller, asking.id);
    let request = call::request_context(target, asking.parts, body_bytes, caller, id);
    let caller = Caller {
        user: runs_as.user(),
        runs_as_system: runs_as.is_system(),
        request: Some(Arc::new(request)),
        console: console.clone(),
    };
    match asking.site.functions().unmet(&target.conditions, &caller).await {
        None => Ok(()),
        Some(why) => Err(refuse(&why)),
    }
}

/// The refusal of a call for which a condition does not hold.
pub(crate) fn refuse(detail: &str) -> Refusal {
    let refusal = Refusal::forbidden(ErrorCode::NoMatchingRuleFound, "no rule matched");
    refusal.with_detail(detail)
}
