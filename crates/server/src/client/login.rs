//! Logging in (docs/behaviour/users.md#calls).

use bytes::Bytes;
use hookstead_identity::{AuthErrorKind, Credentials, ExtendedJson, LogIn, Users};
use http::{StatusCode, header};
use serde_json::json;

use super::{answered::Answered, failure::refuse, input};
use crate::{admit::Asking, error_code::ErrorCode, parse::JsonObject, refusal::Refusal};

/// Begins a session.
pub(super) async fn log_in(
    asking: Asking<'_>,
    users: &Users,
    provider: &str,
    body: &Bytes,
) -> Result<Answered, Refusal> {
    let (provider, bytes) = (provider.to_owned(), body.clone());
    let credentials = input::reading(body.len(), move || credentials(&provider, &bytes)).await?;
    // Whoever wants to link must not become somebody else.
    if input::is_set(asking.parts, "link")? {
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
fn credentials(provider: &str, body: &[u8]) -> Result<Credentials, Refusal> {
    const NAMES: [&str; 4] = ["username", "password", "key", "token"];
    let object = input::object(body, &NAMES)?;
    let text = |name| input::text(&object, name);
    Ok(match provider {
        "anon-user" => Credentials::Anonymous,
        "local-userpass" => {
            Credentials::EmailPassword { email: text("username")?, password: text("password")? }
        }
        "api-key" => Credentials::ApiKey(text("key")?),
        "custom-token" => Credentials::CustomToken(text("token")?),
        "custom-function" => Credentials::CustomFunction(document(&object, body)?),
        _ => return Err(refuse(no_provider())),
    })
}

/// An object of extended JSON, as its text: the function reads it with its own memory. One that
/// stands for another type, such as an ObjectId, is no object.
fn document(object: &JsonObject<'_>, body: &[u8]) -> Result<ExtendedJson, Refusal> {
    let text = str::from_utf8(body).ok().filter(|_| !object.has_dollar_name());
    let text = text.ok_or_else(|| {
        let message = "the request body must be an object of extended JSON";
        Refusal::bad_request(ErrorCode::BadRequest, message)
    })?;
    let is_empty = text.trim_ascii().is_empty();
    Ok(ExtendedJson::of_text(if is_empty { "{}" } else { text }))
}

fn no_provider() -> hookstead_identity::AuthError {
    hookstead_identity::AuthError {
        kind: AuthErrorKind::ProviderNotFound,
        message: "authentication provider not found".to_owned(),
        detail: None,
    }
}
