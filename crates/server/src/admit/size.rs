//! The body is not too large by its own account.

use hookstead_site::Address;

use super::{Passed, Stop, preflight::Preflight};
use crate::body;

/// The step is passed.
pub(crate) struct Size<'a> {
    pub(super) path: Address<'a>,
}

/// Refuses a body that says itself that it is too large.
pub(super) fn check<'a>(request: Passed<'a, Preflight<'a>>) -> Result<Passed<'a, Size<'a>>, Stop> {
    body::check_declared(request.body, request.limits())?;
    Ok(request.then(|Preflight { path }| Size { path }))
}
