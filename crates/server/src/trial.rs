//! A request that the operator makes up, for one function, without a socket.
//!
//! The function is called as the server calls it, with the same conversions of the request and of
//! the response. What a caller has to pass before (a signature, authentication, the method) is
//! left out, and told.

use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use hookstead_functions::{Completion, LogLine};
use hookstead_journal::CorrelationId;
use http::{Method, Request, Response, StatusCode, request::Parts, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full};

use crate::{
    ServerLimits,
    call::{self, Caller},
    parse::{Address, decode_path},
    refusal::Refusal,
    reply::{self, Shape},
    routes::takes,
    site::Site,
    target::{Target, webhook_path},
};

/// What came of a trial.
pub struct Trial {
    /// What a caller would get, or why there is no response of the function.
    pub outcome: Result<Response<Bytes>, TrialFailure>,
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
    pub code: &'static str,
    /// The message that a caller would get.
    pub message: String,
    /// What only the journal is told.
    pub detail: Option<String>,
}

impl Site {
    /// The name under which the functions' side knows a function of the app, or a webhook that is
    /// named `service/webhook`; `None` where there is neither.
    pub fn entry_of(&self, name: &str) -> Option<String> {
        if self.function_names.contains(name) {
            return Some(name.to_owned());
        }
        Some(self.routes.webhook_named(name)?.1.entry.clone())
    }

    /// Calls a function or a webhook, by the names of [`Site::entry_of`], with a request; `None`
    /// where there is no such function.
    ///
    /// The path is that of a URL of the app, or the route of an endpoint alone.
    pub async fn try_request(
        &self,
        name: &str,
        request: Request<Bytes>,
        limits: &ServerLimits,
    ) -> Option<Trial> {
        let entry = self.entry_of(name)?;
        let (mut parts, body) = request.into_parts();
        let mut differences = Vec::new();
        let target = match self.function_names.contains(name) {
            true => self.endpoint_for(&entry, &parts, &mut differences),
            false => {
                let (own, target) = self.routes.webhook_named(name)?;
                if !takes(own, &parts.method) {
                    differences.push(format!("the webhook takes {own}, not {}", parts.method));
                }
                self.lead_to_webhook(target, &mut parts);
                Arc::clone(target)
            }
        };
        differences.extend(target.refused().map(|why| format!("every request is refused: {why}")));
        let caller = Caller { address: Ipv4Addr::LOCALHOST.into(), by_proxy: false };
        let parts = Arc::new(parts);
        let shape = Shape {
            kind: target.kind,
            respond_result: target.respond_result,
            format: call::format(&target, &parts.headers),
        };
        let invocation = call::invocation(&target, &parts, body, caller, CorrelationId::new());
        let Completion { outcome, log, .. } = self.functions.invoke(invocation).await;
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
        &self,
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
        match self.routes.find(&address, &parts.method) {
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
    fn lead_to_webhook(&self, target: &Target, parts: &mut Parts) {
        let Some((service, webhook)) = &target.webhook else { return };
        if matches!(Address::of(parts.uri.path()), Address::Webhook { .. }) {
            return;
        }
        let path = webhook_path(&self.app, service, webhook);
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        // What is percent-encoded is a valid path.
        if let Ok(path) = format!("{path}{query}").parse::<PathAndQuery>() {
            parts.uri = path.into();
        }
    }
}

/// A response with its bytes; the answer to HEAD has none.
async fn whole(response: Response<Full<Bytes>>, method: &Method) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    let is_empty = *method == Method::HEAD && parts.status != StatusCode::NO_CONTENT;
    // Bytes that are there already cannot fail to arrive.
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    Response::from_parts(parts, if is_empty { Bytes::new() } else { bytes })
}
