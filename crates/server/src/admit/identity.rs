//! The caller is the user who is asked for, or the endpoint names a user by itself
//! (docs/behaviour/rights.md#whose-rights).

use std::sync::Arc;

use hookstead_identity::{AuthError, AuthErrorKind, User, Users};
use hookstead_site::{Access, Kind, Target, Unmet};

use super::{
    Passed, Stop,
    credentials::{self, Given},
    passed::Asking,
    proof::Proof,
    script,
};
use crate::{body::Held, error_code::ErrorCode, refusal::Refusal, runs_as::RunsAs};

/// The step is passed.
pub(crate) struct Identity<'a> {
    pub(super) target: &'a Arc<Target>,
    pub(super) body: Held,
    pub(super) runs_as: RunsAs,
}

/// Finds out whose rights the function runs with, and refuses a request where nobody is the user
/// who is asked for.
pub(super) async fn check<'a>(
    mut request: Passed<'a, Proof<'a>>,
) -> Result<Passed<'a, Identity<'a>>, Stop> {
    let runs_as = match &request.step.target.access {
        Access::System => RunsAs::System,
        // In a box: otherwise every request would carry the room for what looks for a user.
        _ => Box::pin(of_user(&mut request)).await?,
    };
    Ok(request.then(|Proof { target, body }| Identity { target, body, runs_as }))
}

/// The same for a request that is not for the system user by its endpoint alone.
async fn of_user(request: &mut Passed<'_, Proof<'_>>) -> Result<RunsAs, Stop> {
    let Proof { target, body } = &request.step;
    Ok(match &target.access {
        Access::System => RunsAs::System,
        Access::Application => {
            let given = credentials::read(&request.parts.headers, body_of(target, body));
            let given = given.map_err(|refusal| with_reason(refusal, target))?;
            RunsAs::User(caller(request.asking(), target, given).await?)
        }
        Access::User(id) => RunsAs::User(user(request.asking(), target, id).await?),
        Access::Script(entry) => {
            let (target, bytes) = (*target, body.bytes.clone());
            let asking = request.asking();
            match script::run(asking, target, entry, bytes, request.known).await? {
                script::Named::System => RunsAs::System,
                script::Named::User(id) => RunsAs::User(user(asking, target, &id).await?),
            }
        }
        Access::Nobody => return Err(nobody(Unmet::Users.reason()).into()),
    })
}

/// The body, where credentials may stand in it.
fn body_of<'b>(target: &Target, body: &'b Held) -> Option<&'b [u8]> {
    match target.kind {
        Kind::Webhook => Some(&body.bytes),
        Kind::Endpoint => None,
    }
}

/// The user whom the caller proves to be.
async fn caller(asking: Asking<'_>, target: &Target, given: Given) -> Result<Arc<User>, Refusal> {
    let users = asking.site.users().ok_or_else(|| {
        let refusal = match &given {
            Given::Token(_) => invalid_session(),
            Given::Credentials(_) => no_such_user(),
        };
        with_reason(refusal.with_detail(NO_USERS), target)
    })?;
    let user = match given {
        Given::Token(token) => {
            users.by_access_token(&token).await.map_err(|error| refuse(error, invalid_session))?
        }
        Given::Credentials(credentials) => {
            let from = asking.caller.address;
            let found = users.by_credentials(&credentials, from, target.creates_users).await;
            found.map_err(|error| refuse(error, no_such_user))?
        }
    };
    with_custom_data(users, target, user).await
}

/// The user of an id that the endpoint names.
async fn user(asking: Asking<'_>, target: &Target, id: &str) -> Result<Arc<User>, Refusal> {
    let setting = match target.access {
        Access::Script(_) => "run_as_user_id_script_source",
        _ => "run_as_user_id",
    };
    let users = asking.site.users();
    let users = users.ok_or_else(|| nobody(&format!("{setting}: {NO_USERS}")))?;
    let user = users.by_id(id).await.map_err(|error| {
        let refusal = refuse(error, invalid_session);
        let detail = format!("{setting}: {}", refusal.told());
        refusal.with_detail(detail)
    })?;
    with_custom_data(users, target, user).await
}

async fn with_custom_data(
    users: &Users,
    target: &Target,
    user: Arc<User>,
) -> Result<Arc<User>, Refusal> {
    if !target.fetches_custom_data {
        return Ok(user);
    }
    users.with_custom_data(user).await.map_err(|error| refuse(error, invalid_session))
}

/// Tells the journal why nobody can be a user, where nobody can.
fn with_reason(refusal: Refusal, target: &Target) -> Refusal {
    match target.unmet {
        Some(unmet @ (Unmet::Credentials | Unmet::Undeclared)) => {
            refusal.with_detail(unmet.reason())
        }
        _ => refusal,
    }
}

const NO_USERS: &str = "no users are kept here";

fn nobody(detail: &str) -> Refusal {
    invalid_session().with_detail(detail)
}

/// What the caller gets for a token that is not valid, in the words of the hosted service
/// (docs/behaviour/rights.md#callers).
fn invalid_session() -> Refusal {
    Refusal::unauthorized(ErrorCode::InvalidSession, "invalid session")
}

/// The same for credentials of nobody.
fn no_such_user() -> Refusal {
    let message = "invalid session: error finding user for endpoint";
    Refusal::unauthorized(ErrorCode::InvalidSession, message)
}

/// The refusal for an error. A caller is told the same whatever is wrong with the proof; the
/// journal is told what it is.
fn refuse(error: AuthError, denied: impl FnOnce() -> Refusal) -> Refusal {
    let refusal = match error.kind {
        AuthErrorKind::TooManyRequests => Refusal::too_many_requests(),
        AuthErrorKind::Unavailable => Refusal::store_unavailable(),
        AuthErrorKind::Internal => Refusal::internal(""),
        _ => denied(),
    };
    let detail = match error.detail {
        Some(detail) => format!("{}: {detail}", error.message),
        None => error.message,
    };
    refusal.with_detail(detail)
}
