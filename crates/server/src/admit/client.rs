//! What the client libraries of App Services ask for is answered or checked here.

use hookstead_functions::{LogLevel, LogLine};
use hookstead_site::Address;
use http::Method;

use super::{Passed, Stop, head, origin, place, size::Size};
use crate::{body, client, config::ServerLimits};

/// The step is passed.
pub(crate) struct Client<'a> {
    pub(super) path: Address<'a>,
}

/// Answers a request of the client API, or lets a call of it run.
pub(super) async fn check<'a>(
    request: Passed<'a, Size<'a>>,
) -> Result<Passed<'a, Client<'a>>, Stop> {
    let call = match &request.step.path {
        Address::Auth { call, .. } => client::Call::OfApp(call),
        Address::Session { call } => client::Call::OfSession(call),
        Address::Location { .. } => {
            let answered = client::locate(request.asking())?;
            return Err(Stop::Answered(Box::new(answered.response)));
        }
        Address::Unserved { part, .. } => {
            return Err(client::refuse_unserved(request.asking(), *part).into());
        }
        Address::Call { .. } => return called(request).await,
        _ => return Ok(request.then(|Size { path }| Client { path })),
    };
    let Some(users) = request.site.users() else {
        return Ok(request.then(|Size { path }| Client { path }));
    };
    let (parts, asking) = (request.parts, request.asking());
    let limits = request.limits();
    let bytes_max = limits.body_bytes_max.min(limits.log_in_body_bytes_max);
    let limits = ServerLimits { body_bytes_max: bytes_max, ..limits.clone() };
    let bodies = &request.running.link().bodies;
    let (running, arriving) = (request.running, &mut *request.body);
    // In a box: otherwise every request would carry the room for a log-in.
    let answered = Box::pin(async {
        let mut body = body::read(arriving, &limits, bodies, || head::bytes(parts)).await?;
        body.hold(body.bytes.len() * client::COPIES_MAX)?;
        let _share = place::take(running)?;
        client::answer(asking, users, call, &body.bytes).await
    });
    let mut answered = answered.await?;
    if answered.sets_cookie {
        origin::allow_cookie(&request.known.origin, answered.response.headers_mut());
    }
    request.known.user_id = answered.user_id;
    let line = |text: &str| LogLine { level: LogLevel::Warn, text: text.to_owned() };
    request.known.log.extend(answered.notice.as_deref().map(line));
    Err(Stop::Answered(Box::new(answered.response)))
}

/// Lets the call of a function or of a data source run, or opens an event stream.
async fn called<'a>(request: Passed<'a, Size<'a>>) -> Result<Passed<'a, Client<'a>>, Stop> {
    let Some(users) = request.site.users() else {
        return Ok(request.then(|Size { path }| Client { path }));
    };
    let asking = request.asking();
    // In boxes: otherwise every request would carry the room for them.
    if asking.parts.method == Method::GET {
        let watching = Box::pin(client::stream(asking, users, request.known)).await?;
        return Err(Stop::Streams(Box::new(watching)));
    }
    let call = Box::pin(client::check_call(asking, users, request.body, request.known)).await?;
    Err(Stop::Called(Box::new(call)))
}
