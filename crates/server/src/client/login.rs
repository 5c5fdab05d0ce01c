//! Logging in (docs/behaviour/users.md#sessions).

use bson::{Bson, Document};
use hookstead_identity::{AuthErrorKind, Credentials, LogIn, Users};
use http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::{answered::Answered, failure::refuse, input};
use crate::{admit::Asking, error_code::ErrorCode, refusal::Refusal};

/// Begins a session.
pub(super) async fn log_in(
    asking: Asking<'_>,
    users: &Users,
    provider: &str,
    body: &[u8],
) -> Result<Answered, Refusal> {
    // Whoever wants to link must not become somebody else.
    if input::is_set(asking.parts, "link") {
        let message = "linking is not supported yet";
        return Err(Refusal::bad_request(ErrorCode::BadRequest, message));
    }
    let credentials = credentials(provider, input::object(body)?)?;
    let log_in = users.log_in(&credentials, asking.caller.address).await.map_err(refuse)?;
    let LogIn { user, access_token, refresh_token, device_id } = log_in;
    let json = json!({
        "access_token": access_token,
        "refresh_token": refresh_token,
        "user_id": user.id,
        "device_id": device_id,
    });
    Ok(Answered::json(StatusCode::OK, &json).of(user.id.clone()))
}

/// What a client proves with who it is.
fn credentials(provider: &str, mut body: Map<String, Json>) -> Result<Credentials, Refusal> {
    Ok(match provider {
        "anon-user" => Credentials::Anonymous,
        "local-userpass" => Credentials::EmailPassword {
            email: input::text(&mut body, "username")?,
            password: input::text(&mut body, "password")?,
        },
        "api-key" => Credentials::ApiKey(input::text(&mut body, "key")?),
        "custom-token" => Credentials::CustomToken(input::text(&mut body, "token")?),
        "custom-function" => Credentials::CustomFunction(document(body)?),
        _ => return Err(refuse(no_provider())),
    })
}

/// An object of extended JSON as a document.
fn document(object: Map<String, Json>) -> Result<Document, Refusal> {
    match Bson::try_from(Json::Object(object)) {
        Ok(Bson::Document(document)) => Ok(document),
        _ => {
            let message = "the request body must be an object of extended JSON";
            Err(Refusal::bad_request(ErrorCode::BadRequest, message))
        }
    }
}

fn no_provider() -> hookstead_identity::AuthError {
    hookstead_identity::AuthError {
        kind: AuthErrorKind::ProviderNotFound,
        message: "authentication provider not found".to_owned(),
        detail: None,
    }
}
