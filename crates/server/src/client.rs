//! What clients ask of users: to log in and out, and who they are
//! (docs/behaviour/users.md#calls).
//!
//! Of the calls that SDKs know, these are the ones without which no client has a token.

mod answered;
mod browser;
mod email_password;
mod failure;
mod input;
mod login;
mod session;

use bytes::Bytes;
use hookstead_identity::Users;
use http::Method;

use self::answered::{Answered, unknown};
use crate::{admit::Asking, refusal::Refusal};

/// How often the bytes of a body are held at once, beside the body itself: the credentials of it,
/// and the arguments of a function.
pub(crate) const COPIES_MAX: usize = 3;

/// Where Google, Facebook and Apple send browsers, behind `/auth/`.
pub(crate) const CALLBACK: &str = "callback";
/// How a path ends that logs somebody in, behind `/auth/`.
pub(crate) const LOG_IN: &str = "/login";

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
    body: &Bytes,
) -> Result<Answered, Refusal> {
    let method = &asking.parts.method;
    match call {
        Call::OfApp(call) => {
            let names = call.strip_prefix("providers/").and_then(|rest| rest.split_once('/'));
            match (method, names) {
                (&Method::POST, Some((provider, "login"))) => {
                    login::log_in(asking, users, provider, body).await
                }
                (&Method::GET, Some((provider, "login"))) => {
                    browser::depart(asking, users, provider).await
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
        Call::OfSession(CALLBACK) if *method == Method::GET || *method == Method::POST => {
            browser::arrive(asking, users, body).await
        }
        Call::OfSession(_) => Err(unknown()),
    }
}
