//! The path is one of this app.

use hookstead_site::Address as Path;

use super::{Passed, Stop, network::Network, unknown_path::nothing_here};
use crate::refusal::Refusal;

/// The step is passed.
pub(crate) struct Address<'a> {
    pub(super) path: Path<'a>,
}

/// Refuses a request whose path is none of the app.
pub(super) fn check<'a>(request: Passed<'a, Network>) -> Result<Passed<'a, Address<'a>>, Stop> {
    let path = Path::of(request.parts.uri.path());
    let is_of_user = matches!(path, Path::Session { .. }) && request.site.users().is_some();
    match path.app() {
        // A token names the app; what it is good for is found out with it.
        None if is_of_user => request.known.of_app = true,
        Some(app) if *app == *request.site.client_app_id() => request.known.of_app = true,
        Some(app) => return Err(Refusal::unknown_app(app).into()),
        None => return Err(nothing_here(request.site, request.parts).into()),
    }
    Ok(request.then(|Network| Address { path }))
}
