//! Registration, confirmation and new passwords (docs/behaviour/users.md#email-and-password).

use bytes::Bytes;
use hookstead_identity::{ExtendedJson, Users};
use hookstead_site::MailPurpose;
use http::StatusCode;
use serde_json::json;

use super::{
    answered::{Answered, unknown},
    failure::refuse,
    input,
    post::Post,
};
use crate::{admit::Asking, error_code::ErrorCode, refusal::Refusal};

/// Answers a call of the provider `local-userpass`.
pub(super) async fn answer(
    asking: Asking<'_>,
    users: &Users,
    action: &str,
    body: &Bytes,
) -> Result<Answered, Refusal> {
    let bytes = body.clone();
    let mut sent = input::reading(body.len(), move || Sent::read(&bytes)).await?;
    let mut text = |name| sent.text(name);
    match action {
        "register" => {
            let (email, password) = (text("email")?, text("password")?);
            let post = Post::prepare(asking, MailPurpose::Confirmation, &email)?;
            post.check_reachable()?;
            let registered =
                users.register(&email, &password, asking.caller.address).await.map_err(refuse)?;
            let notice = registered.link.and_then(|link| post.send(&link));
            return Ok(Answered::json(StatusCode::CREATED, &json!({})).with_notice(notice));
        }
        "confirm" => {
            let (token, token_id) = (text("token")?, text("tokenId")?);
            users.confirm(&token_id, &token).await.map_err(refuse)?;
            return Ok(Answered::json(StatusCode::OK, &json!({})));
        }
        "confirm/send" => {
            let email = text("email")?;
            let post = Post::prepare(asking, MailPurpose::Confirmation, &email)?;
            let link = users.new_confirmation_link(&email).await.map_err(refuse)?;
            return Ok(Answered::empty(StatusCode::NO_CONTENT).with_notice(post.send(&link)));
        }
        "confirm/call" => users.run_confirmation(&text("email")?).await.map_err(refuse)?,
        "reset/send" => {
            let email = text("email")?;
            let post = Post::prepare(asking, MailPurpose::Reset, &email)?;
            let link = users.new_reset_link(&email).await.map_err(refuse)?;
            return Ok(Answered::empty(StatusCode::NO_CONTENT).with_notice(post.send(&link)));
        }
        "reset" => {
            let (token, token_id) = (text("token")?, text("tokenId")?);
            let password = text("password")?;
            users.reset(&token_id, &token, &password).await.map_err(refuse)?;
        }
        "reset/call" => {
            let (email, password) = (text("email")?, text("password")?);
            let (arguments, from) = (sent.arguments()?, asking.caller.address);
            users.run_reset(&email, &password, &arguments, from).await.map_err(refuse)?;
        }
        _ => return Err(unknown()),
    }
    Ok(Answered::empty(StatusCode::NO_CONTENT))
}

/// The fields with texts.
const TEXTS: [&str; 4] = ["email", "password", "token", "tokenId"];
const ARGUMENTS: &str = "arguments";

/// What a client has sent.
struct Sent {
    /// In the order of [`TEXTS`].
    texts: [Option<String>; 4],
    /// JSON of any kind.
    arguments: Option<String>,
}

impl Sent {
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        let [email, password, token, token_id] = TEXTS;
        let object = input::object(body, &[email, password, token, token_id, ARGUMENTS])?;
        let arguments = object.raw(ARGUMENTS).map(str::to_owned);
        Ok(Self { texts: TEXTS.map(|name| object.text(name)), arguments })
    }

    /// A field that must be there.
    fn text(&mut self, name: &str) -> Result<String, Refusal> {
        let fields = TEXTS.iter().zip(&mut self.texts);
        let mut found = fields.filter_map(|(own, text)| text.take_if(|_| *own == name));
        found.next().ok_or_else(|| input::missing(name))
    }

    /// The arguments of the function that resets passwords, in extended JSON.
    fn arguments(&mut self) -> Result<ExtendedJson, Refusal> {
        match self.arguments.take() {
            Some(text) if text.starts_with('[') => Ok(ExtendedJson::of_text(text)),
            Some(text) if text != "null" => {
                let message = "the field 'arguments' must be an array of extended JSON";
                Err(Refusal::bad_request(ErrorCode::BadRequest, message))
            }
            _ => Ok(ExtendedJson::of_text("[]")),
        }
    }
}
