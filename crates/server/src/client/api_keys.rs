//! The API keys of a user (docs/behaviour/users.md#api-keys).

use bytes::Bytes;
use hookstead_identity::{ApiKey, Users};
use http::{Method, StatusCode};
use serde_json::{Value as Json, json};

use super::{
    answered::{Answered, unknown},
    failure::refuse,
    input,
};
use crate::{admit::Asking, error_code::ErrorCode, refusal::Refusal};

/// Answers a call of a session: the rest of its path is behind `api_keys`.
pub(super) async fn answer(
    asking: Asking<'_>,
    users: &Users,
    rest: &str,
    body: &Bytes,
) -> Result<Answered, Refusal> {
    let method = &asking.parts.method;
    let path = rest.strip_prefix('/').map(|path| path.split_once('/').unwrap_or((path, "")));
    let is_known = match path {
        None => rest.is_empty() && [Method::GET, Method::POST].contains(method),
        Some((_, "")) => [Method::GET, Method::DELETE].contains(method) && !rest.ends_with('/'),
        Some((_, "enable" | "disable")) => *method == Method::PUT,
        Some(_) => false,
    };
    if !is_known {
        return Err(unknown());
    }
    let token = input::token(&asking.parts.headers)?;
    let user = users.by_refresh_token(token).await.map_err(refuse)?;
    let user_id = user.id.as_str();
    let answered = match (method, path) {
        (&Method::POST, _) => create(users, user_id, body).await?,
        (_, None) => {
            let keys = users.api_keys(user_id).await.map_err(refuse)?;
            Answered::json(StatusCode::OK, &keys.iter().map(shown).collect())
        }
        (&Method::GET, Some((id, _))) => {
            let key = users.api_key(user_id, id).await.map_err(refuse)?;
            Answered::json(StatusCode::OK, &shown(&key))
        }
        (&Method::DELETE, Some((id, _))) => {
            let of_session = users.api_key_of_session(token).await.map_err(refuse)?;
            if of_session.is_some_and(|own| own.eq_ignore_ascii_case(id)) {
                let message = "the API key that the session began with cannot be deleted by it";
                return Err(Refusal::forbidden(ErrorCode::Forbidden, message));
            }
            users.delete_api_key(user_id, id).await.map_err(refuse)?;
            Answered::empty(StatusCode::NO_CONTENT)
        }
        (_, Some((id, action))) => {
            let enabled = action == "enable";
            users.set_api_key_enabled(user_id, id, enabled).await.map_err(refuse)?;
            Answered::empty(StatusCode::NO_CONTENT)
        }
    };
    Ok(answered.of(user.id.clone()))
}

async fn create(users: &Users, user: &str, body: &Bytes) -> Result<Answered, Refusal> {
    let object = input::object(body, &["name"])?;
    let name = input::text(&object, "name")?;
    let new = users.create_api_key(user, &name).await.map_err(refuse)?;
    let json = json!({
        "_id": new.api_key.id,
        "key": new.key,
        "name": new.api_key.name,
        "disabled": new.api_key.disabled,
    });
    Ok(Answered::json(StatusCode::CREATED, &json))
}

fn shown(key: &ApiKey) -> Json {
    json!({ "_id": key.id, "name": key.name, "disabled": key.disabled })
}
