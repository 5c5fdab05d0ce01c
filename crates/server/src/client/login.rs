//! Logging in (docs/behaviour/users.md#calls).

use bytes::Bytes;
use hookstead_identity::{
    AuthErrorKind, Credentials, ExtendedJson, LogIn, OAuthKind, OAuthProof, Users,
};
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
    let token = linking_token(asking)?;
    let linked = users.link(token, credentials, asking.caller.address).await.map_err(refuse)?;
    let json = json!({
        "access_token": linked.access_token,
        "user_id": linked.user.id,
        "device_id": linked.device_id,
    });
    Ok(Answered::json(StatusCode::OK, &json).of(linked.user.id.clone()))
}

/// The access token of the user who is to get a further identity.
pub(super) fn linking_token(asking: Asking<'_>) -> Result<&str, Refusal> {
    let headers = &asking.parts.headers;
    // Whatever page a browser shows could link an identity of its own to the user.
    if headers.contains_key(header::ORIGIN) && asking.site.origins().allow_all() {
        let message = "linking forbidden without first specifying allowed request origins";
        return Err(Refusal::forbidden(ErrorCode::DomainNotAllowed, message));
    }
    input::token(headers)
}

/// The fields of the providers; what else a client sends is for the function of custom
/// authentication.
const NAMES: [&str; 7] =
    ["username", "password", "key", "token", "id_token", "authCode", "accessToken"];

/// What a client proves with who it is.
fn credentials(provider: &str, body: &[u8]) -> Result<Credentials, Refusal> {
    let object = input::object(body, &NAMES)?;
    if let Some(kind) = OAuthKind::of_type(provider) {
        return oauth_proof(kind, &object).map(|proof| Credentials::OAuth(kind, proof));
    }
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

/// What a client brings from Google, Facebook or Apple. Two proofs could be of two users.
fn oauth_proof(kind: OAuthKind, object: &JsonObject<'_>) -> Result<OAuthProof, Refusal> {
    let is_there = |name: &&str| object.raw(name).is_some_and(|value| value != "null");
    let names: &[&str] = match kind {
        OAuthKind::Google => &["id_token", "authCode"],
        OAuthKind::Facebook => &["accessToken"],
        OAuthKind::Apple => &["id_token"],
    };
    let mut given = names.iter().filter(|name| is_there(name));
    let name = given.next().unwrap_or(&names[0]);
    if given.next().is_some() {
        let message = format!("only one of the fields {} may be there", names.join(" and "));
        return Err(Refusal::bad_request(ErrorCode::BadRequest, message));
    }
    let text = input::text(object, name)?;
    Ok(match *name {
        "authCode" => OAuthProof::Code(text),
        "accessToken" => OAuthProof::AccessToken(text),
        _ => OAuthProof::IdToken(text),
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

pub(super) fn no_provider() -> hookstead_identity::AuthError {
    hookstead_identity::AuthError {
        kind: AuthErrorKind::ProviderNotFound,
        message: "authentication provider not found".to_owned(),
        detail: None,
    }
}
