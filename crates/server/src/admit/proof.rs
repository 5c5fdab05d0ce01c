//! The caller proves what the protection of the endpoint asks for.

use std::sync::Arc;

use hookstead_site::{Guard, Target};

use super::{Passed, Stop, body::Body, verify::verify};
use crate::{body::Held, refusal::Refusal};

/// The step is passed.
pub(crate) struct Proof<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
}

/// Refuses a request that does not prove what its endpoint asks for, byte for byte.
pub(super) fn check<'a>(request: Passed<'a, Body<'a>>) -> Result<Passed<'a, Proof<'a>>, Stop> {
    let Body { target, body } = &request.step;
    match &target.guard {
        Guard::Open => {}
        Guard::Closed(reason) => return Err(Refusal::internal(reason.clone()).into()),
        Guard::Signed(signed) => verify(signed, &request.asked(target.kind), &body.bytes)?,
    }
    Ok(request.then(|Body { target, body }| Proof { target, body }))
}
