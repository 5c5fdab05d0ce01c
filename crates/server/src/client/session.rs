//! Sessions: new access tokens, the end, and who it is of (docs/behaviour/users.md#calls).

use bson::{Bson, Document};
use hookstead_identity::{Identity, Users, provider_id};
use http::StatusCode;
use serde_json::{Value as Json, json};

use super::{answered::Answered, failure::refuse, input};
use crate::{admit::Asking, refusal::Refusal};

/// Gives a new access token for a refresh token.
pub(super) async fn refresh(asking: Asking<'_>, users: &Users) -> Result<Answered, Refusal> {
    let token = input::token(&asking.parts.headers)?;
    let access_token = users.refresh(token).await.map_err(refuse)?;
    Ok(Answered::json(StatusCode::CREATED, &json!({ "access_token": access_token })))
}

/// Ends the session of a refresh token.
pub(super) async fn log_out(asking: Asking<'_>, users: &Users) -> Result<Answered, Refusal> {
    let token = input::token(&asking.parts.headers)?;
    users.log_out(token).await.map_err(refuse)?;
    Ok(Answered::empty(StatusCode::NO_CONTENT))
}

/// Deletes the user of an access token.
pub(super) async fn delete(asking: Asking<'_>, users: &Users) -> Result<Answered, Refusal> {
    let token = input::token(&asking.parts.headers)?;
    let user = users.by_access_token(token).await.map_err(refuse)?;
    users.delete_themselves(&user.id).await.map_err(refuse)?;
    Ok(Answered::empty(StatusCode::NO_CONTENT).of(user.id.clone()))
}

/// Says who the user of an access token is.
pub(super) async fn profile(asking: Asking<'_>, users: &Users) -> Result<Answered, Refusal> {
    let token = input::token(&asking.parts.headers)?;
    let user = users.by_access_token(token).await.map_err(refuse)?;
    let domain_id = asking.site.domain_id();
    let identity = |one: &Identity| {
        json!({
            "id": one.id,
            "provider_type": one.provider_type,
            "provider_id": provider_id(domain_id, &one.provider_type),
            "provider_data": plain(&one.data),
        })
    };
    let json = json!({
        "user_id": user.id,
        "domain_id": domain_id,
        "identities": user.identities.iter().map(identity).collect::<Vec<_>>(),
        "data": plain(&user.data),
        "type": user.user_type.name(),
    });
    Ok(Answered::json(StatusCode::OK, &json).of(user.id.clone()))
}

/// A document as JSON.
fn plain(document: &Document) -> Json {
    Bson::Document(document.clone()).into_relaxed_extjson()
}
