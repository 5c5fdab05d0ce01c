//! The caller is who it must be. There are no users yet, so that whatever asks for one refuses.

use std::sync::Arc;

use hookstead_site::{Target, Unmet};
use http::{HeaderMap, header};

use super::{Passed, Stop, proof::Proof};
use crate::{body::Held, error_code::ErrorCode, refusal::Refusal};

/// The step is passed.
pub(crate) struct Identity<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
}

/// Refuses a request where a user is asked for.
pub(super) fn check<'a>(request: Passed<'a, Proof<'a>>) -> Result<Passed<'a, Identity<'a>>, Stop> {
    let unmet = request.step.target.unmet;
    let refusal = match unmet {
        Some(Unmet::Credentials | Unmet::Undeclared) => no_such_user(&request.parts.headers),
        Some(Unmet::User | Unmet::Script) => {
            Refusal::unauthorized(ErrorCode::InvalidSession, "invalid session")
        }
        // The next step is for conditions.
        Some(Unmet::Condition) | None => {
            return Ok(request.then(|Proof { target, body }| Identity { target, body }));
        }
    };
    let reason = unmet.map(Unmet::reason).unwrap_or_default();
    Err(refusal.with_detail(reason).into())
}

/// What the hosted service answers to credentials of nobody, in its words
/// (docs/behaviour/rights.md#until-there-are-users).
///
/// It had 400 for requests without usable credentials. As long as there are no users, no request
/// can be mended by its sender, so all of them get 401.
fn no_such_user(headers: &HeaderMap) -> Refusal {
    let is_bearer = |value: &str| {
        value.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"))
    };
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let [email, password] = ["email", "password"].map(|name| headers.contains_key(name));
    let other = ["apikey", "api-key", "jwttokenstring"];
    if authorization.is_some_and(is_bearer) {
        Refusal::unauthorized(ErrorCode::InvalidSession, "invalid session")
    } else if email && password || other.iter().any(|name| headers.contains_key(*name)) {
        let message = "invalid session: error finding user for endpoint";
        Refusal::unauthorized(ErrorCode::InvalidSession, message)
    } else if email || password {
        let message = "must specify some form of authentication \
            (either email+password, api-key, or jwt) in the request header or body";
        Refusal::unauthorized(ErrorCode::MissingParameter, message)
    } else {
        Refusal::unauthorized(
            ErrorCode::InvalidParameter,
            "no authentication methods were specified",
        )
    }
}
