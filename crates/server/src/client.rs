//! The client API: what the client libraries of App Services ask for
//! (docs/behaviour/client-api.md#paths).

mod answered;
mod api_keys;
mod browser;
mod call;
mod call_input;
mod email_password;
mod failure;
mod input;
mod location;
mod login;
mod post;
mod session;
mod unserved;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use hookstead_identity::Users;
use hookstead_site::UnservedPart;
use http::Method;
use hyper::body::Incoming;

use self::answered::{Answered, unknown};
pub(crate) use self::watch::{Watching, refuse_watch};
use crate::{
    admit::{Asking, Known},
    called::Called,
    refusal::Refusal,
};

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

/// Answers with where clients send everything else.
///
/// # Errors
/// The method is not GET, or nobody can say what the server is called.
pub(crate) fn locate(asking: Asking<'_>) -> Result<Answered, Refusal> {
    match asking.parts.method {
        Method::GET | Method::HEAD => location::answer(asking),
        _ => Err(unknown()),
    }
}

/// Refuses a part of the API that is not served.
pub(crate) fn refuse_unserved(asking: Asking<'_>, part: UnservedPart<'_>) -> Refusal {
    unserved::refuse(asking, part)
}

/// Opens an event stream.
///
/// # Errors
/// The client is not who it says it is, or there is no such stream for it.
pub(crate) async fn stream(
    asking: Asking<'_>,
    users: &Arc<Users>,
    known: &mut Known,
) -> Result<Watching, Refusal> {
    watch::open(asking, users, known).await
}

/// Checks the call of a function or of a method of a data source.
///
/// # Errors
/// The token is not valid, the call makes no sense, or the user may not make it.
pub(crate) async fn check_call(
    asking: Asking<'_>,
    users: &Users,
    arriving: &mut Incoming,
    known: &mut Known,
) -> Result<Called, Refusal> {
    match asking.parts.method {
        Method::POST => call::check(asking, users, arriving, known).await,
        _ => Err(unknown()),
    }
}

/// Answers a call about users.
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
        Call::OfSession("delete") if *method == Method::DELETE => {
            session::delete(asking, users).await
        }
        Call::OfSession(CALLBACK) if *method == Method::GET || *method == Method::POST => {
            browser::arrive(asking, users, body).await
        }
        Call::OfSession(call) => match call.strip_prefix("api_keys") {
            Some(rest) => api_keys::answer(asking, users, rest, body).await,
            None => Err(unknown()),
        },
    }
}
