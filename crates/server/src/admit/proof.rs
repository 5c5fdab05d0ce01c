//! The caller proves what the protection of the endpoint asks for.

use std::sync::Arc;

use hookstead_site::{Guard, Target};

use super::{Passed, Stop, body::Body, certificate, verify::verify};
use crate::{body::Held, refusal::Refusal};

/// The step is passed.
pub(crate) struct Proof<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
}

/// Refuses a request that does not prove what its endpoint asks for, byte for byte.
pub(super) async fn check<'a>(
    request: Passed<'a, Body<'a>>,
) -> Result<Passed<'a, Proof<'a>>, Stop> {
    let Body { target, body } = &request.step;
    match &target.guard {
        Guard::Open => {}
        Guard::Closed(closed) => return Err(Refusal::internal(closed.reason.clone()).into()),
        Guard::Signed(all) => {
            for signed in all {
                let asked = request.asked(target.kind);
                let site = request.site;
                let certificate = certificate::of(signed, &asked, &body.bytes, site).await?;
                verify(signed, &asked, &body.bytes, certificate.as_ref())?;
            }
        }
    }
    Ok(request.then(|Body { target, body }| Proof { target, body }))
}
