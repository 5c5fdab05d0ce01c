//! What is asked for after the proof: a user, and conditions. There are no users yet, and no
//! condition can be evaluated, so that whatever asks for one refuses.

use hookstead_site::Unmet;
use http::{HeaderMap, header};

use crate::refusal::Refusal;

/// The refusal of a request for what cannot be met.
pub(crate) fn refuse(unmet: Unmet, headers: &HeaderMap) -> Refusal {
    let refusal = match unmet {
        Unmet::Credentials | Unmet::Undeclared => no_such_user(headers),
        Unmet::User | Unmet::Script => Refusal::unauthorized("InvalidSession", "invalid session"),
        Unmet::Condition => Refusal::forbidden("NoMatchingRuleFound", "no rule matched"),
    };
    refusal.with_detail(unmet.reason())
}

/// What the hosted service answers to credentials of nobody, in its words.
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
        Refusal::unauthorized("InvalidSession", "invalid session")
    } else if email && password || other.iter().any(|name| headers.contains_key(*name)) {
        let message = "invalid session: error finding user for endpoint";
        Refusal::unauthorized("InvalidSession", message)
    } else if email || password {
        let message = "must specify some form of authentication \
            (either email+password, api-key, or jwt) in the request header or body";
        Refusal::unauthorized("MissingParameter", message)
    } else {
        Refusal::unauthorized("InvalidParameter", "no authentication methods were specified")
    }
}
