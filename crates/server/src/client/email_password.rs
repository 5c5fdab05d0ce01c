//! Registration, confirmation and new passwords (docs/behaviour/users.md#email-and-password).

use bson::Bson;
use hookstead_identity::Users;
use http::StatusCode;
use serde_json::{Map, Value as Json, json};

use super::{
    answered::{Answered, unknown},
    failure::refuse,
    input,
};
use crate::{admit::Asking, error_code::ErrorCode, refusal::Refusal};

/// What the journal is told of links that reach nobody.
const NO_CONFIRMATION: &str = "no mail is sent: the user waits until `hookstead users confirm`";
const NO_RESET: &str = "no mail is sent: `hookstead users reset-link` prints a link for the user";

/// Answers a call of the provider `local-userpass`.
pub(super) async fn answer(
    asking: Asking<'_>,
    users: &Users,
    action: &str,
    body: &[u8],
) -> Result<Answered, Refusal> {
    let mut body = input::object(body)?;
    let mut text = |name| input::text(&mut body, name);
    match action {
        "register" => {
            let (email, password) = (text("email")?, text("password")?);
            let registered = users.register(&email, &password, asking.caller.address).await.map_err(refuse)?;
            let notice = registered.link.map(|_| NO_CONFIRMATION);
            return Ok(Answered::json(StatusCode::CREATED, &json!({})).with_notice(notice));
        }
        "confirm" => {
            let (token, token_id) = (text("token")?, text("tokenId")?);
            users.confirm(&token_id, &token).await.map_err(refuse)?;
            return Ok(Answered::json(StatusCode::OK, &json!({})));
        }
        "confirm/send" => {
            users.new_confirmation_link(&text("email")?).await.map_err(refuse)?;
            return Ok(Answered::empty(StatusCode::NO_CONTENT).with_notice(Some(NO_CONFIRMATION)));
        }
        "confirm/call" => users.run_confirmation(&text("email")?).await.map_err(refuse)?,
        "reset/send" => {
            users.new_reset_link(&text("email")?).await.map_err(refuse)?;
            return Ok(Answered::empty(StatusCode::NO_CONTENT).with_notice(Some(NO_RESET)));
        }
        "reset" => {
            let (token, token_id) = (text("token")?, text("tokenId")?);
            let password = text("password")?;
            users.reset(&token_id, &token, &password).await.map_err(refuse)?;
        }
        "reset/call" => {
            let (email, password) = (text("email")?, text("password")?);
            let (arguments, from) = (arguments(&mut body)?, asking.caller.address);
            users.run_reset(&email, &password, arguments, from).await.map_err(refuse)?;
        }
        _ => return Err(unknown()),
    }
    Ok(Answered::empty(StatusCode::NO_CONTENT))
}

/// The arguments of the function that resets passwords, in extended JSON.
fn arguments(body: &mut Map<String, Json>) -> Result<Vec<Bson>, Refusal> {
    let wrong = || {
        let message = "the field 'arguments' must be an array of extended JSON";
        Refusal::bad_request(ErrorCode::BadRequest, message)
    };
    match body.get_mut("arguments").map(Json::take) {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(list)) => {
            list.into_iter().map(|one| Bson::try_from(one).map_err(|_| wrong())).collect()
        }
        Some(_) => Err(wrong()),
    }
}
