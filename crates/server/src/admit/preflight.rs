//! A browser that only asks what it may send gets its answer.

use hookstead_site::Address;
use http::{Method, Response, StatusCode};
use http_body_util::Full;

use super::{
    Passed, Stop,
    origin::{self, Origin},
    passed::Verdict,
};
use crate::client::LOG_IN;

/// The step is passed.
pub(crate) struct Preflight<'a> {
    pub(super) path: Address<'a>,
}

/// Answers a request with the method OPTIONS.
pub(super) fn check<'a>(
    request: Passed<'a, Origin<'a>>,
) -> Result<Passed<'a, Preflight<'a>>, Stop> {
    if request.parts.method != Method::OPTIONS {
        return Ok(request.then(|Origin { path }| Preflight { path }));
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if request.known.origin != Verdict::NotABrowser {
        origin::preflight(request.site.origins(), response.headers_mut());
    }
    if matches!(&request.step.path, Address::Auth { call, .. } if call.ends_with(LOG_IN)) {
        origin::allow_cookie(&request.known.origin, response.headers_mut());
    }
    Err(Stop::Answered(Box::new(response)))
}
