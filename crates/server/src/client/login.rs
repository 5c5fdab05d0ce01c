//! Logging in (docs/behaviour/users.md#calls).

use bson::{Bson, Document};
use hookstead_identity::{AuthErrorKind, Credentials, LogIn, Users};
use http::{StatusCode, header};
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
    let credentials = credentials(provider, input::object(body)?)?;
    // Whoever wants to link must not become somebody else.
    if input::is_set(asking.parts, "link") {
        return link(asking, users, &credentials).await;
    }
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

/// Adds an identity to the user of an access token.
async fn link(
    asking: Asking<'_>,
    users: &Users,
    credentials: &Credentials,
) -> Result<Answered, Refusal> {
    let headers = &asking.parts.headers;
    // Whatever page a browser shows could link an identity of its own to the user.
    if headers.contains_key(header::ORIGIN) && asking.site.origins().allow_all() {
        let message = "linking forbidden without first specifying allowed request origins";
        return Err(Refusal::forbidden(ErrorCode::DomainNotAllowed, message));
    }
    let token = input::token(headers)?;
    let linked = users.link(token, credentials, asking.caller.address).await.map_err(refuse)?;
    let json = json!({
        "access_token": linked.access_token,
        "user_id": linked.user.id,
        "device_id": linked.device_id,
    });
    Ok(Answered::json(StatusCode::OK, &json).of(linked.user.id.clone()))
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
