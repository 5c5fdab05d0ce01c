//! Nothing was wrong with how the bytes of the request are divided, as far as they have arrived.

use super::{Passed, Received, Stop};
use crate::refusal::Refusal;

/// The step is passed.
pub(crate) struct Framing;

/// Refuses a request whose framing others could read in another way.
pub(super) fn check(request: Passed<'_, Received>) -> Result<Passed<'_, Framing>, Stop> {
    match request.running.flaw() {
        Some(flaw) => Err(Refusal::malformed(flaw).into()),
        None => Ok(request.then(|Received| Framing)),
    }
}
