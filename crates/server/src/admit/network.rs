//! The caller's address is one of those that may call.

use super::{Passed, Stop, head::Head};
use crate::{error_code::ErrorCode, refusal::Refusal};

/// The step is passed.
pub(crate) struct Network;

/// Refuses a caller outside of the networks that may call, where there are any.
pub(super) fn check(request: Passed<'_, Head>) -> Result<Passed<'_, Network>, Stop> {
    let (allowed, address) = (&request.shared().config.allow, request.caller.address);
    if !allowed.is_empty() && !allowed.iter().any(|network| network.contains(address)) {
        let refusal = Refusal::forbidden(ErrorCode::AuthError, "this address may not call");
        return Err(refusal.with_detail("the address is not in [server] allow").into());
    }
    Ok(request.then(|Head| Network))
}
