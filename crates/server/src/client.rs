//! What clients ask of users: to log in and out, and who they are
//! (docs/behaviour/users.md#calls).
//!
//! Of the calls that SDKs know, these are the ones without which no client has a token.

mod answered;
mod email_password;
mod failure;
mod input;
mod login;
mod session;

use hookstead_identity::Users;
use http::Method;

use self::answered::{Answered, unknown};
use crate::{admit::Asking, refusal::Refusal};

/// Tokens of others have a million characters at most; nothing else is as long.
pub(crate) const BODY_BYTES_MAX: usize = 2 << 20;

/// What a path asks for, behind `/auth/`.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    /// The path names the app.
    OfApp(&'a str),
    /// The token does.
    OfSession(&'a str),
}

/// Answers a call.
///
/// # Errors
/// There is no such call, it makes no sense, or the client is not who it says it is.
pub(crate) async fn answer(
    asking: Asking<'_>,
    users: &Users,
    call: Call<'_>,
    body: &[u8],
) -> Result<Answered, Refusal> {
    let method = &asking.parts.method;
    match call {
        Call::OfApp(call) => {
            let names = call.strip_prefix("providers/").and_then(|rest| rest.split_once('/'));
            match (method, names) {
                (&Method::POST, Some((provider, "login"))) => {
                    login::log_in(asking, users, provider, body).await
                }
                (&Method::POST, Some(("local-userpass", action))) => {
                    email_password::answer(asking, users, action, body).await
                }
                _ => Err(unknown()),
            }
        }
        Call::OfSession("session") if *method == Method::POST => {
            session::refresh(asking, users).await
        }
        Call::OfSession("session") if *method == Method::DELETE => {
            session::log_out(asking, users).await
        }
        Call::OfSession("profile") if *method == Method::GET => {
            session::profile(asking, users).await
        }
        Call::OfSession(_) => Err(unknown()),
    }
}
