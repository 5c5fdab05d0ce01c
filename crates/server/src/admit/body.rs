//! The body has arrived, within its limits of size, time and memory.

use std::sync::Arc;

use hookstead_site::Target;

use super::{Passed, Stop, claim::Claim, head};
use crate::{
    body::{self, Held},
    refusal::Refusal,
};

/// The step is passed.
pub(crate) struct Body<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
}

/// Reads the body.
pub(super) async fn check<'a>(
    request: Passed<'a, Claim<'a>>,
) -> Result<Passed<'a, Body<'a>>, Stop> {
    let (parts, limits) = (request.parts, request.limits());
    let bodies = &request.running.link().bodies;
    let held = body::read(request.body, limits, bodies, || head::bytes(parts)).await;
    // What is wrong with the framing of a body is known better than by the library.
    let flaw = |error| request.running.flaw().map_or(error, Refusal::malformed);
    let body = held.map_err(flaw)?;
    Ok(request.then(|Claim { target }| Body { target, body }))
}
