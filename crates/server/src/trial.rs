//! A request that the operator makes up, for one function, without a socket.
//!
//! The function is called as the server calls it, with the same conversions of the request and of
//! the response. What a caller has to pass before (a signature, authentication, the method) is
//! left out, and told.

use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use hookstead_functions::{Completion, LogLine};
use hookstead_journal::CorrelationId;
use hookstead_site::{Access, Address, Site, Target, percent::decode_path, takes, webhook_path};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http::{request::Parts, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full};
use thiserror::Error;

use crate::{
    ErrorCode, ServerLimits,
    call::{self, Caller},
    refusal::Refusal,
    reply::{self, Shape},
    runs_as::RunsAs,
};

/// A request that is made up. Its parts are those of HTTP.
#[derive(Debug)]
pub struct TrialRequest(Request<Bytes>);

/// A part of a request that HTTP cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TrialPartError {
    /// The method.
    #[error("that is no method")]
    Method,
    /// The path, with its query.
    #[error(
        "that is no path of a URL: it begins with / and holds no spaces and no #, which are \
         written %20 and %23"
    )]
    Path,
    /// A header.
    #[error("that is no header")]
    Header,
}

impl TrialRequest {
    /// A request with a method, such as `GET`, and a path, such as `/hello?name=Ada`. Of a whole
    /// URL the path counts: nothing is sent to its host.
    ///
    /// # Errors
    /// HTTP has no such method or path.
    pub fn new(method: &str, path: &str, body: Bytes) -> Result<Self, TrialPartError> {
        let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_alphabetic());
        let method = method.parse().ok().filter(|_| is_method).ok_or(TrialPartError::Method)?;
        // A fragment stays with the client, and never reaches a server.
        let is_path = !path.contains('#');
        let uri: Uri = path.parse().ok().filter(|_| is_path).ok_or(TrialPartError::Path)?;
        let path = uri.into_parts().path_and_query;
        let path =
            path.filter(|path| path.as_str().starts_with('/')).ok_or(TrialPartError::Path)?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = path.into();
        Ok(Self(request))
    }

    /// Adds a header.
    ///
    /// # Errors
    /// HTTP cannot carry it.
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<(), TrialPartError> {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| TrialPartError::Header)?;
        let value = HeaderValue::from_str(value).map_err(|_| TrialPartError::Header)?;
        self.0.headers_mut().append(name, value);
        Ok(())
    }

    /// Whether there is a header of this name, in any letter case.
    pub fn has_header(&self, name: &str) -> bool {
        self.0.headers().contains_key(name)
    }
}

/// The response that a caller would get.
#[derive(Debug)]
pub struct TrialResponse {
    /// Such as `201 Created`.
    pub status: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The bytes.
    pub body: Bytes,
}

/// What came of a trial.
pub struct Trial {
    /// What a caller would get, or why there is no response of the function.
    pub outcome: Result<TrialResponse, TrialFailure>,
    /// What the function wrote to its console, oldest first.
    pub log: Vec<LogLine>,
    /// What the server would have done otherwise, one sentence each.
    pub differences: Vec<String>,
}

/// Why a function has no response.
#[derive(Debug)]
pub struct TrialFailure {
    /// The status that a caller would get.
    pub status: u16,
    /// The code that a caller would get.
    pub code: ErrorCode,
    /// The message that a caller would get.
    pub message: String,
    /// What only the journal is told.
    pub detail: Option<String>,
}

/// Calls a function or a webhook, by the names of [`Site::entry_of`], with a request; `None`
/// where there is no such function.
///
/// The path is that of a URL of the app, or the route of an endpoint alone.
pub async fn try_request(
    site: &Site,
    name: &str,
    TrialRequest(request): TrialRequest,
    limits: &ServerLimits,
) -> Option<Trial> {
    let entry = site.entry_of(name)?;
    let (mut parts, body) = request.into_parts();
    let mut differences = Vec::new();
    let target = match site.has_function(name) {
        true => endpoint_for(site, &entry, &parts, &mut differences),
        false => {
            let (own, target) = site.routes().webhook_named(name)?;
            if !takes(own, &parts.method) {
                differences.push(format!("the webhook takes {own}, not {}", parts.method));
            }
            lead_to_webhook(site, target, &mut parts);
            Arc::clone(target)
        }
    };
    differences.extend(target.refused().map(|why| format!("every request is refused: {why}")));
    if target.access != Access::System {
        let text = "the server runs it with the rights of a user, and here it runs as system";
        differences.push(text.to_owned());
    }
    let caller = Caller { address: Ipv4Addr::LOCALHOST.into(), by_proxy: false };
    let parts = Arc::new(parts);
    let shape = Shape::of(&target, &parts.headers);
    let (system, id) = (RunsAs::System, CorrelationId::new());
    let invocation = call::invocation(&target, &parts, body, &system, caller, id);
    let Completion { outcome, log, .. } = site.functions().invoke(invocation).await;
    let response = outcome.map_err(Refusal::from);
    let response = response.and_then(|reply| reply::response(shape, reply, limits));
    let outcome = match response {
        Ok(response) => Ok(whole(response, &parts.method).await),
        Err(refusal) => Err(refusal.into()),
    };
    Some(Trial { outcome, log, differences })
}

/// The endpoint that the request reaches, where it calls this function; else one that stands
/// for any.
fn endpoint_for(
    site: &Site,
    function: &str,
    parts: &Parts,
    differences: &mut Vec<String>,
) -> Arc<Target> {
    let path = parts.uri.path();
    let route = match Address::of(path) {
        Address::Endpoint { route, .. } => route,
        _ => decode_path(path).unwrap_or_else(|| path.into()),
    };
    let address = Address::Endpoint { app: "".into(), route: route.clone() };
    match site.routes().find(&address, &parts.method) {
        Ok(target) if target.entry == function => return Arc::clone(target),
        Ok(target) => {
            let other = &target.entry;
            differences.push(format!("{} {route} calls the function {other}", parts.method));
        }
        Err(_) => differences.push(format!("no endpoint is at {} {route}", parts.method)),
    }
    let stand_in = "here it is called as an endpoint would that answers with the result, as \
        extended JSON";
    differences.push(stand_in.to_owned());
    Arc::new(Target::of_function(function, &route))
}

/// Gives a request the path of a webhook, unless it has one already.
fn lead_to_webhook(site: &Site, target: &Target, parts: &mut Parts) {
    let Some((service, webhook)) = &target.webhook else { return };
    if matches!(Address::of(parts.uri.path()), Address::Webhook { .. }) {
        return;
    }
    let path = webhook_path(site.client_app_id(), service, webhook);
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // What is percent-encoded is a valid path.
    if let Ok(path) = format!("{path}{query}").parse::<PathAndQuery>() {
        parts.uri = path.into();
    }
}

/// A response with its bytes; the answer to HEAD has none.
async fn whole(response: Response<Full<Bytes>>, method: &Method) -> TrialResponse {
    let (parts, body) = response.into_parts();
    let is_empty = *method == Method::HEAD && parts.status != StatusCode::NO_CONTENT;
    // Bytes that are there already cannot fail to arrive.
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let header = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    TrialResponse {
        status: parts.status.to_string(),
        headers: parts.headers.iter().map(header).collect(),
        body: if is_empty { Bytes::new() } else { bytes },
    }
}
