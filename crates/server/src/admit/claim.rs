//! What can be checked of the proof without the body, so that strangers cannot make the server
//! hold one: that the header with the proof is there, and a secret in the query itself.

use std::sync::Arc;

use hookstead_site::{Guard, Header, Target};

use super::{Passed, Stop, route::Route, verify::verify};
use crate::refusal::Refusal;

/// The step is passed.
pub(crate) struct Claim<'a> {
    pub(super) target: &'a Arc<Target>,
}

/// Refuses a request that cannot prove what its endpoint asks for, whatever its body.
pub(super) fn check<'a>(request: Passed<'a, Route<'a>>) -> Result<Passed<'a, Claim<'a>>, Stop> {
    let (target, parts) = (request.step.target, request.parts);
    match &target.guard {
        Guard::Open => {}
        Guard::Closed(closed) => return Err(Refusal::internal(closed.reason.clone()).into()),
        Guard::Signed(all) => {
            for signed in all.iter().filter(|signed| !signed.scheme.has_proof_in_body()) {
                let has = |(_, name): &Header| parts.headers.contains_key(name);
                // The full check words the refusal.
                if !signed.proofs.iter().any(has) {
                    verify(signed, &request.asked(target.kind), b"", None)?;
                }
            }
        }
    }
    Ok(request.then(|Route { target }| Claim { target }))
}
